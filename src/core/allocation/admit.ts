import { AMPS_EPSILON } from '../units.ts';
import { blockingRow, load, type Rows } from './rows.ts';
import { settleTies, sortByKey } from './sort.ts';

/** Otherwise a verdict is the row that kept a demand out. */
export const ADMITTED = -1;
/** The most that it may have is less than the least that it accepts. */
export const TOO_SMALL = -2;

/**
 * Who gets at least the minimum (an offer is 0 or at least `minAmps`). In the order of class, dwell,
 * score, then id, each is taken in while every row above holds. Taking in order is the best in the
 * lexicographic sense: giving up a later one can never make room for one that did not fit before it.
 * Only the limit on the difference of phases breaks that rule, so with it a second look follows.
 */
export const admit = (rows: Rows): Int32Array => {
  const { demands } = rows.problem;
  const verdicts = rows.scratch.integers(demands.length).fill(TOO_SMALL);
  const sums = rows.scratch.floats(rows.limits.length);
  const open = possible(rows);
  if (everybodyFits(rows, sums, open)) {
    for (let k = 0; k < open.length; k += 1) verdicts[open[k]!] = ADMITTED;
    return verdicts;
  }
  sums.fill(0);
  sortForAdmission(rows, open);
  const looks = rows.hasDifferences ? 2 : 1;
  for (let look = 0; look < looks; look += 1) {
    for (let k = 0; k < open.length; k += 1) {
      const index = open[k]!;
      if (look > 0 && verdicts[index] === ADMITTED) continue;
      const least = rows.leastAmps[index]!;
      verdicts[index] = blockingRow(rows, sums, index, least, AMPS_EPSILON);
      if (verdicts[index] === ADMITTED) load(rows, sums, index, least);
    }
  }
  return verdicts;
};

const everybodyFits = (rows: Rows, sums: Float64Array, open: Int32Array): boolean => {
  for (let k = 0; k < open.length; k += 1) load(rows, sums, open[k]!, rows.leastAmps[open[k]!]!);
  const { limits, memberStarts } = rows;
  for (let row = 0; row < sums.length; row += 1) {
    const used = memberStarts[row] !== memberStarts[row + 1];
    if (used && !(sums[row]! <= limits[row]!)) return false;
  }
  return true;
};

const possible = ({ leastAmps, mostAmps, scratch }: Rows): Int32Array => {
  const open = scratch.integers(mostAmps.length);
  let count = 0;
  for (let i = 0; i < open.length; i += 1) {
    if (!(mostAmps[i]! > 0 && mostAmps[i]! >= leastAmps[i]!)) continue;
    open[count] = i;
    count += 1;
  }
  return open.subarray(0, count);
};

/** Sorts indexes of demands into the order of admission. */
export const sortForAdmission = ({ problem, scratch }: Rows, indexes: Int32Array): void => {
  const { demands } = problem;
  const scores = scratch.floats(demands.length);
  const ranks = scratch.floats(demands.length);
  const spare = scratch.integers(demands.length);
  let sameRank = true;
  for (let i = 0; i < demands.length; i += 1) {
    const { admissionScore, priorityClass, mustKeep } = demands[i]!;
    scores[i] = admissionScore;
    // Being kept counts within a class only.
    ranks[i] = 2 * priorityClass + (mustKeep === true ? 1 : 0);
    sameRank = sameRank && ranks[i] === ranks[0];
  }
  sortByKey(indexes, scores, spare);
  settleTies(indexes, scores, demands);
  // The sort is stable: the last key counts most.
  if (!sameRank) sortByKey(indexes, ranks, spare);
};
