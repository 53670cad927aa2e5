import type { Clock } from '../src/core/time.ts';
import { systemClock } from '../src/io/system-clock.ts';

/** Longer than any machine stops a process that still gets through its tests. */
const PATIENT_MS = 60_000;

/**
 * The machine's clock for what gives up after a while, such as a port. A busy machine may stop a test in
 * the middle of a request: who answers is waited for, and only while `hasty` do waits end when they are
 * meant to, for who stays silent.
 */
export const patientClock = (): Clock & { hasty: boolean } => {
  const clock = {
    ...systemClock,
    hasty: false,
    after: (delayMs: number, run: () => void) =>
      systemClock.after(clock.hasty ? delayMs : PATIENT_MS, run),
  };
  return clock;
};
