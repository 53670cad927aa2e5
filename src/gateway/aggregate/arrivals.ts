import type { Clock } from '../../core/time.ts';

/** Chargers that wait for the station to be at the CSMS. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #waiting = new Set<(here: boolean) => void>();
  /** unknown: a dial or a boot is under way, or comes at once. */
  #state: 'here' | 'away' | 'unknown' = 'unknown';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nobody waits out the pauses between dials: links dial again by themselves. */
  wait(timeoutMs: number): Promise<boolean> {
    if (this.#state !== 'unknown') return Promise.resolve(this.#state === 'here');
    return new Promise((resolve) => {
      const settle = (here: boolean): void => {
        cancel();
        this.#waiting.delete(settle);
        resolve(here);
      };
      const cancel = this.#clock.after(timeoutMs, () => settle(false));
      this.#waiting.add(settle);
    });
  }

  trying(): void {
    this.#state = 'unknown';
  }

  settle(here: boolean): void {
    this.#state = here ? 'here' : 'away';
    for (const settle of [...this.#waiting]) settle(here);
  }
}
