import type { Cancel, Clock } from '../../core/time.ts';
import { callBytes } from '../../ocpp/frame.ts';
import type { SimCall } from './dialect.ts';

/**
 * boot: the only one before the CSMS accepted the charger. transaction: kept and repeated until it
 * is answered (1.6 §3.7.1, E13). triggered: asked for by the CSMS, allowed while a boot is pending.
 */
export type CallKind = 'boot' | 'triggered' | 'other' | 'transaction';

export interface QueuedCall {
  /** Made when it is sent: a 1.6 message needs the transaction id that came meanwhile. */
  readonly make: (offline: boolean) => SimCall | undefined;
  readonly kind: CallKind;
  /** May be thinned out when memory runs short: meter values, never a start or an end. */
  readonly spare?: boolean;
  readonly answered?: (payload: unknown) => void;
  /** Refused, timed out or dropped; not called for transaction messages that are tried again. */
  readonly failed?: (code: string) => void;
}

interface Entry extends QueuedCall {
  readonly order: number;
  attempts: number;
  /** It was in the queue while the charger was offline (E11, E12). */
  offline: boolean;
}

interface Outstanding {
  readonly id: string;
  readonly entry: Entry;
  readonly call: SimCall;
  readonly timeout: Cancel;
}

export type QueueState = 'offline' | 'booting' | 'online';

export interface CallQueueOptions {
  readonly clock: Clock;
  readonly send: (bytes: Buffer) => void;
  readonly newId: () => string;
  /** A transaction message was acknowledged: the charger forgets it now. */
  readonly delivered: (call: SimCall) => void;
  /** A transaction message was given up after all attempts: it may have arrived all the same. */
  readonly discarded: (call: SimCall) => void;
  /** Nothing was answered for a long time: the link is dead although nobody closed it. */
  readonly dead: () => void;
  /** Attempts of a transaction message before it is discarded, and the wait between them. */
  readonly attempts: () => { readonly most: number; readonly intervalMs: number };
  readonly impatient: boolean;
}

/** An answer later than this counts as none. */
const ANSWER_TIMEOUT_MS = 30_000;
/** So many calls in a row without an answer, and the charger connects anew. */
const TIMEOUTS_MOST = 3;
const OTHERS_MOST = 20;
/** Transaction messages a charger has memory for; above it meter values are thinned out. */
const TRANSACTIONS_MOST = 5_000;
/** Status and the like do not wait behind more transaction messages than this. */
const BACKLOG_FEW = 2;

/** The calls of a simulated charger: one outstanding, transaction messages kept while offline. */
export class CallQueue {
  /** Transaction messages given up after all attempts, and meter values thinned out. */
  discarded = 0;
  thinned = 0;
  readonly #options: CallQueueOptions;
  readonly #others: Entry[] = [];
  #transactions: Entry[] = [];
  #outstanding: Outstanding[] = [];
  #state: QueueState = 'offline';
  #order = 0;
  #timeouts = 0;
  #waitingToRetry: Cancel | undefined;

  constructor(options: CallQueueOptions) {
    this.#options = options;
  }

  get state(): QueueState {
    return this.#state;
  }

  /** Transaction messages that are not acknowledged yet. */
  get kept(): number {
    const sent = this.#outstanding.filter(({ entry }) => entry.kind === 'transaction');
    return this.#transactions.length + sent.length;
  }

  /** The same messages, oldest first, as far as they can be made yet. */
  keptCalls(): readonly SimCall[] {
    const sent = this.#outstanding.filter(({ entry }) => entry.kind === 'transaction');
    const waiting = this.#transactions.flatMap((entry) => entry.make(entry.offline) ?? []);
    return [...sent.map(({ call }) => call), ...waiting];
  }

  push(call: QueuedCall): void {
    this.#order += 1;
    const offline = this.#state === 'offline';
    const entry: Entry = { ...call, order: this.#order, attempts: 0, offline };
    if (entry.kind === 'transaction') {
      this.#transactions.push(entry);
      if (this.#transactions.length > TRANSACTIONS_MOST) this.#thinOut();
    } else {
      if (entry.kind === 'boot') this.#others.unshift(entry);
      else this.#others.push(entry);
      if (this.#others.length > OTHERS_MOST) this.#others.splice(1, 1)[0]?.failed?.('dropped');
    }
    this.#next();
  }

  /** The link is up and, once the CSMS accepted the charger, open for everything. */
  connected(state: 'booting' | 'online'): void {
    this.#state = state;
    this.#timeouts = 0;
    this.#next();
  }

  /** The link is down: what was outstanding is sent again later, or has failed. */
  disconnected(): void {
    this.#state = 'offline';
    this.#waitingToRetry?.();
    this.#waitingToRetry = undefined;
    const lost = this.#outstanding;
    this.#outstanding = [];
    for (const { timeout } of lost) timeout();
    const kept = lost.map(({ entry }) => entry).filter(({ kind }) => kind === 'transaction');
    this.#transactions = [...kept, ...this.#transactions];
    for (const entry of this.#transactions) entry.offline = true; // E11.FR.07
    const failed = lost.filter(({ entry }) => entry.kind !== 'transaction');
    for (const { entry } of failed) entry.failed?.('offline');
    for (const entry of this.#others.splice(0)) entry.failed?.('offline');
  }

  answer(id: string, payload: unknown): void {
    const answered = this.#take(id);
    if (answered === undefined) return;
    this.#timeouts = 0;
    const { entry, call } = answered;
    if (entry.kind === 'transaction') this.#options.delivered(call);
    entry.answered?.(payload);
    this.#next();
  }

  error(id: string, code: string): void {
    const answered = this.#take(id);
    if (answered === undefined) return;
    this.#timeouts = 0;
    this.#failed(answered.entry, code);
  }

  #next(): void {
    for (;;) {
      const busy = this.#outstanding.length > 0 && !this.#options.impatient;
      if (this.#state === 'offline' || busy) return;
      const entry = this.#pick();
      if (entry === undefined) return;
      const call = entry.make(entry.offline);
      if (call === undefined) continue;
      const id = this.#options.newId();
      const timeout = this.#options.clock.after(ANSWER_TIMEOUT_MS, () => this.#timedOut(id));
      this.#outstanding.push({ id, entry, call, timeout });
      this.#options.send(callBytes(id, call.action, call.payload));
    }
  }

  /** In order of creation, but status and authorisation overtake a backlog. */
  #pick(): Entry | undefined {
    if (this.#state === 'booting') {
      const allowed = this.#others.findIndex(({ kind }) => kind === 'boot' || kind === 'triggered');
      return allowed < 0 ? undefined : this.#others.splice(allowed, 1)[0];
    }
    const other = this.#others[0];
    const transaction = this.#waitingToRetry === undefined ? this.#transactions[0] : undefined;
    if (transaction === undefined) return this.#others.shift();
    const backlog = this.#transactions.length > BACKLOG_FEW;
    if (other !== undefined && (backlog || other.order < transaction.order)) {
      return this.#others.shift();
    }
    return this.#transactions.shift();
  }

  #timedOut(id: string): void {
    const silent = this.#take(id);
    if (silent === undefined) return;
    this.#timeouts += 1;
    const dead = this.#timeouts >= TIMEOUTS_MOST;
    this.#failed(silent.entry, 'timeout');
    if (dead) this.#options.dead();
  }

  /** Transaction messages are repeated with growing waits, then discarded (E13.FR.01-04). */
  #failed(entry: Entry, code: string): void {
    if (entry.kind !== 'transaction') {
      entry.failed?.(code);
      this.#next();
      return;
    }
    entry.attempts += 1;
    const { most, intervalMs } = this.#options.attempts();
    if (entry.attempts >= most) {
      this.discarded += 1;
      const call = entry.make(entry.offline);
      if (call !== undefined) this.#options.discarded(call);
      entry.failed?.(code);
      this.#next();
      return;
    }
    this.#transactions.unshift(entry);
    this.#waitingToRetry?.();
    this.#waitingToRetry = this.#options.clock.after(intervalMs * entry.attempts, () => {
      this.#waitingToRetry = undefined;
      this.#next();
    });
    this.#next();
  }

  #take(id: string): Outstanding | undefined {
    const found = this.#outstanding.find((each) => each.id === id);
    if (found === undefined) return undefined;
    found.timeout();
    this.#outstanding = this.#outstanding.filter((each) => each !== found);
    return found;
  }

  /** Every second meter value goes, the oldest and the newest stay (E11.FR.04, FR.05). */
  #thinOut(): void {
    const before = this.#transactions.length;
    let seen = 0;
    this.#transactions = this.#transactions.filter((entry, i) => {
      if (entry.spare !== true || i === before - 1) return true;
      seen += 1;
      return seen % 2 === 1;
    });
    this.thinned += before - this.#transactions.length;
    if (this.#transactions.length <= TRANSACTIONS_MOST) return;
    this.#transactions.shift();
    this.discarded += 1;
  }
}
