import type { Cancel, Clock } from '../../core/time.ts';
import type { Frame } from '../../ocpp/frame.ts';

/** Calls of one source that wait; one more is refused. */
export const WAITING_MOST = 64;

/** Why a call has no answer. */
export type Unanswered = 'timeout' | 'lost' | 'full';

interface Waiting {
  readonly call: Frame;
  readonly settle: (result: Frame | Unanswered) => void;
}

/**
 * The CALLs of all chargers on the station's one connection: one is outstanding (OCPP-J 2.1
 * §4.1.1), the chargers take turns, each in its own order.
 */
export class FairLane {
  readonly #clock: Clock;
  readonly #send: (message: Uint8Array) => void;
  readonly #timeoutMs: number;
  readonly #silent: () => void;
  /** Sources in the order of their next turn. */
  readonly #waiting = new Map<string, Waiting[]>();
  #outstanding: (Waiting & { readonly cancel: Cancel }) | undefined;
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly send: (message: Uint8Array) => void;
    readonly timeoutMs: number;
    /** A call was not answered in time. */
    readonly silent: () => void;
  }) {
    this.#clock = options.clock;
    this.#send = options.send;
    this.#timeoutMs = options.timeoutMs;
    this.#silent = options.silent;
  }

  /** Sends a CALL when it is the turn of its source. Never rejects. */
  send(source: string, call: Frame): Promise<Frame | Unanswered> {
    return new Promise((settle) => {
      if (this.#closed) return settle('lost');
      const queue = this.#waiting.get(source) ?? [];
      if (queue.length >= WAITING_MOST) return settle('full');
      queue.push({ call, settle });
      this.#waiting.set(source, queue);
      this.#next();
    });
  }

  /** Takes an answer; false when nothing was asked under its id. */
  settle(answer: Frame): boolean {
    const open = this.#outstanding;
    if (open?.call.id !== answer.id) return false;
    open.cancel();
    this.#outstanding = undefined;
    this.#next();
    open.settle(answer);
    return true;
  }

  /** Its source is gone: what it has not sent yet is sent by somebody else, or never. */
  forget(source: string): void {
    const queue = this.#waiting.get(source) ?? [];
    this.#waiting.delete(source);
    for (const { settle } of queue) settle('lost');
  }

  close(): void {
    this.#closed = true;
    this.#outstanding?.cancel();
    this.#outstanding?.settle('lost');
    this.#outstanding = undefined;
    for (const { settle } of [...this.#waiting.values()].flat()) settle('lost');
    this.#waiting.clear();
  }

  #next(): void {
    if (this.#outstanding !== undefined || this.#closed) return;
    const [turn] = this.#waiting;
    if (turn === undefined) return;
    const [source, queue] = turn;
    const next = queue.shift();
    this.#waiting.delete(source);
    if (queue.length > 0) this.#waiting.set(source, queue);
    if (next === undefined) return;
    const cancel = this.#clock.after(this.#timeoutMs, () => {
      this.#outstanding = undefined;
      next.settle('timeout');
      this.#silent();
      this.#next();
    });
    this.#outstanding = { ...next, cancel };
    this.#send(next.call.bytes);
  }
}
