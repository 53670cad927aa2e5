import { cp, rename } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { sealed, unsealed } from './checksum.ts';
import type { Change, Damage, DurableStore, ScanOptions, StoredRecord } from './durable-store.ts';
import { StoreError } from './durable-store.ts';

/** A group is written when this many changes wait, or when the one before it is on the medium. */
export const GROUP_MOST_CHANGES = 512;
/** Waiting writes beyond this are refused at once: the medium does not keep up. */
export const WAITING_MOST = 20_000;
/** Writes fail fast for this long after a failure, then the database is reopened and tried again. */
export const REOPEN_AFTER_MS = 2_000;
/** Damaged records are kept under this prefix, out of every scan. */
const QUARANTINE_PREFIX = '!damaged/';
const END = '\uffff';

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * The durable store on LevelDB. Writes that arrive while one is being synced form the next group
 * (one fdatasync for all of them), so a slow card makes groups larger, not the queue longer.
 * After a failed sync nothing in the process trusts the open handle any more: it is reopened.
 */
export class LevelStore implements DurableStore {
  readonly #path: string;
  readonly #monotonicMs: () => number;
  readonly #damage: Damage[] = [];
  #db: ClassicLevel<string, Uint8Array>;
  #waiting: Waiting[] = [];
  #flushing = false;
  #problem: string | undefined;
  #failedAtMs = 0;
  #closed = false;

  private constructor(
    path: string,
    db: ClassicLevel<string, Uint8Array>,
    monotonicMs: () => number,
    damage: readonly Damage[],
  ) {
    this.#path = path;
    this.#db = db;
    this.#monotonicMs = monotonicMs;
    this.#damage.push(...damage);
  }

  /**
   * Opens or creates the store. A database that cannot be opened is set aside whole, repaired as
   * far as LevelDB can, and reported in `damage()`. Throws StoreError when the folder is unusable
   * or another process holds it.
   */
  static async open(path: string, monotonicMs: () => number): Promise<LevelStore> {
    try {
      return new LevelStore(path, await openDatabase(path), monotonicMs, []);
    } catch (error) {
      if (!isCorruption(error)) throw new StoreError(`cannot open ${path}: ${causeOf(error)}`);
      const quarantine = `${path}.damaged-${process.pid}-${Math.round(monotonicMs())}`;
      await cp(path, quarantine, { recursive: true });
      try {
        await ClassicLevel.repair(path);
        const db = await openDatabase(path);
        const what = `journal was damaged and repaired: ${causeOf(error)}`;
        return new LevelStore(path, db, monotonicMs, [{ what, quarantine }]);
      } catch (again) {
        await rename(path, `${path}.unusable-${Math.round(monotonicMs())}`);
        const db = await openDatabase(path);
        const what = `journal was damaged beyond repair: ${causeOf(again)}`;
        return new LevelStore(path, db, monotonicMs, [{ what, quarantine }]);
      }
    }
  }

  write(changes: readonly Change[]): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError('the store is closed'));
    if (this.#waiting.length >= WAITING_MOST) {
      return Promise.reject(new StoreError('too many writes are waiting for the medium'));
    }
    if (this.#problem !== undefined && this.#monotonicMs() - this.#failedAtMs < REOPEN_AFTER_MS) {
      return Promise.reject(new StoreError(this.#problem));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      if (!this.#flushing) void this.#flush();
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const record = await this.#db.get(key);
    if (record === undefined) return undefined;
    const value = unsealed(record);
    if (value === undefined) await this.#quarantine(key, record);
    return value;
  }

  async scan(prefix: string, { after, limit }: ScanOptions): Promise<readonly StoredRecord[]> {
    const range = after === undefined ? { gte: prefix } : { gt: after };
    const found: StoredRecord[] = [];
    for await (const [key, record] of this.#db.iterator({ ...range, lt: prefix + END, limit })) {
      const value = unsealed(record);
      if (value === undefined) await this.#quarantine(key, record);
      else found.push({ key, value });
    }
    return found;
  }

  damage(): readonly Damage[] {
    return this.#damage;
  }

  problem(): string | undefined {
    return this.#problem;
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing) await new Promise((resolve) => setImmediate(resolve));
    await this.#db.close();
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#waiting.length > 0) {
      // Who was just answered may write again at once: one turn later they share a group.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#nextGroup();
      try {
        if (this.#problem !== undefined) await this.#reopen();
        await this.#writeGroup(group);
        this.#problem = undefined;
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#fail(group, error);
      }
    }
    this.#flushing = false;
  }

  /** A chained batch costs half of what an array of operations does. */
  #writeGroup(group: readonly Waiting[]): Promise<void> {
    const batch = this.#db.batch();
    for (const { changes } of group) {
      for (const change of changes) {
        if (change.type === 'put') batch.put(change.key, sealed(change.value));
        else batch.del(change.key);
      }
    }
    return batch.write({ sync: true });
  }

  #nextGroup(): readonly Waiting[] {
    let count = 0;
    let changes = 0;
    while (count < this.#waiting.length && changes < GROUP_MOST_CHANGES) {
      changes += this.#waiting[count]?.changes.length ?? 0;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(group: readonly Waiting[], error: unknown): void {
    this.#problem = `journal cannot be written: ${causeOf(error)}`;
    this.#failedAtMs = this.#monotonicMs();
    const rejection = new StoreError(this.#problem);
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(rejection);
  }

  async #reopen(): Promise<void> {
    await this.#db.close();
    this.#db = await openDatabase(this.#path);
  }

  async #quarantine(key: string, record: Uint8Array): Promise<void> {
    const kept = `${QUARANTINE_PREFIX}${key}`;
    this.#damage.push({ what: `record ${key} is damaged`, quarantine: kept });
    await this.#db.batch(
      [
        { type: 'put', key: kept, value: record },
        { type: 'del', key },
      ],
      { sync: true },
    );
  }
}

const openDatabase = async (path: string): Promise<ClassicLevel<string, Uint8Array>> => {
  const db = new ClassicLevel<string, Uint8Array>(path, { valueEncoding: 'view' });
  await db.open();
  return db;
};

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};

const isCorruption = (error: unknown): boolean =>
  /corrupt|missing files|checksum/i.test(causeOf(error));
