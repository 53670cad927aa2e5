import type { Reading } from './reading.ts';

/**
 * What an ageing reading of a circuit's meter still allows. Age counts from the request that
 * produced the last good sample.
 */
/** Older: nothing below the meter is raised. */
export const STALE_NO_RAISE_MS = 3_000;
/** Older: the load of others is taken as the largest seen lately. */
export const STALE_HOLD_MS = 10_000;
/** Older: the meter is lost, every car below falls to its minimum. */
export const STALE_FALLBACK_MS = 30_000;

/** Nothing came after a reading that was not believed: what was wrong with it is of the past. */
export const isSilent = (latest: Reading | undefined, nowMs: number): boolean =>
  latest !== undefined && latest.quality !== 'absent' && nowMs - latest.atMs > STALE_HOLD_MS;
