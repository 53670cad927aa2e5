import { DAY_MS, HOUR_MS } from '../time.ts';
/**
 * Turns, when not everybody can have the minimum at once. Each car is owed the share that it would
 * have if shares could be as small as one likes (deficit round robin): what it is owed rises while
 * it waits and falls while it charges, so that over time everybody gets that share. Dwell times and
 * a budget of starts protect cars and contactors.
 */
export interface Turn {
  /** The stay that it belongs to; another one begins anew. */
  readonly stay: string;
  readonly on: boolean;
  /** Since when it is on or off, monotonic ms; undefined: has never been on in this stay. */
  readonly sinceMs?: number;
  /** Owed, in hours of its minimum current. */
  readonly owedHours: number;
  /** Starts of the connector in the last day, oldest first. */
  readonly startsAtMs: readonly number[];
  /** Times in a row that it was stopped for lack of room soon after its start; absent: none. */
  readonly shortRuns?: number;
}

export const DWELL_ON_MS = 15 * 60_000;
const DWELL_OFF_MS = 5 * 60_000;
/** Who is done within this time, or departs within that, is not switched off any more. */
const LAST_NEED_MS = 15 * 60_000;
const LAST_STAY_MS = 10 * 60_000;
/** Contactors last for about a hundred thousand starts: a score of them a day is fifteen years. */
const STARTS_PER_HOUR = 4;
const STARTS_PER_DAY = 20;
/** How long it waits after so many short runs in a row: room that swings is not worth a contactor. */
const SHORT_RUN_WAITS_MS = [0, 0, 4 * 60_000, 15 * 60_000, 30 * 60_000];
/** After up to so many of them what lacked room was a passing load: it comes back soon after it. */
const PASSING_RUNS = 1;
/** What is owed counts at most this much, and is forgotten when nobody has to wait. */
const OWED_MOST_HOURS = 10;
const FORGET_MS = 45 * 60_000;
/** A car that needs its full power until it departs counts as one that is owed this much. */
const NEED_HOURS = 5;
/** Whoever is on keeps its place until another is owed this much more. */
const KEEP_HOURS = 0.25;
/** With known needs the order comes from the needs, and switching to and fro brings nothing. */
const KEEP_KNOWN_HOURS = 2;
/** Whoever was just switched off comes back before its rest is over only where nobody else wants. */
const REST_HOURS = 100;

export const newTurn = (stay: string, startsAtMs: readonly number[] = []): Turn => ({
  stay,
  on: false,
  owedHours: 0,
  startsAtMs,
});

export interface TurnFacts {
  readonly nowMs: number;
  /** Share of full power that it needs (see `urgencyOf`); undefined when not known. */
  readonly urgency: number | undefined;
  /** Time at full power until its need is met, and until it departs, where known. */
  readonly needMs: number | undefined;
  readonly stayMs: number | undefined;
}

/** Where a car stands in the order of admission. */
export interface Standing {
  readonly score: number;
  /** It is not switched off for another's sake now. */
  readonly mustKeep: boolean;
  /** Its contactor does not close again before this time, monotonic ms. */
  readonly pausedUntilMs?: number;
}

export const standingOf = (turn: Turn, facts: TurnFacts): Standing => {
  const { nowMs, urgency, needMs, stayMs } = facts;
  const need = NEED_HOURS * (urgency ?? 1);
  if (turn.on) {
    const keepHours = urgency === undefined ? KEEP_HOURS : KEEP_KNOWN_HOURS;
    const lasts = nowMs - (turn.sinceMs ?? nowMs) < DWELL_ON_MS;
    const last =
      (needMs !== undefined && needMs < LAST_NEED_MS) ||
      (stayMs !== undefined && stayMs < LAST_STAY_MS);
    const worn = turn.startsAtMs.length >= STARTS_PER_DAY;
    return { score: turn.owedHours + need + keepHours, mustKeep: lasts || last || worn };
  }
  const { sinceMs, startsAtMs } = turn;
  const rests = sinceMs !== undefined && nowMs - sinceMs < DWELL_OFF_MS;
  const score = turn.owedHours + need - (rests ? REST_HOURS : 0);
  const hourlyMs = startsAtMs.at(-STARTS_PER_HOUR) ?? Number.NEGATIVE_INFINITY;
  const runs = Math.min(turn.shortRuns ?? 0, SHORT_RUN_WAITS_MS.length - 1);
  const shortMs = (sinceMs ?? Number.NEGATIVE_INFINITY) + (SHORT_RUN_WAITS_MS[runs] ?? 0);
  const pausedUntilMs = Math.max(hourlyMs + HOUR_MS, shortMs);
  return pausedUntilMs > nowMs
    ? { score, mustKeep: false, pausedUntilMs }
    : { score, mustKeep: false };
};

/** Before a start the load of others is looked at for long; not so after a passing lack of room. */
export const returnsSoon = ({ on, sinceMs, shortRuns = 0 }: Turn, hasCharged = false): boolean =>
  !on && (sinceMs !== undefined || hasCharged) && shortRuns <= PASSING_RUNS;

/** The turn of a car that was just stopped although it wanted to go on: a short run counts. */
export const stoppedForRoom = (turn: Turn, before: Turn): Turn => {
  const ranMs = (turn.sinceMs ?? 0) - (before.sinceMs ?? 0);
  return { ...turn, shortRuns: ranMs < DWELL_ON_MS ? (before.shortRuns ?? 0) + 1 : 0 };
};

/** The turn of a car that is on or off now. */
export const switched = (turn: Turn, on: boolean, nowMs: number): Turn => {
  if (on === turn.on) return turn;
  const recent = turn.startsAtMs.filter((atMs) => atMs > nowMs - DAY_MS);
  const startsAtMs = on ? [...recent, nowMs].slice(-STARTS_PER_DAY) : recent;
  return { ...turn, on, sinceMs: nowMs, startsAtMs };
};

export interface TurnStep {
  /** How long the shares have held. */
  readonly elapsedMs: number;
  readonly offeredAmps: number;
  readonly minAmps: number;
  /** What it would have if shares could be as small as one likes; undefined: nobody has to wait. */
  readonly entitledAmps: number | undefined;
}

/** The turn after a time in which a car was offered `offeredAmps`. */
export const credited = (turn: Turn, step: TurnStep): Turn => {
  const owedHours = owedAfter(turn.owedHours, step);
  if (owedHours === turn.owedHours) return turn;
  const { stay, on, sinceMs, startsAtMs, shortRuns } = turn;
  if (sinceMs === undefined) return { stay, on, owedHours, startsAtMs };
  // Spelled out, since it happens to every car in every cycle.
  return shortRuns === undefined
    ? { stay, on, sinceMs, owedHours, startsAtMs }
    : { stay, on, sinceMs, owedHours, startsAtMs, shortRuns };
};

const owedAfter = (owedHours: number, step: TurnStep): number => {
  const { elapsedMs, offeredAmps, minAmps, entitledAmps } = step;
  if (entitledAmps === undefined) {
    if (owedHours === 0) return 0;
    const kept = owedHours * Math.exp(-elapsedMs / FORGET_MS);
    return Math.abs(kept) < 1e-3 ? 0 : kept;
  }
  const amps = entitledAmps - offeredAmps;
  const more = (amps / Math.max(1, minAmps)) * (elapsedMs / HOUR_MS);
  return Math.max(-OWED_MOST_HOURS, Math.min(OWED_MOST_HOURS, owedHours + more));
};
