/** What an answer is, given what was asked. */
export type AnswerVerdict =
  | 'expected'
  | 'late' // its call was given up
  | 'duplicate' // answered before
  | 'foreign'; // nothing was asked under this id

interface Row<Call> {
  /** Of a settled one only the id is kept: messages are large, and rows live long. */
  call: Call | undefined;
  readonly sentAtMs: number;
  state: 'open' | 'answered' | 'expired';
}

/** The last calls, this many to twice as many, are kept for telling late answers from foreign ones. */
const ROWS_LEAST = 64;

/**
 * CALLs sent on one connection in one direction, by message id. The same id may be in flight in
 * the other direction at the same time: charger and CSMS are different senders (§4.1.4), so each
 * direction has a table of its own.
 */
export class CallTable<Call> {
  #rows = new Map<string, Row<Call>>();
  /** The rows before those; all of them go at once, which costs nothing per call. */
  #older = new Map<string, Row<Call>>();
  readonly #lifeMs: number;

  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs;
  }

  /** A retry may reuse its id: the newer call replaces the older one. */
  sent(id: string, call: Call, nowMs: number): void {
    if (this.#rows.size >= ROWS_LEAST) {
      this.#older = this.#rows;
      this.#rows = new Map();
    }
    this.#older.delete(id);
    this.#rows.delete(id);
    this.#rows.set(id, { call, sentAtMs: nowMs, state: 'open' });
  }

  answer(id: string, nowMs: number): { readonly verdict: AnswerVerdict; readonly call?: Call } {
    const row = this.#row(id);
    if (row === undefined) return { verdict: 'foreign' };
    if (row.state === 'answered') return { verdict: 'duplicate' };
    const { call } = row;
    row.call = undefined;
    if (call === undefined || nowMs - row.sentAtMs > this.#lifeMs) {
      row.state = 'expired';
      return { verdict: 'late' };
    }
    row.state = 'answered';
    return { verdict: 'expected', call };
  }

  /** Answers to this call are late from now on. */
  forget(id: string): void {
    const row = this.#row(id);
    if (row === undefined) return;
    row.state = 'expired';
    row.call = undefined;
  }

  knows(id: string): boolean {
    return this.#row(id) !== undefined;
  }

  /** Calls that were sent before an instant and not answered, oldest first. */
  openSince(beforeMs: number): readonly Call[] {
    const rows = [...this.#older.values(), ...this.#rows.values()];
    const open = rows.filter(({ sentAtMs }) => sentAtMs <= beforeMs);
    return open.flatMap(({ call }) => call ?? []);
  }

  /** Calls whose answer would still be taken for one, oldest first. */
  awaited(nowMs: number): readonly Call[] {
    const since = nowMs - this.#lifeMs;
    const rows = [...this.#older.values(), ...this.#rows.values()];
    return rows.flatMap(({ call, sentAtMs }) => (sentAtMs < since ? [] : (call ?? [])));
  }

  /** Calls that were sent and not answered. */
  open(): readonly Call[] {
    return this.openSince(Number.POSITIVE_INFINITY);
  }

  #row(id: string): Row<Call> | undefined {
    return this.#rows.get(id) ?? this.#older.get(id);
  }
}
