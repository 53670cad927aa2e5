import { between, type Random, seededRandom } from '../random.ts';

/** One visit of a car: times from the first midnight on. */
export interface VisitPlan {
  /** Charger that it comes to; absent: one that is free. */
  readonly charger?: string;
  readonly arrivesAtMs: number;
  readonly departsAtMs: number;
  readonly needWh: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;

/**
 * Visits to a workplace: most come on weekday mornings, some at noon and in the evening, few on
 * weekends. Stays and needs spread widely around a few hours and about 12 kWh.
 */
export const generateVisits = (options: {
  readonly seed: number;
  readonly days: number;
  readonly chargers: readonly string[];
  /** Visits of a charger on a weekday, on average. */
  readonly visitsPerDay?: number;
}): readonly VisitPlan[] => {
  const { seed, days, chargers, visitsPerDay = 0.9 } = options;
  const random = seededRandom(seed);
  const visits: VisitPlan[] = [];
  for (const charger of chargers) {
    let freeAtMs = 0;
    for (let day = 0; day < days; day += 1) {
      const weekend = day % 7 >= 5;
      const expected = visitsPerDay * (weekend ? 0.25 : 1);
      const count = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
      const arrivals = Array.from({ length: count }, () => day * DAY_MS + arrivalTime(random));
      for (const arrivesAtMs of arrivals.sort((a, b) => a - b)) {
        if (arrivesAtMs < freeAtMs) continue;
        const stayMs = Math.min(16, Math.max(0.4, spread(random, 5.5, 0.55))) * HOUR_MS;
        const needWh = Math.min(60, Math.max(1, spread(random, 11, 0.7))) * 1000;
        const departsAtMs = onMinute(arrivesAtMs + stayMs);
        visits.push({ charger, arrivesAtMs, departsAtMs, needWh: Math.round(needWh) });
        freeAtMs = departsAtMs + 10 * MINUTE_MS;
      }
    }
  }
  return visits.sort((a, b) => a.arrivesAtMs - b.arrivesAtMs);
};

const arrivalTime = (random: Random): number => {
  const kind = random();
  const hour =
    kind < 0.7
      ? 8.3 + 1.2 * normal(random)
      : kind < 0.9
        ? between(random, 11, 15)
        : between(random, 16, 21);
  return onMinute(Math.min(23, Math.max(5, hour)) * HOUR_MS);
};

const onMinute = (ms: number): number => Math.round(ms / MINUTE_MS) * MINUTE_MS;

/** Lognormal around a median. */
const spread = (random: Random, median: number, sigma: number): number =>
  median * Math.exp(sigma * normal(random));

/** Standard normal (Box and Muller 1958). */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
