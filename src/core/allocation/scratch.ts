/**
 * Arrays for one allocation. Whoever allocates often keeps one and passes it in: `reset` makes all
 * of it free again, so that arrays handed out before must no longer be used.
 */
export class Scratch {
  readonly #floats = new Pool((length) => new Float64Array(length));
  readonly #integers = new Pool((length) => new Int32Array(length));

  reset(): void {
    this.#floats.reset();
    this.#integers.reset();
  }

  /** Zeros. */
  floats(length: number): Float64Array {
    return this.#floats.take(length);
  }

  /** Zeros. */
  integers(length: number): Int32Array {
    return this.#integers.take(length);
  }

  copyOf(floats: Float64Array): Float64Array {
    const copy = this.#floats.takeUsed(floats.length);
    copy.set(floats);
    return copy;
  }

  copyOfIntegers(integers: Int32Array): Int32Array {
    const copy = this.#integers.takeUsed(integers.length);
    copy.set(integers);
    return copy;
  }
}

interface Shelf<T> {
  readonly length: number;
  readonly arrays: T[];
  taken: number;
  /** Resets since it was last asked for. */
  unused: number;
}

/** After so many resets a length that nobody asks for is forgotten. */
const UNUSED_MOST = 100;

/** By length, since a site asks for the same few lengths every time. */
class Pool<T extends Float64Array | Int32Array> {
  readonly #make: (length: number) => T;
  readonly #shelves = new Map<number, Shelf<T>>();

  constructor(make: (length: number) => T) {
    this.#make = make;
  }

  take(length: number): T {
    return this.takeUsed(length).fill(0) as T;
  }

  /** What was in it before is still there. */
  takeUsed(length: number): T {
    let shelf = this.#shelves.get(length);
    if (shelf === undefined) {
      shelf = { length, arrays: [], taken: 0, unused: 0 };
      this.#shelves.set(length, shelf);
    }
    const kept = shelf.arrays[shelf.taken];
    shelf.taken += 1;
    if (kept !== undefined) return kept;
    const fresh = this.#make(length);
    shelf.arrays.push(fresh);
    return fresh;
  }

  reset(): void {
    for (const shelf of this.#shelves.values()) {
      shelf.unused = shelf.taken > 0 ? 0 : shelf.unused + 1;
      shelf.taken = 0;
      if (shelf.unused > UNUSED_MOST) this.#shelves.delete(shelf.length);
    }
  }
}
