// A month of sessions shared by textbook schedulers and by the controller: energy, fairness, starts.
// Two sites: an invented European one behind one fuse, and a garage whose stations are connected
// between two lines, behind a transformer and pods. `--sessions FILE --stations FILE` take recorded
// sessions; without them a month is generated. Optima are in fixtures/ (scripts/policy-optimum.ts).
import { readFileSync } from 'node:fs';
import type { BenchOptions } from './main.ts';
import { OURS } from './part-ours.ts';
import { rotation } from './part-rotation.ts';
import { TEXTBOOK } from './part-schedulers.ts';
import { heldOutSites, loadSites, misled, type SiteName, type Yard } from './part-sites.ts';
import { runYard, type YardResult } from './part-yard.ts';

const SLOT_MS = 300_000;
const FAST_SLOT_MS = 10_000;
/** A month of ten-second decisions with phasors takes minutes: there a week has to do. */
const FAST_DAYS: Readonly<Record<SiteName, number>> = { european: 31, 'line-to-line': 7 };

export const run = async ({ quick, sessions, stations }: BenchOptions) => {
  const { source, yards } = loadSites(sessions, stations);
  const rows = judged(
    source,
    yards.flatMap((yard) => rowsOf(yard, quick)),
  );
  const heldOut = heldOutSites().flatMap((site) =>
    judged(site.source, site.yards.flatMap(monthOf(HELD_OUT))),
  );
  const european = yards.filter(({ site }) => site === 'european').map(misled);
  const guessed = judged(`${source}, departures 2 h off`, european.flatMap(monthOf(GUESSED)));
  const turns = rotation();
  const shown = { source, sessions: yards[0]?.cars.length, rotation: turns };
  const result = verdict(rows, heldOut, turns);
  return { bench: 'policies', ...shown, rows: [...rows, ...heldOut, ...guessed], ...result };
};

const [, , DEADLINE, LAXITY, PLAIN] = TEXTBOOK;
const HELD_OUT = [PLAIN, ...OURS];
const GUESSED = [DEADLINE, LAXITY, PLAIN, ...OURS];

const judged = (source: string, results: readonly YardResult[]): readonly Row[] => {
  const optimum = optimumOf(source);
  return results.map((row) => ({ source, ...row, ofOptimum: ofOptimum(row, optimum) }));
};

const monthOf =
  (schedulers: readonly (Make | undefined)[]) =>
  (yard: Yard): readonly YardResult[] =>
    yard.limits.flatMap((limit) =>
      schedulers.flatMap((make) =>
        make === undefined ? [] : [runYard(yard, make(), limit, SLOT_MS)],
      ),
    );

const rowsOf = (yard: Yard, quick: boolean): readonly YardResult[] =>
  yard.limits.flatMap((limit, i) => [
    ...[...TEXTBOOK, ...OURS].map((make) => runYard(yard, make(), limit, SLOT_MS)),
    // The pace of the real controller; the tightest fuse is enough of it.
    ...(quick || i > 0
      ? []
      : OURS.map((make) => runYard(firstDays(yard), make(), limit, FAST_SLOT_MS))),
  ]);

const firstDays = ({ cars, ...yard }: Yard): Yard => {
  const endMs = FAST_DAYS[yard.site] * 86_400_000;
  return { ...yard, cars: cars.filter(({ arrivesAtMs }) => arrivesAtMs < endMs) };
};

type Make = (typeof OURS)[number];
type Row = YardResult & { readonly source: string; readonly ofOptimum: number | null };
/** Percent of the wanted energy, by site and limit. */
type Optimum = Readonly<Partial<Record<SiteName, Readonly<Record<string, number>>>>>;

const optimumOf = (source: string): Optimum => {
  const file = new URL('./fixtures/policy-optimum.json', import.meta.url);
  const known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Optimum>;
  return known[source] ?? {};
};

const ofOptimum = (
  { site, limit, slotSeconds, energyPercent }: YardResult,
  optimum: Optimum,
): number | null => {
  const best = optimum[site]?.[limit];
  // The optimum is that of the whole month.
  const part = slotSeconds * 1000 === FAST_SLOT_MS && FAST_DAYS[site] < 31;
  return best === undefined || part ? null : Math.round((10_000 * energyPercent) / best) / 100;
};

const verdict = (
  rows: readonly Row[],
  heldOut: readonly Row[],
  turns: ReturnType<typeof rotation>,
) => {
  const at = (scheduler: string, limit: string): Row => {
    const row = rows.find((each) => each.scheduler === scheduler && each.limit === limit);
    if (row === undefined) throw new Error(`no row of ${scheduler}`);
    return row;
  };
  const [fair, plain] = [at('ours, fair', '30 A'), at('plain max-min', '30 A')];
  const throughput = rows.filter(({ scheduler }) => scheduler === 'ours, throughput');
  const european = throughput.filter(({ site }) => site === 'european');
  const garage = throughput.filter(({ site }) => site === 'line-to-line');
  const targets = {
    fairGainsTwoPointsAt30: fair.energyPercent >= plain.energyPercent + 2,
    fairIsFairerAt30: fair.jain > plain.jain,
    fairStartsAtMost1_4: fair.startsPerSession <= 1.4,
    throughputAtLeast97OfOptimum: european.every((row) => (row.ofOptimum ?? 100) >= 97),
    throughputStartsAtMost2: european.every((row) => row.startsPerSession <= 2),
    garageAtLeast98OfOptimum: garage.every((row) => (row.ofOptimum ?? 100) >= 98),
    rotationSpreadAtMost15: turns.spreadPercent <= 15,
    rotationKeepsDwell: turns.shortestOnMinutes >= 15,
    noViolations: [...rows, ...heldOut].every(({ violations }) => violations === 0),
    ...heldOutTargets(heldOut),
  };
  return { targets, met: Object.values(targets).every(Boolean) };
};

/** The same where nothing was tuned. */
const heldOutTargets = (rows: readonly Row[]) => {
  const of = (scheduler: string, site: SiteName): readonly Row[] =>
    rows.filter((row) => row.scheduler === scheduler && row.site === site);
  const power = of('ours, throughput', 'european');
  const garage = of('ours, throughput', 'line-to-line');
  const plain = of('plain max-min', 'european');
  const fair = of('ours, fair', 'european');
  const gains = fair.map((row, i) => row.energyPercent - (plain[i]?.energyPercent ?? 0));
  return {
    heldOutThroughputAtLeast97: power.every(({ ofOptimum: share }) => (share ?? 0) >= 97),
    heldOutGarageAtLeast98: garage.every(({ ofOptimum: share }) => (share ?? 0) >= 98),
    heldOutThroughputStartsAtMost2: power.every((row) => row.startsPerSession <= 2),
    heldOutFairGainsTwoPoints: gains.every((points) => points >= 2),
    heldOutFairIsFairer: fair.every((row, i) => row.jain > (plain[i]?.jain ?? 1)),
    heldOutFairStartsAtMost1_4: fair.every((row) => row.startsPerSession <= 1.4),
  };
};
