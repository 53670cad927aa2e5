import type { Allocation, AllocationProblem } from '../allocation-problem.ts';
import type { ReasonChain } from '../reason.ts';
import { admit } from './admit.ts';
import { reasonsOf } from './reasons.ts';
import { round } from './round.ts';
import { type Rows, rowsOf } from './rows.ts';
import { Scratch } from './scratch.ts';
import { throughput } from './throughput.ts';
import { fillBalanced } from './unbalance.ts';

/**
 * Shares what is free on the tree of circuits: who is on (admit), weighted max-min per phase
 * (fill) or the most useful power (throughput), the steps of the chargers (round), and why
 * (reasons). The result does not depend on the order of the demands, and no row is ever exceeded.
 */
export const allocate = (
  problem: AllocationProblem,
  scratch: Scratch = new Scratch(),
): Allocation => {
  scratch.reset();
  return allocateRows(rowsOf(problem, scratch));
};

/** As `allocate`, for a problem that was brought into rows already. */
export const allocateRows = (rows: Rows): Allocation => {
  const { problem } = rows;
  if (problem.objective === 'throughput' || problem.objective === 'in-order') {
    const shares = throughput(rows, problem.objective === 'in-order');
    return allocationOf(
      problem,
      shares.amps,
      reasonsOf(rows, shares.verdicts, shares, shares.amps),
    );
  }
  const verdicts = admit(rows);
  const filled = fillBalanced(rows, verdicts, rows.weights);
  const amps = round(rows, verdicts, filled);
  return allocationOf(problem, amps, reasonsOf(rows, verdicts, filled, amps));
};

const allocationOf = (
  problem: AllocationProblem,
  amps: Float64Array,
  reasons: readonly ReasonChain[],
): Allocation => ({
  offers: problem.demands.map(({ id }, i) => ({ id, amps: amps[i]!, reasons: reasons[i]! })),
});
