/**
 * What outlives a power cut: small keyed records, written in atomic batches. The journal of
 * transaction messages, the transaction-id maps and their cursors share one store, so that one
 * batch can move all of them at once. Implementations pass the same conformance suite.
 */
export interface DurableStore {
  /**
   * Applies all changes or none. Resolves after they are on the medium (fsync), rejects with a
   * StoreError when they are not; a rejected batch may not be assumed present or absent.
   */
  write(changes: readonly Change[]): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Whether there is a record, without reading it. */
  has(key: string): boolean;
  /**
   * Records whose key starts with `prefix`, at most `limit`, after key `after`: in order of folders (all
   * of a key up to its last slash), and in key order within one.
   */
  scan(prefix: string, options: ScanOptions): Promise<readonly StoredRecord[]>;
  /** Every such key, in the same order, without reading values; not across an await. */
  keys(prefix: string): Iterable<StoredKey>;
  /** What was found damaged and set aside when the store was opened, and since. */
  damage(): readonly Damage[];
  /** Undefined while writes work; otherwise why they do not (disk full, read-only, I/O error). */
  problem(): string | undefined;
  close(): Promise<void>;
}

export type Change = Put | { readonly type: 'delete'; readonly key: string };

export interface Put {
  readonly type: 'put';
  readonly key: string;
  readonly value: Uint8Array;
  /** Text in front of the value; with it a message is not copied only to carry what is known of it. */
  readonly preface?: string;
}

/** Bytes that the value will have with what is in front of it. */
export const putBytes = ({ preface, value }: Put): number =>
  (preface === undefined ? 0 : Buffer.byteLength(preface)) + value.length;

export interface ScanOptions {
  readonly after?: string;
  readonly limit: number;
}

export interface StoredKey {
  readonly key: string;
  readonly valueBytes: number;
}

export interface StoredRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface Damage {
  readonly what: string;
  /** Where the damaged data was put for a human to look at. */
  readonly quarantine?: string;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
}
