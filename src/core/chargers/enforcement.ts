/**
 * What a connector may draw, as far as can be proven. An "Accepted" is not proof that the current
 * fell, a missing answer is not proof that nothing happened: every doubt counts as the larger
 * current until it is resolved (promise 1 of the design).
 */

/** After an accepted reduction the car has this long to follow before its old current is let go. */
export const SETTLE_MS = 15_000;
/** A car that was told of less has followed by then, with pilot and ramp, or does not follow. */
const FOLLOW_MS = 8_000;
/** A charger's clock and the delivery of a profile may shift the end of a lease by this much. */
export const LEASE_SKEW_MS = 10_000;
/** An offer begins this much before it is sent, for chargers whose clock is behind. */
export const LEASE_EARLIER_MS = 60_000;
/** Measured above the offer by more than this share or amps is disobedience, not tolerance. */
const OVERDRAW_SHARE = 0.1;
const OVERDRAW_AMPS = 1;
const RETRY_FIRST_MS = 5_000;
const RETRY_MOST_MS = 60_000;

/** An offer with a life: the charger lets go of it by itself at the end (dead-man switch). */
export interface Lease {
  readonly amps: number;
  readonly sentAtMs: number;
  readonly endsAtMs: number;
  /** What the charger was told to make of it by itself before its end, by rising time. */
  readonly later?: readonly { readonly atMs: number; readonly amps: number }[];
  /** It is told in a way that follows no plan, e.g. in memory that wears out. */
  readonly planless?: true;
  /** Phases that it names, where the charger is switched between one and three. */
  readonly numberPhases?: 1 | 3;
}

export interface Enforcement {
  /** Last lease that the charger accepted in this transaction. */
  readonly accepted?: Lease;
  /** Sent, not answered yet. */
  readonly pending?: Lease;
  /** Sent and never properly answered: may be in force. */
  readonly doubtful?: { readonly amps: number; readonly untilMs: number };
  /**
   * May have been given by the gateway run before this one. Its sum was within the limits, so it
   * holds back raises but does not push anybody down.
   */
  readonly inherited?: { readonly amps: number; readonly untilMs: number };
  /** Larger currents that were in force lately, and until when: a car follows with a delay. */
  readonly recent: readonly { readonly amps: number; readonly untilMs: number }[];
  /** Last change of the offer in force, for attributing steps on the meter. */
  readonly changed?: { readonly atMs: number; readonly fromAmps: number; readonly toAmps: number };
  readonly lastRaiseAtMs?: number;
  readonly failures: number;
  readonly retryAtMs: number;
  /** Why the last command failed, in words. */
  readonly problem?: string;
  readonly refused: boolean;
}

export const NO_ENFORCEMENT: Enforcement = {
  recent: [],
  failures: 0,
  retryAtMs: 0,
  refused: false,
};

/** The facts about one connector that bound what it may draw. */
export interface Surroundings {
  readonly nowMs: number;
  readonly online: boolean;
  readonly inTransaction: boolean;
  /** The fallback that is proven to be in the charger; undefined when it is not. */
  readonly fallbackAmps: number | undefined;
  readonly maxAmps: number;
  /** How far its clock is ahead of ours, by which offers begin and end; absent: not known. */
  readonly clockAheadMs?: number;
  /** Largest phase current measured, and when. */
  readonly measuredAmps: number | undefined;
  readonly measuredAtMs: number | undefined;
  /** What the meter of the site shows, for a connector that is not measured itself. */
  readonly seenByMeter?: 'followed' | 'defied';
}

export type Obedience =
  | 'idle'
  | 'confirmed'
  | 'pending'
  | 'unverified'
  | 'overdrawing'
  | 'refused'
  | 'silent';

/** State of a connector right after a start of the gateway. */
export const inheritedEnforcement = (amps: number, nowMs: number, lifeMs: number): Enforcement => ({
  ...NO_ENFORCEMENT,
  inherited: { amps, untilMs: nowMs + lifeMs + LEASE_SKEW_MS },
});

export const sent = (e: Enforcement, lease: Lease): Enforcement => ({ ...e, pending: lease });

export const accepted = (e: Enforcement, around: Surroundings): Enforcement => {
  const { pending, doubtful: _d, inherited: _i, problem: _p, ...rest } = e;
  if (pending === undefined) return e;
  const { nowMs } = around;
  const fromAmps = offeredAmps(e, around);
  const held = pending.amps === e.accepted?.amps && e.changed !== undefined;
  const recent = e.recent.filter(({ untilMs }) => nowMs < untilMs + SETTLE_MS);
  return {
    ...rest,
    accepted: pending,
    changed: held ? e.changed : { atMs: nowMs, fromAmps, toAmps: pending.amps },
    recent: pending.amps < fromAmps ? [...recent, { amps: fromAmps, untilMs: nowMs }] : recent,
    ...(pending.amps > (e.accepted?.amps ?? 0) ? { lastRaiseAtMs: nowMs } : {}),
    failures: 0,
    retryAtMs: 0,
    refused: false,
  };
};

/** The charger said no: what was in force stays in force. */
export const refused = (e: Enforcement, problem: string, nowMs: number): Enforcement => ({
  ...withoutPending(e),
  ...failed(e, problem, nowMs),
  refused: true,
});

/** The charger wants to be asked later: what was in force stays, and that is no disobedience. */
export const postponed = (e: Enforcement): Enforcement => withoutPending(e);

/** No usable answer: the lease may or may not have been taken. */
export const unanswered = (e: Enforcement, problem: string, nowMs: number): Enforcement => {
  const doubt = e.pending;
  const amps = Math.max(doubt?.amps ?? 0, e.doubtful?.amps ?? 0);
  const untilMs = Math.max(latestEndMs(doubt), e.doubtful?.untilMs ?? 0);
  return {
    ...withoutPending(e),
    ...failed(e, problem, nowMs),
    ...(doubt === undefined ? {} : { doubtful: { amps, untilMs } }),
  };
};

/**
 * It may have lost what it was told, or not: the largest that it may hold counts until the latest end,
 * and it is told anew.
 */
export const forgotten = (e: Enforcement): Enforcement => {
  const { accepted: lease, pending, doubtful, inherited, recent } = e;
  if (lease === undefined) return e;
  const amps = Math.max(lease.amps, pending?.amps ?? 0, doubtful?.amps ?? 0);
  const untilMs = Math.max(latestEndMs(lease), latestEndMs(pending), doubtful?.untilMs ?? 0);
  return {
    ...NO_ENFORCEMENT,
    recent,
    doubtful: { amps, untilMs },
    ...(inherited === undefined ? {} : { inherited }),
  };
};

/** By the clock of a charger that is a little behind. */
const latestEndMs = (lease: Lease | undefined): number =>
  lease === undefined ? 0 : lease.endsAtMs + LEASE_SKEW_MS;

/** Largest current per phase that the connector may draw now. */
export const worstAmps = (e: Enforcement, around: Surroundings): number => {
  if (!around.inTransaction && around.online) return Math.max(floorAmps(around), draw(around));
  let worst = knownAmps(e, around);
  if (e.pending !== undefined) worst = Math.max(worst, e.pending.amps);
  if (isSettling(e, around)) worst = Math.max(worst, recentAmps(e, around.nowMs));
  if (isOverdrawing(e, around)) worst = Math.max(worst, draw(around));
  // The next measurement may be a minute away: until then it is not known to follow.
  if (defies(e, around)) worst = Math.max(worst, draw(around));
  // How much it is that it draws, the meter of the site cannot tell.
  if (around.seenByMeter === 'defied') worst = Math.max(worst, around.maxAmps);
  return Math.min(worst, Math.max(around.maxAmps, draw(around)));
};

/** As `worstAmps`, with what an earlier run of the gateway may have given: the basis of raises. */
export const raiseWorstAmps = (
  e: Enforcement,
  around: Surroundings,
  worst: number = worstAmps(e, around),
): number => Math.max(worst, inheritedAmps(e, around));

/** How far the connector's obedience is established. */
export const obedienceOf = (e: Enforcement, around: Surroundings): Obedience => {
  if (!around.online) return 'silent';
  if (!around.inTransaction) return 'idle';
  if (isOverdrawing(e, around) || around.seenByMeter === 'defied') return 'overdrawing';
  if (e.refused) return 'refused';
  if (e.pending !== undefined || isSettling(e, around)) return 'pending';
  if (e.accepted === undefined || around.nowMs >= e.accepted.endsAtMs) return 'unverified';
  if (defies(e, around)) return 'pending';
  if (around.seenByMeter === 'followed') return 'confirmed';
  return (around.measuredAtMs ?? -1) >= (e.changed?.atMs ?? 0) ? 'confirmed' : 'unverified';
};

/** Measured long enough after the last change of the offer for the car to have followed it. */
export const measuredAfterSettling = (
  { changed }: Enforcement,
  { measuredAtMs }: Surroundings,
): boolean =>
  (measuredAtMs ?? Number.NEGATIVE_INFINITY) >
  (changed?.atMs ?? Number.NEGATIVE_INFINITY) + SETTLE_MS;

/** True while the current of before an accepted reduction still has to be budgeted. */
const isSettling = (e: Enforcement, around: Surroundings): boolean => {
  if (recentAmps(e, around.nowMs) <= leaseAmps(e.accepted, around)) return false;
  const measuredSince = (around.measuredAtMs ?? -1) > (e.changed?.atMs ?? 0);
  return !(measuredSince && draw(around) <= tolerated(leaseAmps(e.accepted, around)));
};

/** Disobedient: it had time to follow its offer, and was measured above it since. */
export const defies = (e: Enforcement, around: Surroundings): boolean =>
  around.inTransaction && drawsAbove(e, around, FOLLOW_MS);

/** Not seen to follow yet: measured above its offer since that was changed, however lately. */
export const lags = (e: Enforcement, around: Surroundings): boolean => drawsAbove(e, around, 1);

/** Measured above its offer, that long after the offer was changed or later. */
const drawsAbove = (
  { changed, accepted: lease }: Enforcement,
  { measuredAtMs, measuredAmps = 0 }: Surroundings,
  afterMs: number,
): boolean =>
  changed !== undefined &&
  lease !== undefined &&
  measuredAtMs !== undefined &&
  measuredAtMs >= changed.atMs + afterMs &&
  measuredAmps > tolerated(lease.amps);

/** Measured above everything that was in force within the time a car needs to follow. */
const isOverdrawing = (e: Enforcement, around: Surroundings): boolean => {
  const { measuredAtMs } = around;
  if (measuredAtMs === undefined || !around.inTransaction) return false;
  const ceiling = Math.max(
    offeredAmps(e, around),
    recentAmps(e, measuredAtMs),
    e.pending?.amps ?? 0,
  );
  return draw(around) > tolerated(ceiling);
};

/** The largest offer that may be in force, whatever the car makes of it. */
export const offeredAmps = (e: Enforcement, around: Surroundings): number =>
  Math.max(knownAmps(e, around), inheritedAmps(e, around));

/** The same without what an earlier run of the gateway may have given. */
const knownAmps = ({ accepted: lease, doubtful }: Enforcement, around: Surroundings): number =>
  Math.max(
    leaseAmps(lease, around),
    around.nowMs < (doubtful?.untilMs ?? 0) + extraMs(around) ? (doubtful?.amps ?? 0) : 0,
  );

const inheritedAmps = ({ inherited }: Enforcement, around: Surroundings): number =>
  around.nowMs < (inherited?.untilMs ?? 0) + extraMs(around) ? (inherited?.amps ?? 0) : 0;

/** By so much later than usual an offer may end, by a clock that is behind. */
const extraMs = ({ clockAheadMs = 0 }: Surroundings): number =>
  Math.max(0, -clockAheadMs - LEASE_SKEW_MS);

const recentAmps = ({ recent }: Enforcement, atMs: number): number => {
  let top = 0;
  for (const { amps, untilMs } of recent) {
    if (atMs < untilMs + SETTLE_MS) top = Math.max(top, amps);
  }
  return top;
};

/** The offer that the charger holds now, in amps per phase, or its fallback without one. */
export const leaseAmps = (lease: Lease | undefined, around: Surroundings): number => {
  const floor = floorAmps(around);
  const { nowMs, clockAheadMs = 0 } = around;
  if (lease === undefined || nowMs >= latestEndMs(lease) + extraMs(around)) return floor;
  // By a clock that is further behind it has not begun, by one that is ahead it ends early.
  const begun = -clockAheadMs < LEASE_EARLIER_MS;
  const endsEarlyMs = Math.max(LEASE_SKEW_MS, clockAheadMs);
  if (begun && nowMs < lease.endsAtMs - endsEarlyMs) return lease.amps;
  return Math.max(lease.amps, floor);
};

const floorAmps = (around: Surroundings): number =>
  Math.min(around.fallbackAmps ?? around.maxAmps, around.maxAmps);
const draw = (around: Surroundings): number => around.measuredAmps ?? 0;
/** Measured up to this is the tolerance of meter and pilot. */
export const tolerated = (amps: number): number =>
  Math.max(amps + OVERDRAW_AMPS, amps * (1 + OVERDRAW_SHARE));

const withoutPending = ({ pending: _dropped, ...rest }: Enforcement): Enforcement => rest;

const failed = (e: Enforcement, problem: string, nowMs: number) => {
  const failures = e.failures + 1;
  const waitMs = Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_MOST_MS);
  return { failures, problem, retryAtMs: nowMs + waitMs };
};
