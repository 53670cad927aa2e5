import type { ChargerState } from '../chargers/charger-state.ts';
import { phaseVolts } from '../chargers/told-limit.ts';
import type { MeterSpec, MeterTerm, Site } from '../site.ts';
import type { MeterState } from '../tick.ts';
import { addAmps, mapPhases, NO_AMPS, type PhaseAmps, sameAmps } from '../units.ts';
import { STALE_NO_RAISE_MS } from './meter-ladder.ts';
import type { Reading } from './reading.ts';
import { siteDraw } from './site-phases.ts';

/** What the readings of meters that are no device follow from. */
export interface DerivedFrom {
  readonly site: Site;
  readonly chargers: ReadonlyMap<string, ChargerState>;
  readonly readings: ReadonlyMap<string, MeterState>;
  readonly nowMs: number;
}

/**
 * The reading of a meter that is a charger's own, or a sum of others; undefined while there is
 * nothing new, and for meters that are read from outside.
 */
export const derivedReading = (spec: MeterSpec, from: DerivedFrom): Reading | undefined => {
  const reading =
    spec.source?.kind === 'charger'
      ? chargerReading(spec, spec.source.charger, from)
      : spec.source?.kind === 'sum'
        ? sumReading(spec, spec.source.terms, from)
        : undefined;
  const before = from.readings.get(spec.id)?.latest;
  const news = reading?.atMs !== before?.atMs || reading?.quality !== before?.quality;
  return news ? reading : undefined;
};

/**
 * All connectors of a charger that have a transaction; as old as the oldest measurement of them.
 * Connectors without one draw nothing and send nothing.
 */
const chargerReading = (
  { id, ctRatio }: MeterSpec,
  charger: string,
  { site, chargers, nowMs }: DerivedFrom,
): Reading | undefined => {
  const spec = site.chargers.find((candidate) => candidate.id === charger);
  const state = chargers.get(charger);
  if (spec === undefined || state === undefined) return undefined;
  if (!state.online) {
    const atMs = state.onlineChangedAtMs;
    return { meter: id, atMs, quality: 'absent', problem: `${charger} is not connected` };
  }
  let amps: PhaseAmps = NO_AMPS;
  let watts: number | undefined = 0;
  let atMs = nowMs;
  for (const {
    transaction,
    terminalAmps,
    measuredAtMs,
    watts: power,
  } of state.connectors.values()) {
    if (transaction === undefined) continue;
    if (terminalAmps === undefined || measuredAtMs === undefined) return undefined;
    const drawn = siteDraw(spec.phases, terminalAmps) ?? sameAmps(Math.max(...terminalAmps));
    amps = addAmps(amps, drawn);
    watts = watts === undefined || power === undefined ? undefined : watts + power;
    atMs = Math.min(atMs, measuredAtMs);
  }
  return {
    meter: id,
    atMs,
    quality: 'good',
    amps: mapPhases((p) => amps[p] * ctRatio),
    ...(watts === undefined ? {} : { watts: watts * ctRatio }),
  };
};

/** As good as its worst term and as old as its oldest: a sum of yesterday and today is nothing. */
const sumReading = (
  { id, ctRatio, invert }: MeterSpec,
  terms: readonly MeterTerm[],
  { readings, nowMs }: DerivedFrom,
): Reading | undefined => {
  let amps: PhaseAmps | undefined = NO_AMPS;
  let watts: number | undefined = 0;
  let atMs = Number.POSITIVE_INFINITY;
  const sign = ctRatio * (invert ? -1 : 1);
  for (const { meter, factor } of terms) {
    const latest = readings.get(meter)?.latest;
    if (latest === undefined) return undefined;
    const { amps: part } = latest;
    const old = nowMs - latest.atMs > STALE_NO_RAISE_MS;
    if (latest.quality !== 'good' || old) {
      const why = latest.problem ?? 'its reading is old';
      return { meter: id, atMs: latest.atMs, quality: 'absent', problem: `${meter}: ${why}` };
    }
    amps =
      amps &&
      part &&
      addAmps(
        amps,
        mapPhases((p) => factor * sign * part[p]),
      );
    const power: number | undefined = latest.watts;
    watts = watts === undefined || power === undefined ? undefined : watts + factor * sign * power;
    atMs = Math.min(atMs, latest.atMs);
  }
  if (amps === undefined && watts === undefined) {
    const problem = 'some of its meters tell no currents, others no power';
    return { meter: id, atMs, quality: 'absent', problem };
  }
  const measured = {
    ...(amps === undefined ? {} : { amps }),
    ...(watts === undefined ? {} : { watts }),
  };
  return { meter: id, atMs, quality: 'good', ...measured };
};

/**
 * Power that the cars may take without drawing from the grid: what flows out at the root circuit's
 * meter, what cars take already, and what charges batteries. Undefined without a fresh meter there.
 */
export const surplusWatts = (from: DerivedFrom): number | undefined => {
  const { site, chargers, readings, nowMs } = from;
  const fresh = (meter: string | undefined): number | undefined => {
    const good = readings.get(meter ?? '')?.lastGood;
    return good !== undefined && nowMs - good.atMs <= STALE_NO_RAISE_MS ? good.watts : undefined;
  };
  const grid = fresh(site.circuits[0]?.meter);
  if (grid === undefined) return undefined;
  const batteries = site.meters
    .filter(({ role }) => role === 'battery')
    .map(({ id }) => fresh(id) ?? 0);
  const cars = site.chargers.flatMap(({ id, phases, lineToLine }) =>
    [...(chargers.get(id)?.connectors.values() ?? [])].map(({ terminalAmps, watts }) => {
      if (watts !== undefined || terminalAmps === undefined) return watts ?? 0;
      const amps = phases.reduce((sum, _phase, t) => sum + (terminalAmps[t as 0 | 1 | 2] ?? 0), 0);
      return amps * phaseVolts({ lineToLine }, site.voltageVolts);
    }),
  );
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return sum(cars) + sum(batteries) - grid;
};
