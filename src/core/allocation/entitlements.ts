import type { AllocationCircuit, Demand } from '../allocation-problem.ts';
import { ADMITTED } from './admit.ts';
import { rowsOf } from './rows.ts';
import type { Scratch } from './scratch.ts';
import { fillBalanced } from './unbalance.ts';

/**
 * Weighted max-min amps of each demand as if it could take any amount, however small, up to
 * `mostAmps`. The array is the scratch's.
 */
export const entitlements = (
  circuits: readonly AllocationCircuit[],
  demands: readonly Demand[],
  mostAmps: (index: number) => number,
  scratch: Scratch,
): Float64Array => {
  scratch.reset();
  const rows = rowsOf({ circuits, demands }, scratch);
  for (let i = 0; i < demands.length; i += 1) {
    rows.leastAmps[i] = 0;
    rows.mostAmps[i] = Math.max(0, mostAmps(i));
  }
  const verdicts = scratch.integers(demands.length).fill(ADMITTED);
  return fillBalanced(rows, verdicts, rows.weights).amps;
};
