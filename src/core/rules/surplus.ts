import type { SurplusRule } from '../sharing/policy.ts';

/** What the sun leaves for cars, smoothed, and for how long it has been enough. */
export interface SurplusState {
  readonly watts: number;
  readonly atMs: number;
  /** When the cars that are on last had enough for their minimums. */
  readonly enoughAtMs: number;
  /** Least surplus of the last stretches, oldest first: what a start may count on. */
  readonly recent: readonly { readonly atMs: number; readonly watts: number }[];
}

/** Clouds come and go: time constant of the smoothing. */
const SMOOTH_MS = 30_000;
const STRETCH_MS = 10_000;
/** So much may be missing before offers are lowered, or they would change with every breath of wind. */
const TOLERATED_WATTS = 230;

export interface SurplusFacts {
  readonly nowMs: number;
  /** What would be exported without the cars; undefined: no reading to trust. */
  readonly spareWatts: number | undefined;
  /** Minimums of the cars that are on. */
  readonly onWatts: number;
}

export const surplusAfter = (
  rule: SurplusRule,
  before: SurplusState | undefined,
  facts: SurplusFacts,
): SurplusState => {
  const { nowMs, spareWatts, onWatts } = facts;
  const now = spareWatts === undefined ? 0 : spareWatts - rule.reserveWatts;
  const share = 1 - Math.exp(-(nowMs - (before?.atMs ?? nowMs)) / SMOOTH_MS);
  const watts = before === undefined ? now : before.watts + (now - before.watts) * share;
  const enough = watts >= onWatts;
  return {
    watts,
    atMs: nowMs,
    enoughAtMs: enough || before === undefined ? nowMs : before.enoughAtMs,
    recent: recentAfter(rule, before?.recent ?? [], nowMs, watts),
  };
};

const recentAfter = (
  { startSeconds }: SurplusRule,
  before: SurplusState['recent'],
  nowMs: number,
  watts: number,
): SurplusState['recent'] => {
  const last = before.at(-1);
  const kept = before.filter(({ atMs }) => atMs > nowMs - startSeconds * 1000 - STRETCH_MS);
  if (last !== undefined && nowMs - last.atMs < STRETCH_MS) {
    return [...kept.slice(0, -1), { atMs: last.atMs, watts: Math.min(last.watts, watts) }];
  }
  return [...kept, { atMs: nowMs, watts }];
};

/**
 * Watts for all cars together: those that are on keep their minimum for a while under a cloud, and
 * what they are offered (`offeredWatts`) where almost as much is left.
 */
export const surplusBudget = (
  rule: SurplusRule,
  state: SurplusState,
  { onWatts, offeredWatts }: { readonly onWatts: number; readonly offeredWatts: number },
): number => {
  const holds = state.atMs - state.enoughAtMs < rule.stopSeconds * 1000;
  const missingWatts = offeredWatts - state.watts;
  const watts = missingWatts > 0 && missingWatts <= TOLERATED_WATTS ? offeredWatts : state.watts;
  return Math.max(0, watts, holds ? onWatts : 0);
};

/** What a car that is to be started may count on; undefined until it has been watched long enough. */
export const lastingSurplus = (rule: SurplusRule, state: SurplusState): number | undefined => {
  const [oldest] = state.recent;
  if (oldest === undefined || state.atMs - oldest.atMs < rule.startSeconds * 1000) return undefined;
  return Math.min(...state.recent.map(({ watts }) => watts));
};
