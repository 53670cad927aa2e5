import type { Reason } from '../reason.ts';
import { claimedRows } from './make-rows.ts';
import type { AllocatedOffer, Allocation, AllocationProblem } from './problem.ts';
import { reasonsOf, type WaitingChains } from './reasons.ts';
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

/** By index of a demand: why it gets nothing whatever is free; undefined: it is not held. */
export type Held = readonly (Reason | undefined)[];
const NOBODY: Held = [];

/** Shares in words, in the order of the demands. */
export const offersOf = (
  rows: Rows,
  shares: Shares,
  held: Held = NOBODY,
): readonly AllocatedOffer[] => {
  const waiting: WaitingChains = [];
  return rows.demands.map(({ id }, i) => {
    const holds = i < held.length ? held[i] : undefined;
    const reasons = holds === undefined ? reasonsOf(rows, shares, i, waiting) : [holds];
    return { id, amps: shares.amps[i]!, reasons };
  });
};
