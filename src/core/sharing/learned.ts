/**
 * What a car was seen to take. It narrows what is offered, so that amps which a car cannot use go to
 * others; it is never permanent: the bound moves up with the car, and the next car begins anew.
 */
export interface Learned {
  /** The stay that it belongs to. */
  readonly stay: string;
  /** Most that it is offered; undefined: nothing known yet, or it takes all that it is offered. */
  readonly capAmps?: number;
  /** Least that it seems to need to charge at all, where that is more than the usual minimum. */
  readonly minAmps?: number;
  /** When that was raised last. */
  readonly minAtMs?: number;
  /** Smallest offer with which it was seen to charge; undefined: it has not charged yet. */
  readonly tookAmps?: number;
  /** Since when it takes nothing although offered. */
  readonly idleSinceMs?: number;
  /** Time at which it was last seen as idle for long: it then waits behind those that charge. */
  readonly idleUntilMs?: number;
  /** Largest current of one phase lately, oldest first. */
  readonly recent: readonly { readonly atMs: number; readonly amps: number }[];
  readonly measuredAtMs?: number;
}

/** A bound comes from as long a look as this; a battery or a heater may rest for seconds. */
const LOOK_MS = 60_000;
const RECENT_MOST = 16;
const MARGIN_AMPS = 2;
const MARGIN_SHARE = 0.15;
/**
 * Within this of its offer a car is taken to want more, and gets this much more to try. Less than the
 * margin above: a car at its bound does not ask for more again and again.
 */
const WANTS_MORE_AMPS = 1;
const WANTS_MORE_SHARE = 0.06;
const PROBE_AMPS = 3;
const IDLE_AMPS = 1;
/** A car that takes nothing for this long is full, or sleeps. */
const IDLE_AFTER_MS = 300_000;
/** After this it counts as any other for as long as it takes to see. */
const IDLE_FOR_MS = 3_600_000;
/** Some cars take nothing at 6 A and charge at 8 or 10. */
const MIN_TRIES_AFTER_MS = 90_000;
const MIN_MOST_AMPS = 10;
/** Then it is tried with less again: it may only have waited for its timer. */
const MIN_FOR_MS = 3_600_000;

export const newLearned = (stay: string): Learned => ({ stay, recent: [] });

export interface Seen {
  readonly nowMs: number;
  /** Offer in force while it was measured, and the most that it could be. */
  readonly offeredAmps: number;
  readonly minAmps: number;
  /** Largest phase current; undefined: not measured lately. */
  readonly drawnAmps: number | undefined;
  readonly measuredAtMs: number | undefined;
  /** The offer has held long enough for the car to have followed. */
  readonly settled: boolean;
}

/** What is known after one more look. */
export const learnedAfter = (before: Learned, seen: Seen): Learned => {
  const { nowMs, drawnAmps, measuredAtMs, offeredAmps, minAmps, settled } = seen;
  if (drawnAmps === undefined || measuredAtMs === undefined) return before;
  if (measuredAtMs === before.measuredAtMs || !settled) return before;
  if (offeredAmps < minAmps) {
    // Without an offer nothing is learned, and what is known of its current is not forgotten.
    const { idleSinceMs: _offered, ...rest } = before;
    return { ...rest, recent: [], measuredAtMs };
  }
  const recent = [
    ...before.recent.filter(({ atMs }) => atMs > measuredAtMs - LOOK_MS),
    { atMs: measuredAtMs, amps: drawnAmps },
  ].slice(-RECENT_MOST);
  const idle = idleAfter(before, drawnAmps, nowMs);
  const capAmps = capAfter(before, recent, drawnAmps, offeredAmps, minAmps);
  const charges = drawnAmps > IDLE_AMPS;
  const { tookAmps = Number.POSITIVE_INFINITY } = before;
  const took = charges ? Math.min(tookAmps, offeredAmps) : tookAmps;
  return {
    stay: before.stay,
    recent,
    measuredAtMs,
    ...idle,
    ...(capAmps === undefined ? {} : { capAmps }),
    ...(Number.isFinite(took) ? { tookAmps: took } : {}),
    ...(charges ? minOfCharging(before, took, seen) : minOfIdle(before, took, seen, idle)),
  };
};

/** Full or asleep: it keeps its minimum where there is room, behind everybody else. */
export const isIdle = ({ idleUntilMs }: Learned, nowMs: number): boolean =>
  nowMs < (idleUntilMs ?? Number.NEGATIVE_INFINITY);

const idleAfter = (before: Learned, drawnAmps: number, nowMs: number) => {
  if (drawnAmps > IDLE_AMPS) return {};
  const idleSinceMs = before.idleSinceMs ?? nowMs;
  if (before.idleUntilMs !== undefined && nowMs < before.idleUntilMs) {
    return { idleSinceMs, idleUntilMs: before.idleUntilMs };
  }
  return nowMs - idleSinceMs >= IDLE_AFTER_MS
    ? { idleSinceMs: nowMs, idleUntilMs: nowMs + IDLE_FOR_MS }
    : { idleSinceMs };
};

const capAfter = (
  { capAmps }: Learned,
  recent: Learned['recent'],
  drawnAmps: number,
  offeredAmps: number,
  minAmps: number,
): number | undefined => {
  if (drawnAmps >= offeredAmps - Math.max(WANTS_MORE_AMPS, offeredAmps * WANTS_MORE_SHARE)) {
    // It takes what it is offered: whatever bounded it was too tight.
    return capAmps === undefined ? undefined : Math.max(capAmps, offeredAmps + PROBE_AMPS);
  }
  const [oldest, newest] = [recent[0], recent.at(-1)];
  const looked = (newest?.atMs ?? 0) - (oldest?.atMs ?? 0);
  if (looked < LOOK_MS / 2) return capAmps;
  const peak = Math.max(...recent.map(({ amps }) => amps));
  return Math.max(minAmps, peak + Math.max(MARGIN_AMPS, peak * MARGIN_SHARE));
};

type Least = Pick<Learned, 'minAmps' | 'minAtMs'>;

const minOfCharging = (before: Learned, tookAmps: number, { minAmps, nowMs }: Seen): Least => {
  const { minAmps: known = minAmps, minAtMs = nowMs } = before;
  const least = Math.min(known, tookAmps);
  return least > minAmps && nowMs - minAtMs < MIN_FOR_MS ? { minAmps: least, minAtMs } : {};
};

/** Who has not charged with so little is tried with more, and not for good where that helps nothing. */
const minOfIdle = (
  before: Learned,
  tookAmps: number,
  { minAmps, nowMs, offeredAmps }: Seen,
  { idleSinceMs = nowMs, idleUntilMs }: Pick<Learned, 'idleSinceMs' | 'idleUntilMs'>,
): Least => {
  if (idleUntilMs !== undefined) return {};
  const { minAmps: known = minAmps, minAtMs = nowMs } = before;
  const waitedMs = nowMs - idleSinceMs;
  const fails = offeredAmps >= known && offeredAmps < tookAmps;
  const isTried = fails && waitedMs >= MIN_TRIES_AFTER_MS * (known - minAmps + 1);
  const next = Math.min(MIN_MOST_AMPS, tookAmps, known + 1);
  if (isTried && next > known) return { minAmps: next, minAtMs: nowMs };
  return known > minAmps ? { minAmps: known, minAtMs } : {};
};
