import { ADMITTED } from './admit.ts';
import type { Rows } from './rows.ts';
import { fillBalanced } from './unbalance.ts';

/** What is owed adds up over hours: it need not be found to the last amp. */
const RELIEF_ROUNDS = 2;

/**
 * Weighted max-min amps of each demand as if it could take any amount, however small, up to
 * `mostAmps`. The array is the scratch's. Changes the bounds in `rows`: nothing else can be asked of
 * them afterwards.
 */
export const entitlements = (rows: Rows, mostAmps: (index: number) => number): Float64Array => {
  const { leastAmps, scratch } = rows;
  for (let i = 0; i < leastAmps.length; i += 1) rows.mostAmps[i] = Math.max(0, mostAmps(i));
  leastAmps.fill(0);
  const verdicts = scratch.integers(leastAmps.length).fill(ADMITTED);
  return fillBalanced(rows, verdicts, RELIEF_ROUNDS).amps;
};
