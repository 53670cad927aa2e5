import type { Change, DurableStore } from './durable-store.ts';
import { type EntryHeader, type JournalEntry, packEntry, unpackEntry } from './journal-entry.ts';

/** Space the journal may take, as a sum of message bytes, before meter values are thinned. */
export const DEFAULT_MOST_BYTES = 768 * 1024 * 1024;
/** A single charger is thinned in slices of this many entries. */
const THIN_SLICE = 512;
const SCAN_MOST = 1_000;

export interface Backlog {
  readonly count: number;
  readonly bytes: number;
  readonly oldestAtWallMs?: number;
  /** Meter values thinned out of it so far. */
  readonly thinned: number;
}

interface Head {
  nextSeq: number;
  count: number;
  bytes: number;
  thinned: number;
  oldestAtWallMs: number | undefined;
}

export const NO_BACKLOG: Backlog = { count: 0, bytes: 0, thinned: 0 };

/**
 * Messages for the CSMS that were acknowledged to a charger and not yet delivered, in order per
 * charger. In memory it keeps one counter object per charger, never the messages.
 */
export class Journal {
  readonly #store: DurableStore;
  readonly #mostBytes: number;
  readonly #heads = new Map<string, Head>();
  readonly #lost: string[] = [];
  #bytes = 0;

  private constructor(store: DurableStore, mostBytes: number) {
    this.#store = store;
    this.#mostBytes = mostBytes;
  }

  /** Reads the counters back; the time is proportional to the number of entries, not their size. */
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
    const { count, bytes, thinned, oldestAtWallMs } = head;
    return { count, bytes, thinned, ...(oldestAtWallMs === undefined ? {} : { oldestAtWallMs }) };
  }

  totalBytes(): number {
    return this.#bytes;
  }

  /** Gaps found on opening: messages that were acknowledged and are gone. Never silent. */
  lost(): readonly string[] {
    return this.#lost;
  }

  /**
   * Takes a message over. Resolves with its number once it is on the medium, together with
   * `also` (id map, counters) in the same batch: only then may the charger be answered.
   */
  async append(
    charger: string,
    header: EntryHeader,
    message: Uint8Array,
    also: readonly Change[] = [],
  ): Promise<number> {
    const head = this.#head(charger);
    const seq = head.nextSeq;
    head.nextSeq += 1;
    const value = packEntry(header, message);
    await this.#store.write([
      { type: 'put', key: entryKey(charger, seq), value },
      { type: 'put', key: headKey(charger), value: packHead(head) },
      ...also,
    ]);
    head.count += 1;
    head.bytes += value.length;
    head.oldestAtWallMs ??= header.takenAtWallMs;
    this.#bytes += value.length;
    if (this.#bytes > this.#mostBytes) await this.#thinLargest();
    return seq;
  }

  /** The oldest entries of a charger, in order. */
  async first(charger: string, limit: number): Promise<readonly JournalEntry[]> {
    const records = await this.#store.scan(entryPrefix(charger), { limit });
    return records.map(({ key, value }) => unpackEntry(charger, seqOf(key), value));
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

  /** The CSMS has it (or an operator let go of it): removes one entry with `also` in one batch. */
  async remove(entry: JournalEntry, also: readonly Change[] = []): Promise<void> {
    await this.#store.write([{ type: 'delete', key: entryKey(entry.charger, entry.seq) }, ...also]);
    const head = this.#head(entry.charger);
    head.count -= 1;
    head.bytes -= entry.storedBytes;
    this.#bytes -= entry.storedBytes;
    const [next] = head.count > 0 ? await this.first(entry.charger, 1) : [];
    head.oldestAtWallMs = next?.header.takenAtWallMs;
  }

  async #recount(): Promise<void> {
    const heads = await this.#all('h/');
    for (const { key, value } of heads) {
      const { nextSeq, thinned } = JSON.parse(Buffer.from(value).toString()) as Head;
      const charger = key.slice('h/'.length);
      this.#heads.set(charger, { ...freshHead(), nextSeq, thinned });
    }
    let after = 'm/';
    for (;;) {
      const records = await this.#store.scan('m/', { after, limit: SCAN_MOST });
      for (const { key, value } of records) {
        const charger = chargerOf(key);
        const head = this.#head(charger);
        const entry = unpackEntry(charger, seqOf(key), value);
        head.count += 1;
        head.bytes += value.length;
        head.oldestAtWallMs ??= entry.header.takenAtWallMs;
        if (entry.seq >= head.nextSeq) {
          this.#lost.push(`${charger}: its counter is behind its messages (torn write repaired)`);
          head.nextSeq = entry.seq + 1;
        }
        this.#bytes += value.length;
      }
      const last = records.at(-1);
      if (last === undefined || records.length < SCAN_MOST) return;
      after = last.key;
    }
  }

  async #all(prefix: string) {
    const found = [];
    let after = prefix;
    for (;;) {
      const records = await this.#store.scan(prefix, { after, limit: SCAN_MOST });
      found.push(...records);
      const last = records.at(-1);
      if (last === undefined || records.length < SCAN_MOST) return found;
      after = last.key;
    }
  }

  /** Every second thinnable entry goes, first and last of the slice stay; each one is counted. */
  async #thinLargest(): Promise<void> {
    const largest = [...this.#heads].sort(([, a], [, b]) => b.bytes - a.bytes)[0];
    if (largest === undefined) return;
    const [charger, head] = largest;
    const middle = Math.max(0, head.nextSeq - Math.floor(head.count / 2) - THIN_SLICE / 2);
    const slice = await this.entries(charger, middle, THIN_SLICE);
    const thinnable = slice.slice(1, -1).filter(({ header }) => header.thinnable);
    const dropped = thinnable.filter((_entry, index) => index % 2 === 1);
    if (dropped.length === 0) return;
    head.thinned += dropped.length;
    await this.#store.write([
      ...dropped.map(({ seq }): Change => ({ type: 'delete', key: entryKey(charger, seq) })),
      { type: 'put', key: headKey(charger), value: packHead(head) },
    ]);
    const bytes = dropped.reduce((sum, entry) => sum + entry.storedBytes, 0);
    head.count -= dropped.length;
    head.bytes -= bytes;
    this.#bytes -= bytes;
  }

  #head(charger: string): Head {
    const known = this.#heads.get(charger);
    if (known !== undefined) return known;
    const head = freshHead();
    this.#heads.set(charger, head);
    return head;
  }
}

const SEQ_DIGITS = 12;
const freshHead = (): Head => ({
  nextSeq: 1,
  count: 0,
  bytes: 0,
  thinned: 0,
  oldestAtWallMs: undefined,
});
const entryPrefix = (charger: string): string => `m/${charger}/`;
const entryKey = (charger: string, seq: number): string =>
  entryPrefix(charger) + String(seq).padStart(SEQ_DIGITS, '0');
const headKey = (charger: string): string => `h/${charger}`;
const seqOf = (key: string): number => Number(key.slice(-SEQ_DIGITS));
const chargerOf = (key: string): string => key.slice('m/'.length, -SEQ_DIGITS - 1);
const packHead = ({ nextSeq, thinned }: Head): Buffer =>
  Buffer.from(JSON.stringify({ nextSeq, thinned }));
