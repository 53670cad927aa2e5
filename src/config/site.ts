import { phaseAmpsOf } from '../core/chargers/terminal-currents.ts';
import { circuitTree } from '../core/circuit-tree.ts';
import { dimmingFloorWatts } from '../core/limits/dimming.ts';
import { UNKNOWN_PHASE } from '../core/meters/site-phases.ts';
import type { ChargerSpec, EmsSourceSpec, MeterSource, MeterSpec, Site } from '../core/site.ts';
import { type PhaseAmps, sameAmps } from '../core/units.ts';
import type { SiteConfig } from '../schema/site-config.ts';

/** The site as the core knows it. The config has been validated. */
export const toSite = (config: SiteConfig): Site => withPhasorSums(plainSite(config));

const plainSite = (config: SiteConfig): Site => ({
  id: config.site.id,
  timezone: config.site.timezone,
  voltageVolts: config.site.voltage,
  circuits: parentsFirst(config.circuits).map((circuit) => ({
    id: circuit.id,
    limitAmps: perPhase(circuit.limitAmps),
    marginAmps: circuit.marginAmps,
    assumedLoadAmps: perPhase(circuit.assumedLoadAmps ?? 0),
    ...(circuit.parent === undefined ? {} : { parent: circuit.parent }),
    ...(circuit.limitWatts === undefined ? {} : { limitWatts: circuit.limitWatts }),
    ...(circuit.unbalanceAmps === undefined ? {} : { unbalanceAmps: circuit.unbalanceAmps }),
    ...(circuit.meter === undefined ? {} : { meter: circuit.meter }),
    ...(circuit.stepReserveQuantile === undefined
      ? {}
      : { stepReserveQuantile: circuit.stepReserveQuantile }),
  })),
  meters: config.meters.map(meterSpec),
  chargers: [
    ...config.chargers.map(({ stepsAmps, dc, outage: _outage, upstream: _url, ...charger }) => ({
      ...charger,
      ...(dc === undefined ? {} : dcCharger(dc, config.site.voltage)),
      csmsProfiles: charger.csmsProfiles ?? config.enforcement.csmsProfiles,
      phases: phasesOf(charger.phases),
      ...(charger.phases.includes('-') ? { lineToLine: true } : {}),
      ...(stepsAmps === undefined ? {} : { stepsAmps: [...stepsAmps].sort((a, b) => a - b) }),
    })),
    ...config.ems.children.map(childCharger),
  ],
  emsSources: [...config.ems.sources.map(emsSource), ...config.ems.inputs.map(inputSource)],
  arrivalReserve: config.arrivalReserve,
});

/**
 * Currents of cars between the same two lines add as numbers, and so do those of cars to neutral.
 * Only where they meet others their angle counts.
 */
const withPhasorSums = (site: Site): Site => {
  if (!site.chargers.some(({ lineToLine }) => lineToLine)) return site;
  const { paths, indexOf } = circuitTree(site);
  const circuits = site.circuits.map((circuit, index) => {
    const wirings = site.chargers
      .filter(({ circuit: id }) => paths[indexOf.get(id) ?? -1]?.includes(index))
      .map(({ phases, lineToLine }) => (lineToLine ? [...phases].sort().join('-') : 'neutral'));
    const different = new Set(wirings);
    return different.size > 1 ? { ...circuit, phasorSum: true } : circuit;
  });
  return { ...site, circuits };
};

/** A charger that nobody listed, as the config says such chargers are; undefined: it is rejected. */
export const adoptedCharger = (config: SiteConfig, id: string): ChargerSpec | undefined => {
  const { unknownChargers } = config;
  if (unknownChargers === 'reject') return undefined;
  const { adopt: circuit, maxAmps = 32, fallbackAmps = LEAST_AMPS } = unknownChargers;
  return {
    id,
    circuit,
    maxAmps,
    fallbackAmps,
    phases: phasesOf('unknown'),
    minAmps: LEAST_AMPS,
    fallbackTrusted: false,
    csmsProfiles: config.enforcement.csmsProfiles,
    stepAmps: 1,
    weight: 1,
    connectors: 1,
  };
};

/** Less is of no use to a child: no car takes it (IEC 61851-1). */
const LEAST_AMPS = 6;

/** A child gateway stands beside the chargers: it falls back by itself to what its file says. */
const childCharger = (child: SiteConfig['ems']['children'][number]): ChargerSpec => ({
  id: child.id,
  circuit: child.circuit,
  phases: phasesOf(child.phases),
  maxAmps: child.maxAmps,
  minAmps: LEAST_AMPS,
  fallbackAmps: child.failsafeAmps,
  fallbackTrusted: true,
  stepAmps: 1,
  weight: child.weight,
  usesAllPhases: true,
  connectors: 1,
});

/** Steps of tenths are fine enough for watts. */
const DC_STEP_AMPS = 0.1;

const dcCharger = (
  dc: NonNullable<SiteConfig['chargers'][number]['dc']>,
  volts: number,
): Pick<ChargerSpec, 'maxAmps' | 'minAmps' | 'fallbackAmps' | 'stepAmps' | 'dcEfficiency'> => {
  const tenths = (watts: number, round: (value: number) => number): number =>
    round(phaseAmpsOf(watts, dc.efficiency, volts) / DC_STEP_AMPS) * DC_STEP_AMPS;
  return {
    maxAmps: tenths(dc.maxWatts, Math.ceil),
    minAmps: tenths(dc.minWatts, Math.ceil),
    fallbackAmps: tenths(dc.fallbackWatts, Math.ceil),
    stepAmps: DC_STEP_AMPS,
    dcEfficiency: dc.efficiency,
  };
};

const emsSource = (source: SiteConfig['ems']['sources'][number]): EmsSourceSpec => {
  const { heartbeatSeconds, failsafeHours, dimming, ...rest } = source;
  return {
    ...rest,
    ...(heartbeatSeconds === undefined
      ? {}
      : { lpc: { heartbeatMs: heartbeatSeconds * 1000, failsafeMs: failsafeHours * 3_600_000 } }),
    ...(dimming === undefined ? {} : { dimmingFloorWatts: dimmingFloorWatts(dimming) }),
  };
};

/** A contact is a source whose limit is its failsafe: unread, it counts as active. */
const inputSource = (input: SiteConfig['ems']['inputs'][number]): EmsSourceSpec => ({
  id: input.id,
  circuit: input.circuit,
  ...(input.limitAmps === undefined ? {} : { failsafeAmps: input.limitAmps }),
  ...(input.limitWatts === undefined ? {} : { failsafeWatts: input.limitWatts }),
});

const meterSpec = (meter: SiteConfig['meters'][number]): MeterSpec => {
  const { frozenSeconds, topic, charger, sum, device, connect, ...rest } = meter;
  const source = meterSource({ topic, charger, sum });
  return {
    ...rest,
    device: device ?? source?.kind ?? '',
    connect: connect ?? '',
    ...(source === undefined ? {} : { source }),
    frozenMs: frozenSeconds * 1000,
    phaseOrder: phasesOf(meter.phaseOrder) as [number, number, number],
  };
};

const meterSource = ({
  topic,
  charger,
  sum,
}: {
  readonly topic: string | undefined;
  readonly charger: string | undefined;
  readonly sum: readonly string[] | undefined;
}): MeterSource | undefined => {
  if (topic !== undefined) return { kind: 'mqtt', topic };
  if (charger !== undefined) return { kind: 'charger', charger };
  if (sum === undefined) return undefined;
  const terms = sum.map((term) => ({
    meter: term.replace(/^-/, ''),
    factor: term.startsWith('-') ? (-1 as const) : (1 as const),
  }));
  return { kind: 'sum', terms };
};

/** 'L2L3L1' is [1, 2, 0]; 'unknown' is three terminals of which nobody knows. */
export const phasesOf = (text: string): readonly number[] =>
  text === 'unknown'
    ? [0, 1, 2].map(() => UNKNOWN_PHASE)
    : [...text.matchAll(/L([123])/g)].map(([, digit]) => Number(digit) - 1);

const perPhase = (value: number | readonly [number, number, number]): PhaseAmps =>
  typeof value === 'number' ? sameAmps(value) : value;

/** Circuits in an order in which every parent comes before its children; cycles end up last. */
const parentsFirst = (circuits: SiteConfig['circuits']): SiteConfig['circuits'] => {
  const placed = new Set<string>();
  const ordered: SiteConfig['circuits'] = [];
  let left = circuits;
  while (left.length > 0) {
    const ready = left.filter(({ parent }) => parent === undefined || placed.has(parent));
    if (ready.length === 0) return [...ordered, ...left];
    for (const circuit of ready) {
      placed.add(circuit.id);
      ordered.push(circuit);
    }
    left = left.filter((circuit) => !ready.includes(circuit));
  }
  return ordered;
};

/** What the CSMS sees of each charger in aggregate mode: its outlets and the first one's number. */
export const outletSpecs = ({ chargers }: SiteConfig) =>
  chargers
    // A charger with a route of its own is no part of the station.
    .filter(({ upstream }) => upstream === undefined)
    .map(({ id, connectors, upstreamConnector: first }) => ({
      charger: id,
      outlets: connectors,
      ...(first === undefined ? {} : { first }),
    }));
