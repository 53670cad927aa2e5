import type { Clock } from '../core/time.ts';

/** The clock in a charger, which may be wrong about the time of day. */
export const aheadBy = (clock: Clock, ms: number): Clock => ({
  monotonicMs: () => clock.monotonicMs(),
  wallMs: () => clock.wallMs() + ms,
  after: (delayMs, run) => clock.after(delayMs, run),
});
