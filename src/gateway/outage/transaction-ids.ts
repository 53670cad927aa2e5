import type { Change, DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Local ids come from the top of int32, away from the small numbers that a CSMS counts up. */
export const FIRST_LOCAL_ID = 1_500_000_000;
const LAST_LOCAL_ID = 2_147_483_647;
/** Ids of the CSMS remembered because they lie in our range. */
const SEEN_MOST = 10_000;
/** Transactions of a charger that are mapped at once; older ones were never stopped. */
const MAPPED_MOST = 1_000;
/** Stopped transactions of a charger that are still mapped. */
const STOPPED_MOST = 4;
const PREFIX = 'x/';
const NEXT_KEY = 'n/transaction-id';

interface Mapping {
  readonly localId: number;
  readonly csmsId?: number;
  /** The CSMS never accepted its start: its messages are set aside. */
  readonly parked?: boolean;
  /** The CSMS has its stop; a charger that did not hear of it repeats the stop under this id. */
  readonly stopped?: boolean;
}

/**
 * Transaction ids of 1.6 transactions that began while the CSMS was away: the charger knows a local
 * id, the CSMS its own. Mapped until after the stop is acknowledged upstream, across restarts. Every
 * change is returned as records that go into the same batch as the message they belong to.
 */
export class TransactionIds {
  readonly #byCharger = new Map<string, Map<number, Mapping>>();
  readonly #seen = new Set<number>();
  #next = FIRST_LOCAL_ID;

  private constructor() {}

  static async open(store: DurableStore): Promise<TransactionIds> {
    const ids = new TransactionIds();
    const next = await store.get(NEXT_KEY);
    if (next !== undefined) ids.#next = Number(Buffer.from(next).toString());
    for await (const { key, value } of scanAll(store, PREFIX)) {
      const charger = key.slice(PREFIX.length, key.lastIndexOf('/'));
      const mapping = JSON.parse(Buffer.from(value).toString()) as Mapping;
      ids.#of(charger).set(mapping.localId, mapping);
    }
    return ids;
  }

  /** Whether ids of this charger have to be looked at: almost never. */
  mapsAny(charger: string): boolean {
    return this.#byCharger.has(charger);
  }

  /** A fresh local id. It is used only once the changes are on disk. */
  allocate(charger: string): { readonly localId: number; readonly changes: readonly Change[] } {
    const localId = this.#free();
    const changes = this.#bringIn(charger, localId);
    return { localId, changes: [...changes, putText(NEXT_KEY, String(this.#next))] };
  }

  /** Of which the CSMS knows nothing yet; the oldest one goes where there are too many. */
  #bringIn(charger: string, localId: number): readonly Change[] {
    const changes = [...this.#set(charger, { localId })];
    const mappings = this.#of(charger);
    const [oldest] = mappings.keys();
    if (mappings.size > MAPPED_MOST && oldest !== undefined) {
      mappings.delete(oldest);
      changes.push(remove(charger, oldest));
    }
    return changes;
  }

  /** The changes did not reach the disk: nobody was told of the id. */
  release(charger: string, localId: number): void {
    const mappings = this.#byCharger.get(charger);
    mappings?.delete(localId);
    if (mappings?.size === 0) this.#byCharger.delete(charger);
  }

  /** The CSMS gave the transaction its id. */
  learn(charger: string, localId: number, csmsId: number): readonly Change[] {
    return this.#set(charger, { localId, csmsId });
  }

  park(charger: string, localId: number): readonly Change[] {
    return this.#set(charger, { localId, parked: true });
  }

  /** Its start is sent once more: what is known of it before the CSMS answers. */
  unpark(charger: string, localId: number): readonly Change[] {
    return this.#bringIn(charger, localId);
  }

  /** The stop was acknowledged upstream: the oldest ones that are over are forgotten. */
  stopped(charger: string, localId: number): readonly Change[] {
    const mappings = this.#byCharger.get(charger);
    const mapping = mappings?.get(localId);
    if (mappings === undefined || mapping === undefined || mapping.stopped === true) return [];
    // Behind those that stopped before it, however early it began.
    mappings.delete(localId);
    const changes: Change[] = [...this.#set(charger, { ...mapping, stopped: true })];
    const over = [...mappings.values()].filter((each) => each.stopped === true);
    for (const { localId: old } of over.slice(0, -STOPPED_MOST)) {
      mappings.delete(old);
      changes.push(remove(charger, old));
    }
    return changes;
  }

  find(charger: string, localId: number): Mapping | undefined {
    return this.#byCharger.get(charger)?.get(localId);
  }

  localIdOf(charger: string, csmsId: number): number | undefined {
    for (const mapping of this.#byCharger.get(charger)?.values() ?? []) {
      if (mapping.csmsId === csmsId && mapping.stopped !== true) return mapping.localId;
    }
    return undefined;
  }

  /** What the CSMS calls a transaction of the charger: by another id where the gateway gave one. */
  csmsName(charger: string): (id: string) => string {
    return (id) => String(this.find(charger, Number(id))?.csmsId ?? id);
  }

  /** Notes an id of the CSMS; true when a charger already uses it as a local one. */
  collides(charger: string, csmsId: number): boolean {
    if (csmsId >= FIRST_LOCAL_ID && this.#seen.size < SEEN_MOST) this.#seen.add(csmsId);
    return this.find(charger, csmsId) !== undefined;
  }

  #free(): number {
    for (;;) {
      const id = this.#next;
      this.#next = id >= LAST_LOCAL_ID ? FIRST_LOCAL_ID : id + 1;
      if (this.#seen.has(id)) continue;
      if (![...this.#byCharger.values()].some((mappings) => mappings.has(id))) return id;
    }
  }

  #set(charger: string, mapping: Mapping): readonly Change[] {
    this.#of(charger).set(mapping.localId, mapping);
    return [put(charger, mapping)];
  }

  #of(charger: string): Map<number, Mapping> {
    const known = this.#byCharger.get(charger);
    if (known !== undefined) return known;
    const mappings = new Map<number, Mapping>();
    this.#byCharger.set(charger, mappings);
    return mappings;
  }
}

const keyOf = (charger: string, localId: number): string => `${PREFIX}${charger}/${localId}`;
const put = (charger: string, mapping: Mapping): Change =>
  putText(keyOf(charger, mapping.localId), JSON.stringify(mapping));
const putText = (key: string, text: string): Change => ({
  type: 'put',
  key,
  value: Buffer.from(text),
});
const remove = (charger: string, localId: number): Change => ({
  type: 'delete',
  key: keyOf(charger, localId),
});
