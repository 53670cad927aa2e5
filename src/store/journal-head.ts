import type { Change } from './durable-store.ts';
import type { JournalEntry, LastAnswer } from './journal-entry.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** What is known of one charger's queue without reading it. */
export interface Head {
  nextSeq: number;
  /** Entries up to this number are gone. */
  doneSeq: number;
  count: number;
  bytes: number;
  thinned: number;
  /** Set aside: how many, their bytes, and up to which number those that may be dropped are gone. */
  parked: number;
  parkedBytes: number;
  thinnedAsideSeq: number;
  oldestAtWallMs: number | undefined;
  last: LastAnswer | undefined;
  /** Times in a row that the CSMS was sent this one and did not answer. */
  unanswered: { readonly seq: number; readonly times: number };
  /** By number: what nobody may send any more, although the medium still has it. */
  readonly leaving: Map<number, Leaving>;
  /** Counts up whenever older entries come to wait in front of the others. */
  requeued: number;
  /** Work on those set aside: nothing is given out before it ends. */
  readonly moving: OneAtATime;
}

/** Entries that go together, and what is written when they do. */
export interface Leaving {
  readonly entries: readonly JournalEntry[];
  readonly also: readonly Change[];
}

export const freshHead = (): Head => ({
  nextSeq: 1,
  doneSeq: 0,
  count: 0,
  bytes: 0,
  thinned: 0,
  parked: 0,
  parkedBytes: 0,
  thinnedAsideSeq: 0,
  oldestAtWallMs: undefined,
  last: undefined,
  unanswered: { seq: 0, times: 0 },
  leaving: new Map(),
  requeued: 0,
  moving: new OneAtATime(),
});

/** The counters that outlive the entries. */
export const packHead = ({ nextSeq, thinned, last }: Head): Buffer =>
  Buffer.from(JSON.stringify({ nextSeq, thinned, last }));
