import { type Change, type DurableStore, putBytes, StoreError } from './durable-store.ts';
import {
  type Aside,
  type EntryHeader,
  entryPut,
  type JournalEntry,
  type LastAnswer,
  unpackEntry,
  waitingChanges,
} from './journal-entry.ts';
import { freshHead, type Head, type Leaving, packHead } from './journal-head.ts';
import {
  chargerOf,
  entryKey,
  entryPrefix,
  headKey,
  parkedKey,
  parkedPrefix,
  seqOf,
} from './journal-keys.ts';
import { Thinning } from './journal-thinning.ts';
import { scanAll } from './scan-all.ts';

/**
 * Space the journal may take, as a sum of message bytes with those set aside, before meter values are
 * thinned.
 */
export const DEFAULT_MOST_BYTES = 768 * 1024 * 1024;
/** Beyond this share of it nothing is taken any more: what is left are starts and stops. */
export const FULL_SHARE = 1.25;
/** Above this share somebody is told. */
export const NEARLY_FULL_SHARE = 0.8;
/** A message that was sent so often without an answer is told: an operator has to look at it. */
export const STUCK_AFTER_TIMES = 5;

export interface Backlog {
  readonly count: number;
  readonly bytes: number;
  readonly oldestAtWallMs?: number;
  /** Meter values thinned out of it so far. */
  readonly thinned: number;
  /** Messages set aside because the CSMS does not take them. */
  readonly parked: number;
}

export const NO_BACKLOG: Backlog = { count: 0, bytes: 0, thinned: 0, parked: 0 };

/**
 * Messages for the CSMS that were acknowledged to a charger and not yet delivered, in order per
 * charger. In memory it keeps one counter object per charger, never the messages.
 */
export class Journal {
  readonly #store: DurableStore;
  readonly #mostBytes: number;
  readonly #heads = new Map<string, Head>();
  readonly #thinning: Thinning;
  /** Of what waits and what was set aside. */
  #bytes = 0;

  private constructor(store: DurableStore, mostBytes: number) {
    this.#store = store;
    this.#mostBytes = mostBytes;
    this.#thinning = new Thinning({
      heads: this.#heads,
      entries: (charger, after, limit) => this.entries(charger, after, limit),
      parked: (charger, after, limit) => this.parked(charger, after, limit),
      drop: (charger, head, found) => this.#drop(charger, head, found),
      dropParked: (charger, found) => this.dropParked(charger, found),
    });
  }

  /** Reads the counters back, from the keys and the two ends of each charger's queue. */
  static async open(
    store: DurableStore,
    { mostBytes = DEFAULT_MOST_BYTES }: { readonly mostBytes?: number } = {},
  ): Promise<Journal> {
    const journal = new Journal(store, mostBytes);
    await journal.#recount();
    return journal;
  }

  chargers(): readonly string[] {
    return [...this.#heads].filter(([, head]) => head.count > 0).map(([charger]) => charger);
  }

  backlog(charger: string): Backlog {
    const head = this.#heads.get(charger);
    if (head === undefined) return NO_BACKLOG;
    const { count, bytes, thinned, parked, oldestAtWallMs } = head;
    const oldest = oldestAtWallMs === undefined ? {} : { oldestAtWallMs };
    return { count, bytes, thinned, parked, ...oldest };
  }

  /** Chargers of which messages were set aside. */
  parkedChargers(): readonly string[] {
    return [...this.#heads].filter(([, head]) => head.parked > 0).map(([charger]) => charger);
  }

  /** The CSMS was sent an entry, and neither took nor refused it. */
  unanswered({ charger, seq }: JournalEntry): void {
    const head = this.#head(charger);
    const times = head.unanswered.seq === seq ? head.unanswered.times : 0;
    head.unanswered = { seq, times: times + 1 };
  }

  /** Chargers whose oldest message the CSMS leaves unanswered again and again: nothing passes it. */
  stuckChargers(): readonly string[] {
    const isStuck = (charger: string, { unanswered: { seq, times } }: Head): boolean =>
      times >= STUCK_AFTER_TIMES && this.#store.has(entryKey(charger, seq));
    return [...this.#heads].flatMap(([charger, head]) => (isStuck(charger, head) ? [charger] : []));
  }

  /** What the charger's last queued message was answered with; undefined once it moved on. */
  lastAnswer(charger: string): LastAnswer | undefined {
    return this.#heads.get(charger)?.last;
  }

  /** The charger sent something else: it has the answer to its last message. */
  movedOn(charger: string): void {
    const head = this.#heads.get(charger);
    if (head !== undefined) head.last = undefined;
  }

  totalBytes(): number {
    return this.#bytes;
  }

  /** Of the space that it may take before it is thinned; nothing is taken any more above FULL_SHARE. */
  takenShare(): number {
    return this.#bytes / this.#mostBytes;
  }

  /**
   * Takes a message over. Resolves with its number once it is on the medium, together with
   * `also` (id map) in the same batch: only then may the charger be answered. What it is answered
   * stands in the header, so that a charger that did not hear it gets it again.
   */
  async append(
    charger: string,
    header: EntryHeader,
    message: Uint8Array,
    also: readonly Change[] = [],
  ): Promise<number> {
    if (this.#bytes > this.#mostBytes * FULL_SHARE) throw new StoreError('the journal is full');
    const head = this.#head(charger);
    const seq = head.nextSeq;
    head.nextSeq += 1;
    const put = entryPut(entryKey(charger, seq), header, message);
    await this.#store.write([put, ...also]);
    const bytes = putBytes(put);
    head.last = header.last;
    head.count += 1;
    head.bytes += bytes;
    head.oldestAtWallMs ??= header.takenAtWallMs;
    this.#bytes += bytes;
    if (this.#bytes > this.#mostBytes) await this.#thinning.thin();
    return seq;
  }

  /** Changes that belong to no message, on the medium when it resolves. */
  write(changes: readonly Change[]): Promise<void> {
    return this.#store.write(changes);
  }

  /**
   * The oldest entries of a charger, in order. Rejects with a StoreError while one of those before them
   * cannot be removed: it would be sent a second time.
   */
  async first(charger: string, limit: number): Promise<readonly JournalEntry[]> {
    const head = this.#heads.get(charger);
    await head?.moving.idle();
    if (head !== undefined) await this.#settle(charger, head);
    const entries = await this.entries(charger, head?.doneSeq ?? 0, limit);
    // The medium lost what was counted, and told: nothing waits for it.
    if (entries.length === 0 && head !== undefined && head.count > 0)
      this.#countAgain(charger, head);
    return entries;
  }

  async entries(
    charger: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly JournalEntry[]> {
    const after = entryKey(charger, afterSeq);
    const records = await this.#store.scan(entryPrefix(charger), { after, limit });
    return records.map(({ key, value }) => unpackEntry(charger, seqOf(key), value));
  }

  /** Whether an entry still waits: an operator may let go of it at any time. */
  holds({ charger, seq }: JournalEntry): boolean {
    const leaving = this.#heads.get(charger)?.leaving.has(seq) === true;
    return !leaving && this.#store.has(entryKey(charger, seq));
  }

  /**
   * The CSMS has it (or an operator let go of it): removes one entry with `also` in one batch. Where
   * that fails the entry is not given out again all the same, and removed as soon as it can be.
   */
  async remove(entry: JournalEntry, also: readonly Change[] = []): Promise<void> {
    if (this.holds(entry)) return await this.#leave(entry.charger, { entries: [entry], also });
    // Somebody else is at it: it is gone, or set aside, once that has ended.
    await this.#settle(entry.charger, this.#head(entry.charger));
    if (also.length > 0) await this.#store.write(also);
  }

  /** Sets an entry aside, out of the way of the others: it is kept until somebody looks at it. */
  async park(entry: JournalEntry, aside: Aside, also: readonly Change[] = []): Promise<void> {
    const { charger, seq, header, message } = entry;
    if (!this.holds(entry)) return;
    const put = entryPut(parkedKey(charger, seq), { ...header, ...aside }, message);
    await this.#leave(charger, { entries: [entry], also: [put, ...also] });
  }

  /** Entries set aside, in order. */
  async parked(charger: string, afterSeq: number, limit: number): Promise<readonly JournalEntry[]> {
    const after = parkedKey(charger, afterSeq);
    const records = await this.#store.scan(parkedPrefix(charger), { after, limit });
    return records.map(({ key, value }) => unpackEntry(charger, seqOf(key), value));
  }

  async dropParked(charger: string, entries: readonly JournalEntry[]): Promise<void> {
    const gone = entries.map(
      ({ seq }): Change => ({ type: 'delete', key: parkedKey(charger, seq) }),
    );
    await this.#store.write([...gone, this.#headChange(charger)]);
    this.#countParked(charger);
  }

  /**
   * Entries set aside, in order, wait again in the places that they had: in one batch with `also`, and
   * they count as waiting only once it is on the medium. Belongs inside `alone`.
   */
  async requeue(
    charger: string,
    entries: readonly JournalEntry[],
    also: readonly Change[] = [],
  ): Promise<void> {
    const [oldest] = entries;
    if (oldest === undefined) return;
    const { changes, bytes } = waitingChanges(entries);
    await this.#store.write([...changes, ...also]);
    const head = this.#head(charger);
    head.requeued += 1;
    if (head.count === 0 || oldest.seq <= head.doneSeq) {
      head.doneSeq = oldest.seq - 1;
      head.oldestAtWallMs = oldest.header.takenAtWallMs;
    }
    head.count += entries.length;
    head.bytes += bytes;
    this.#bytes += bytes;
    this.#countParked(charger);
  }

  /** Counts up whenever older entries of a charger come to wait before those that were given out. */
  requeued(charger: string): number {
    return this.#heads.get(charger)?.requeued ?? 0;
  }

  /**
   * Work on what was set aside of a charger: one after the other, since it reads first and writes then;
   * meanwhile nothing is given out, so that what comes back is in its place before newer ones go.
   */
  alone<T>(charger: string, work: () => Promise<T>): Promise<T> {
    return this.#heads.get(charger)?.moving.run(work) ?? work();
  }

  #countParked(charger: string): void {
    const head = this.#head(charger);
    this.#bytes -= head.parkedBytes;
    head.parked = 0;
    head.parkedBytes = 0;
    for (const { valueBytes } of this.#store.keys(parkedPrefix(charger))) {
      this.#addParked(head, valueBytes);
    }
  }

  #addParked(head: Head, bytes: number): void {
    head.parked += 1;
    head.parkedBytes += bytes;
    this.#bytes += bytes;
  }

  /** The counters outlive the entries; while there are some, the newest of them tells as much. */
  #headChange(charger: string): Change {
    return { type: 'put', key: headKey(charger), value: packHead(this.#head(charger)) };
  }

  #leave(charger: string, leaving: Leaving): Promise<void> {
    const head = this.#head(charger);
    for (const { seq } of leaving.entries) head.leaving.set(seq, leaving);
    return this.#settle(charger, head);
  }

  /** Two may do this at once: what is written twice is counted once. */
  async #settle(charger: string, head: Head): Promise<void> {
    for (const { entries, also } of new Set(head.leaving.values())) {
      const gone = entries.map(
        ({ seq }): Change => ({ type: 'delete', key: entryKey(charger, seq) }),
      );
      await this.#store.write([...gone, ...also, this.#headChange(charger)]);
      if (also.some(({ key }) => key.startsWith(parkedPrefix(charger)))) this.#countParked(charger);
      const left = entries.filter(({ seq }) => head.leaving.delete(seq));
      if (left.length > 0) await this.#gone(charger, head, left);
    }
  }

  async #gone(charger: string, head: Head, entries: readonly JournalEntry[]): Promise<void> {
    const bytes = entries.reduce((sum, entry) => sum + entry.storedBytes, 0);
    head.count -= entries.length;
    head.bytes -= bytes;
    this.#bytes -= bytes;
    const next = await this.#next(charger, head);
    head.oldestAtWallMs = next?.header.takenAtWallMs;
    const newest = entries.at(-1)?.seq ?? 0;
    head.doneSeq = next === undefined ? Math.max(head.doneSeq, newest) : next.seq - 1;
  }

  /** The first one that is left, also of those that come to wait again while it is read. */
  async #next(charger: string, head: Head): Promise<JournalEntry | undefined> {
    for (;;) {
      const { requeued } = head;
      const [next] = head.count > 0 ? await this.entries(charger, head.doneSeq, 1) : [];
      if (head.requeued === requeued) return next;
    }
  }

  async #recount(): Promise<void> {
    for await (const { key, value } of scanAll(this.#store, 'h/')) {
      const { nextSeq, thinned, last } = JSON.parse(Buffer.from(value).toString()) as Head;
      const charger = key.slice('h/'.length);
      this.#heads.set(charger, { ...freshHead(), nextSeq, thinned, last });
    }
    for (const { key, valueBytes } of this.#store.keys('k/')) {
      const head = this.#head(chargerOf(key));
      this.#addParked(head, valueBytes);
      // The number stays taken although the counters were lost: it comes back to its place.
      head.nextSeq = Math.max(head.nextSeq, seqOf(key) + 1);
    }
    for (const { key, valueBytes } of this.#store.keys('m/')) this.#count(key, valueBytes);
    for (const [charger, head] of this.#heads) await this.#readEnds(charger, head);
  }

  #countAgain(charger: string, head: Head): void {
    this.#bytes -= head.bytes;
    head.count = 0;
    head.bytes = 0;
    for (const { key, valueBytes } of this.#store.keys(entryPrefix(charger))) {
      this.#count(key, valueBytes);
    }
  }

  #count(key: string, valueBytes: number): void {
    const head = this.#head(chargerOf(key));
    const seq = seqOf(key);
    if (head.count === 0) head.doneSeq = seq - 1;
    head.count += 1;
    head.bytes += valueBytes;
    head.nextSeq = Math.max(head.nextSeq, seq + 1);
    this.#bytes += valueBytes;
  }

  /** The age of the oldest entry, and what the newest was answered with. */
  async #readEnds(charger: string, head: Head): Promise<void> {
    if (head.count === 0) return;
    const [oldest] = await this.first(charger, 1);
    const [newest] = await this.entries(charger, head.nextSeq - 2, 1);
    head.oldestAtWallMs = oldest?.header.takenAtWallMs;
    if (newest !== undefined) head.last = newest.header.last;
  }

  /**
   * Drops meter values that were taken before an instant, a bounded number of each charger at a time;
   * starts and stops stay whatever their age. Each one is counted.
   */
  dropOlderThan(beforeWallMs: number): Promise<void> {
    return this.#thinning.dropOlderThan(beforeWallMs);
  }

  async #drop(charger: string, head: Head, found: readonly JournalEntry[]): Promise<void> {
    const entries = found.filter((entry) => this.holds(entry));
    if (entries.length === 0) return;
    head.thinned += entries.length;
    await this.#leave(charger, { entries, also: [] });
  }

  #head(charger: string): Head {
    const known = this.#heads.get(charger);
    if (known !== undefined) return known;
    const head = freshHead();
    this.#heads.set(charger, head);
    return head;
  }
}
