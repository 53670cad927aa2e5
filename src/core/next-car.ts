import type { Demand } from './allocation/problem.ts';
import { NO_TRIP_SHARE } from './emergency.ts';
import type { ConnectorTick } from './tick.ts';
import { AMPS_EPSILON, mapPhases, type PhaseAmps } from './units.ts';

/**
 * Room for the cars that come next: each begins with the fallback of its charger before it can be
 * told anything (ADR 1). The largest fallbacks of idle connectors, as many as may start before the
 * next tick.
 */
export const arrivals = (below: readonly ConnectorTick[], count: number): PhaseAmps => {
  const idle = below.filter((tick) => tick.role === 'idle');
  return mapPhases((p) =>
    idle
      .map((tick) => tick.worstSiteAmps[p])
      .sort((a, b) => b - a)
      .slice(0, count)
      .reduce((sum, amps) => sum + amps, 0),
  );
};

/** A car that is here and wants amps now. */
export type CarHere = Pick<Demand, 'phases' | 'minAmps'>;

/**
 * What is kept for the next car where it would keep a car that is here from charging for good: one
 * whose minimum does not fit beside it even when nobody else charges. Then as much less is kept as
 * that car needs, but not so little that a fuse would see more than it bears without tripping.
 * `freeAmps` is what is left for both.
 */
export const givingWay = (
  kept: PhaseAmps,
  freeAmps: PhaseAmps,
  limitAmps: PhaseAmps,
  cars: readonly CarHere[],
): PhaseAmps => {
  const least = mapPhases((p) => Math.max(0, kept[p] - (NO_TRIP_SHARE - 1) * limitAmps[p]));
  const starved = cars.filter(
    (car) => !fitsBeside(kept, freeAmps, car) && fitsBeside(least, freeAmps, car),
  );
  return mapPhases((p) => {
    const needs = starved.filter(({ phases }) => phases[p]).map(({ minAmps }) => minAmps);
    return Math.max(least[p], Math.min(kept[p], freeAmps[p] - Math.max(...needs)));
  });
};

const fitsBeside = (kept: PhaseAmps, freeAmps: PhaseAmps, { phases, minAmps }: CarHere): boolean =>
  ([0, 1, 2] as const).every((p) => !phases[p] || freeAmps[p] - kept[p] >= minAmps - AMPS_EPSILON);
