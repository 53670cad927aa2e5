/** A binary heap of (key, event) with the smallest key first; ties by the smaller event number. */
export class EventHeap {
  #keys: Float64Array;
  #events: Int32Array;
  #size = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#events = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  get topKey(): number {
    return this.#keys[0]!;
  }

  push(key: number, event: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    let at = this.#size;
    this.#size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(key, event, this.#keys[parent]!, this.#events[parent]!)) break;
      this.#keys[at] = this.#keys[parent]!;
      this.#events[at] = this.#events[parent]!;
      at = parent;
    }
    this.#keys[at] = key;
    this.#events[at] = event;
  }

  /** Removes the first event and returns it. Only while `size` > 0. */
  pop(): number {
    const first = this.#events[0]!;
    this.#size -= 1;
    const key = this.#keys[this.#size]!;
    const event = this.#events[this.#size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (
        right < this.#size &&
        this.#before(
          this.#keys[right]!,
          this.#events[right]!,
          this.#keys[child]!,
          this.#events[child]!,
        )
      ) {
        child = right;
      }
      if (!this.#before(this.#keys[child]!, this.#events[child]!, key, event)) break;
      this.#keys[at] = this.#keys[child]!;
      this.#events[at] = this.#events[child]!;
      at = child;
    }
    this.#keys[at] = key;
    this.#events[at] = event;
    return first;
  }

  #before(key: number, event: number, otherKey: number, otherEvent: number): boolean {
    return key < otherKey || (key === otherKey && event < otherEvent);
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2 + 1);
    keys.set(this.#keys);
    this.#keys = keys;
    const events = new Int32Array(this.#events.length * 2 + 1);
    events.set(this.#events);
    this.#events = events;
  }
}
