import type { Circuit } from './site.ts';
import type { CircuitTick } from './tick.ts';

/** Below this share of its fuse a breaker never trips (IEC 60898-1); above it, minutes count. */
export const NO_TRIP_SHARE = 1.13;
/** How long a circuit may be over before a defiant charger is stopped: a little, and much. */
const OVER_MS = 15_000;
const FAR_OVER_MS = 4_000;

/**
 * Since when a circuit has been over its fuse, and far over it, up to the last reading that showed it.
 * One that is missing or not believed between two others ends nothing: many meters are read every few
 * seconds only.
 */
interface Overload {
  readonly sinceMs: number;
  readonly farSinceMs?: number;
  readonly seenAtMs: number;
}
export type Overloads = ReadonlyMap<string, Overload>;

export const overloadsAfter = (
  before: Overloads,
  circuits: readonly CircuitTick[],
  fuses: readonly Circuit[],
  nowMs: number,
): Overloads =>
  new Map(
    circuits.flatMap(({ id, measuredAmps, load: { trust } }, i) => {
      const known = before.get(id);
      if (trust === 'hold' || trust === 'lost') return [];
      if (measuredAmps === undefined || trust !== 'fresh') return known ? [[id, known]] : [];
      const share = Math.max(
        ...measuredAmps.map((amps, p) => amps / (fuses[i]?.limitAmps[p] || Infinity)),
      );
      if (share <= 1) return [];
      const far = share > NO_TRIP_SHARE ? { farSinceMs: known?.farSinceMs ?? nowMs } : {};
      return [[id, { sinceMs: known?.sinceMs ?? nowMs, ...far, seenAtMs: nowMs }] as const];
    }),
  );

/** Circuits that have been over for so long that whoever defies its limit has to be stopped. */
export const pressing = (overloads: Overloads): ReadonlySet<string> =>
  new Set(
    [...overloads]
      .filter(
        ([, { sinceMs, farSinceMs = Number.POSITIVE_INFINITY, seenAtMs }]) =>
          seenAtMs - sinceMs >= OVER_MS || seenAtMs - farSinceMs >= FAR_OVER_MS,
      )
      .map(([id]) => id),
  );
