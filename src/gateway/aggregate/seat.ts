import type { Cancel, Clock } from '../../core/time.ts';
import { errorBytes, type Frame, readFrame } from '../../ocpp/frame.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Unanswered } from './fair-lane.ts';
import { InnerSocket } from './inner-socket.ts';

/** Calls of the CSMS to one charger that are under way; one more is refused. */
const ASKED_MOST = 32;
/** Calls of one charger that are worked on or wait for it. */
const CALLS_MOST = 64;

interface Asked {
  readonly cancel: Cancel;
  readonly settle: (result: Frame | Unanswered) => void;
}

export interface SeatOptions {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly subprotocol: string;
  readonly clock: Clock;
  /** Answers a call of the charger; undefined: no answer is given. Never rejects. */
  readonly answer: (seat: Seat, call: Frame) => Promise<Buffer | undefined>;
  readonly left: (seat: Seat, closedByLink: boolean) => void;
}

/** One charger's place in the station: calls of both sides, the charger's own in their order. */
export class Seat {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly socket: InnerSocket;
  readonly #options: SeatOptions;
  readonly #asked = new Map<string, Asked>();
  #tail: Promise<void> = Promise.resolve();
  #calls = 0;

  constructor(options: SeatOptions) {
    this.charger = options.charger;
    this.version = options.version;
    this.#options = options;
    this.socket = new InnerSocket(options.subprotocol, {
      sent: (message) => this.#hear(readFrame(message)),
      left: (closedByLink) => {
        for (const { cancel, settle } of this.#asked.values()) {
          cancel();
          settle('lost');
        }
        this.#asked.clear();
        options.left(this, closedByLink);
      },
    });
  }

  /** Asks the charger through its link; its own lane keeps the order. Never rejects. */
  ask(call: Frame, timeoutMs: number): Promise<Frame | Unanswered> {
    return new Promise((settle) => {
      if (this.#asked.size >= ASKED_MOST) return settle('full');
      const cancel = this.#options.clock.after(timeoutMs, () => {
        this.#asked.delete(call.id);
        settle('timeout');
      });
      this.#asked.set(call.id, { cancel, settle });
      this.socket.deliver(call.bytes);
    });
  }

  #hear(frame: Frame): void {
    if (frame.kind === 'call') this.#take(frame);
    if (frame.kind !== 'result' && frame.kind !== 'error') return;
    const asked = this.#asked.get(frame.id);
    this.#asked.delete(frame.id);
    asked?.cancel();
    asked?.settle(frame);
  }

  #take(call: Frame): void {
    if (this.#calls >= CALLS_MOST) {
      this.socket.deliver(errorBytes(call.id, 'InternalError', 'too many calls wait'));
      return;
    }
    this.#calls += 1;
    this.#tail = this.#tail.then(async () => {
      const answer = await this.#options.answer(this, call);
      this.#calls -= 1;
      if (answer !== undefined) this.socket.deliver(answer);
    });
  }
}
