/** Stops a timer; harmless after it fired. */
export type Cancel = () => void;

/**
 * Time as the gateway sees it. Ages, lives and timeouts are measured on the monotonic clock; the
 * wall clock is only for timestamps and time-of-day rules, since it can step.
 * Built once by the composition root; tests and `simulate` pass the virtual twin.
 */
export interface Clock {
  monotonicMs(): number;
  wallMs(): number;
  /** Runs `run` once after `delayMs` (>= 0) of monotonic time. */
  after(delayMs: number, run: () => void): Cancel;
}

/** One moment on both clocks. */
export interface Times {
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** The wall clock lay before what was saved: how much time passed since is not known. */
  readonly clockBehind?: boolean;
}

/**
 * Does work again and again, `everyMs` after it was last done, until cancelled. Work that fails is told
 * to `failed`, and done again the next time.
 */
export const repeat = (
  clock: Clock,
  everyMs: number,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): Cancel => {
  let cancel: Cancel = () => {};
  let stopped = false;
  const later = (): void => {
    if (stopped) return;
    cancel = clock.after(everyMs, () => {
      void work().catch(failed).finally(later);
    });
  };
  later();
  return () => {
    stopped = true;
    cancel();
  };
};

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** RFC 3339 UTC with milliseconds, as every interface of Busbar writes it. */
export const timestamp = (wallMs: number): string => new Date(wallMs).toISOString();
