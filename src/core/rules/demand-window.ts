import type { DemandRule } from '../sharing/policy.ts';
import { HOUR_MS } from '../time.ts';

/** What is known of the window of the demand charge that runs now. */
export interface DemandState {
  /** Wall clock at which the window began. */
  readonly beganAtMs: number;
  readonly usedWh: number;
  readonly atMs: number;
  /** Mean power lately of everything but cars; absent: not known yet. */
  readonly othersWatts?: number;
  /** What cars may have together; absent: not decided yet. */
  readonly carWatts?: number;
}

/** What is seen of a circuit in one tick. */
export interface DemandSeen {
  readonly wallMs: number;
  /** Power at its meter since the tick before; undefined: not known. */
  readonly watts: number | undefined;
  /** Power of everything but cars. */
  readonly othersWatts: number;
  /** Minimums of the cars that charge. */
  readonly onWatts: number;
}

/** Share of the energy of a window that is left for what comes too late to make up for. */
const RESERVE_SHARE = 0.005;
/** By less than this share of the limit others only swing: more is a step. */
const STEP_SHARE = 0.03;
/** Share of the energy of a window that is worth a raise, and the time that has to be left for it. */
const RAISE_SHARE = 0.03;
const RAISE_LEAST_MS = 180_000;
/** Cars need a while to follow: what was taken too much is made up for over as long as this. */
const EXCESS_LEAST_MS = 10_000;
/** A gap in the readings longer than this counts as full use: nothing is known of it. */
const GAP_MS = 90_000;
/** The load of others is a mean over about this time. */
const OTHERS_MEAN_MS = 60_000;

/** The window after a stretch in which the mean power was `watts`, and what cars may have from now. */
export const demandAfter = (
  rule: DemandRule,
  before: DemandState | undefined,
  seen: DemandSeen,
): Required<DemandState> => {
  const { wallMs, watts, onWatts } = seen;
  const lengthMs = rule.minutes * 60_000;
  const beganAtMs = Math.floor(wallMs / lengthMs) * lengthMs;
  const sameWindow = before?.beganAtMs === beganAtMs;
  const sinceMs = Math.max(beganAtMs, before?.atMs ?? beganAtMs);
  const elapsedMs = Math.max(0, wallMs - sinceMs);
  const known = watts !== undefined && elapsedMs <= GAP_MS;
  const mean = known ? Math.max(0, watts) : Math.max(rule.limitWatts, watts ?? 0);
  const usedWh = (sameWindow ? (before?.usedWh ?? 0) : 0) + (mean * elapsedMs) / HOUR_MS;
  const leftMs = beganAtMs + lengthMs - wallMs;
  const othersWatts = othersMean(rule, before, seen);
  // A mean comes too late at the end: what is taken now goes on.
  const ahead = leftMs < OTHERS_MEAN_MS ? Math.max(othersWatts, seen.othersWatts) : othersWatts;
  const room = roomOf(rule, usedWh, leftMs, ahead);
  const mayRaise = leftMs >= RAISE_LEAST_MS || !sameWindow;
  const raiseWatts = mayRaise ? (rule.limitWatts * RAISE_SHARE * lengthMs) / leftMs : Infinity;
  const carWatts = heldWatts(before?.carWatts, { ...room, onWatts, raiseWatts });
  return { beganAtMs, usedWh, atMs: wallMs, othersWatts, carWatts };
};

/** What of the limit may be planned with: a start has to fit into it beside the others. */
export const plannedWatts = ({ limitWatts }: DemandRule): number =>
  limitWatts * (1 - RESERVE_SHARE);

/** A breath of the building does not count: it is the mean of the window that is limited. */
const othersMean = (
  rule: DemandRule,
  before: DemandState | undefined,
  { wallMs, othersWatts }: DemandSeen,
): number => {
  if (before?.othersWatts === undefined) return othersWatts;
  const apart = othersWatts - before.othersWatts;
  // A step of the building is followed the faster the larger it is.
  const overMs = OTHERS_MEAN_MS / Math.max(1, Math.abs(apart) / (rule.limitWatts * STEP_SHARE));
  return before.othersWatts + apart * (1 - Math.exp(-Math.max(0, wallMs - before.atMs) / overMs));
};

/** Watts that cars may have to the end of the window: with its reserve kept, and with it used up. */
interface Room {
  readonly planned: number;
  readonly most: number;
}

const roomOf = (
  { limitWatts, minutes }: DemandRule,
  usedWh: number,
  leftMs: number,
  othersWatts: number,
): Room => {
  const limitWh = (limitWatts * minutes) / 60;
  // As if the limit were taken to the end: at the end it is what the next window begins with.
  const goesOnWh = usedWh + (limitWatts * leftMs) / HOUR_MS;
  const room = (wh: number): number => {
    const overMs = Math.max(leftMs, EXCESS_LEAST_MS);
    return Math.max(0, limitWatts + ((wh - goesOnWh) * HOUR_MS) / overMs - othersWatts);
  };
  return { planned: room(limitWh * (1 - RESERVE_SHARE)), most: room(limitWh) };
};

/**
 * What cars have stays as it is while the window bears it and has not much more to give: it is lowered
 * when the reserve would be used up, though not below the minimums as long as these do fit.
 */
const heldWatts = (
  before: number | undefined,
  now: Room & { readonly onWatts: number; readonly raiseWatts: number },
): number => {
  const { planned, most, onWatts, raiseWatts } = now;
  if (before === undefined || before > most) {
    return onWatts <= most ? Math.max(planned, onWatts) : planned;
  }
  return planned - before >= raiseWatts ? planned : before;
};
