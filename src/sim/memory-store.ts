import type { Clock } from '../core/time.ts';
import type {
  Change,
  Damage,
  DurableStore,
  Put,
  ScanOptions,
  StoredKey,
  StoredRecord,
} from '../store/durable-store.ts';
import { StoreError } from '../store/durable-store.ts';

/** How the simulated medium behaves; may be changed while it runs. */
export interface MediumConduct {
  /** A batch is on the medium after so long. */
  syncMs: number;
  /** Every write fails, as on a full or read-only disk. */
  full: boolean;
  /** Writes from this one on (counted from 1) never reach the medium: the power went. */
  lastWrite: number;
  /** The write at which the power goes still lands, although nobody hears of it. */
  lastLands: boolean;
}

/**
 * A medium that outlives the gateway: the records that were synced. A store opened on it loses at
 * `powerOff` what was not synced yet, or keeps it, as real media do: a torn batch is all or nothing.
 */
export class Medium {
  readonly records = new Map<string, Uint8Array>();
  readonly conduct: MediumConduct = {
    syncMs: 0,
    full: false,
    lastWrite: Number.POSITIVE_INFINITY,
    lastLands: false,
  };
  writes = 0;
  /** Called when the write after the last one is attempted. */
  died: () => void = () => {};
}

/** The durable store in memory, on any clock. */
export class MemoryStore implements DurableStore {
  readonly #medium: Medium;
  readonly #clock: Clock;
  #state: 'open' | 'closed' | 'killed' = 'open';

  constructor(medium: Medium, clock: Clock) {
    this.#medium = medium;
    this.#clock = clock;
  }

  write(changes: readonly Change[]): Promise<void> {
    if (this.#state === 'killed') return new Promise(() => {});
    if (this.#state === 'closed') return Promise.reject(new StoreError('the store is closed'));
    const medium = this.#medium;
    if (medium.conduct.full) return Promise.reject(new StoreError('no space left on device'));
    medium.writes += 1;
    if (medium.writes > medium.conduct.lastWrite) {
      if (medium.conduct.lastLands) this.#apply(changes);
      medium.died();
      return new Promise(() => {});
    }
    if (medium.conduct.syncMs === 0) {
      this.#apply(changes);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#clock.after(medium.conduct.syncMs, () => {
        if (this.#state === 'killed') return;
        this.#apply(changes);
        resolve();
      });
    });
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#medium.records.get(key));
  }

  has(key: string): boolean {
    return this.#medium.records.has(key);
  }

  scan(prefix: string, { after, limit }: ScanOptions): Promise<readonly StoredRecord[]> {
    const found = this.#under(prefix).filter(([key]) => after === undefined || key > after);
    return Promise.resolve(found.slice(0, limit).map(([key, value]) => ({ key, value })));
  }

  keys(prefix: string): readonly StoredKey[] {
    return this.#under(prefix).map(([key, value]) => ({ key, valueBytes: value.length }));
  }

  #under(prefix: string): (readonly [string, Uint8Array])[] {
    return [...this.#medium.records]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  damage(): readonly Damage[] {
    return [];
  }

  problem(): string | undefined {
    return this.#medium.conduct.full ? 'no space left on device' : undefined;
  }

  close(): Promise<void> {
    this.#state = 'closed';
    return Promise.resolve();
  }

  /** The process is gone: nothing that waits reaches the medium any more. */
  kill(): void {
    this.#state = 'killed';
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.type === 'put') this.#medium.records.set(change.key, wholeOf(change));
      else this.#medium.records.delete(change.key);
    }
  }
}

const wholeOf = ({ preface, value }: Put): Uint8Array =>
  preface === undefined ? value : Buffer.concat([Buffer.from(preface), value]);
