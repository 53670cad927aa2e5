import type { Log, LogFields } from '../core/log.ts';
import type { Clock } from '../core/time.ts';

/** What is still so about somebody at the door is said again after this long. */
export const SAY_AGAIN_MS = 10 * 60_000;
/** Lines in that time: whoever knocks with ever new names must not fill the disk. */
export const LINES_MOST = 500;

interface Said {
  readonly identity: string;
  readonly atMs: number;
  repeats: number;
}

/** Warnings about who was not let in. Chargers try every few seconds, for days if need be. */
export class DoorLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** By all that a line says, the oldest first. */
  readonly #said = new Map<string, Said>();
  #untold = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The line says how often it was kept back since it was said last, and how many others were. */
  warn(message: string, fields: LogFields & { readonly identity: string }): void {
    const nowMs = this.#clock.monotonicMs();
    const key = JSON.stringify([message, fields]);
    const before = this.#said.get(key);
    if (before !== undefined && nowMs - before.atMs < SAY_AGAIN_MS) {
      before.repeats += 1;
      return;
    }
    for (const [old, { atMs }] of this.#said) {
      if (nowMs - atMs < SAY_AGAIN_MS) break;
      this.#said.delete(old);
    }
    if (this.#said.size >= LINES_MOST) {
      this.#untold += 1;
      return;
    }
    this.#said.set(key, { identity: fields.identity, atMs: nowMs, repeats: 0 });
    const repeats = before?.repeats || undefined;
    this.#log.warn(message, { ...fields, repeats, untold: this.#untold || undefined });
    this.#untold = 0;
  }

  /** It was let in: what goes wrong after that is news. */
  forget(identity: string): void {
    for (const [key, said] of this.#said) if (said.identity === identity) this.#said.delete(key);
  }
}
