import type { Cancel, Clock } from '../core/time.ts';
import { callBytes } from '../ocpp/frame.ts';
import type { SimCall } from './dialect.ts';

/** An answer later than this counts as none. */
const ANSWER_TIMEOUT_MS = 30_000;
const RETRY_MS = 10_000;
/** Messages about transactions are kept for ever; of the others only this many. */
const OTHERS_MOST = 20;

export interface QueuedCall {
  /** Made when it is sent: a 1.6 message needs the transaction id that came meanwhile. */
  readonly make: () => SimCall | undefined;
  /** Kept and repeated until it is answered (OCPP 1.6 §3.7.1, E13). */
  readonly keep: boolean;
  readonly answered?: (payload: unknown) => void;
  readonly failed?: (code: string) => void;
}

/** The calls of a simulated charger: one outstanding, kept in order while offline. */
export class CallQueue {
  readonly #clock: Clock;
  readonly #send: (bytes: Buffer) => boolean;
  readonly #newId: () => string;
  readonly #delivered: (call: SimCall) => void;
  #queue: QueuedCall[] = [];
  #outstanding: { id: string; entry: QueuedCall; call: SimCall; timeout: Cancel } | undefined;
  #waitingToRetry: Cancel | undefined;

  constructor(options: {
    readonly clock: Clock;
    /** False while there is no connection. */
    readonly send: (bytes: Buffer) => boolean;
    readonly newId: () => string;
    /** A kept call was acknowledged: the charger forgets it now. */
    readonly delivered: (call: SimCall) => void;
  }) {
    this.#clock = options.clock;
    this.#send = options.send;
    this.#newId = options.newId;
    this.#delivered = options.delivered;
  }

  get kept(): number {
    return (
      this.#queue.filter((entry) => entry.keep).length + (this.#outstanding?.entry.keep ? 1 : 0)
    );
  }

  push(entry: QueuedCall): void {
    const others = this.#queue.filter((queued) => !queued.keep);
    if (!entry.keep && others.length >= OTHERS_MOST) {
      this.#queue.splice(this.#queue.indexOf(others[0] as QueuedCall), 1);
    }
    this.#queue.push(entry);
    this.next();
  }

  /** Before everything else: a boot notification. */
  pushFirst(entry: QueuedCall): void {
    this.#queue.unshift(entry);
    this.next();
  }

  next(): void {
    if (this.#outstanding !== undefined || this.#waitingToRetry !== undefined) return;
    const entry = this.#queue[0];
    const call = entry?.make();
    if (entry === undefined) return;
    if (call === undefined) {
      this.#queue.shift();
      this.next();
      return;
    }
    const id = this.#newId();
    if (!this.#send(callBytes(id, call.action, call.payload))) return;
    this.#queue.shift();
    const timeout = this.#clock.after(ANSWER_TIMEOUT_MS, () => this.#again());
    this.#outstanding = { id, entry, call, timeout };
  }

  answer(id: string, payload: unknown): void {
    if (this.#outstanding?.id !== id) return;
    const { entry, call } = this.#take();
    if (entry.keep) this.#delivered(call);
    entry.answered?.(payload);
    this.next();
  }

  error(id: string, code: string): void {
    if (this.#outstanding?.id !== id) return;
    const { keep, failed } = this.#outstanding.entry;
    if (keep) {
      this.#again();
    } else {
      this.#take();
      failed?.(code);
      this.next();
    }
  }

  /** The connection is gone: what was outstanding is sent again later, or dropped. */
  disconnected(): void {
    const lost = this.#outstanding;
    if (lost === undefined) return;
    this.#take();
    if (lost.entry.keep) this.#queue.unshift(lost.entry);
  }

  /** A reboot loses what is not kept. */
  dropOthers(): void {
    this.#queue = this.#queue.filter((entry) => entry.keep);
  }

  #take(): { entry: QueuedCall; call: SimCall } {
    const taken = this.#outstanding;
    if (taken === undefined) throw new Error('nothing is outstanding');
    taken.timeout();
    this.#outstanding = undefined;
    return taken;
  }

  #again(): void {
    const { entry } = this.#take();
    if (entry.keep) this.#queue.unshift(entry);
    this.#waitingToRetry = this.#clock.after(entry.keep ? RETRY_MS : 0, () => {
      this.#waitingToRetry = undefined;
      this.next();
    });
  }
}
