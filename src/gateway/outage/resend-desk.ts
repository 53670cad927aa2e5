import { unknownText } from '../../core/near-name.ts';
import { readFrame, readPayload } from '../../ocpp/frame.ts';
import { beginsTransaction } from '../../ocpp/transaction-message.ts';
import { type Change, StoreError } from '../../store/durable-store.ts';
import type { Journal } from '../../store/journal.ts';
import type { JournalEntry } from '../../store/journal-entry.ts';
import { FIRST_LOCAL_ID, type TransactionIds } from './transaction-ids.ts';

/** A call ends with the page that reaches this many messages; the rest is told, and asked for again. */
export const RESEND_MOST = 2_048;
/** In one batch: read into memory, and on the medium together. */
const PAGE = 32;
/** Messages that stay set aside are named up to here. */
const STAYING_MOST = 20;
const NAMES_MOST = 8;

/** Which of the messages set aside: all, or those to which everything here applies. */
export interface Selection {
  readonly charger?: string;
  readonly seq?: number;
  /** By the id that the charger uses, as `busbar queue show` prints it. */
  readonly transactionId?: string;
}

export interface Staying {
  readonly charger: string;
  readonly seq: number;
  readonly why: string;
}

export interface Resent {
  /** Messages that wait for their turn again. */
  readonly resent: number;
  readonly chargers: readonly string[];
  /** Those chosen that cannot be sent: the first ones by name, and how many they are. */
  readonly staying: number;
  readonly stays: readonly Staying[];
  /** Why there are chosen ones that were not looked at; null: there are none. */
  readonly more: string | null;
}

export interface Refusal {
  readonly refusal: 'unknown' | 'conflict' | 'medium';
  /** For people: what is wrong and what to do. */
  readonly problem: string;
}

export interface ResendOptions {
  readonly journal: Journal;
  readonly ids: TransactionIds;
  /** Chargers of the site, for names that are misspelt. */
  readonly chargers: () => Iterable<string>;
  /** Messages of a charger wait again. */
  readonly queued: (charger: string) => void;
}

interface Tally {
  readonly chargers: Set<string>;
  readonly stays: Staying[];
  resent: number;
  staying: number;
  more: string | null;
}

/**
 * Sends what was set aside once more, after its cause was mended at the CSMS: the messages go back to
 * the places that they had in the queue, so that the start of a transaction goes before its values, and
 * these before its stop. What the CSMS refuses again is set aside again.
 */
export class ResendDesk {
  readonly #options: ResendOptions;

  constructor(options: ResendOptions) {
    this.#options = options;
  }

  async resend(selection: Selection): Promise<Resent | Refusal> {
    const { journal, queued } = this.#options;
    const { charger } = selection;
    const unknown = this.#unknown(charger);
    if (unknown !== undefined) return { refusal: 'unknown', problem: unknown };
    const chargers = charger === undefined ? [...journal.parkedChargers()].sort() : [charger];
    const tally = { chargers: new Set<string>(), stays: [], resent: 0, staying: 0, more: null };
    try {
      for (const each of chargers) {
        await journal.alone(each, () => this.#resendOf(each, selection, tally));
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const before = tally.resent === 0 ? 'nothing' : `${tally.resent} of the messages`;
      return { refusal: 'medium', problem: `${before} was queued again: ${error.message}` };
    } finally {
      for (const each of tally.chargers) queued(each);
    }
    return tally.resent > 0 ? told(tally) : await this.#refused(selection, tally);
  }

  async #resendOf(charger: string, selection: Selection, tally: Tally): Promise<void> {
    const { journal } = this.#options;
    const { seq } = selection;
    for (let after = (seq ?? 1) - 1; tally.more === null; ) {
      const page = await journal.parked(charger, after, seq === undefined ? PAGE : 1);
      const last = page.at(-1);
      if (last === undefined) return;
      const chosen = page.filter((entry) => isChosen(entry, selection));
      if (chosen.length > 0 && tally.resent >= RESEND_MOST) {
        tally.more = `${RESEND_MOST} at once are most: ask for the rest once more`;
      } else await this.#requeue(charger, chosen, selection, tally);
      if (seq !== undefined) return;
      after = last.seq;
    }
  }

  async #requeue(
    charger: string,
    chosen: readonly JournalEntry[],
    selection: Selection,
    tally: Tally,
  ): Promise<void> {
    const { journal, ids } = this.#options;
    const going: JournalEntry[] = [];
    const starts: number[] = [];
    const changes: Change[] = [];
    for (const entry of chosen) {
      const why = await this.#whyItStays(entry, selection);
      if (why !== undefined) {
        tally.staying += 1;
        const { seq } = entry;
        if (tally.stays.length < STAYING_MOST) tally.stays.push({ charger, seq, why });
        continue;
      }
      going.push(entry);
      const { action, transactionId } = entry.header;
      if (action !== 'StartTransaction' || transactionId === undefined) continue;
      starts.push(Number(transactionId));
      changes.push(...ids.unpark(charger, Number(transactionId)));
    }
    await journal.requeue(charger, going, changes).catch((error: unknown) => {
      for (const start of starts) ids.park(charger, start);
      throw error;
    });
    tally.resent += going.length;
    if (going.length > 0) tally.chargers.add(charger);
  }

  /** Nothing of a transaction goes to a CSMS that does not get, and never got, its start. */
  async #whyItStays(entry: JournalEntry, { seq }: Selection): Promise<string | undefined> {
    const { charger, header } = entry;
    const { version, transactionId, csmsTransactionId } = header;
    if (transactionId === undefined || begins(entry)) return undefined;
    // Whoever chose more than one message has chosen the start with the others.
    const start = seq === undefined ? undefined : await this.#startOf(entry, transactionId);
    if (start !== undefined) {
      const whole = `send the whole transaction ${transactionId}`;
      return `message ${start}, the start of its transaction, is set aside too: ${whole}`;
    }
    if (version !== '1.6') return undefined;
    const mapping = this.#options.ids.find(charger, Number(transactionId));
    if ((mapping?.csmsId ?? csmsTransactionId) !== undefined) return undefined;
    if (mapping?.parked === true) {
      return 'the CSMS did not take the start of its transaction, and that is not held any more';
    }
    return mapping === undefined && Number(transactionId) >= FIRST_LOCAL_ID
      ? 'what the CSMS calls its transaction is not known any more'
      : undefined;
  }

  async #startOf({ charger, seq }: JournalEntry, id: string): Promise<number | undefined> {
    for (let after = 0; ; ) {
      const page = await this.#options.journal.parked(charger, after, PAGE);
      const earlier = page.filter((each) => each.seq < seq && each.header.transactionId === id);
      const start = earlier.find(begins);
      const last = page.at(-1);
      if (start !== undefined || last === undefined || last.seq >= seq) return start?.seq;
      after = last.seq;
    }
  }

  #unknown(charger: string | undefined): string | undefined {
    const { journal, chargers } = this.#options;
    if (charger === undefined) return undefined;
    const known = new Set([...chargers(), ...journal.parkedChargers(), ...journal.chargers()]);
    return known.has(charger) ? undefined : unknownText('charger', charger, known, NAMES_MOST);
  }

  async #refused(
    { charger, seq, transactionId }: Selection,
    { stays: [first], more }: Tally,
  ): Promise<Refusal> {
    if (first !== undefined) {
      const problem = `message ${first.seq} of ${first.charger} stays set aside: ${first.why}`;
      return { refusal: 'conflict', problem };
    }
    if (more !== null) return { refusal: 'conflict', problem: more };
    if (charger !== undefined && seq !== undefined) {
      const [waiting] = await this.#options.journal.entries(charger, seq - 1, 1);
      return waiting?.seq === seq
        ? {
            refusal: 'conflict',
            problem: `message ${seq} of ${charger} waits for its turn already`,
          }
        : {
            refusal: 'unknown',
            problem: `${charger} has no message ${seq} set aside: busbar queue show tells which`,
          };
    }
    const of = [
      ...(transactionId === undefined ? [] : [` of transaction ${transactionId}`]),
      ...(charger === undefined ? [] : [` of ${charger}`]),
    ];
    return { refusal: 'unknown', problem: `nothing${of.join('')} is set aside` };
  }
}

const isChosen = ({ seq, header }: JournalEntry, selection: Selection): boolean =>
  (selection.seq === undefined || seq === selection.seq) &&
  (selection.transactionId === undefined || header.transactionId === selection.transactionId);

const begins = ({ header, message }: JournalEntry): boolean => {
  try {
    const payload = () => readPayload(readFrame(message));
    return beginsTransaction(header.version, header.action, payload);
  } catch {
    // Kept as it came, although it is no JSON.
    return false;
  }
};

const told = ({ chargers, stays, resent, staying, more }: Tally): Resent => ({
  resent,
  chargers: [...chargers],
  staying,
  stays,
  more,
});
