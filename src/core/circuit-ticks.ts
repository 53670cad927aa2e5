import { drawBounds } from './connector-ticks.ts';
import type { Limit } from './limits/limit.ts';
import { LineSum } from './line-currents.ts';
import {
  type Background,
  backgroundForRaise,
  largestSum,
  observeBackground,
  stepUp,
} from './meters/background.ts';
import {
  isSilent,
  STALE_FALLBACK_MS,
  STALE_HOLD_MS,
  STALE_NO_RAISE_MS,
} from './meters/meter-ladder.ts';
import { observeStep } from './meters/step-reserve.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { Circuit } from './site.ts';
import type {
  CircuitLoad,
  CircuitTick,
  ConnectorTick,
  MeterState,
  MeterTrust,
  TickInput,
} from './tick.ts';
import { maxAmps, PHASES, type PhaseAmps, sumAmps } from './units.ts';

/** Every circuit with the limit in force and the load of others on it. */
export const circuitTicks = (
  input: TickInput,
  below: ConnectorsByCircuit,
): { circuits: readonly CircuitTick[]; background: ReadonlyMap<string, Background> } => {
  const background = new Map(input.background);
  const circuits = input.site.circuits.map((circuit, index) => {
    const limit = limitInForce(circuit, input.limits);
    const meter = circuit.meter === undefined ? undefined : input.readings.get(circuit.meter);
    const trust = meterTrust(circuit, meter, input);
    if (trust === 'fresh' && meter?.lastGood?.amps !== undefined) {
      const draws = sumDraws(below[index] ?? [], circuit.phasorSum === true);
      const before = background.get(circuit.id);
      const seen = observeBackground(
        before,
        meter.lastGood.amps,
        draws,
        input.nowMs,
        Math.max(input.settings.raiseWindowMs, input.settings.startLookMs),
      );
      background.set(circuit.id, withSteps(circuit, before, seen, input.nowMs));
    }
    return {
      id: circuit.id,
      ...limit,
      load: circuitLoad(circuit, background.get(circuit.id), trust, meter, input),
      ...(meter?.latest.amps === undefined || meter.latest.quality !== 'good'
        ? {}
        : { measuredAmps: meter.latest.amps }),
    };
  });
  return { circuits, background };
};

const withSteps = (
  { stepReserveQuantile: quantile }: Circuit,
  before: Background | undefined,
  seen: Background,
  nowMs: number,
): Background =>
  quantile === undefined
    ? seen
    : { ...seen, steps: observeStep(before?.steps, stepUp(seen, nowMs), quantile, nowMs) };

/** By index of each circuit, its connectors and those of every circuit under it. */
export type ConnectorsByCircuit = readonly (readonly ConnectorTick[])[];

export const connectorsByCircuit = (
  { site, tree }: Pick<TickInput, 'site' | 'tree'>,
  connectors: readonly ConnectorTick[],
): ConnectorsByCircuit => {
  const below: ConnectorTick[][] = site.circuits.map(() => []);
  for (const tick of connectors) {
    for (const index of tree.paths[tick.circuit] ?? []) below[index]?.push(tick);
  }
  return below;
};

/** The tightest of fuse and limits, with the reasons. */
export const limitInForce = (circuit: Circuit, limits: readonly Limit[]) => {
  const here = limits.filter((limit) => limit.circuit === circuit.id);
  const amps: [number, number, number] = [...circuit.limitAmps];
  const reasons: [ReasonChain, ReasonChain, ReasonChain] = [
    [fuseReason(circuit, 0)],
    [fuseReason(circuit, 1)],
    [fuseReason(circuit, 2)],
  ];
  for (const limit of here) {
    for (const p of [0, 1, 2] as const) {
      const value = limit.amps?.[p];
      if (value !== undefined && value < amps[p]) {
        amps[p] = value;
        reasons[p] = [limitReason(limit, `${round(value)} A`), fuseReason(circuit, p)];
      }
    }
  }
  let watts = circuit.limitWatts;
  let wattsReasons: ReasonChain | undefined =
    watts === undefined
      ? undefined
      : [{ kind: 'circuit-watts', id: circuit.id, text: `${circuit.id}: ${round(watts)} W` }];
  for (const limit of here) {
    if (limit.watts !== undefined && limit.watts < (watts ?? Number.POSITIVE_INFINITY)) {
      watts = limit.watts;
      wattsReasons = [limitReason(limit, `${round(limit.watts)} W`)];
    }
  }
  return {
    limitAmps: amps as PhaseAmps,
    limitReasons: reasons,
    ...(watts === undefined ? {} : { limitWatts: watts }),
    ...(wattsReasons === undefined ? {} : { wattsReasons }),
  };
};

const fuseReason = (circuit: Circuit, p: 0 | 1 | 2): Reason => ({
  kind: 'circuit',
  id: circuit.id,
  phase: PHASES[p],
  text: `${circuit.id} ${PHASES[p]}: fuse ${round(circuit.limitAmps[p])} A`,
});

const limitReason = (limit: Limit, value: string): Reason => ({
  kind: limit.kind,
  id: limit.source,
  text: `${limit.circuit}: ${value} from ${limit.source}${limit.reason ? ` (${limit.reason})` : ''}`,
});

const round = (value: number): number => Math.round(value * 10) / 10;

const meterTrust = (
  circuit: Circuit,
  meter: MeterState | undefined,
  { nowMs, startedAtMs }: TickInput,
): MeterTrust => {
  if (circuit.meter === undefined) return 'fresh';
  const ageMs = nowMs - (meter?.lastGood?.atMs ?? startedAtMs);
  if (ageMs > STALE_FALLBACK_MS) return 'lost';
  if (ageMs > STALE_HOLD_MS) return 'hold';
  return ageMs > STALE_NO_RAISE_MS || meter?.lastGood === undefined ? 'no-raise' : 'fresh';
};

/** Without a trusted meter the load of others is assumed, never forgotten: the larger of
 * what the installer stated and the largest seen lately. */
const circuitLoad = (
  circuit: Circuit,
  background: Background | undefined,
  trust: MeterTrust,
  meter: MeterState | undefined,
  { settings: { raiseWindowMs }, nowMs }: TickInput,
): CircuitLoad => {
  const assumed = circuit.assumedLoadAmps;
  if (circuit.meter === undefined) {
    return { ...alike(assumed), trust };
  }
  if (background === undefined) {
    const problem = 'no reading yet';
    return { ...alike(assumed), trust, problem };
  }
  const forRaiseAmps = backgroundForRaise(background, raiseWindowMs);
  const forStartAmps = backgroundForRaise(background);
  const forStartSumAmps = largestSum(background);
  const uncontrolledAmps = background.amps;
  const known = { uncontrolledAmps, forRaiseAmps, forStartAmps, forStartSumAmps, trust };
  const stepReserveAmps = background.steps?.reserveAmps;
  if (trust === 'fresh') return stepReserveAmps ? { ...known, stepReserveAmps } : known;
  const problem =
    (isSilent(meter?.latest, nowMs) ? undefined : meter?.latest.problem) ?? 'no fresh reading';
  if (trust === 'no-raise') return { ...known, problem };
  const worst = trust === 'lost' ? maxAmps(assumed, forRaiseAmps) : forRaiseAmps;
  const most = maxAmps(worst, forStartAmps);
  return { ...alike(worst), forStartAmps: most, forStartSumAmps: sumAmps(most), trust, problem };
};

/** Of a load that is not known to swing. */
const alike = (amps: PhaseAmps): Omit<CircuitLoad, 'trust'> => ({
  uncontrolledAmps: amps,
  forRaiseAmps: amps,
  forStartAmps: amps,
  forStartSumAmps: sumAmps(amps),
});

const sumDraws = (connectors: readonly ConnectorTick[], phasorSum: boolean) => {
  if (phasorSum) return phasorDraws(connectors);
  const lower: [number, number, number] = [0, 0, 0];
  const upper: [number, number, number] = [0, 0, 0];
  for (const tick of connectors) {
    const { lowerAmps, upperAmps } = drawBounds(tick);
    for (let p = 0 as 0 | 1 | 2; p < 3; p += 1) {
      lower[p] += lowerAmps[p];
      upper[p] += upperAmps[p];
    }
  }
  return { lowerAmps: lower as PhaseAmps, upperAmps: upper as PhaseAmps };
};

const phasorDraws = (connectors: readonly ConnectorTick[]) => {
  const [lower, upper] = [new LineSum(), new LineSum()];
  for (const tick of connectors) {
    const { lowerAmps, upperAmps } = drawBounds(tick);
    const lineToLine = tick.charger.lineToLine === true;
    lower.add(lowerAmps, tick.phases, lineToLine);
    upper.add(upperAmps, tick.phases, lineToLine);
  }
  return { lowerAmps: lower.amps, upperAmps: upper.amps, phasorSum: true };
};
