import type { Cancel, Clock } from '../../core/time.ts';
import { type Place, URGENCIES, type Urgency } from '../../ocpp/aggregate/urgency.ts';
import type { Frame } from '../../ocpp/frame.ts';

/** Calls of one source that wait at one urgency; one more is refused. */
export const WAITING_MOST = 64;
/** Every so manieth turn is that of the call which waits longest, however little it matters. */
export const OLDEST_EVERY = 8;

/** Why a call has no answer. superseded: a newer one of the same subject took its place. */
export type Unanswered = 'timeout' | 'lost' | 'full' | 'superseded';

interface Waiting {
  readonly call: Frame;
  readonly subject: string | undefined;
  readonly owner: object | undefined;
  readonly sinceMs: number;
  readonly settle: (result: Frame | Unanswered) => void;
}

type Queues = Map<string, Waiting[]>;

export interface FairLaneOptions {
  readonly clock: Clock;
  readonly send: (message: Uint8Array) => void;
  /** From the moment when a call is really sent. */
  readonly timeoutMs: number;
  /** A call was not answered in time. */
  readonly silent: () => void;
}

/**
 * The CALLs of all chargers on the station's one connection: one is outstanding (OCPP-J 2.1
 * §4.1.1). The more urgent go first; among equals the chargers take turns, each in its own order.
 */
export class FairLane {
  readonly #options: FairLaneOptions;
  /** By urgency, sources in the order of their next turn. */
  readonly #levels = new Map<Urgency, Queues>(URGENCIES.map((urgency) => [urgency, new Map()]));
  #outstanding: (Waiting & { readonly cancel: Cancel }) | undefined;
  #waiting = 0;
  #turns = 0;
  #closed = false;
  /** Calls that never went out, since a newer one said more. */
  superseded = 0;

  constructor(options: FairLaneOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Sends a CALL when its turn comes. `owner`: the connection of the source. Never rejects. */
  send(
    source: string,
    call: Frame,
    { urgency, subject }: Place,
    owner?: object,
  ): Promise<Frame | Unanswered> {
    return new Promise((settle) => {
      if (this.#closed) return settle('lost');
      const sinceMs = this.#options.clock.monotonicMs();
      const entry: Waiting = { call, subject, owner, sinceMs, settle };
      const queues = this.#level(urgency);
      if (this.#replaced(queues, entry)) return;
      const queue = queues.get(source) ?? [];
      if (queue.length >= WAITING_MOST) return settle('full');
      queue.push(entry);
      queues.set(source, queue);
      this.#waiting += 1;
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

  /** Whether what a source says of transactions waits here; statuses do not count. */
  keeps(source: string): boolean {
    return KEPT_ELSEWHERE.some((urgency) =>
      this.#level(urgency)
        .get(source)
        ?.some(({ subject }) => subject === undefined),
    );
  }

  /** What a source says of transactions is kept elsewhere: what was not sent yet is not sent. */
  withdraw(source: string): void {
    for (const urgency of KEPT_ELSEWHERE) {
      this.#drop(urgency, source, ({ subject }) => subject === undefined);
    }
  }

  /** A connection of a source is gone: of what it said only what the station says too goes out. */
  forget(source: string, gone: object): void {
    for (const urgency of URGENCIES) {
      this.#drop(urgency, source, ({ subject, owner }) => owner === gone && !subject);
    }
  }

  close(): void {
    this.#closed = true;
    this.#outstanding?.cancel();
    this.#outstanding?.settle('lost');
    this.#outstanding = undefined;
    for (const [urgency, queues] of this.#levels) {
      for (const source of [...queues.keys()]) this.#drop(urgency, source, () => true);
    }
  }

  #level(urgency: Urgency): Queues {
    return this.#levels.get(urgency) ?? new Map();
  }

  #drop(urgency: Urgency, source: string, which: (entry: Waiting) => boolean): void {
    const queues = this.#level(urgency);
    const queue = queues.get(source) ?? [];
    const gone = queue.filter(which);
    const left = queue.filter((entry) => !gone.includes(entry));
    if (left.length === 0) queues.delete(source);
    else queues.set(source, left);
    this.#waiting -= gone.length;
    for (const { settle } of gone) settle('lost');
  }

  /** The newer call stands where the older stood, so that it waits no longer for being newer. */
  #replaced(queues: Queues, entry: Waiting): boolean {
    if (entry.subject === undefined) return false;
    for (const queue of queues.values()) {
      const at = queue.findIndex(({ subject }) => subject === entry.subject);
      const older = queue[at];
      if (older === undefined) continue;
      queue[at] = { ...entry, sinceMs: older.sinceMs };
      this.superseded += 1;
      older.settle('superseded');
      return true;
    }
    return false;
  }

  #next(): void {
    if (this.#outstanding !== undefined || this.#closed) return;
    const next = this.#take();
    if (next === undefined) return;
    const { clock, timeoutMs, silent, send } = this.#options;
    const cancel = clock.after(timeoutMs, () => {
      this.#outstanding = undefined;
      next.settle('timeout');
      silent();
      this.#next();
    });
    this.#outstanding = { ...next, cancel };
    send(next.call.bytes);
  }

  /** The call whose turn it is. */
  #take(): Waiting | undefined {
    const filled = [...this.#levels.values()].filter((queues) => queues.size > 0);
    this.#turns = (this.#turns + 1) % OLDEST_EVERY;
    const queues = this.#turns === 0 ? filled.sort(byAge)[0] : filled[0];
    const [turn] = queues ?? [];
    if (queues === undefined || turn === undefined) return undefined;
    const [source, queue] = turn;
    const next = queue.shift();
    queues.delete(source);
    if (queue.length > 0) queues.set(source, queue);
    if (next !== undefined) this.#waiting -= 1;
    return next;
  }
}

/** Links keep these on disk when they have to wait long. */
const KEPT_ELSEWHERE: readonly Urgency[] = ['transaction', 'progress', 'other'];

const oldest = (queues: Queues): number => {
  const [first] = queues.values();
  return first?.[0]?.sinceMs ?? Number.POSITIVE_INFINITY;
};
const byAge = (a: Queues, b: Queues): number => oldest(a) - oldest(b);
