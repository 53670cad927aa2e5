import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { Standing } from '../schema/standing.ts';
import { OneAtATime } from '../store/one-at-a-time.ts';

/** What people asked for is on disk this long after it was accepted, and written no more often. */
export const SAVED_AFTER_MS = 500;
/** Limits that an EMS changes every second do not wear out the disk; nor does a full one. */
export const LIMITS_SAVED_AFTER_MS = 60_000;

export interface StandingKeeperOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly read: () => Standing;
  readonly save: (standing: Standing) => Promise<void>;
}

/** Writes down what has to outlive the process, when it changed. */
export class StandingKeeper {
  readonly #options: StandingKeeperOptions;
  #saved = '';
  #dueAtMs = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};
  #failing = false;
  readonly #writes = new OneAtATime();

  constructor(options: StandingKeeperOptions) {
    this.#options = options;
    this.#saved = contentOf(options.read());
  }

  /** Something that is kept may have changed. */
  changed(withinMs: number): void {
    const { clock } = this.#options;
    const dueAtMs = clock.monotonicMs() + withinMs;
    if (dueAtMs >= this.#dueAtMs) return;
    this.#cancel();
    this.#dueAtMs = dueAtMs;
    this.#cancel = clock.after(withinMs, () => void this.flush());
  }

  /** Nothing is written any more by itself. */
  stop(): void {
    this.#cancel();
  }

  /** Writes now, unless nothing changed; what was being written is on disk then, too. */
  flush(): Promise<void> {
    this.#cancel();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    return this.#writes.run(() => this.#write());
  }

  async #write(): Promise<void> {
    const { read, save, log } = this.#options;
    try {
      const standing = read();
      const content = contentOf(standing);
      if (content === this.#saved) return;
      this.#saved = content;
      await save(standing);
      this.#failing = false;
    } catch (error) {
      this.#saved = '';
      if (!this.#failing) log.error('requests are not kept on disk', { problem: String(error) });
      this.#failing = true;
      this.changed(LIMITS_SAVED_AFTER_MS);
    }
  }
}

/** Ends that are told from the wall clock move by a few ms with every look at it. */
const contentOf = ({ savedAt: _now, ...standing }: Standing): string =>
  JSON.stringify(standing, (key, value: unknown) =>
    key === 'until' || key === 'from' ? Math.round(Date.parse(String(value)) / 1000) : value,
  );
