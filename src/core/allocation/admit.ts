import { AMPS_EPSILON } from '../units.ts';
import { blockingRow, load, loadGroup, type Rows, sumOf } from './rows.ts';
import { ranked } from './sort.ts';

/** Otherwise a verdict is the row that kept a demand out. */
export const ADMITTED = -1;
/** The most that it may have is less than the least that it accepts. */
export const TOO_SMALL = -2;

/**
 * Asked of a demand that would fit beside the minimums, summed up by row, of those before it: whether
 * it may not come on now all the same.
 */
export type Gate = (index: number, sums: Float64Array) => boolean;

/**
 * Who gets at least the minimum (an offer is 0 or at least `minAmps`). In the order of class, dwell,
 * score, then id, each is taken in while every row above holds. Taking in order is the best in the
 * lexicographic sense: giving up a later one can never make room for one that did not fit before it.
 * Only the limit on the difference of phases breaks that rule, so with it a second look follows.
 */
export const admit = (rows: Rows, isClosed?: Gate): Int32Array => {
  const { scratch, demands } = rows;
  const verdicts = scratch.integers(demands.length).fill(TOO_SMALL);
  const sums = scratch.copyOf(rows.taken);
  if (isClosed === undefined && everybodyFits(rows, sums)) {
    for (let i = 0; i < verdicts.length; i += 1) if (isPossible(rows, i)) verdicts[i] = ADMITTED;
    return verdicts;
  }
  sums.set(rows.taken);
  const order = admissionOrder(rows);
  const looks = rows.hasDifferences ? 2 : 1;
  for (let look = 0; look < looks; look += 1) {
    for (let k = 0; k < order.length; k += 1) {
      const index = order[k]!;
      if (verdicts[index] === ADMITTED || !isPossible(rows, index)) continue;
      const least = rows.leastAmps[index]!;
      const row = blockingRow(rows, sums, index, least, AMPS_EPSILON);
      if (row < 0 && isClosed?.(index, sums) === true) continue;
      verdicts[index] = row;
      if (row < 0) load(rows, sums, index, least);
    }
  }
  return verdicts;
};

/** It accepts less than the most that it may have. */
export const isPossible = ({ mostAmps, leastAmps }: Rows, index: number): boolean =>
  mostAmps[index]! > 0 && mostAmps[index]! >= leastAmps[index]!;

const everybodyFits = (rows: Rows, sums: Float64Array): boolean => {
  const { limits, userStarts, leastAmps, groups } = rows;
  for (let g = 0; g < groups.count; g += 1) {
    let least = 0;
    for (let m = groups.starts[g]!; m < groups.starts[g + 1]!; m += 1) {
      const index = groups.members[m]!;
      if (isPossible(rows, index)) least += leastAmps[index]!;
    }
    loadGroup(rows, sums, g, least);
  }
  for (let row = 0; row < sums.length; row += 1) {
    const used = userStarts[row] !== userStarts[row + 1];
    if (used && !(sumOf(rows, sums, row) <= limits[row]!)) return false;
  }
  return true;
};

/** All demands by class, then who is kept, then score, then id. Made once, since claims stay. */
export const admissionOrder = (rows: Rows): Int32Array => {
  rows.order ??= ranked(rows.demands, rows.ranks, rows.scores, rows.scratch);
  return rows.order;
};
