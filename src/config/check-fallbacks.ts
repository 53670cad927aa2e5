import { circuitTree } from '../core/circuit-tree.ts';
import { sumOnLines } from '../core/line-currents.ts';
import { loadedPhases, spread } from '../core/meters/site-phases.ts';
import type { ChargerSpec, Circuit, Site } from '../core/site.ts';
import { mapPhases, PHASES, type PhaseAmps } from '../core/units.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import type { Report } from './check-report.ts';

/** Sums of one circuit that an installer wants to see. */
export interface CircuitSums {
  readonly circuit: string;
  readonly limitAmps: PhaseAmps;
  readonly assumedLoadAmps: PhaseAmps;
  /** All chargers below at their fallback, and at their rating. */
  readonly fallbackAmps: PhaseAmps;
  readonly ratedAmps: PhaseAmps;
  readonly connectors: number;
}

export const circuitSums = (site: Site): readonly CircuitSums[] => {
  const chargers = chargersBelow(site);
  return site.circuits.map((circuit, index) => {
    const below = chargers[index] ?? [];
    return {
      circuit: circuit.id,
      limitAmps: circuit.limitAmps,
      assumedLoadAmps: circuit.assumedLoadAmps,
      fallbackAmps: sumOf(circuit, below, ({ fallbackAmps }) => fallbackAmps),
      ratedAmps: sumOf(circuit, below, ({ maxAmps }) => maxAmps),
      connectors: below.reduce((total, { connectors }) => total + connectors, 0),
    };
  });
};

/** All chargers below each circuit, in the order of the circuits. */
const chargersBelow = (site: Site): readonly (readonly ChargerSpec[])[] => {
  const { paths, indexOf } = circuitTree(site);
  const pathOf = ({ circuit }: ChargerSpec) => paths[indexOf.get(circuit) ?? -1];
  return site.circuits.map((_circuit, index) =>
    site.chargers.filter((charger) => pathOf(charger)?.includes(index)),
  );
};

const phasesOf = ({ phases }: ChargerSpec) => loadedPhases(phases, undefined);

const ampsOnLines = (charger: ChargerSpec, amps: number): PhaseAmps =>
  spread(phasesOf(charger), amps * charger.connectors);

const sumOf = (
  circuit: Circuit,
  chargers: readonly ChargerSpec[],
  amps: (charger: ChargerSpec) => number,
): PhaseAmps =>
  sumOnLines(
    circuit.phasorSum,
    chargers,
    (charger) => ampsOnLines(charger, amps(charger)),
    (charger) => ({ phases: phasesOf(charger), lineToLine: charger.lineToLine === true }),
  );

/** When everything else fails, all chargers are at their fallback at once: that has to fit. */
export const checkFallbacks = (
  { circuits, ems }: SiteConfig,
  site: Site,
  sums: readonly CircuitSums[],
  report: Report,
): void => {
  const children = new Set(ems.children.map(({ id }) => id));
  const chargers = chargersBelow(site);
  for (const { circuit, limitAmps, assumedLoadAmps, fallbackAmps } of sums) {
    const free = mapPhases((p) => limitAmps[p] - assumedLoadAmps[p]);
    const worst = ([0, 1, 2] as const).find((p) => fallbackAmps[p] > free[p]);
    const index = circuits.findIndex(({ id }) => id === circuit);
    const spec = site.circuits[index];
    if (worst === undefined || spec === undefined) continue;
    const path = ['circuits', index];
    if (free[worst] < 0) {
      const text = `assumedLoadAmps ${assumedLoadAmps[worst]} A is above limitAmps ${limitAmps[worst]} A: nothing is left for chargers`;
      report('error', [...path, 'assumedLoadAmps'], text);
      continue;
    }
    const assumed = assumedLoadAmps[worst] > 0 ? ` less ${assumedLoadAmps[worst]} A of others` : '';
    const sum = `the fallbacks below "${circuit}" add up to ${tenths(fallbackAmps[worst])} A on ${PHASES[worst]}`;
    const most = `more than its ${limitAmps[worst]} A${assumed}`;
    const remedy = remedyOf(spec, chargers[index] ?? [], free, children);
    report('error', path, `if this box fails, ${sum}, ${most}: ${remedy}`);
  }
};

const NAMES_SHOWN = 3;

/** How many chargers have to do without a fallback for the rest to fit, or how low all must be. */
const remedyOf = (
  circuit: Circuit,
  below: readonly ChargerSpec[],
  free: PhaseAmps,
  children: ReadonlySet<string>,
): string => {
  const zeroed = withoutFallback(circuit, below, free, children);
  const names = zeroed.flatMap(({ id }) => (children.has(id) ? [] : [id]));
  const shown =
    names.slice(0, NAMES_SHOWN).join(', ') + (names.length > NAMES_SHOWN ? ', ...' : '');
  const chargers = below.filter(({ id }) => !children.has(id)).length;
  const lowered = zeroed.flatMap(({ id }) => (children.has(id) ? [id] : []));
  const ways = [
    names.length > 0
      ? `set fallbackAmps: 0 on ${names.length} of ${chargers} chargers (${shown})`
      : '',
    lowered.length > 0 ? `lower failsafeAmps of ${lowered.join(', ')}` : '',
  ].filter((way) => way !== '');
  const amps = evenFallback(circuit, below, free);
  return ways.join(' and ') + (amps === undefined ? '' : `, or at most ${amps} A on each`);
};

/** Those that load the fullest phase most go first; children, whose cars nobody here sees, last. */
const withoutFallback = (
  circuit: Circuit,
  below: readonly ChargerSpec[],
  free: PhaseAmps,
  children: ReadonlySet<string>,
): readonly ChargerSpec[] => {
  const zeroed: ChargerSpec[] = [];
  let left = below.filter(({ fallbackAmps }) => fallbackAmps > 0);
  while (left.length > 0) {
    const sum = sumOf(circuit, left, ({ fallbackAmps }) => fallbackAmps);
    const over = mapPhases((p) => sum[p] - free[p]);
    const phase = over.indexOf(Math.max(...over)) as 0 | 1 | 2;
    if (over[phase] <= 0) break;
    const loads = (charger: ChargerSpec): number =>
      ampsOnLines(charger, charger.fallbackAmps)[phase];
    const gain = (charger: ChargerSpec): number =>
      children.has(charger.id) ? loads(charger) / CHILD_LATER : loads(charger);
    const [first] = [...left].sort((a, b) => gain(b) - gain(a));
    if (first === undefined) break;
    zeroed.push(first);
    left = left.filter((each) => each !== first);
  }
  return zeroed;
};

const CHILD_LATER = 1e6;

/** The highest fallback that fits on all of them; undefined: too low for a car to use. */
const evenFallback = (
  circuit: Circuit,
  below: readonly ChargerSpec[],
  free: PhaseAmps,
): number | undefined => {
  const least = Math.max(...below.map(({ minAmps }) => minAmps));
  const highest = Math.max(...below.map(({ fallbackAmps }) => fallbackAmps));
  for (let amps = Math.ceil(highest) - 1; amps >= least; amps -= 1) {
    const sum = sumOf(circuit, below, ({ fallbackAmps }) => Math.min(fallbackAmps, amps));
    if (([0, 1, 2] as const).every((p) => sum[p] <= free[p])) return amps;
  }
  return undefined;
};

const tenths = (amps: number): number => Math.round(10 * amps) / 10;
