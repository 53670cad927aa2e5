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
  const step = usableStep(demand);
  return Math.max(minAmps, tidy(Math.floor(amps / step + NOISE_STEPS) * step));
};

/** The smallest offer that is above `amps`; infinite when there is none. */
export const stepAbove = (demand: Stepped, amps: number): number => {
  const { minAmps, stepsAmps } = demand;
  const step = usableStep(demand);
  if (stepsAmps !== undefined) {
    const next = stepsAmps.find((value) => value > amps + NOISE_STEPS && value >= minAmps);
    return next ?? Number.POSITIVE_INFINITY;
  }
  return Math.max(minAmps, tidy((Math.floor(amps / step + NOISE_STEPS) + 1) * step));
};

const listedBelow = (steps: readonly number[], minAmps: number, amps: number): number => {
  let best = 0;
  for (const value of steps) {
    if (value >= minAmps && value <= amps + NOISE_STEPS) best = Math.max(best, value);
  }
  return best;
};

const usableStep = ({ stepAmps }: Stepped): number => (stepAmps > 0 ? stepAmps : FINEST_STEP_AMPS);

/** 73 steps of 0.1 are 7.3, not 7.300000000000001. */
const tidy = (amps: number): number =>
  Number.isInteger(amps) ? amps : Math.round(amps * DECIMALS) / DECIMALS;
