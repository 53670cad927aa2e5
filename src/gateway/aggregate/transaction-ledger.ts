import type { Change, DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Transactions of a charger remembered at once, and of those the ones that are over. */
const KEPT_MOST = 64;
const ENDED_MOST = 8;
const PREFIX = 'g/t/';
const NEXT_KEY = 'g/i';
/** The gateway's ids for outages begin above (gateway/transaction-ids). */
const LAST_INTEGER = 1_499_999_999;

/** One transaction as charger and CSMS know it. */
export interface LedgerEntry {
  readonly charger: string;
  /** The charger's id; a 1.6 integer as text. */
  readonly localId: string;
  /** The CSMS's id; absent: it has not heard of the transaction. */
  readonly upstreamId?: string;
  /** The charger's own number of the connector or EVSE. */
  readonly outlet: number;
  /** Digest of the message that started it: a repetition is not a second transaction. */
  readonly start?: string;
  /** Of the next event that a bridge makes. */
  readonly seqNo: number;
  /** The last event: under the same number if it has to be sent again. */
  readonly last?: { readonly digest: string; readonly seqNo: number };
  readonly idTag?: string;
  readonly meterStartWh?: number;
  /** The last reading of its energy register. */
  readonly lastWh?: number;
  readonly startedAt?: string;
  readonly chargingState?: string;
  readonly remoteStartId?: number;
  readonly ended?: boolean;
}

/**
 * Which charger a transaction of the station belongs to, and what it is called on both sides. On
 * disk before an id is used; an id of the station never means two chargers.
 */
export class TransactionLedger {
  readonly #store: DurableStore;
  readonly #byCharger = new Map<string, Map<string, LedgerEntry>>();
  readonly #byUpstream = new Map<string, LedgerEntry>();
  #nextInteger = 1;

  private constructor(store: DurableStore) {
    this.#store = store;
  }

  static async open(store: DurableStore): Promise<TransactionLedger> {
    const ledger = new TransactionLedger(store);
    const next = await store.get(NEXT_KEY);
    if (next !== undefined) ledger.#nextInteger = Number(Buffer.from(next).toString());
    for await (const { value } of scanAll(store, PREFIX)) {
      ledger.#take(JSON.parse(Buffer.from(value).toString()) as LedgerEntry);
    }
    return ledger;
  }

  find(charger: string, localId: string): LedgerEntry | undefined {
    return this.#byCharger.get(charger)?.get(localId);
  }

  byUpstream(upstreamId: string): LedgerEntry | undefined {
    return this.#byUpstream.get(upstreamId);
  }

  byStart(charger: string, start: string): LedgerEntry | undefined {
    return this.#of(charger).find((entry) => entry.start === start);
  }

  /** The transaction that goes on at an outlet. */
  running(charger: string, outlet: number): LedgerEntry | undefined {
    return this.#of(charger)
      .filter((entry) => entry.outlet === outlet && entry.ended !== true)
      .at(-1);
  }

  /** An id for a 1.6 charger; it goes to disk with the entry that bears it. */
  newInteger(): number {
    const id = this.#nextInteger;
    this.#nextInteger = id >= LAST_INTEGER ? 1 : id + 1;
    return id;
  }

  async put(entry: LedgerEntry): Promise<LedgerEntry> {
    this.#take(entry);
    const next: Change = {
      type: 'put',
      key: NEXT_KEY,
      value: Buffer.from(String(this.#nextInteger)),
    };
    await this.#store.write([putOf(entry), next, ...this.#forgotten(entry.charger)]);
    return entry;
  }

  #of(charger: string): readonly LedgerEntry[] {
    return [...(this.#byCharger.get(charger)?.values() ?? [])];
  }

  #take(entry: LedgerEntry): void {
    const entries = this.#byCharger.get(entry.charger) ?? new Map<string, LedgerEntry>();
    this.#byCharger.set(entry.charger, entries);
    entries.set(entry.localId, entry);
    if (entry.upstreamId !== undefined) this.#byUpstream.set(entry.upstreamId, entry);
  }

  #forgotten(charger: string): readonly Change[] {
    const entries = this.#byCharger.get(charger);
    if (entries === undefined) return [];
    const ended = [...entries.values()].filter((entry) => entry.ended === true);
    const surplus = [...entries.values()].slice(0, Math.max(0, entries.size - KEPT_MOST));
    return [...new Set([...ended.slice(0, -ENDED_MOST), ...surplus])].map((old) => {
      entries.delete(old.localId);
      if (old.upstreamId !== undefined) this.#byUpstream.delete(old.upstreamId);
      return { type: 'delete', key: keyOf(old) };
    });
  }
}

const keyOf = ({ charger, localId }: LedgerEntry): string => `${PREFIX}${charger}/${localId}`;
const putOf = (entry: LedgerEntry): Change => ({
  type: 'put',
  key: keyOf(entry),
  value: Buffer.from(JSON.stringify(entry)),
});
