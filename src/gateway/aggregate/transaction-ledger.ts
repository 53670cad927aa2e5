import type { Change, DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Transactions of a charger remembered beside the one told of, and of those the ones that are over. */
const KEPT_MOST = 64;
const ENDED_MOST = 8;
const PREFIX = 'g/t/';
const NEXT_KEY = 'g/i';
/** The gateway's ids for outages begin above (gateway/outage/transaction-ids). */
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
  /** Counts up with every transaction that begins; the ledger sets it. */
  readonly order?: number;
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
  #nextOrder = 1;

  private constructor(store: DurableStore) {
    this.#store = store;
  }

  static async open(store: DurableStore): Promise<TransactionLedger> {
    const ledger = new TransactionLedger(store);
    const next = await store.get(NEXT_KEY);
    if (next !== undefined) ledger.#nextInteger = Number(Buffer.from(next).toString());
    const entries: LedgerEntry[] = [];
    for await (const { value } of scanAll(store, PREFIX)) {
      entries.push(JSON.parse(Buffer.from(value).toString()) as LedgerEntry);
    }
    for (const entry of entries.sort((a, b) => (a.order ?? 0) - (b.order ?? 0))) {
      ledger.#take(entry);
      ledger.#nextOrder = Math.max(ledger.#nextOrder, (entry.order ?? 0) + 1);
    }
    return ledger;
  }

  find(charger: string, localId: string): LedgerEntry | undefined {
    return this.#byCharger.get(charger)?.get(localId);
  }

  byUpstream(upstreamId: string): LedgerEntry | undefined {
    return this.#byUpstream.get(upstreamId);
  }

  /** One that goes on: a charger whose clock stands still begins the next one in the same words. */
  byStart(charger: string, start: string): LedgerEntry | undefined {
    return this.#of(charger).find((entry) => entry.start === start && entry.ended !== true);
  }

  /** The transaction that goes on at an outlet; where one began, those before it are over. */
  running(charger: string, outlet: number): LedgerEntry | undefined {
    const newest = this.#of(charger).findLast((entry) => entry.outlet === outlet);
    return newest?.ended === true ? undefined : newest;
  }

  /** An id for a 1.6 charger; it goes to disk with the entry that bears it. */
  newInteger(): number {
    for (;;) {
      const id = this.#nextInteger;
      this.#nextInteger = id >= LAST_INTEGER ? 1 : id + 1;
      // One of the CSMS, from a time when it made the ids of 1.6 chargers.
      const known = [...this.#byCharger.values()].some((entries) => entries.has(String(id)));
      if (!known) return id;
    }
  }

  /**
   * A charger may use an id again once its transaction is over: that is another transaction. What did
   * not reach the disk is not known either: an id that is used nevertheless would be another one after
   * a power cut.
   */
  async put(put: LedgerEntry): Promise<LedgerEntry> {
    const known = this.find(put.charger, put.localId);
    const entry = this.#remember(put);
    try {
      await this.#save(entry);
    } catch (error) {
      this.#drop(entry);
      if (known !== undefined) this.#take(known);
      throw error;
    }
    return entry;
  }

  /**
   * The CSMS has taken what the entry tells of: known from now on, even where the medium fails. Without
   * its answer the charger would say it again, and begin a second transaction.
   */
  async taken(entry: LedgerEntry): Promise<void> {
    await this.#save(this.#remember(entry)).catch(() => {});
  }

  #remember(put: LedgerEntry): LedgerEntry {
    const known = this.find(put.charger, put.localId);
    const anew = known === undefined || (known.ended === true && put.ended !== true);
    const entry = { ...put, order: anew ? this.#nextOrder : (known.order ?? 0) };
    if (anew) this.#nextOrder += 1;
    if (known !== undefined && anew) this.#drop(known);
    this.#take(entry);
    return entry;
  }

  #save(entry: LedgerEntry): Promise<void> {
    const next: Change = {
      type: 'put',
      key: NEXT_KEY,
      value: Buffer.from(String(this.#nextInteger)),
    };
    return this.#store.write([putOf(entry), next, ...this.#forgotten(entry)]);
  }

  #of(charger: string): readonly LedgerEntry[] {
    return [...(this.#byCharger.get(charger)?.values() ?? [])];
  }

  #take(entry: LedgerEntry): void {
    const entries = this.#byCharger.get(entry.charger) ?? new Map<string, LedgerEntry>();
    this.#byCharger.set(entry.charger, entries);
    entries.set(entry.localId, entry);
    if (entry.upstreamId === undefined) return;
    // A CSMS that gave the id a second time means the newer one, also while the older is told of.
    const holder = this.#byUpstream.get(entry.upstreamId);
    if ((holder?.order ?? 0) <= (entry.order ?? 0)) this.#byUpstream.set(entry.upstreamId, entry);
  }

  #drop(entry: LedgerEntry): void {
    const { charger, localId, upstreamId = '' } = entry;
    this.#byCharger.get(charger)?.delete(localId);
    if (this.#byUpstream.get(upstreamId) === entry) this.#byUpstream.delete(upstreamId);
  }

  /** What began first, but not the one that is told of: its end may be said again. */
  #forgotten(told: LedgerEntry): readonly Change[] {
    const entries = this.#of(told.charger);
    const others = entries.filter((entry) => entry !== told);
    const ended = others.filter((entry) => entry.ended === true);
    const surplus = others.slice(0, Math.max(0, entries.length - KEPT_MOST));
    return [...new Set([...ended.slice(0, -ENDED_MOST), ...surplus])].map((old) => {
      this.#drop(old);
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
