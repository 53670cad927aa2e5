import { type Change, type Put, putBytes } from './durable-store.ts';
import { entryKey, parkedKey } from './journal-keys.ts';

/** What the journal knows of a message besides its bytes. */
export interface EntryHeader {
  readonly version: '1.6' | '2.0.1' | '2.1';
  readonly action: string;
  readonly messageId: string;
  /** Receipt by wall clock: for people and for age limits, never sent to anybody. */
  readonly takenAtWallMs: number;
  /** Transaction the message belongs to: 1.6 the id the charger uses, 2.x its own id. */
  readonly transactionId?: string;
  /** May be dropped when space runs short (1.6 MeterValues, 2.x Updated without a special trigger). */
  readonly thinnable: boolean;
  /** Sent upstream before and never answered: the CSMS may have it already. */
  readonly mayRepeat: boolean;
  /** Why it was set aside: the CSMS did not take it. */
  readonly parked?: string;
  /** What the CSMS called its transaction then, for the time when the map of ids has forgotten it. */
  readonly csmsTransactionId?: number;
  /** Times an operator had it sent once more. */
  readonly resent?: number;
  /** What it was answered with, for the case that the charger asks again. */
  readonly last?: LastAnswer;
}

/** What is noted of an entry when it is set aside. */
export type Aside = Required<Pick<EntryHeader, 'parked'>> & Pick<EntryHeader, 'csmsTransactionId'>;

/** What was answered to a message, so that its repetition gets the same answer. */
export interface LastAnswer {
  /** Identifies the content of the message. */
  readonly digest: string;
  readonly answer: object;
  /** It came in between, and a repetition of the message of a transaction before it may still come. */
  readonly beside?: boolean;
  readonly before?: LastAnswer;
}

export interface JournalEntry {
  readonly charger: string;
  readonly seq: number;
  readonly header: EntryHeader;
  /** The CALL as the charger sent it. */
  readonly message: Buffer;
  readonly storedBytes: number;
}

const LINE_END = 10;

/** The record of a message: a line of JSON, which has no line end inside, then its own bytes. */
export const entryPut = (key: string, header: EntryHeader, message: Uint8Array): Put => ({
  type: 'put',
  key,
  preface: `${JSON.stringify(header)}\n`,
  value: message,
});

/** What moves entries from those set aside to those that wait, and the bytes that these take there. */
export const waitingChanges = (
  entries: readonly JournalEntry[],
): { readonly changes: readonly Change[]; readonly bytes: number } => {
  const puts = entries.map(({ charger, seq, header, message }) =>
    entryPut(entryKey(charger, seq), waitingAgain(header), message),
  );
  const gone = entries.map(
    ({ charger, seq }): Change => ({ type: 'delete', key: parkedKey(charger, seq) }),
  );
  return {
    changes: [...puts, ...gone],
    bytes: puts.reduce((sum, put) => sum + putBytes(put), 0),
  };
};

/** It was asked for: it is not thinned out any more. */
const waitingAgain = ({ parked: _why, ...header }: EntryHeader): EntryHeader => ({
  ...header,
  thinnable: false,
  resent: (header.resent ?? 0) + 1,
});

export const unpackEntry = (charger: string, seq: number, value: Uint8Array): JournalEntry => {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const end = bytes.indexOf(LINE_END) + 1;
  const header = JSON.parse(bytes.toString('utf8', 0, end)) as EntryHeader;
  return { charger, seq, header, message: bytes.subarray(end), storedBytes: value.length };
};
