import type { Cancel, Clock } from '../core/time.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * A clock that only moves when told to. Timers fire in order of time, then of creation; promises
 * settle between two timers, so a run depends on nothing but its inputs.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  /** Sorted; the next one is last, and of two at the same time the older one. */
  readonly #timers: Timer[] = [];
  readonly #settle: () => Promise<void>;

  /** `settle`: waits until what a timer set off has come to rest; promises alone by default. */
  constructor(startWallMs = Date.UTC(2026, 5, 1, 6), settle = promisesSettled) {
    this.#wallOffsetMs = startWallMs;
    this.#settle = settle;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Somebody sets the wall clock; the monotonic one does not notice. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const timer: Timer = { atMs, run, cancelled: false };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Lets `ms` pass. */
  run(ms: number): Promise<void> {
    return this.runUntil(this.#nowMs + ms);
  }

  /** Lets time pass up to a monotonic instant. */
  async runUntil(endMs: number): Promise<void> {
    await this.#settle();
    for (let timer = this.#due(endMs); timer !== undefined; timer = this.#due(endMs)) {
      timer.run();
      await this.#settle();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Lets `ms` pass for code that uses no promises: much faster. */
  runSync(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let timer = this.#due(endMs); timer !== undefined; timer = this.#due(endMs)) timer.run();
    this.#nowMs = endMs;
  }

  /** Takes the next timer up to `endMs` and moves the clock to it. */
  #due(endMs: number): Timer | undefined {
    for (;;) {
      const next = this.#timers.at(-1);
      if (next === undefined || next.atMs > endMs) return undefined;
      this.#timers.pop();
      if (next.cancelled) continue;
      this.#nowMs = next.atMs;
      return next;
    }
  }
}

/** All promise reactions run before the next turn of the event loop. */
const promisesSettled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
