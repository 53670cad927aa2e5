import type { Clock } from '../../core/time.ts';

/**
 * A token bucket over the whole site: a CSMS that has just come back is not stormed by the
 * backlogs of all its chargers at once. Turns are given in the order in which they were asked for.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #waiting: (() => void)[] = [];
  #tokens: number;
  #filledAtMs: number;
  #ticking = false;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond / 10);
    this.#filledAtMs = clock.monotonicMs();
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#serve();
    });
  }

  #serve(): void {
    if (this.#ticking) return;
    const nowMs = this.#clock.monotonicMs();
    const most = Math.max(1, this.#perSecond / 10);
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(most, this.#tokens + earned);
    this.#filledAtMs = nowMs;
    while (this.#tokens >= 1 && this.#waiting.length > 0) {
      this.#tokens -= 1;
      this.#waiting.shift()?.();
    }
    if (this.#waiting.length === 0) return;
    this.#ticking = true;
    this.#clock.after(Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000), () => {
      this.#ticking = false;
      this.#serve();
    });
  }
}
