import type { ChargingSchedule, SchedulePeriod } from './profile.ts';

/**
 * When the periods of a schedule begin, seconds from its start. With a random delay each but the
 * first begins up to so much later (K01.FR.92). The delays follow from `seed`, so that they stay
 * the same during a transaction (K01.FR.93) and over a restart, and need no memory.
 */
export const delayedStarts = (
  { periods, randomizedDelaySeconds = 0 }: ChargingSchedule,
  seed: string,
): readonly number[] =>
  periods.map(({ startSeconds }, index) =>
    startSeconds === 0 || randomizedDelaySeconds <= 0
      ? startSeconds
      : startSeconds + (hashed(`${seed}/${index}`) % (Math.floor(randomizedDelaySeconds) + 1)),
  );

/**
 * The period in force `elapsedSeconds` after the start of the schedule, and when the next begins.
 * One whose delayed start lies after that of a later one is skipped (K01.FR.97).
 */
export const periodAmong = (
  periods: readonly SchedulePeriod[],
  starts: readonly number[],
  elapsedSeconds: number,
): { readonly period: SchedulePeriod | undefined; readonly nextSeconds: number } => {
  const current = starts.findLastIndex((start) => start <= elapsedSeconds);
  let nextSeconds = Number.POSITIVE_INFINITY;
  for (let i = current + 1; i < starts.length; i += 1) {
    nextSeconds = Math.min(nextSeconds, starts[i] ?? nextSeconds);
  }
  return { period: periods[current], nextSeconds };
};

/** 32 bits of a text, spread evenly (FNV-1a with a final mix). */
const hashed = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};
