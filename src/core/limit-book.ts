import type { Limit } from './limit.ts';
import type { Circuit, EmsSourceSpec, Site } from './site.ts';
import { timestamp } from './time.ts';
import { minAmps, type PhaseAmps, sameAmps } from './units.ts';

/** A limit as an EMS sends it, already read and checked for form. */
export interface LimitCommand {
  readonly circuit: string;
  readonly amps?: PhaseAmps;
  readonly watts?: number;
  readonly ttlSeconds: number;
  readonly seq?: number;
  /** When the sender made it, epoch ms. */
  readonly atMs?: number;
  readonly reason?: string;
}

export interface LimitAnswer {
  readonly accepted: boolean;
  /** What holds now because of it; null when rejected. */
  readonly applied: AppliedLimit | null;
  readonly reason: string;
}

export interface AppliedLimit {
  readonly circuit: string;
  readonly amps: [number, number, number] | null;
  readonly watts: number | null;
  readonly expiresAt: string;
}

/** The latest limit of each EMS source; immutable. */
export type LimitBook = ReadonlyMap<string, BookEntry>;

interface BookEntry {
  readonly command: LimitCommand;
  readonly expiresAtMs: number;
}

export const EMPTY_BOOK: LimitBook = new Map();

export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * Takes or rejects a limit. Its life counts from receipt on the monotonic clock, since the clock
 * of the sender may be wrong; `atMs` only serves to reject a message that was held up too long.
 */
export const submitLimit = (
  book: LimitBook,
  site: Site,
  source: string,
  command: LimitCommand,
  now: Instant,
): { book: LimitBook; answer: LimitAnswer } => {
  const rejected = (reason: string) => ({
    book,
    answer: { accepted: false, applied: null, reason },
  });
  const spec = site.emsSources.find((candidate) => candidate.id === source);
  if (spec === undefined) return rejected(`unknown source ${source}: add it to ems.sources`);
  const circuit = site.circuits.find((candidate) => candidate.id === command.circuit);
  if (circuit === undefined) return rejected(`unknown circuit ${command.circuit}`);
  if (circuit.id !== spec.circuit) {
    return rejected(`source ${source} may limit circuit ${spec.circuit}, not ${circuit.id}`);
  }
  const lastSeq = book.get(source)?.command.seq;
  if (command.seq !== undefined && lastSeq !== undefined && command.seq < lastSeq) {
    return rejected(`seq ${command.seq} is lower than ${lastSeq}, which was accepted before`);
  }
  if (command.atMs !== undefined && now.wallMs - command.atMs > command.ttlSeconds * 1000) {
    return rejected(`at is older than ttlSeconds (${command.ttlSeconds} s): send a fresh limit`);
  }
  const entry = { command, expiresAtMs: now.monotonicMs + command.ttlSeconds * 1000 };
  return {
    book: new Map(book).set(source, entry),
    answer: {
      accepted: true,
      applied: appliedOf(circuit, command, now.wallMs),
      reason: cappedText(circuit, command),
    },
  };
};

/** Every limit of an EMS that holds now: the live one, else the failsafe of its source. */
export const limitsInForce = (book: LimitBook, site: Site, nowMs: number): readonly Limit[] =>
  site.emsSources.flatMap((spec) => {
    const entry = book.get(spec.id);
    if (entry !== undefined && nowMs < entry.expiresAtMs) return [liveLimit(spec, entry)];
    const failsafe = failsafeLimit(spec, entry !== undefined);
    return failsafe === undefined ? [] : [failsafe];
  });

/** `none`: no limit was ever sent, or the last one expired, and the source has no failsafe. */
export const limitState = (
  book: LimitBook,
  spec: EmsSourceSpec,
  nowMs: number,
): 'active' | 'failsafe' | 'none' => {
  const entry = book.get(spec.id);
  if (entry !== undefined && nowMs < entry.expiresAtMs) return 'active';
  return failsafeLimit(spec, false) === undefined ? 'none' : 'failsafe';
};

const liveLimit = (spec: EmsSourceSpec, { command, expiresAtMs }: BookEntry): Limit => ({
  source: spec.id,
  circuit: spec.circuit,
  kind: 'ems',
  expiresAtMs,
  ...(command.amps === undefined ? {} : { amps: command.amps }),
  ...(command.watts === undefined ? {} : { watts: command.watts }),
  ...(command.reason === undefined ? {} : { reason: command.reason }),
});

const failsafeLimit = (spec: EmsSourceSpec, expired: boolean): Limit | undefined => {
  if (spec.failsafeAmps === undefined && spec.failsafeWatts === undefined) return undefined;
  return {
    source: spec.id,
    circuit: spec.circuit,
    kind: 'ems',
    ...(spec.failsafeAmps === undefined ? {} : { amps: sameAmps(spec.failsafeAmps) }),
    ...(spec.failsafeWatts === undefined ? {} : { watts: spec.failsafeWatts }),
    reason: expired ? 'failsafe: its last limit expired' : 'failsafe: no limit received yet',
  };
};

const appliedOf = (circuit: Circuit, command: LimitCommand, wallMs: number): AppliedLimit => {
  const amps = command.amps && minAmps(command.amps, circuit.limitAmps);
  return {
    circuit: circuit.id,
    amps: amps ? [...amps] : null,
    watts:
      command.watts === undefined
        ? null
        : Math.min(command.watts, circuit.limitWatts ?? Number.POSITIVE_INFINITY),
    expiresAt: timestamp(wallMs + command.ttlSeconds * 1000),
  };
};

const cappedText = (circuit: Circuit, { amps, watts }: LimitCommand): string => {
  const ampsCapped = amps?.some((value, p) => value > (circuit.limitAmps[p] ?? 0)) ?? false;
  const wattsCapped = (watts ?? 0) > (circuit.limitWatts ?? Number.POSITIVE_INFINITY);
  return ampsCapped || wattsCapped ? `accepted; the fuse of ${circuit.id} is lower` : 'accepted';
};
