import type { DurableStore, StoredRecord } from './durable-store.ts';

const PAGE = 1_000;

/** Every record under a prefix, page by page, so that a large store is never in memory at once. */
export async function* scanAll(store: DurableStore, prefix: string): AsyncGenerator<StoredRecord> {
  for (let after: string | undefined = prefix; after !== undefined; ) {
    const records: readonly StoredRecord[] = await store.scan(prefix, { after, limit: PAGE });
    yield* records;
    after = records.length < PAGE ? undefined : records.at(-1)?.key;
  }
}
