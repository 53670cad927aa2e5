import type { JournalEntry } from './journal-entry.ts';
import type { Head } from './journal-head.ts';

/** A single charger is thinned in slices of this many entries. */
const THIN_SLICE = 512;
/** What was set aside is looked through in smaller ones: all meter values in them go. */
const ASIDE_SLICE = 32;
/** Chargers that are looked at for one message that is too many. */
const THIN_TRIES = 4;
/** Entries about to be delivered are never thinned: they may be read already. */
export const READ_AHEAD = 32;
const SCAN_MOST = 1_000;

/** The part of the journal that is thinned. */
export interface Thinnable {
  readonly heads: ReadonlyMap<string, Head>;
  entries(charger: string, afterSeq: number, limit: number): Promise<readonly JournalEntry[]>;
  parked(charger: string, afterSeq: number, limit: number): Promise<readonly JournalEntry[]>;
  /** Those of them that still wait go, and are counted. */
  drop(charger: string, head: Head, found: readonly JournalEntry[]): Promise<void>;
  dropParked(charger: string, found: readonly JournalEntry[]): Promise<void>;
}

/** What the journal lets go of for want of space: meter values only, never starts or stops. */
export class Thinning {
  readonly #journal: Thinnable;

  constructor(journal: Thinnable) {
    this.#journal = journal;
  }

  /**
   * First the oldest of what was set aside: the CSMS did not take it. Then the charger that holds most
   * gives; where it has nothing to give, the next one.
   */
  async thin(): Promise<void> {
    const heads = [...this.#journal.heads];
    const aside = heads.sort(([, a], [, b]) => b.parkedBytes - a.parkedBytes);
    for (const [charger, head] of aside.slice(0, THIN_TRIES)) {
      if (head.parked > 0 && (await this.#thinAside(charger, head)) > 0) return;
    }
    const largest = heads.sort(([, a], [, b]) => b.bytes - a.bytes);
    for (const [charger, head] of largest.slice(0, THIN_TRIES)) {
      if ((await this.#thinMiddle(charger, head)) > 0) return;
    }
  }

  async dropOlderThan(beforeWallMs: number): Promise<void> {
    const { heads, entries, drop } = this.#journal;
    for (const [charger, head] of heads) {
      if ((head.oldestAtWallMs ?? beforeWallMs) >= beforeWallMs) continue;
      const oldest = await entries(charger, head.doneSeq + READ_AHEAD, SCAN_MOST);
      const old = oldest.filter(
        ({ header }) => header.thinnable && header.takenAtWallMs < beforeWallMs,
      );
      await drop(charger, head, old);
    }
  }

  /** What lies before the place that was reached has nothing to give any more. */
  async #thinAside(charger: string, head: Head): Promise<number> {
    const slice = await this.#journal.parked(charger, head.thinnedAsideSeq, ASIDE_SLICE);
    const dropped = slice.filter(({ header }) => header.thinnable);
    if (dropped.length > 0) {
      head.thinned += dropped.length;
      await this.#journal.dropParked(charger, dropped);
    }
    head.thinnedAsideSeq = slice.at(-1)?.seq ?? head.thinnedAsideSeq;
    return dropped.length;
  }

  /** Every second thinnable entry goes, first and last of the slice stay; each one is counted. */
  async #thinMiddle(charger: string, head: Head): Promise<number> {
    const half = head.nextSeq - Math.floor(head.count / 2) - THIN_SLICE / 2;
    const middle = Math.max(head.doneSeq + READ_AHEAD, half);
    const slice = await this.#journal.entries(charger, middle, THIN_SLICE);
    const thinnable = slice.slice(1, -1).filter(({ header }) => header.thinnable);
    const dropped = thinnable.filter((_entry, index) => index % 2 === 1);
    await this.#journal.drop(charger, head, dropped);
    return dropped.length;
  }
}
