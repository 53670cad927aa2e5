import type { Circuit } from './site.ts';
import type { CircuitTick } from './tick.ts';

/** Below this share of its fuse a breaker never trips (IEC 60898-1); above it, minutes count. */
export const NO_TRIP_SHARE = 1.13;
/** How long a circuit may be over before a defiant charger is stopped: a little, and much. */
const OVER_MS = 15_000;
const FAR_OVER_MS = 4_000;

/** Since when the circuits have been over their fuses. */
export type Overloads = ReadonlyMap<string, { readonly sinceMs: number; readonly farMs?: number }>;

export const overloadsAfter = (
  before: Overloads,
  circuits: readonly CircuitTick[],
  fuses: readonly Circuit[],
  nowMs: number,
): Overloads =>
  new Map(
    circuits.flatMap(({ id, measuredAmps, load }, i) => {
      const share = Math.max(
        ...[0, 1, 2].map((p) => (measuredAmps?.[p] ?? 0) / (fuses[i]?.limitAmps[p] || Infinity)),
      );
      if (share <= 1 || load.trust !== 'fresh') return [];
      const known = before.get(id);
      const far = share > NO_TRIP_SHARE ? { farMs: known?.farMs ?? nowMs } : {};
      return [[id, { sinceMs: known?.sinceMs ?? nowMs, ...far }] as const];
    }),
  );

/** Circuits that have been over for so long that whoever defies its limit has to be stopped. */
export const pressing = (overloads: Overloads, nowMs: number): ReadonlySet<string> =>
  new Set(
    [...overloads]
      .filter(
        ([, { sinceMs, farMs }]) =>
          nowMs - sinceMs >= OVER_MS || (farMs !== undefined && nowMs - farMs >= FAR_OVER_MS),
      )
      .map(([id]) => id),
  );
