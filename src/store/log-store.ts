import { mkdir } from 'node:fs/promises';
import type {
  Change,
  Damage,
  DurableStore,
  ScanOptions,
  StoredKey,
  StoredRecord,
} from './durable-store.ts';
import { StoreError } from './durable-store.ts';
import { lockFolder } from './folder-lock.ts';
import { KeyIndex, type Place } from './key-index.ts';
import { LogCleaner } from './log-cleaner.ts';
import { encodeGroup, groupBytes, isTooLong, valueBytesOf } from './log-format.ts';
import { replay, tellDamage } from './log-replay.ts';
import { Segment } from './log-segment.ts';
import { syncFolder } from './sync-folder.ts';

/** A segment that is larger is closed, and the next one begun. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;
/** The log may hold so much that is not current any more before what is current is moved. */
const SLACK_SEGMENTS = 2;
/** A group ends with the write that reaches one of these; the others wait for the next group. */
export const GROUP_MOST_CHANGES = 512;
export const GROUP_MOST_BYTES = 2 * 1024 * 1024;
/** A group of usual size; larger ones get a buffer of their own. */
const SCRATCH_BYTES = 256 * 1024;
/** Waiting writes beyond this are refused at once: the medium does not keep up. */
export const WAITING_MOST = 20_000;
/** Writes fail fast for this long after a failure, then they are tried again on a fresh segment. */
export const RETRY_AFTER_MS = 2_000;

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

export interface LogStoreOptions {
  readonly monotonicMs: () => number;
  readonly segmentBytes?: number;
}

/**
 * The durable store on a log of its own (ADR 5). Writes that arrive while a group is being synced form
 * the next group: one write and one fdatasync for all of them, so that a slow card makes groups
 * larger, not the queue longer. Keys are held in memory, values only on the medium. Segments are
 * emptied and removed strictly from the oldest on, so that no deletion is lost before what it deletes.
 */
export class LogStore implements DurableStore {
  readonly #folder: string;
  readonly #unlock: () => Promise<void>;
  readonly #monotonicMs: () => number;
  readonly #segmentBytes: number;
  readonly #index = new KeyIndex();
  readonly #cleaner: LogCleaner;
  readonly #damage: Damage[] = [];
  /** Oldest first; the last one is written to. */
  readonly #segments: Segment[] = [];
  #waiting: Waiting[] = [];
  #scratch: Buffer | undefined;
  #flushing: Promise<void> | undefined;
  #problem: string | undefined;
  #failedAtMs = 0;
  #closed = false;

  private constructor(folder: string, unlock: () => Promise<void>, options: LogStoreOptions) {
    this.#folder = folder;
    this.#unlock = unlock;
    this.#monotonicMs = options.monotonicMs;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#cleaner = new LogCleaner(this.#index, SLACK_SEGMENTS * this.#segmentBytes);
  }

  /**
   * Opens or creates the store. What cannot be read any more is left out and told in `damage()`, with
   * a copy beside it. Throws StoreError when the folder is unusable or another process holds it.
   */
  static async open(folder: string, options: LogStoreOptions): Promise<LogStore> {
    try {
      await mkdir(folder, { recursive: true });
      const store = new LogStore(folder, await lockFolder(folder), options);
      try {
        const { segments, damage } = await replay(folder, store.#index);
        store.#segments.push(...segments);
        store.#damage.push(...damage);
        // What the process before did not sync any more is synced before anybody builds on it. A
        // medium that is read-only or full does not keep a site from being controlled.
        await segments
          .at(-1)
          ?.settle()
          .catch((error) => store.#noteFailure(error));
        return store;
      } catch (error) {
        await store.#letGo();
        throw error;
      }
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError(`cannot open ${folder}: ${causeOf(error)}`);
    }
  }

  write(changes: readonly Change[]): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError('the store is closed'));
    if (this.#waiting.length >= WAITING_MOST) {
      return Promise.reject(new StoreError('too many writes are waiting for the medium'));
    }
    if (this.#problem !== undefined && this.#monotonicMs() - this.#failedAtMs < RETRY_AFTER_MS) {
      return Promise.reject(new StoreError(this.#problem));
    }
    // It would fail all that are written with it.
    if (changes.some(({ key }) => isTooLong(key))) {
      return Promise.reject(new StoreError('the key of a record is too long'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Rejects with a StoreError while the medium is away altogether: what is on it is not lost. */
  async get(key: string): Promise<Uint8Array | undefined> {
    // Once more where it fails: it may have moved meanwhile, or the medium have stumbled.
    const value = (await this.#read(key)) ?? (await this.#read(key));
    const place = this.#index.get(key);
    if (value !== undefined || place === undefined) return value;
    await place.segment.reopen().catch((error: unknown) => {
      throw new StoreError(`journal cannot be read: ${causeOf(error)}`);
    });
    const again = await this.#read(key);
    if (again !== undefined) return again;
    // Bytes that were in order when the store was opened: the medium loses what it holds.
    this.#index.delete(key);
    await tellDamage(this.#damage, place.segment, `record ${key} cannot be read any more`);
    return undefined;
  }

  has(key: string): boolean {
    return this.#index.get(key) !== undefined;
  }

  async #read(key: string): Promise<Uint8Array | undefined> {
    const place = this.#index.get(key);
    const record = await place?.segment.read(place);
    return record?.key === key ? record.value : undefined;
  }

  async scan(prefix: string, { after, limit }: ScanOptions): Promise<readonly StoredRecord[]> {
    const found: StoredRecord[] = [];
    let last = after;
    while (found.length < limit) {
      const keys = this.#keysAfter(prefix, last, limit - found.length);
      if (keys.length === 0) break;
      for (const key of keys) {
        const value = await this.get(key);
        if (value !== undefined) found.push({ key, value });
      }
      last = keys.at(-1);
    }
    return found;
  }

  #keysAfter(prefix: string, after: string | undefined, most: number): readonly string[] {
    const keys: string[] = [];
    for (const [key] of this.#index.under(prefix, after)) {
      keys.push(key);
      if (keys.length >= most) break;
    }
    return keys;
  }

  *keys(prefix: string): Generator<StoredKey> {
    for (const [key, place] of this.#index.under(prefix)) {
      yield { key, valueBytes: valueBytesOf(key, place) };
    }
  }

  damage(): readonly Damage[] {
    return this.#damage;
  }

  problem(): string | undefined {
    return this.#problem;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    for (const segment of this.#segments) await segment.close();
    await this.#unlock();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Who was just answered may write again at once: one turn later they share a group.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#nextGroup();
      try {
        await this.#append(group.flatMap(({ changes }) => changes));
        this.#problem = undefined;
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#fail(group, error);
      }
    }
    this.#flushing = undefined;
  }

  #nextGroup(): readonly Waiting[] {
    let count = 0;
    let changes = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (changes >= GROUP_MOST_CHANGES || bytes >= GROUP_MOST_BYTES) break;
      count += 1;
      changes += waiting.changes.length;
      for (const change of waiting.changes)
        bytes += change.type === 'put' ? change.value.length : 0;
    }
    return this.#waiting.splice(0, count);
  }

  async #append(asked: readonly Change[]): Promise<void> {
    if (this.#problem !== undefined) await this.#recover();
    const segment = await this.#writable();
    // What is moved was current before this group: a change of the group itself comes after it.
    const stuck = this.#cleaner.stuck(this.#segments);
    const moved =
      stuck === undefined ? await this.#cleaner.next(this.#segments) : await this.#rescue(stuck);
    const changes = moved.length === 0 ? asked : [...moved, ...asked];
    const bytes = this.#room(groupBytes(changes));
    const places: (Place | undefined)[] = [];
    encodeGroup(changes, bytes, ({ type }, { offset, length }) => {
      const place = { segment, offset: segment.bytes + offset, length };
      places.push(type === 'delete' ? undefined : place);
    });
    await segment.append(bytes);
    changes.forEach(({ key }, index) => {
      const place = places[index];
      if (place === undefined) this.#index.delete(key);
      else this.#index.put(key, place);
    });
    // The group is on the medium, whatever becomes of this: the next one tries it again.
    await this.#dropEmptied().catch(() => {});
  }

  /** One group is written at a time: usual ones share one buffer. */
  #room(bytes: number): Buffer {
    if (bytes > SCRATCH_BYTES) return Buffer.allocUnsafe(bytes);
    this.#scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return this.#scratch.subarray(0, bytes);
  }

  /** Records that a walk over their segment did not find: read one by one, or given up and told. */
  async #rescue(segment: Segment): Promise<readonly Change[]> {
    const rescued: Change[] = [];
    const lost = [...this.#index.under('')].filter(([, place]) => place.segment === segment);
    for (const [key] of lost) {
      const value = await this.get(key);
      if (value !== undefined) rescued.push({ type: 'put', key, value });
    }
    return rescued;
  }

  async #writable(): Promise<Segment> {
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.bytes < this.#segmentBytes) return newest;
    const next = await Segment.create(this.#folder, (newest?.number ?? 0) + 1);
    try {
      await syncFolder(this.#folder);
    } catch (error) {
      await next.close();
      throw error;
    }
    this.#segments.push(next);
    return next;
  }

  /**
   * After a failed write the end of the file is unknown, and a sync that succeeds after one that failed
   * proves nothing: what was acknowledged stays, what was not is cut off.
   */
  async #recover(): Promise<void> {
    this.#cleaner.again();
    for (const segment of this.#segments) await segment.reopen();
    await this.#segments.at(-1)?.settle();
  }

  /**
   * The oldest first, and each one certainly gone before the next is removed: until then the next one's
   * deletions are needed.
   */
  async #dropEmptied(): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[0]?.liveBytes === 0) {
      await syncFolder(this.#folder);
      await this.#segments[0].remove();
      this.#segments.shift();
    }
  }

  #fail(group: readonly Waiting[], error: unknown): void {
    const rejection = this.#noteFailure(error);
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(rejection);
  }

  #noteFailure(error: unknown): StoreError {
    this.#problem = `journal cannot be written: ${causeOf(error)}`;
    this.#failedAtMs = this.#monotonicMs();
    return new StoreError(this.#problem);
  }
}

const causeOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
