// Which meter values go where the journal takes more space than it may: pure choices, the journal acts.
import type { JournalEntry } from './journal-entry.ts';
import type { Head } from './journal-head.ts';

/** A single charger is thinned in slices of this many entries. */
export const THIN_SLICE = 512;
/** Chargers that are looked at for one message that is too many. */
const THIN_TRIES = 4;
/** Entries about to be delivered are never thinned: they may be read already. */
export const READ_AHEAD = 32;

/** The charger that holds most gives first; where it has nothing to give, the next one. */
export const chargersToThin = (heads: ReadonlyMap<string, Head>): readonly [string, Head][] =>
  [...heads].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, THIN_TRIES);

/** The number after which the slice begins: the middle of what waits, since its ends tell most. */
export const sliceAfter = (head: Head): number => {
  const middle = head.nextSeq - Math.floor(head.count / 2) - THIN_SLICE / 2;
  return Math.max(head.doneSeq + READ_AHEAD, middle);
};

/** Every second thinnable entry of a slice, of which first and last stay. */
export const everySecond = (slice: readonly JournalEntry[]): readonly JournalEntry[] =>
  slice
    .slice(1, -1)
    .filter(({ header }) => header.thinnable)
    .filter((_entry, index) => index % 2 === 1);

/** Meter values that were taken before an instant. */
export const takenBefore = (
  slice: readonly JournalEntry[],
  beforeWallMs: number,
): readonly JournalEntry[] =>
  slice.filter(({ header }) => header.thinnable && header.takenAtWallMs < beforeWallMs);
