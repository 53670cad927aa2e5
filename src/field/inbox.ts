import type { Cancel, Clock } from '../core/time.ts';

/** Messages of one kind that are looked at in a window; further ones wait, the newest of them wins. */
const LOOKED_AT_MOST = 20;
const WINDOW_MS = 1_000;
/** Kinds followed at once; beyond them strangers are not heard until a window has passed. */
const KINDS_MOST = 64;
/** No topic has a level of this name: what nobody knows waits here together. */
const STRANGERS = '/';

interface Window {
  sinceMs: number;
  lookedAt: number;
  waiting: (() => void) | undefined;
  cancel: Cancel;
}

/** Lets a flood of messages cost little: at most so many a second, and the last one always counts. */
export class Inbox {
  readonly #clock: Clock;
  readonly #known: ReadonlySet<string> | undefined;
  readonly #windows = new Map<string, Window>();

  /** Kinds that are not `known` are one kind together, so that many of them crowd out nobody. */
  constructor(clock: Clock, known?: ReadonlySet<string>) {
    this.#clock = clock;
    this.#known = known;
  }

  /** Runs `look` now, or at the end of the window unless a newer message of the kind arrives. */
  take(name: string, look: () => void): void {
    const kind = this.#known?.has(name) === false ? STRANGERS : name;
    const nowMs = this.#clock.monotonicMs();
    const window = this.#windows.get(kind) ?? this.#open(kind, nowMs);
    if (window === undefined) return;
    if (window.waiting !== undefined) {
      window.waiting = look;
      return;
    }
    if (nowMs - window.sinceMs >= WINDOW_MS) {
      window.sinceMs = nowMs;
      window.lookedAt = 0;
    }
    if (window.lookedAt < LOOKED_AT_MOST) {
      window.lookedAt += 1;
      look();
      return;
    }
    window.waiting = look;
    window.cancel = this.#clock.after(window.sinceMs + WINDOW_MS - nowMs, () =>
      this.#lookAtLast(window),
    );
  }

  close(): void {
    for (const { cancel } of this.#windows.values()) cancel();
    this.#windows.clear();
  }

  #lookAtLast(window: Window): void {
    const { waiting } = window;
    window.waiting = undefined;
    window.sinceMs = this.#clock.monotonicMs();
    window.lookedAt = 1;
    waiting?.();
  }

  #open(kind: string, nowMs: number): Window | undefined {
    if (this.#windows.size >= KINDS_MOST) {
      for (const [other, { sinceMs, waiting }] of this.#windows) {
        if (waiting === undefined && nowMs - sinceMs >= WINDOW_MS) this.#windows.delete(other);
      }
      if (this.#windows.size >= KINDS_MOST) return undefined;
    }
    const window = { sinceMs: nowMs, lookedAt: 0, waiting: undefined, cancel: () => {} };
    this.#windows.set(kind, window);
    return window;
  }
}
