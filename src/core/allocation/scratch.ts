/**
 * Arrays for one allocation. Whoever allocates often keeps one and passes it in: `reset` makes all
 * of it free again, so that arrays handed out before must no longer be used. An allocation asks for
 * the same arrays in the same order every time, so each place in the order keeps its own.
 */
export class Scratch {
  readonly #floats: Float64Array[] = [];
  readonly #integers: Int32Array[] = [];
  #other: Scratch | undefined;
  #nextFloats = 0;
  #nextIntegers = 0;

  /** Another one, for a second question with other sizes in the same cycle. */
  get other(): Scratch {
    this.#other ??= new Scratch();
    return this.#other;
  }

  reset(): void {
    this.#nextFloats = 0;
    this.#nextIntegers = 0;
  }

  /** Zeros. */
  floats(length: number): Float64Array {
    const at = this.#nextFloats;
    this.#nextFloats += 1;
    const kept = this.#floats[at];
    if (kept !== undefined && kept.length === length) return kept.fill(0);
    const fresh = new Float64Array(length);
    this.#floats[at] = fresh;
    return fresh;
  }

  /** Zeros. */
  integers(length: number): Int32Array {
    const at = this.#nextIntegers;
    this.#nextIntegers += 1;
    const kept = this.#integers[at];
    if (kept !== undefined && kept.length === length) return kept.fill(0);
    const fresh = new Int32Array(length);
    this.#integers[at] = fresh;
    return fresh;
  }
}
