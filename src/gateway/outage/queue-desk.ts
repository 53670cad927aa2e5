import { timestamp } from '../../core/time.ts';
import type { Change, DurableStore } from '../../store/durable-store.ts';
import type { Journal } from '../../store/journal.ts';
import type { JournalEntry } from '../../store/journal-entry.ts';

/** What is held for the CSMS of one charger. */
export interface QueueSummary {
  readonly charger: string;
  readonly held: number;
  readonly bytes: number;
  /** RFC 3339; null when nothing is held. */
  readonly oldestAt: string | null;
  /** Meter values dropped for want of space. */
  readonly thinned: number;
  /** Messages set aside because the CSMS does not take them. */
  readonly parked: number;
}

export interface QueuedMessage {
  readonly charger: string;
  readonly seq: number;
  readonly takenAt: string;
  readonly version: string;
  readonly action: string;
  readonly transactionId: string | null;
  /** Why it was set aside; null: it waits for its turn. */
  readonly parked: string | null;
  /** Times an operator had it sent once more. */
  readonly resent: number;
  /** The CALL as the charger sent it. */
  readonly message: string;
}

/** Messages read from the journal in one go. */
export const PAGE_MOST = 500;
const DROPPED_MOST = 1_000;
const DROPPED_PREFIX = 'd/';

/** What an operator may do with messages that are held: look, take a copy, let go of one. */
export class QueueDesk {
  readonly #journal: Journal;
  readonly #store: DurableStore;

  constructor(journal: Journal, store: DurableStore) {
    this.#journal = journal;
    this.#store = store;
  }

  list(): readonly QueueSummary[] {
    const chargers = new Set([...this.#journal.chargers(), ...this.#journal.parkedChargers()]);
    return [...chargers].sort().map((charger) => this.summary(charger));
  }

  summary(charger: string): QueueSummary {
    const { count, bytes, oldestAtWallMs, thinned, parked } = this.#journal.backlog(charger);
    const oldestAt = oldestAtWallMs === undefined ? null : timestamp(oldestAtWallMs);
    return { charger, held: count, bytes, oldestAt, thinned, parked };
  }

  /** Messages of a charger after a number: first those set aside, or those that wait. */
  async messages(
    charger: string,
    { parked, after, limit }: { parked: boolean; after: number; limit: number },
  ): Promise<readonly QueuedMessage[]> {
    const most = Math.min(limit, PAGE_MOST);
    const entries = parked
      ? await this.#journal.parked(charger, after, most)
      : await this.#journal.entries(charger, after, most);
    return entries.map(shown);
  }

  /**
   * Lets go of one message for good; who did it, and the message, are kept. False when there is no
   * such message.
   */
  drop(charger: string, seq: number, by: string, nowWallMs: number): Promise<boolean> {
    return this.#journal.alone(charger, () => this.#drop(charger, seq, by, nowWallMs));
  }

  async #drop(charger: string, seq: number, by: string, nowWallMs: number): Promise<boolean> {
    const [waiting] = await this.#journal.entries(charger, seq - 1, 1);
    const found = waiting?.seq === seq ? waiting : await this.#aside(charger, seq);
    if (found === undefined) return false;
    await this.#store.write([await this.#record(found, by, nowWallMs)]);
    if (found === waiting) await this.#journal.remove(found);
    // Also what was set aside only just now.
    const aside = await this.#aside(charger, seq);
    if (aside !== undefined) await this.#journal.dropParked(charger, [aside]);
    return true;
  }

  async #aside(charger: string, seq: number): Promise<JournalEntry | undefined> {
    const [aside] = await this.#journal.parked(charger, seq - 1, 1);
    return aside?.seq === seq ? aside : undefined;
  }

  async #record(entry: JournalEntry, by: string, nowWallMs: number): Promise<Change> {
    const record = { ...shown(entry), droppedAt: timestamp(nowWallMs), by };
    const records = await this.#store.scan(DROPPED_PREFIX, { limit: DROPPED_MOST });
    const [oldest] = records;
    if (records.length >= DROPPED_MOST && oldest !== undefined) {
      await this.#store.write([{ type: 'delete', key: oldest.key }]);
    }
    const key = `${DROPPED_PREFIX}${record.droppedAt}/${entry.charger}/${entry.seq}`;
    return { type: 'put', key, value: Buffer.from(JSON.stringify(record)) };
  }
}

const shown = ({ charger, seq, header, message }: JournalEntry): QueuedMessage => ({
  charger,
  seq,
  takenAt: timestamp(header.takenAtWallMs),
  version: header.version,
  action: header.action,
  transactionId: header.transactionId ?? null,
  parked: header.parked ?? null,
  resent: header.resent ?? 0,
  message: message.toString(),
});
