import type { Allocation, AllocationProblem } from '../allocation-problem.ts';
import { admit } from './admit.ts';
import { reasonsOf } from './reasons.ts';
import { round } from './round.ts';
import { rowsOf } from './rows.ts';
import { Scratch } from './scratch.ts';
import { fillBalanced } from './unbalance.ts';

/**
 * Shares what is free on the tree of circuits: who is on (admit), weighted max-min per phase
 * (fill), the steps of the chargers (round), and why (reasons). The result does not depend on
 * the order of the demands, and no row is ever exceeded.
 */
export const allocate = (
  problem: AllocationProblem,
  scratch: Scratch = new Scratch(),
): Allocation => {
  scratch.reset();
  const rows = rowsOf(problem, scratch);
  const verdicts = admit(rows);
  const filled = fillBalanced(rows, verdicts, rows.weights);
  const amps = round(rows, verdicts, filled);
  const reasons = reasonsOf(rows, verdicts, filled, amps);
  return {
    offers: problem.demands.map(({ id }, i) => ({ id, amps: amps[i]!, reasons: reasons[i]! })),
  };
};
