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
  readonly sinceMs: number | undefined;
  /** When it was first on in this stay, monotonic ms; undefined: never. */
  readonly firstOnMs: number | undefined;
  /** Owed, in hours of its minimum current. */
  readonly owedHours: number;
  /** Starts of the connector in the last day, oldest first. */
  readonly startsAtMs: readonly number[];
  /** Times in a row that it was stopped for lack of room soon after its start. */
  readonly shortRuns: number;
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
  sinceMs: undefined,
  firstOnMs: undefined,
  owedHours: 0,
  startsAtMs,
  shortRuns: 0,
});

/**
 * Where a car stands in the order of admission, in hours that it is owed. `urgency`: share of full
 * power that it needs (see `urgencyOf`); undefined when not known.
 */
export const admissionScore = (turn: Turn, urgency: number | undefined, nowMs: number): number => {
  const score = turn.owedHours + NEED_HOURS * (urgency ?? 1);
  if (turn.on) return score + (urgency === undefined ? KEEP_HOURS : KEEP_KNOWN_HOURS);
  const rests = turn.sinceMs !== undefined && nowMs - turn.sinceMs < DWELL_OFF_MS;
  return rests ? score - REST_HOURS : score;
};

/**
 * It is on and not switched off for another's sake now. `needMs`: time at full power until its need
 * is met; `stayMs`: until it departs; undefined when not known.
 */
export const mayNotStop = (
  turn: Turn,
  needMs: number | undefined,
  stayMs: number | undefined,
  nowMs: number,
): boolean => {
  if (!turn.on) return false;
  if (nowMs - (turn.sinceMs ?? nowMs) < DWELL_ON_MS) return true;
  if (turn.startsAtMs.length >= STARTS_PER_DAY) return true;
  return (
    (needMs !== undefined && needMs < LAST_NEED_MS) ||
    (stayMs !== undefined && stayMs < LAST_STAY_MS)
  );
};

/** Its contactor does not close again before this time, monotonic ms. */
export const pausedUntilMs = (turn: Turn): number =>
  turn.on ? Number.NEGATIVE_INFINITY : Math.max(wornUntilMs(turn), shortUntilMs(turn));

/** Why, in words. */
export const pauseText = (turn: Turn, nowMs: number): string => {
  const minutes = Math.max(1, Math.ceil((pausedUntilMs(turn) - nowMs) / 60_000));
  const isWorn = wornUntilMs(turn) >= shortUntilMs(turn);
  const why = isWorn ? 'started often' : `stopped ${turn.shortRuns} times soon after its start`;
  return `${why}: may start again in ${minutes} min`;
};

/** Starts of this stay only: nobody waits for an hour because of the cars that were there before. */
const wornUntilMs = ({ startsAtMs, firstOnMs }: Turn): number => {
  if (startsAtMs.length < STARTS_PER_HOUR || firstOnMs === undefined)
    return Number.NEGATIVE_INFINITY;
  const startMs = startsAtMs[startsAtMs.length - STARTS_PER_HOUR]!;
  return startMs >= firstOnMs ? startMs + HOUR_MS : Number.NEGATIVE_INFINITY;
};

const shortUntilMs = ({ sinceMs, shortRuns }: Turn): number => {
  const runs = Math.min(shortRuns, SHORT_RUN_WAITS_MS.length - 1);
  return (sinceMs ?? Number.NEGATIVE_INFINITY) + (SHORT_RUN_WAITS_MS[runs] ?? 0);
};

/** Before a start the load of others is looked at for long; not so after a passing lack of room. */
export const returnsSoon = ({ on, sinceMs, shortRuns }: Turn, hasCharged = false): boolean =>
  !on && (sinceMs !== undefined || hasCharged) && shortRuns <= PASSING_RUNS;

/** The turn of a car that was just stopped although it wanted to go on: a short run counts. */
export const stoppedForRoom = (turn: Turn, before: Turn): Turn => {
  const ranMs = (turn.sinceMs ?? 0) - (before.sinceMs ?? 0);
  return { ...turn, shortRuns: ranMs < DWELL_ON_MS ? before.shortRuns + 1 : 0 };
};

/** The turn of a car that is on or off now. */
export const switched = (turn: Turn, on: boolean, nowMs: number): Turn => {
  if (on === turn.on) return turn;
  const recent = turn.startsAtMs.filter((atMs) => atMs > nowMs - DAY_MS);
  const startsAtMs = on ? [...recent, nowMs].slice(-STARTS_PER_DAY) : recent;
  const { stay, owedHours, shortRuns, firstOnMs = on ? nowMs : undefined } = turn;
  return { stay, on, sinceMs: nowMs, firstOnMs, owedHours, startsAtMs, shortRuns };
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
  // Spelled out: objects made by spreading are slow to read, and every car is read in every cycle.
  const { stay, on, sinceMs, firstOnMs, startsAtMs, shortRuns } = turn;
  return { stay, on, sinceMs, firstOnMs, owedHours, startsAtMs, shortRuns };
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
