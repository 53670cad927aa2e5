import { unknownText } from '../near-name.ts';
import type { Circuit, EmsSourceSpec, Site } from '../site.ts';
import type { LimitsAhead } from '../tick.ts';
import { type Times, timestamp } from '../time.ts';
import { minAmps, type PhaseAmps, sameAmps } from '../units.ts';
import type { Limit } from './limit.ts';
import {
  advance,
  heartbeat,
  type LpcPhase,
  type LpcSpec,
  type LpcState,
  phaseOf,
  startLpc,
  write,
} from './lpc.ts';

/** A limit as an EMS sends it, already read and checked for form. */
export interface LimitCommand {
  readonly circuit: string;
  readonly amps?: PhaseAmps;
  readonly watts?: number;
  readonly ttlSeconds: number;
  readonly seq?: number;
  /** Number of the sender's run: a lower one is fenced off, a higher one begins seq anew. */
  readonly epoch?: number;
  /** When the sender made it, epoch ms. */
  readonly atMs?: number;
  /** When it begins, epoch ms; its life counts from there. Absent: at once. */
  readonly startAtMs?: number;
  /** Begins up to so much later, at random, so that not everybody moves at the same second. */
  readonly randomizeSeconds?: number;
  /** The source is there and does not limit. */
  readonly lifted?: boolean;
  readonly reason?: string;
}

export interface LimitAnswer {
  readonly accepted: boolean;
  /** What holds now because of it; null when rejected. */
  readonly applied: AppliedLimit | null;
  readonly reason: string;
  /** Of the message that is answered. */
  readonly seq?: number;
  readonly epoch?: number;
}

export interface AppliedLimit {
  readonly circuit: string;
  readonly amps: [number, number, number] | null;
  readonly watts: number | null;
  /** Only for a limit that begins later. */
  readonly startsAt?: string;
  readonly expiresAt: string;
}

/** What each EMS source said; immutable. */
export type LimitBook = ReadonlyMap<string, SourceBook>;

/** What one source said. */
export interface SourceBook {
  readonly lastSeq?: number;
  readonly lastEpoch?: number;
  /** By beginning; the latest that has begun and not ended holds. */
  readonly entries: readonly BookEntry[];
  /** Of a source with a heartbeat. */
  readonly lpc?: LpcState;
  /** Known from the run before; it has not been heard in this one. */
  readonly restored?: boolean;
}

interface BookEntry {
  readonly command: LimitCommand;
  readonly startsAtMs: number;
  readonly expiresAtMs: number;
}

/** Limits of one source that may wait for their beginning, besides the one in force. */
export const WAITING_MOST = 16;
/** A limit cannot be ordered further ahead. */
const AHEAD_MOST_MS = 7 * 86_400_000;

export const EMPTY_BOOK: LimitBook = new Map();

interface Receipt extends Times {
  /** 0 to 1, for limits that ask for a random beginning. */
  readonly random?: number;
}

/** Sources with a heartbeat begin with their failsafe in force. */
export const startBook = (site: Site, nowMs: number): LimitBook =>
  new Map(
    site.emsSources
      .filter(({ lpc }) => lpc !== undefined)
      .map(({ id }) => [id, { entries: [], lpc: startLpc(nowMs) }]),
  );

/** Notes that a source is there; undefined when it has no heartbeat. */
export const hearSource = (
  book: LimitBook,
  site: Site,
  source: string,
  nowMs: number,
): LimitBook | undefined => {
  const spec = site.emsSources.find(({ id }) => id === source);
  if (spec?.lpc === undefined) return undefined;
  const before = book.get(source) ?? { entries: [] };
  const lpc = heartbeat(before.lpc ?? startLpc(nowMs), spec.lpc, nowMs);
  return new Map(book).set(source, { ...before, lpc });
};

/**
 * Takes or rejects a limit. Its life counts from receipt on the monotonic clock, since the clock
 * of the sender may be wrong; `atMs` only serves to reject a message that was held up too long.
 */
export const submitLimit = (
  book: LimitBook,
  site: Site,
  source: string,
  command: LimitCommand,
  now: Receipt,
): { book: LimitBook; answer: LimitAnswer } => {
  const rejected = (reason: string) => ({
    book,
    answer: { accepted: false, applied: null, reason, ...echo(command) },
  });
  const spec = site.emsSources.find((candidate) => candidate.id === source);
  if (spec === undefined) return rejected(unknownSource(source, site));
  const circuit = site.circuits.find((candidate) => candidate.id === command.circuit);
  if (circuit === undefined) {
    return rejected(
      `unknown circuit ${command.circuit}: source ${source} may limit ${spec.circuit}`,
    );
  }
  if (circuit.id !== spec.circuit) {
    return rejected(`source ${source} may limit circuit ${spec.circuit}, not ${circuit.id}`);
  }
  const before = book.get(source) ?? { entries: [] };
  const { lastEpoch = 0 } = before;
  const epoch = command.epoch ?? lastEpoch;
  if (epoch < lastEpoch) {
    return rejected(`epoch ${epoch} is lower than ${lastEpoch}: a newer sender has taken over`);
  }
  const lastSeq = epoch > lastEpoch ? undefined : before.lastSeq;
  if (command.seq !== undefined && lastSeq !== undefined && command.seq < lastSeq) {
    return rejected(`seq ${command.seq} is lower than ${lastSeq}, which was accepted before`);
  }
  if (command.atMs !== undefined && now.wallMs - command.atMs > command.ttlSeconds * 1000) {
    return rejected(`at is older than ttlSeconds (${command.ttlSeconds} s): send a fresh limit`);
  }
  const delayMs = delayOf(command, now);
  if (delayMs > AHEAD_MOST_MS) return rejected('startAt is more than a week ahead');
  if (delayMs + command.ttlSeconds * 1000 <= 0) return rejected('startAt and its life are over');
  if (spec.lpc !== undefined && delayMs > 0) return rejected('this source cannot order ahead');
  const entries = entriesWith(before.entries, command, delayMs, now.monotonicMs);
  // What holds from now on is never turned away for what was ordered ahead.
  if (delayMs > 0 && entries.length > WAITING_MOST) {
    return rejected(`${WAITING_MOST} limits wait already`);
  }
  const seq = command.seq ?? lastSeq;
  const after: SourceBook = {
    entries: spec.lpc === undefined ? entries : [],
    ...(seq === undefined ? {} : { lastSeq: seq }),
    ...(epoch === 0 ? {} : { lastEpoch: epoch }),
    ...(spec.lpc === undefined ? {} : { lpc: write(command, now.monotonicMs, delayMs) }),
  };
  return {
    book: new Map(book).set(source, after),
    answer: {
      accepted: true,
      applied: appliedOf(circuit, command, now.wallMs + delayMs, delayMs > 0),
      reason: acceptedText(circuit, spec, command),
      ...echo(command),
    },
  };
};

const echo = ({ seq, epoch }: LimitCommand): Pick<LimitAnswer, 'seq' | 'epoch'> => ({
  ...(seq === undefined ? {} : { seq }),
  ...(epoch === undefined ? {} : { epoch }),
});

/** Until a limit begins; negative when it began already. A random part is never negative. */
const delayOf = ({ startAtMs, randomizeSeconds = 0 }: LimitCommand, now: Receipt): number => {
  const laterMs = randomizeSeconds * 1000 * (now.random ?? 0);
  return (startAtMs === undefined ? 0 : startAtMs - now.wallMs) + laterMs;
};

/** A limit replaces the one in force when it begins now, and one that was to begin with it. */
const entriesWith = (
  entries: readonly BookEntry[],
  command: LimitCommand,
  delayMs: number,
  nowMs: number,
): readonly BookEntry[] => {
  const startsAtMs = nowMs + delayMs;
  const kept = entries.filter((entry) =>
    delayMs > 0
      ? nowMs < entry.expiresAtMs && entry.startsAtMs !== startsAtMs
      : entry.startsAtMs > nowMs,
  );
  const entry = { command, startsAtMs, expiresAtMs: startsAtMs + command.ttlSeconds * 1000 };
  return [...kept, entry].sort((a, b) => a.startsAtMs - b.startsAtMs);
};

/** Every limit of an EMS that holds now: the live one, else the failsafe of its source. */
export const limitsInForce = (book: LimitBook, site: Site, nowMs: number): readonly Limit[] =>
  site.emsSources.flatMap((spec) => {
    const held = heldBy(book.get(spec.id), spec, nowMs);
    if (held.state === 'lifted') return [];
    const unheard = book.get(spec.id)?.restored === true;
    const live = held.state === 'live' ? [liveLimit(spec, held.entry)] : [];
    if (held.state === 'live' && !unheard) return live;
    const why = held.state === 'failsafe' ? held.why : NOT_HEARD;
    const failsafe = failsafeLimit(spec, why);
    return failsafe === undefined ? live : [...live, failsafe];
  });

/**
 * How the limits will change by themselves, as far as is known, until `untilMs` (monotonic).
 * `others`: instants at which something else changes that comes on top.
 */
export const limitsAhead = (
  book: LimitBook,
  site: Site,
  nowMs: number,
  untilMs: number,
  others: readonly number[] = [],
): readonly LimitsAhead[] => {
  const turns = [...book.values()].flatMap(({ entries }) =>
    entries.flatMap(({ startsAtMs, expiresAtMs }) => [startsAtMs, expiresAtMs]),
  );
  const ahead = [...new Set([...turns, ...others])].filter(
    (atMs) => atMs > nowMs && atMs < untilMs,
  );
  // Whether a source with a heartbeat will be heard is not known: it stays as it is.
  const lasting = limitsInForce(book, { ...site, emsSources: withLpc(site, true) }, nowMs);
  const timed = { ...site, emsSources: withLpc(site, false) };
  return ahead
    .sort((a, b) => a - b)
    .map((atMs) => ({ atMs, limits: [...limitsInForce(book, timed, atMs), ...lasting] }));
};

const withLpc = ({ emsSources }: Site, has: boolean): readonly EmsSourceSpec[] =>
  emsSources.filter(({ lpc }) => (lpc !== undefined) === has);

type Held =
  | { readonly state: 'live'; readonly entry: Pick<BookEntry, 'command' | 'expiresAtMs'> }
  | { readonly state: 'lifted' }
  | { readonly state: 'failsafe'; readonly why: string };

const NOT_HEARD = 'no limit received yet';

const heldBy = (source: SourceBook | undefined, spec: EmsSourceSpec, nowMs: number): Held => {
  if (spec.lpc !== undefined) {
    const state = advance(source?.lpc ?? startLpc(nowMs), spec.lpc, nowMs);
    const phase = phaseOf(state);
    if (phase === 'limited' && state.limit !== undefined) {
      const { command, untilMs } = state.limit;
      return { state: 'live', entry: { command, expiresAtMs: untilMs } };
    }
    if (phase === 'init' || phase === 'failsafe') {
      return { state: 'failsafe', why: whyFailsafe(state, spec.lpc) };
    }
    return { state: 'lifted' };
  }
  const entry = (source?.entries ?? []).findLast(
    ({ startsAtMs, expiresAtMs }) => startsAtMs <= nowMs && nowMs < expiresAtMs,
  );
  if (entry === undefined) {
    const heard = source !== undefined && source.restored !== true;
    return { state: 'failsafe', why: heard ? 'its last limit expired' : NOT_HEARD };
  }
  return entry.command.lifted === true ? { state: 'lifted' } : { state: 'live', entry };
};

const whyFailsafe = ({ phase, backAtMs }: LpcState, { heartbeatMs }: LpcSpec): string => {
  if (phase === 'init') return NOT_HEARD;
  return backAtMs === undefined
    ? `no heartbeat for ${heartbeatMs / 1000} s`
    : 'heartbeats are back, no limit yet';
};

/**
 * `none`: the source lifted its limit, or it has no failsafe and no limit was ever sent or the last
 * one expired.
 */
export const limitState = (
  book: LimitBook,
  spec: EmsSourceSpec,
  nowMs: number,
): 'active' | 'failsafe' | 'none' => {
  const held = heldBy(book.get(spec.id), spec, nowMs);
  if (held.state === 'live') return 'active';
  if (held.state === 'lifted') return 'none';
  return failsafeLimit(spec, NOT_HEARD) === undefined ? 'none' : 'failsafe';
};

/** Where a source with a heartbeat stands. */
export const lpcPhase = (
  book: LimitBook,
  spec: EmsSourceSpec,
  nowMs: number,
): LpcPhase | undefined =>
  spec.lpc && phaseOf(advance(book.get(spec.id)?.lpc ?? startLpc(nowMs), spec.lpc, nowMs));

const liveLimit = (
  spec: EmsSourceSpec,
  { command, expiresAtMs }: Pick<BookEntry, 'command' | 'expiresAtMs'>,
): Limit => ({
  source: spec.id,
  circuit: spec.circuit,
  kind: 'ems',
  expiresAtMs,
  ...(command.amps === undefined ? {} : { amps: command.amps }),
  ...(command.watts === undefined ? {} : { watts: command.watts }),
  ...(command.reason === undefined ? {} : { reason: command.reason }),
});

const failsafeLimit = (spec: EmsSourceSpec, why: string): Limit | undefined => {
  if (spec.failsafeAmps === undefined && spec.failsafeWatts === undefined) return undefined;
  return {
    source: spec.id,
    circuit: spec.circuit,
    kind: 'ems',
    ...(spec.failsafeAmps === undefined ? {} : { amps: sameAmps(spec.failsafeAmps) }),
    ...(spec.failsafeWatts === undefined ? {} : { watts: spec.failsafeWatts }),
    reason: `failsafe: ${why}`,
  };
};

const appliedOf = (
  circuit: Circuit,
  command: LimitCommand,
  startWallMs: number,
  later: boolean,
): AppliedLimit => {
  const amps = command.amps && minAmps(command.amps, circuit.limitAmps);
  return {
    circuit: circuit.id,
    amps: amps ? [...amps] : null,
    watts:
      command.watts === undefined
        ? null
        : Math.min(command.watts, circuit.limitWatts ?? Number.POSITIVE_INFINITY),
    ...(later ? { startsAt: timestamp(startWallMs) } : {}),
    expiresAt: timestamp(startWallMs + command.ttlSeconds * 1000),
  };
};

/** Less than the least car takes (6 A on one phase at 120 V); most who send it mean kilowatts. */
const SUSPECT_WATTS = 700;

const unknownSource = (source: string, { emsSources }: Site): string => {
  const known = emsSources.map(({ id }) => id);
  return `${unknownText('source', source, known)}: add it to ems.sources`;
};

/** No car takes less (IEC 61851-1). */
const LEAST_CAR_AMPS = 6;

const acceptedText = (
  circuit: Circuit,
  { dimmingFloorWatts: floor }: EmsSourceSpec,
  { amps, watts, lifted }: LimitCommand,
): string => {
  if (lifted === true) return 'accepted: no limit';
  const ampsCapped = amps?.some((value, p) => value > (circuit.limitAmps[p] ?? 0)) ?? false;
  const wattsCapped = (watts ?? 0) > (circuit.limitWatts ?? Number.POSITIVE_INFINITY);
  if (ampsCapped || wattsCapped) return `accepted; the fuse of ${circuit.id} is lower`;
  const mostAmps = Math.max(...(amps ?? [0]));
  if (mostAmps > 0 && mostAmps < LEAST_CAR_AMPS) {
    return `accepted; no car charges with less than ${LEAST_CAR_AMPS} A: is ${mostAmps} A meant?`;
  }
  if (watts !== undefined && watts > 0 && watts < SUSPECT_WATTS) {
    return `accepted; no car charges with ${watts} W: is it in kW?`;
  }
  return floor !== undefined && watts !== undefined && watts < floor
    ? `accepted; below the ${floor} W that have to be left (§14a): obeyed and recorded`
    : 'accepted';
};
