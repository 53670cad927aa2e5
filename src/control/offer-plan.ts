import type { LaterAmps } from '../core/tick.ts';

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
    const second = Math.floor((step.atMs - nowMs) / 1000);
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
