import type { LaterAmps } from '../../core/tick.ts';
import type { LaterOffer } from '../../profiles/build.ts';

/** What becomes of an offer without us: its steps, and how long it holds. */
export interface OfferPlan {
  readonly steps: readonly LaterAmps[];
  readonly lifeMs: number;
  /** It cannot follow any. */
  readonly planless?: true;
}

/** Schedules count whole seconds. */
const SECOND_MS = 1000;

/**
 * A charger that loses us follows the limits that are known to come, down from its offer: up it may
 * only go when the site says so. Where a schedule of `maxPeriods` has no room for a step, the offer
 * ends before the first one instead, and the fallback holds; one that comes within a second counts
 * from now on.
 */
export const offerPlan = (
  later: readonly LaterAmps[],
  nowMs: number,
  lifeMs: number,
  maxPeriods: number,
): OfferPlan => {
  if (maxPeriods > 1) return { steps: fittingSteps(later, nowMs, maxPeriods - 1), lifeMs };
  const [first] = later;
  if (lifeMs === Number.POSITIVE_INFINITY) return { steps: [], lifeMs, planless: true };
  if (first === undefined) return { steps: [], lifeMs };
  const untilStepMs = Math.floor((first.atMs - nowMs) / SECOND_MS) * SECOND_MS;
  return untilStepMs < SECOND_MS
    ? { steps: fittingSteps(later, nowMs, 1), lifeMs }
    : { steps: [], lifeMs: Math.min(lifeMs, untilStepMs) };
};

/** The steps in whole seconds from now. */
export const laterOffers = (steps: readonly LaterAmps[], nowMs: number): readonly LaterOffer[] =>
  steps.map(({ atMs, amps }) => ({
    afterSeconds: Math.floor((atMs - nowMs) / SECOND_MS),
    amps,
  }));

/**
 * The steps of a plan (by rising time) that a schedule of at most `maxSteps` periods after its first
 * can carry. A schedule counts whole seconds: of the steps in one, the lowest counts. What does not
 * fit lowers the last step: a charger that loses us must not stay above a limit that was known.
 */
export const fittingSteps = (
  plan: readonly LaterAmps[],
  nowMs: number,
  maxSteps: number,
): readonly LaterAmps[] => {
  const steps: LaterAmps[] = [];
  let lastSecond = Number.NaN;
  for (const step of plan) {
    const second = Math.floor((step.atMs - nowMs) / SECOND_MS);
    const last = steps.at(-1);
    if (last !== undefined && (second === lastSecond || steps.length >= maxSteps)) {
      steps[steps.length - 1] = { ...last, amps: Math.min(last.amps, step.amps) };
    } else if (maxSteps > 0) {
      steps.push(step);
      lastSecond = second;
    }
  }
  return steps;
};
