import type { Scratch } from './scratch.ts';

/** A tournament over numbered slots: finds the slot with the smallest key; ties go to the lower. */
export class MinTree {
  readonly #leaves: number;
  readonly #keys: Float64Array;
  /** Slot that wins at each node; node 1 is the root, node `leaves + slot` a leaf. */
  readonly #winners: Int32Array;

  /** All keys are infinite until `build`. */
  constructor(slots: number, scratch: Scratch) {
    let leaves = 2;
    while (leaves < slots) leaves *= 2;
    this.#leaves = leaves;
    this.#keys = scratch.floats(leaves).fill(Number.POSITIVE_INFINITY);
    this.#winners = scratch.integers(2 * leaves);
    for (let slot = 0; slot < leaves; slot += 1) this.#winners[leaves + slot] = slot;
  }

  /** Sets a key without playing the matches; `build` must follow. */
  prepare(slot: number, key: number): void {
    this.#keys[slot] = key;
  }

  build(): void {
    const keys = this.#keys;
    const winners = this.#winners;
    for (let node = this.#leaves - 1; node > 0; node -= 1) {
      const left = winners[2 * node]!;
      const right = winners[2 * node + 1]!;
      winners[node] = keys[left]! <= keys[right]! ? left : right;
    }
  }

  get first(): number {
    return this.#winners[1]!;
  }

  get firstKey(): number {
    return this.#keys[this.#winners[1]!]!;
  }

  set(slot: number, key: number): void {
    const keys = this.#keys;
    const winners = this.#winners;
    if (keys[slot] === key) return;
    keys[slot] = key;
    for (let node = (this.#leaves + slot) >> 1; node > 0; node >>= 1) {
      const left = winners[2 * node]!;
      const right = winners[2 * node + 1]!;
      const winner = keys[left]! <= keys[right]! ? left : right;
      // Somebody else wins here as before: nothing above can have changed.
      if (winner !== slot && winner === winners[node]) return;
      winners[node] = winner;
    }
  }
}
