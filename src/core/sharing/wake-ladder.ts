/**
 * Cars that fall asleep in a pause and take nothing when they are offered current again are woken as
 * evcc, openWB and WARP do it: the pilot signal is taken away for seconds and given again. It is
 * tried few times with growing waits, then not for an hour. A full car looks the same from outside,
 * so one that stopped by itself is left alone.
 */
export interface WakeUp {
  /** The stay that it belongs to. */
  readonly stay: string;
  /** It charged when it was last looked at; a rest of seconds is no end. */
  readonly charges: boolean;
  /** It has not charged since it came, or since it was stopped while it charged. */
  readonly maySleep: boolean;
  /** Since when it takes nothing although offered enough, monotonic ms. */
  readonly idleSinceMs?: number;
  /** Breaks in this round, the present one included, and rounds that are over. */
  readonly tries: number;
  readonly rounds: number;
  /** The next break is not before this, monotonic ms. */
  readonly notBeforeMs?: number;
  readonly pilotBreak?: PilotBreak;
}

/** The offer is taken away, or has to come back; the car keeps its turn and its amps meanwhile. */
export interface PilotBreak {
  readonly phase: 'off' | 'back';
  readonly sinceMs: number;
  /** What it was offered before. */
  readonly amps: number;
}

/** A pilot signal that is away for so long is noticed by every car that notices one at all. */
export const BREAK_MS = 10_000;
/** A charger that has not taken the stop within this time is told its offer again. */
const OFF_MOST_MS = 60_000;
/** After this a car whose offer has no room to come back waits as any other that is off. */
const BACK_MOST_MS = 60_000;
/** A car gets so long to begin by itself, and after each break but the last of a round. */
const FIRST_WAIT_MS = 60_000;
const NEXT_WAITS_MS = [120_000, 240_000];
const BACK_OFF_MS = 3_600_000;
export const TRIES_MOST = 3;
/** A car that three rounds have not woken is full, or needs its driver. */
const ROUNDS_MOST = 3;
const IDLE_AMPS = 1;

export const newWakeUp = (stay: string): WakeUp => ({
  stay,
  charges: false,
  maySleep: true,
  tries: 0,
  rounds: 0,
});

export interface WakeFacts {
  readonly nowMs: number;
  /** Largest phase current and when; undefined: not measured lately. */
  readonly drawnAmps: number | undefined;
  readonly measuredAtMs: number | undefined;
  /** The measurement shows what the car makes of the offer in force. */
  readonly settled: boolean;
  /** Offer in force, what was ordered last, and what it is to get by the allocation. */
  readonly offeredAmps: number;
  readonly orderedAmps: number;
  readonly shareAmps: number;
  /** Least current that it is believed to charge at. */
  readonly minAmps: number;
  /** Since when the charger holds 0 A for it; undefined: it does not. */
  readonly offSinceMs: number | undefined;
  /** Nothing speaks against a break now. */
  readonly possible: boolean;
}

/** What is known, and whether a break is under way, after one more tick. */
export const wakeUpAfter = (before: WakeUp, facts: WakeFacts): WakeUp => {
  if (before.pilotBreak !== undefined) return inBreak(before, before.pilotBreak, facts);
  // Stopped while it charged: it may sleep when its offer comes back.
  if (facts.offSinceMs !== undefined) {
    return before.charges ? newWakeUp(before.stay) : withoutIdle(before);
  }
  const seen = seenIdle(before, facts);
  return isDue(seen, facts) ? begun(seen, facts) : seen;
};

const inBreak = (
  before: WakeUp,
  { phase, sinceMs, amps }: PilotBreak,
  facts: WakeFacts,
): WakeUp => {
  const { nowMs, shareAmps, orderedAmps, offSinceMs, drawnAmps = 0, measuredAtMs = 0 } = facts;
  // Others need its amps: from now on it waits like everybody.
  if (shareAmps <= 0) return breakEnded(before, nowMs);
  if (phase === 'back') {
    const over = orderedAmps > 0 || nowMs - sinceMs >= BACK_MOST_MS;
    return over ? breakEnded(before, nowMs) : before;
  }
  const began = drawnAmps > IDLE_AMPS && measuredAtMs > sinceMs;
  const away = offSinceMs !== undefined && nowMs - offSinceMs >= BREAK_MS;
  return began || away || nowMs - sinceMs >= OFF_MOST_MS
    ? { ...before, pilotBreak: { phase: 'back', sinceMs: nowMs, amps } }
    : before;
};

/** Its break is over, or cannot be gone through with; without one nothing changes. */
export const breakEnded = (before: WakeUp, nowMs: number): WakeUp => {
  if (before.pilotBreak === undefined) return before;
  const { pilotBreak: _over, ...rest } = withoutIdle(before);
  return { ...rest, notBeforeMs: nowMs + (NEXT_WAITS_MS[rest.tries - 1] ?? BACK_OFF_MS) };
};

const seenIdle = (before: WakeUp, facts: WakeFacts): WakeUp => {
  const { settled, drawnAmps, offeredAmps, minAmps, nowMs } = facts;
  if (!settled || drawnAmps === undefined) return before;
  if (drawnAmps > IDLE_AMPS) {
    if (before.charges && before.idleSinceMs === undefined) return before;
    return { ...newWakeUp(before.stay), charges: true, maySleep: false };
  }
  if (offeredAmps < minAmps) return withoutIdle(before);
  const idleSinceMs = before.idleSinceMs ?? nowMs;
  const charges = before.charges && nowMs - idleSinceMs < FIRST_WAIT_MS;
  if (before.idleSinceMs === idleSinceMs && before.charges === charges) return before;
  return { ...before, charges, idleSinceMs };
};

const isDue = (wakeUp: WakeUp, { nowMs, possible, shareAmps, minAmps }: WakeFacts): boolean => {
  const { maySleep, idleSinceMs, notBeforeMs = 0, tries, rounds } = wakeUp;
  return (
    maySleep &&
    possible &&
    shareAmps >= minAmps &&
    idleSinceMs !== undefined &&
    nowMs - idleSinceMs >= FIRST_WAIT_MS &&
    nowMs >= notBeforeMs &&
    (tries < TRIES_MOST || rounds + 1 < ROUNDS_MOST)
  );
};

const begun = (seen: WakeUp, { nowMs, orderedAmps }: WakeFacts): WakeUp => {
  const again = seen.tries >= TRIES_MOST;
  return {
    ...withoutIdle(seen),
    tries: again ? 1 : seen.tries + 1,
    rounds: again ? seen.rounds + 1 : seen.rounds,
    pilotBreak: { phase: 'off', sinceMs: nowMs, amps: orderedAmps },
  };
};

const withoutIdle = (wakeUp: WakeUp): WakeUp => {
  if (wakeUp.idleSinceMs === undefined) return wakeUp;
  const { idleSinceMs: _since, ...rest } = wakeUp;
  return rest;
};
