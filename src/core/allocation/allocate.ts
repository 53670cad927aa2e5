import type { Allocation, AllocationProblem } from '../allocation-problem.ts';
import { admit } from './admit.ts';
import { fill } from './fill.ts';
import { reasonsFor } from './reasons.ts';
import { round } from './round.ts';
import { rowsOf } from './rows.ts';

/**
 * Shares what is free on the tree of circuits: who is on (admit), weighted max-min per phase
 * (fill), the steps of the chargers (round), and why (reasons). The result does not depend on
 * the order of the demands, and no row is ever exceeded.
 */
export const allocate = (problem: AllocationProblem): Allocation => {
  const rows = rowsOf(problem);
  const verdicts = admit(rows);
  const filled = fill(rows, verdicts);
  const amps = round(rows, verdicts, filled.amps);
  return {
    offers: problem.demands.map(({ id }, index) => ({
      id,
      amps: amps[index]!,
      reasons: reasonsFor(rows, index, verdicts[index]!, filled, amps[index]!),
    })),
  };
};
