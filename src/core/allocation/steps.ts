import type { Demand } from './problem.ts';

/** Share of a step that is numeric noise of the division. */
const NOISE_STEPS = 1e-9;
/** A charger that names no usable step is offered tenths, the finest a profile can carry. */
const FINEST_STEP_AMPS = 0.1;
const DECIMALS = 1e6;

type Stepped = Pick<Demand, 'minAmps' | 'stepAmps' | 'stepsAmps'>;

/** The largest offer that is not above `amps`; 0 when there is none. */
export const stepBelow = (demand: Stepped, amps: number): number => {
  const { minAmps, stepsAmps } = demand;
  if (stepsAmps !== undefined) return listedBelow(stepsAmps, minAmps, amps);
  if (!(amps >= minAmps - NOISE_STEPS)) return 0;
  return Math.max(minAmps, wholeSteps(demand, amps, 0));
};

/** The smallest offer that is above `amps`; infinite when there is none. */
export const stepAbove = (demand: Stepped, amps: number): number => {
  const { minAmps, stepsAmps } = demand;
  if (stepsAmps !== undefined) {
    const next = stepsAmps.find((value) => value > amps + NOISE_STEPS && value >= minAmps);
    return next ?? Number.POSITIVE_INFINITY;
  }
  return Math.max(minAmps, wholeSteps(demand, amps, 1));
};

/** As many whole steps as there are in `amps`, and so many more. */
const wholeSteps = ({ stepAmps }: Stepped, amps: number, more: number): number => {
  // The usual step, for which there is nothing to divide or to tidy up.
  if (stepAmps === 1) return Math.floor(amps + NOISE_STEPS) + more;
  const step = stepAmps > 0 ? stepAmps : FINEST_STEP_AMPS;
  // 73 steps of 0.1 are 7.3, not 7.300000000000001.
  return Math.round((Math.floor(amps / step + NOISE_STEPS) + more) * step * DECIMALS) / DECIMALS;
};

const listedBelow = (steps: readonly number[], minAmps: number, amps: number): number => {
  let best = 0;
  for (const value of steps) {
    if (value >= minAmps && value <= amps + NOISE_STEPS) best = Math.max(best, value);
  }
  return best;
};
