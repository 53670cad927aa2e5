import type { Cancel, Clock } from '../../core/time.ts';
import { errorBytes, type Frame, readFrame } from '../../ocpp/frame.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Unanswered } from './fair-lane.ts';
import { InnerSocket } from './inner-socket.ts';

/** Calls of the CSMS to one charger that are under way; one more is refused. */
const ASKED_MOST = 32;
/** Calls of one charger that are worked on or wait for it. */
const CALLS_MOST = 64;
/** A call that waits so long for its turn is kept elsewhere, before its charger gives up. */
export const PATIENCE_MS = 15_000;

interface Asked {
  readonly cancel: Cancel;
  readonly settle: (result: Frame | Unanswered) => void;
}

export interface SeatOptions {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly subprotocol: string;
  /** The charger's connection so far, which this one replaces when it comes to be used. */
  readonly before?: Seat | undefined;
  readonly clock: Clock;
  /** Answers a call of the charger; undefined: no answer is given. Never rejects. */
  readonly answer: (seat: Seat, call: Frame) => Promise<Buffer | undefined>;
  /** A call has waited PATIENCE_MS. */
  readonly overdue: (seat: Seat, call: Frame) => void;
  readonly left: (seat: Seat, closedByLink: boolean) => void;
}

/** One charger's place in the station: calls of both sides, the charger's own in their order. */
export class Seat {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly socket: InnerSocket;
  /** What the charger did before, it did offline. */
  readonly sinceWallMs: number;
  readonly #options: SeatOptions;
  readonly #asked = new Map<string, Asked>();
  /** Ids of calls that have no answer yet. */
  readonly #taken = new Set<string>();
  readonly #handedBack = new Set<string>();
  /** What it said last and nobody sent yet is said again on its next connection. */
  #left = false;
  #before: Seat | undefined;
  #tail: Promise<void>;

  constructor(options: SeatOptions) {
    this.#before = options.before;
    // What the charger said last is settled before what it says now, on whatever line.
    this.#tail = options.before?.settled ?? Promise.resolve();
    this.charger = options.charger;
    this.sinceWallMs = options.clock.wallMs();
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
        this.#left = true;
        options.left(this, closedByLink);
        // Whoever came after this one goes back to it, and no further one is kept in memory.
        this.#before = this.previous;
      },
    });
  }

  /** Once all is answered that the charger has said so far. */
  get settled(): Promise<void> {
    return this.#tail;
  }

  /** The newest connection before this one that is still there. */
  get previous(): Seat | undefined {
    const before = this.#before;
    return before === undefined || !before.#left ? before : before.previous;
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

  /** A call whose turn is far off goes back to the link, and those behind it; false: it stays. */
  handBack(call: Frame): boolean {
    const ids = this.socket.handBack(call.id);
    for (const id of ids) if (this.#taken.has(id)) this.#handedBack.add(id);
    return ids.length > 0;
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
    if (this.#taken.size >= CALLS_MOST) {
      this.socket.deliver(errorBytes(call.id, 'InternalError', 'too many calls wait'));
      return;
    }
    this.#taken.add(call.id);
    const { clock, answer: answerOf, overdue } = this.#options;
    let begun = false;
    const cancel = clock.after(PATIENCE_MS, () => {
      if (begun) overdue(this, call);
      else this.handBack(call);
    });
    this.#tail = this.#tail.then(async () => {
      begun = true;
      const skipped = this.#handedBack.delete(call.id);
      const answer = skipped || this.#left ? undefined : await answerOf(this, call);
      // What was handed back while it waited for its turn is answered elsewhere.
      this.#handedBack.delete(call.id);
      cancel();
      this.#taken.delete(call.id);
      if (answer !== undefined) this.socket.deliver(answer);
    });
  }
}
