import type { DemandRule } from '../sharing/policy.ts';
import { HOUR_MS } from '../time.ts';

/** Energy taken in the window of the demand charge that runs now. */
export interface DemandState {
  /** Wall clock at which the window began. */
  readonly beganAtMs: number;
  readonly usedWh: number;
  readonly atMs: number;
}

/** Near its end a window would allow any power: what is spare is spread over as long as this. */
const SPARE_LEAST_MS = 60_000;
/** Cars need a while to follow: what was taken too much is made up for over as long as this. */
const EXCESS_LEAST_MS = 10_000;
/** A gap in the readings longer than this counts as full use: nothing is known of it. */
const GAP_MS = 90_000;

/** The window after a stretch in which the mean power was `watts` (undefined: not known). */
export const demandAfter = (
  rule: DemandRule,
  before: DemandState | undefined,
  wallMs: number,
  watts: number | undefined,
): DemandState => {
  const lengthMs = rule.minutes * 60_000;
  const beganAtMs = Math.floor(wallMs / lengthMs) * lengthMs;
  const sameWindow = before?.beganAtMs === beganAtMs;
  const sinceMs = Math.max(beganAtMs, before?.atMs ?? beganAtMs);
  const elapsedMs = Math.max(0, wallMs - sinceMs);
  const known = watts !== undefined && elapsedMs <= GAP_MS;
  const mean = known ? Math.max(0, watts) : Math.max(rule.limitWatts, watts ?? 0);
  const usedWh = (sameWindow ? (before?.usedWh ?? 0) : 0) + (mean * elapsedMs) / HOUR_MS;
  return { beganAtMs, usedWh, atMs: wallMs };
};

/**
 * Power that keeps the mean of the window below the limit if held to its end. At the end it is the
 * limit, with which the next window begins: what is kept to the limit goes on as it is.
 */
export const demandWatts = (rule: DemandRule, state: DemandState): number => {
  const { limitWatts, minutes } = rule;
  const leftMs = state.beganAtMs + minutes * 60_000 - state.atMs;
  // As if the limit were taken to the end: Wh that would be left over, or missing.
  const spareWh = (limitWatts * (minutes * 60_000 - leftMs)) / HOUR_MS - state.usedWh;
  const overMs = Math.max(leftMs, spareWh < 0 ? EXCESS_LEAST_MS : SPARE_LEAST_MS);
  return Math.max(0, limitWatts + (spareWh * HOUR_MS) / overMs);
};
