import type { Span } from './log-format.ts';
import type { Segment } from './log-segment.ts';

/** Where the current record of a key lies. */
export interface Place extends Span {
  readonly segment: Segment;
}

/**
 * The keys of the log in memory, about 100 bytes for each: by folder (all up to the last slash), and
 * in order within it. Journals only grow at their end and shrink from their front, so that a plain
 * sorted list for each folder costs less than any tree.
 */
export class KeyIndex {
  readonly #folders = new Map<string, SortedKeys>();
  /** Names of the folders in order, until there is another one. */
  #order: readonly string[] | undefined;

  get(key: string): Place | undefined {
    return this.#folders.get(folderOf(key))?.get(key);
  }

  put(key: string, place: Place): void {
    place.segment.liveBytes += place.length;
    const name = folderOf(key);
    let folder = this.#folders.get(name);
    if (folder === undefined) {
      folder = new SortedKeys();
      this.#folders.set(name, folder);
      this.#order = undefined;
    }
    forget(folder.put(key, place));
  }

  delete(key: string): void {
    const name = folderOf(key);
    const folder = this.#folders.get(name);
    forget(folder?.delete(key));
    if (folder?.size === 0) {
      this.#folders.delete(name);
      this.#order = undefined;
    }
  }

  /**
   * Keys that start with `prefix`, by folder and in order within it, behind `after`. Nothing may be
   * changed meanwhile.
   */
  *under(prefix: string, after = ''): Generator<readonly [string, Place]> {
    this.#order ??= [...this.#folders.keys()].sort();
    const begun = folderOf(after);
    for (const name of this.#order) {
      if (name < begun || !(name.startsWith(prefix) || prefix.startsWith(name))) continue;
      const from = name === begun && after > prefix ? after : prefix;
      for (const pair of this.#folders.get(name)?.from(from) ?? []) {
        if (!pair[0].startsWith(prefix)) break;
        if (pair[0] !== after) yield pair;
      }
    }
  }
}

/** Lists that are mostly empty are packed from this length on. */
const PACK_LEAST = 64;

/** Keys and their places, in order; those that went leave a gap until half of the list is gaps. */
class SortedKeys {
  #keys: string[] = [];
  #places: (Place | undefined)[] = [];
  /** Everything before is gaps. */
  #first = 0;
  size = 0;

  get(key: string): Place | undefined {
    const at = this.#find(key);
    return this.#keys[at] === key ? this.#places[at] : undefined;
  }

  /** Returns the place that the key had before. */
  put(key: string, place: Place): Place | undefined {
    const last = this.#keys.at(-1);
    const at = last === undefined || key > last ? this.#keys.length : this.#find(key);
    if (this.#keys[at] !== key) {
      this.#first = Math.min(this.#first, at);
      insert(this.#keys, at, key);
      insert(this.#places, at, undefined);
    }
    return this.#set(at, place);
  }

  delete(key: string): Place | undefined {
    const at = this.#find(key);
    if (this.#keys[at] !== key) return undefined;
    const before = this.#set(at, undefined);
    if (this.#keys.length >= Math.max(PACK_LEAST, 2 * this.size)) this.#pack();
    return before;
  }

  *from(key: string): Generator<readonly [string, Place]> {
    for (let at = Math.max(this.#first, this.#find(key)); at < this.#keys.length; at += 1) {
      const place = this.#places[at];
      if (place !== undefined) yield [this.#keys[at] as string, place];
    }
  }

  #set(at: number, place: Place | undefined): Place | undefined {
    const before = this.#places[at];
    this.#places[at] = place;
    this.size += Number(place !== undefined) - Number(before !== undefined);
    if (place !== undefined) this.#first = Math.min(this.#first, at);
    while (this.#first < this.#keys.length && this.#places[this.#first] === undefined) {
      this.#first += 1;
    }
    return before;
  }

  #pack(): void {
    this.#keys = this.#keys.filter((_, at) => this.#places[at] !== undefined);
    this.#places = this.#places.filter((place) => place !== undefined);
    this.#first = 0;
  }

  /** Index of the first key that is not before `key`. */
  #find(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const insert = <Item>(list: Item[], at: number, item: Item): void => {
  if (at === list.length) list.push(item);
  else list.splice(at, 0, item);
};

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

const forget = (place: Place | undefined): void => {
  if (place !== undefined) place.segment.liveBytes -= place.length;
};
