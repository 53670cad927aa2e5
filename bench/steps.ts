// Steps of the building by 20, 50 and 100 % of the fuse on one phase, with the delays of the whole
// chain drawn from seeds: for how long is the fuse exceeded, and would a breaker trip?
import { runStepTrial, STEP_SHARES, type StepTrial } from '../src/sim/step-trial.ts';
import type { BenchOptions } from './main.ts';
import { percentile } from './part-statistics.ts';

const SEEDS = 500;
const QUICK_SEEDS = 30;
const OVER_MOST_MS = 30_000;
const OVER_113_MOST_MS = 15_000;

export const run = async ({ quick }: BenchOptions) => {
  const trials: StepTrial[] = [];
  for (let seed = 1; seed <= (quick ? QUICK_SEEDS : SEEDS); seed += 1) {
    trials.push(await runStepTrial(seed));
  }
  const rows = STEP_SHARES.map((share) => {
    const own = trials.filter(({ stepShare }) => stepShare === share);
    const over = own.map(({ longestOverMs }) => longestOverMs / 1000);
    const over113 = own.map(({ longestOver113Ms }) => longestOver113Ms / 1000);
    return {
      stepPercent: share * 100,
      trials: own.length,
      overP50Seconds: percentile(over, 0.5),
      overWorstSeconds: percentile(over, 1),
      over113WorstSeconds: percentile(over113, 1),
      worstShare: percentile(
        own.map(({ worstShare }) => worstShare),
        1,
      ),
      trips: own.filter(({ tripped }) => tripped).length,
      late: own.filter(isLate).length,
    };
  });
  const late = trials.filter(isLate).map(({ seed, disobedient }) => ({ seed, disobedient }));
  const met = late.length === 0 && trials.every(({ tripped }) => !tripped);
  return { bench: 'steps', rows, late, met };
};

const isLate = ({ longestOverMs, longestOver113Ms }: StepTrial): boolean =>
  longestOverMs > OVER_MOST_MS || longestOver113Ms > OVER_113_MOST_MS;
