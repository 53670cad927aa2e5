import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { Journal } from '../store/journal.ts';

const EVERY_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** Drops meter values that were held for too long, once an hour. */
export class Housekeeping {
  readonly #journal: Journal;
  readonly #mostDays: number;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: Cancel = () => {};
  #stopped = false;

  constructor(journal: Journal, mostDays: number, clock: Clock, log: Log) {
    this.#journal = journal;
    this.#mostDays = mostDays;
    this.#clock = clock;
    this.#log = log;
    this.#later();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #later(): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(EVERY_MS, () => {
      const beforeWallMs = this.#clock.wallMs() - this.#mostDays * DAY_MS;
      this.#journal
        .dropOlderThan(beforeWallMs)
        .catch((error: unknown) => this.#log.warn('journal', { problem: String(error) }))
        .finally(() => this.#later());
    });
  }
}
