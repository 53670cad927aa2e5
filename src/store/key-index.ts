import SortedTree from 'sorted-btree';
import type { Span } from './log-format.ts';
import type { Segment } from './log-segment.ts';

/** Where the current record of a key lies. */
export interface Place extends Span {
  readonly segment: Segment;
  readonly valueBytes: number;
}

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** The keys of the log in order, in memory: about 100 bytes for each. */
export class KeyIndex {
  readonly #tree = new SortedTree.default<string, Place>(undefined, byText);

  get(key: string): Place | undefined {
    return this.#tree.get(key);
  }

  put(key: string, place: Place): void {
    place.segment.liveBytes += place.length;
    // Most keys are new: one search in the tree then, not two.
    if (this.#tree.setIfNotPresent(key, place)) return;
    this.#forget(this.#tree.get(key));
    this.#tree.set(key, place);
  }

  delete(key: string): void {
    this.#forget(this.#tree.get(key));
    this.#tree.delete(key);
  }

  /** Keys that start with `prefix`, in order, behind `after`. Nothing may be changed meanwhile. */
  *under(prefix: string, after = ''): Generator<readonly [string, Place]> {
    for (const pair of this.#tree.entries(after > prefix ? after : prefix)) {
      if (!pair[0].startsWith(prefix)) return;
      if (pair[0] !== after) yield pair;
    }
  }

  #forget(place: Place | undefined): void {
    if (place !== undefined) place.segment.liveBytes -= place.length;
  }
}
