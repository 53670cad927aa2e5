import { othersAmps } from '../line-currents.ts';
import {
  clamp,
  mapPhases,
  maxAmps,
  minAmps,
  NO_AMPS,
  type PhaseAmps,
  subtractAmps,
  sumAmps,
} from '../units.ts';
import { REACTION_MS, type StepHistory } from './step-reserve.ts';

/**
 * The load of a metered circuit that is not ours, told from the meter by interval arithmetic.
 * The draw of the cars is only known within bounds (a car follows a new offer within seconds, its
 * charger reports it later), so the load of others lies in [meter - upper, meter - lower]. The
 * estimate moves only when it leaves these bounds: a car that ramps up or drops out by itself is
 * not mistaken for the building, and a reduction on its way is not ordered twice.
 */
export interface Background {
  /** Best estimate, amps per phase, never negative: export may vanish behind a cloud. */
  readonly amps: PhaseAmps;
  /** Recent estimates, oldest first, for the largest one in the window. */
  readonly recent: readonly Sample[];
  /** Most that the cars drew within the time by which the meter may be late, oldest first. */
  readonly drawn?: readonly Sample[];
  /** Steps of the last day, where room is kept for them. */
  readonly steps?: StepHistory;
}

interface Sample {
  readonly atMs: number;
  readonly amps: PhaseAmps;
}

/** Sum of what the cars below a meter draw: at least, and at most. */
export interface DrawBounds {
  readonly lowerAmps: PhaseAmps;
  readonly upperAmps: PhaseAmps;
  /** The currents of cars and others add as phasors. */
  readonly phasorSum?: boolean;
}

/** Estimates closer together than this count as one: cycles come faster than meters. */
const SAMPLE_MS = 500;
/**
 * A charger tells at once that its car has stopped, the meter shows it this much later: until then the
 * stop must not be mistaken for a load of others that came at the same moment.
 */
const METER_LAG_MS = 3_000;
/** More samples than this in the window are merged into their maximum. */
const RECENT_MOST = 128;

export const observeBackground = (
  previous: Background | undefined,
  meterAmps: PhaseAmps,
  draws: DrawBounds,
  nowMs: number,
  windowMs: number,
): Background => {
  const others = (drawn: PhaseAmps): PhaseAmps =>
    draws.phasorSum === true
      ? mapPhases((p) => othersAmps(meterAmps[p], drawn[p]))
      : subtractAmps(meterAmps, drawn);
  const drawn = withSample(previous?.drawn ?? [], draws.upperAmps, nowMs, METER_LAG_MS);
  const high = others(draws.lowerAmps);
  const low = others(drawn.map((each) => each.amps).reduce(maxAmps));
  const amps =
    previous === undefined
      ? maxAmps(high, NO_AMPS)
      : mapPhases((p) => Math.max(0, clamp(previous.amps[p], low[p], high[p])));
  const recent = withSample(previous?.recent ?? [], amps, nowMs, windowMs);
  return { amps, recent: recent.length <= RECENT_MOST ? recent : thinned(recent), drawn };
};

/** Those of the last `windowMs`, and that of now. */
const withSample = (
  before: readonly Sample[],
  amps: PhaseAmps,
  nowMs: number,
  windowMs: number,
): readonly Sample[] => {
  const kept = before.filter(({ atMs }) => atMs > nowMs - windowMs);
  const last = kept.at(-1);
  return last === undefined || nowMs - last.atMs >= SAMPLE_MS
    ? [...kept, { atMs: nowMs, amps }]
    : [...kept.slice(0, -1), { atMs: last.atMs, amps: maxAmps(last.amps, amps) }];
};

/**
 * Largest load of others in the last `windowMs` of what was seen: what a raise has to leave room for.
 */
export const backgroundForRaise = (
  { recent, amps }: Background,
  windowMs = Number.POSITIVE_INFINITY,
): PhaseAmps => {
  const sinceMs = (recent.at(-1)?.atMs ?? 0) - windowMs;
  let top = amps;
  for (const sample of recent) if (sample.atMs > sinceMs) top = maxAmps(top, sample.amps);
  return top;
};

/** Largest sum of all phases that was seen: phases are seldom at their largest together. */
export const largestSum = ({ recent, amps }: Background): number =>
  recent.reduce((top, sample) => Math.max(top, sumAmps(sample.amps)), sumAmps(amps));

/** By how much the load of others has risen above its lowest within the reaction time, never < 0. */
export const stepUp = ({ amps, recent }: Background, nowMs: number): PhaseAmps => {
  let lowest = amps;
  for (const sample of recent)
    if (sample.atMs >= nowMs - REACTION_MS) lowest = minAmps(lowest, sample.amps);
  return subtractAmps(amps, lowest);
};

const thinned = (recent: Background['recent']): Background['recent'] => {
  const merged: { atMs: number; amps: PhaseAmps }[] = [];
  for (let i = 0; i < recent.length; i += 2) {
    const [a, b = a] = recent.slice(i, i + 2);
    if (a && b) merged.push({ atMs: b.atMs, amps: maxAmps(a.amps, b.amps) });
  }
  return merged;
};
