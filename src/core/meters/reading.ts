import type { PhaseAmps, PhaseWatts } from '../units.ts';

/**
 * good: fresh and plausible. suspect: fresh, but a check failed. stale: older than its life.
 * absent: never read, or the device says "not available".
 */
export type Quality = 'good' | 'suspect' | 'stale' | 'absent';

/**
 * One sample of one meter, signs already applied (import positive). A quantity that the device
 * does not have or reports as not available is absent here, never 0.
 */
export interface Reading {
  readonly meter: string;
  /** Monotonic ms at which the request that produced it was sent: the oldest it can be. */
  readonly atMs: number;
  readonly quality: Quality;
  /** Why the quality is not good. */
  readonly problem?: string;
  /** Signed by the power of the phase where the device reports unsigned current. */
  readonly amps?: PhaseAmps;
  readonly phaseWatts?: PhaseWatts;
  readonly watts?: number;
  readonly volts?: PhaseAmps;
  readonly importWh?: number;
  readonly exportWh?: number;
  readonly frequencyHz?: number;
}
