import type { Cancel, Clock } from '../core/time.ts';
import { type Frame, parseError, payloadBytes, readPayload } from '../ocpp/frame.ts';
import { type AnswerVerdict, CallTable } from './call-table.ts';
import type { CallOutcome } from './observer.ts';

/** Order of the queue: a reduction of current, then what the other side asks, then housekeeping. */
export type LanePriority = 'safety' | 'relayed' | 'housekeeping';
const PRIORITIES: readonly LanePriority[] = ['safety', 'relayed', 'housekeeping'];
/** Relayed CALLs that were given up and may be said again. */
const GIVEN_UP_MOST = 8;

export interface LaneLimits {
  /** A relayed CALL holds the lane no longer than this when another one waits: a peer that sends
   * a new CALL has given up on the old one, so silence passes through without our doing. */
  readonly giveUpMs: number;
  /** An answer that comes later than this is dropped. */
  readonly callLifeMs: number;
  /** Waiting CALLs; one more closes the connection (relayed) or fails (own). */
  readonly waitingMost: number;
}

export const DEFAULT_LANE_LIMITS: LaneLimits = {
  giveUpMs: 10_000,
  callLifeMs: 120_000,
  waitingMost: 64,
};

interface Waiting {
  readonly id: string;
  readonly message: Uint8Array;
  readonly priority: LanePriority;
  /** The CALL as the other side sent it; what goes out may differ. */
  readonly relayed?: Frame;
  readonly own?: OwnEntry;
  /** The other side said it again meanwhile: nobody waits for this one. */
  repeated?: boolean;
}

interface OwnEntry {
  readonly timeoutMs: number;
  readonly done: (outcome: CallOutcome) => void;
}

/** A relayed CALL that was left without an answer. */
export interface UnansweredCall {
  readonly call: Frame;
  readonly sent: boolean;
}

/** What an incoming CALLRESULT or CALLERROR belongs to. */
export type Settled =
  | { readonly to: 'own' }
  | { readonly to: 'relayed'; readonly call: Frame }
  | { readonly to: 'nobody'; readonly verdict: Exclude<AnswerVerdict, 'expected'> };

/**
 * The CALLs going out on one connection. At most one is outstanding (OCPP-J 2.1 §4.1.1); the rest
 * wait by priority. CALLRESULTs, errors and SENDs do not pass through here.
 */
export class Lane {
  readonly #send: (message: Uint8Array) => void;
  readonly #clock: Clock;
  readonly #limits: LaneLimits;
  readonly #table: CallTable<Waiting>;
  readonly #waiting: Record<LanePriority, Waiting[]> = {
    safety: [],
    relayed: [],
    housekeeping: [],
  };
  #outstanding: { readonly entry: Waiting; readonly sentAtMs: number } | undefined;
  readonly #givenUp: Waiting[] = [];
  #timer: Cancel | undefined;
  #closed = false;

  constructor(send: (message: Uint8Array) => void, clock: Clock, limits: LaneLimits) {
    this.#send = send;
    this.#clock = clock;
    this.#limits = limits;
    this.#table = new CallTable(limits.callLifeMs);
  }

  /** Takes a CALL of the other side, sent as `message`; false when too many wait already. */
  relay(call: Frame, message: Uint8Array = call.bytes): boolean {
    for (const entry of [this.#outstanding?.entry, ...this.#givenUp]) {
      if (entry?.relayed !== undefined && saysTheSame(entry.relayed, call)) entry.repeated = true;
    }
    return this.#push({ id: call.id, message, priority: 'relayed', relayed: call });
  }

  /** Whether an answer under this id could be taken for that of an earlier CALL. */
  knows(id: string): boolean {
    return this.#table.knows(id) || this.#waiting.relayed.some((entry) => entry.id === id);
  }

  /** Relayed CALLs that were sent at least so long ago and not answered. */
  unanswered(sinceMs: number): readonly Frame[] {
    const nowMs = this.#clock.monotonicMs();
    return this.#table.openSince(nowMs - sinceMs).flatMap(asked);
  }

  /** Takes a CALL of our own; `done` is called exactly once. */
  own(
    id: string,
    message: Uint8Array,
    priority: 'safety' | 'housekeeping',
    timeoutMs: number,
    done: (outcome: CallOutcome) => void,
  ): void {
    const entry: Waiting = { id, message, priority, own: { timeoutMs, done } };
    if (!this.#push(entry)) done({ outcome: 'offline' });
  }

  /** Finds the CALL that an answer belongs to, and frees the lane for the next one. */
  settle(answer: Frame): Settled {
    const { verdict, call: entry } = this.#table.answer(answer.id, this.#clock.monotonicMs());
    if (verdict !== 'expected' || entry === undefined) {
      return { to: 'nobody', verdict: verdict === 'expected' ? 'foreign' : verdict };
    }
    if (this.#outstanding?.entry === entry) this.#release();
    if (entry.own !== undefined) {
      entry.own.done(outcomeOf(answer));
      return { to: 'own' };
    }
    return entry.relayed === undefined
      ? { to: 'nobody', verdict: 'foreign' }
      : { to: 'relayed', call: entry.relayed };
  }

  /**
   * Takes back the relayed CALL of this id, which the other end could not send, and those that came
   * after it, as far as they are fit: their order stays. Empty when it is none of them.
   */
  withdrawFrom(id: string, fit: (call: Frame) => boolean): readonly Frame[] {
    const fits = ({ relayed }: Waiting): boolean => relayed !== undefined && fit(relayed);
    const open = this.#table.open();
    const first = open.findIndex((entry) => entry.id === id);
    const entry = open[first];
    if (entry === undefined || !fits(entry)) return [];
    const sent = open.slice(first).filter(fits);
    const unsent = this.#waiting.relayed.filter(fits);
    this.#waiting.relayed = this.#waiting.relayed.filter((each) => !fits(each));
    for (const each of sent) this.#table.forget(each.id);
    const outstanding = this.#outstanding?.entry;
    if (outstanding !== undefined && sent.includes(outstanding)) this.#release();
    return [...sent, ...unsent].flatMap(({ relayed }) => relayed ?? []);
  }

  waiting(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#waiting[priority].length, 0);
  }

  /**
   * The connection is gone: every own CALL ends here, sent or not. Returns the relayed ones whose
   * answers were still waited for, in their order: an older status would undo what was said since.
   */
  close(): readonly UnansweredCall[] {
    this.#closed = true;
    this.#timer?.();
    const waiting = PRIORITIES.flatMap((priority) => this.#waiting[priority].splice(0));
    for (const { own } of [...this.#table.open(), ...waiting]) own?.done({ outcome: 'offline' });
    return [
      ...this.#table
        .awaited(this.#clock.monotonicMs())
        .flatMap(asked)
        .map((call) => ({ call, sent: true })),
      ...waiting.flatMap(({ relayed }) => (relayed ? [{ call: relayed, sent: false }] : [])),
    ];
  }

  /** The side that asked is gone: its CALLs that wait are dropped, answers to the others are late. */
  dropRelayed(): void {
    this.#waiting.relayed.length = 0;
    for (const { id, relayed } of this.#table.open()) {
      if (relayed !== undefined) this.#table.forget(id);
    }
    if (this.#outstanding?.entry.relayed !== undefined) this.#release();
  }

  #push(entry: Waiting): boolean {
    if (this.#closed || this.waiting() >= this.#limits.waitingMost) return false;
    this.#waiting[entry.priority].push(entry);
    this.#next();
    return true;
  }

  #next(): void {
    if (this.#outstanding !== undefined) {
      this.#watch();
      return;
    }
    const priority = PRIORITIES.find((candidate) => this.#waiting[candidate].length > 0);
    const entry = priority === undefined ? undefined : this.#waiting[priority].shift();
    if (entry === undefined) return;
    const sentAtMs = this.#clock.monotonicMs();
    this.#outstanding = { entry, sentAtMs };
    this.#table.sent(entry.id, entry, sentAtMs);
    this.#send(entry.message);
    this.#watch();
  }

  #release(): void {
    this.#outstanding = undefined;
    this.#timer?.();
    this.#timer = undefined;
    this.#next();
  }

  /** An own CALL times out by itself; a relayed one only when somebody waits behind it. */
  #watch(): void {
    if (this.#timer !== undefined || this.#outstanding === undefined) return;
    const { entry, sentAtMs } = this.#outstanding;
    if (entry.own === undefined && this.waiting() === 0) return;
    const lastsMs = entry.own?.timeoutMs ?? this.#limits.giveUpMs;
    const leftMs = Math.max(0, sentAtMs + lastsMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.after(leftMs, () => {
      if (entry.own !== undefined) this.#table.forget(entry.id);
      else if (this.#givenUp.push(entry) > GIVEN_UP_MOST) this.#givenUp.shift();
      this.#release();
      entry.own?.done({ outcome: 'timeout' });
    });
  }
}

/** The relayed CALL that somebody still waits for. */
const asked = ({ relayed, repeated }: Waiting): readonly Frame[] =>
  relayed === undefined || repeated === true ? [] : [relayed];

const saysTheSame = (a: Frame, b: Frame): boolean =>
  a.action === b.action && payloadBytes(a).equals(payloadBytes(b));

/** What an answer to one of our own calls says. */
const outcomeOf = (frame: Frame): CallOutcome => {
  if (frame.kind === 'error') {
    const { code, description } = parseError(frame);
    return { outcome: 'error', code, description };
  }
  try {
    return { outcome: 'answered', payload: readPayload(frame) };
  } catch {
    return { outcome: 'error', code: 'FormatViolation', description: 'answer is not JSON' };
  }
};
