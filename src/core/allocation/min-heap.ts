import type { Scratch } from './scratch.ts';

/** A binary heap of numbered slots, the one with the smallest key first. */
export class MinHeap {
  readonly #slots: Int32Array;
  /** Of each place in the heap, not of each slot. */
  readonly #keys: Float64Array;
  #count = 0;

  constructor(most: number, scratch: Scratch) {
    this.#slots = scratch.integers(most);
    this.#keys = scratch.floats(most);
  }

  /** Adds without order; `build` must follow. */
  prepare(slot: number, key: number): void {
    this.#slots[this.#count] = slot;
    this.#keys[this.#count] = key;
    this.#count += 1;
  }

  build(): void {
    for (let place = (this.#count >> 1) - 1; place >= 0; place -= 1) {
      this.#sink(place, this.#slots[place]!, this.#keys[place]!);
    }
  }

  /** Meaningless when there is none. */
  get first(): number {
    return this.#slots[0]!;
  }

  /** Infinite when there is none. */
  get firstKey(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#keys[0]!;
  }

  /** Gives the first slot another key, not smaller than before. */
  delayFirst(key: number): void {
    this.#sink(0, this.#slots[0]!, key);
  }

  /** Nothing to remove is a fault of the caller. */
  removeFirst(): void {
    this.#count -= 1;
    this.#sink(0, this.#slots[this.#count]!, this.#keys[this.#count]!);
  }

  /** Puts a slot where the smaller ones below its place have moved up. */
  #sink(from: number, slot: number, key: number): void {
    const slots = this.#slots;
    const keys = this.#keys;
    const count = this.#count;
    let place = from;
    for (let below = 2 * place + 1; below < count; below = 2 * place + 1) {
      if (below + 1 < count && keys[below + 1]! < keys[below]!) below += 1;
      if (keys[below]! >= key) break;
      slots[place] = slots[below]!;
      keys[place] = keys[below]!;
      place = below;
    }
    slots[place] = slot;
    keys[place] = key;
  }
}
