import { claimedRows } from './make-rows.ts';
import type { AllocatedOffer, Allocation, AllocationProblem } from './problem.ts';
import { type Held, reasonsOf } from './reasons.ts';
import type { Rows } from './rows.ts';
import { Scratch } from './scratch.ts';
import { type Shares, sharesOf } from './shares.ts';

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
  const rows = claimedRows(problem, scratch);
  return { offers: offersOf(rows, sharesOf(rows, problem.objective)) };
};

/** Shares in words, in the order of the demands. */
export const offersOf = (rows: Rows, shares: Shares, held?: Held): readonly AllocatedOffer[] => {
  const reasons = reasonsOf(rows, shares, held);
  return rows.demands.map(({ id }, i) => ({ id, amps: shares.amps[i]!, reasons: reasons[i]! }));
};
