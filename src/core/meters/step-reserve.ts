import { mapPhases, maxAmps, NO_AMPS, type PhaseAmps } from '../units.ts';

/**
 * How much the building is used to add from one moment to the next: per phase the worst upward step
 * of every five minutes of the last 24 h, and their quantile, which raises keep free. Offers cannot
 * be lowered faster than meter, network and car react, so what comes on within that time is over the
 * limit unless it was left free before. Kept in memory only: after a restart it is learned anew.
 */
export interface StepHistory {
  /** Oldest first; only periods in which the load was seen. */
  readonly periods: readonly StepPeriod[];
  /** What raises keep free, amps per phase; 0 until an hour was seen. */
  readonly reserveAmps: PhaseAmps;
}

interface StepPeriod {
  /** Number of the period on the monotonic clock. */
  readonly period: number;
  readonly worstAmps: PhaseAmps;
}

/** A rise within this time is one step: cars have followed a lower offer by then. */
export const REACTION_MS = 10_000;
const PERIOD_MS = 5 * 60_000;
/** 24 h. */
const PERIODS_MOST = 288;
/** A whole hour, with a first and a present period that may be short. */
const PERIODS_LEAST = 14;

/**
 * With the step (amps per phase, 0 or more) that just ended at `nowMs` (monotonic).
 * `quantile` is above 0 and at most 1, which is the worst step of the day.
 */
export const observeStep = (
  previous: StepHistory | undefined,
  stepAmps: PhaseAmps,
  quantile: number,
  nowMs: number,
): StepHistory => {
  const period = Math.floor(nowMs / PERIOD_MS);
  const before = previous?.periods ?? [];
  const last = before.at(-1);
  const worstAmps = last?.period === period ? maxAmps(last.worstAmps, stepAmps) : stepAmps;
  if (previous !== undefined && last?.period === period && sameAs(last.worstAmps, worstAmps)) {
    return previous;
  }
  const periods = [
    ...before.filter((each) => each.period > period - PERIODS_MOST && each.period !== period),
    { period, worstAmps },
  ];
  const known = periods.length >= PERIODS_LEAST;
  const steps = (p: 0 | 1 | 2): number[] => periods.map((each) => each.worstAmps[p]);
  const reserveAmps = known ? mapPhases((p) => quantileOf(steps(p), quantile)) : NO_AMPS;
  return { periods, reserveAmps };
};

/** One phrase for pages and logs; undefined while nothing is kept free. */
export const stepReserveText = (reserveAmps: PhaseAmps | undefined): string | undefined => {
  const most = Math.round(Math.max(...(reserveAmps ?? NO_AMPS)) * 10) / 10;
  return most > 0 ? `reserve for building steps ${most} A` : undefined;
};

/** Nearest rank: the least value that is not below the share `quantile` of all of them. */
export const quantileOf = (values: readonly number[], quantile: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
};

const sameAs = (a: PhaseAmps, b: PhaseAmps): boolean => a.every((amps, p) => amps === b[p]);
