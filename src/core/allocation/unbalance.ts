import { AMPS_EPSILON } from '../units.ts';
import { ADMITTED, admissionOrder } from './admit.ts';
import { type Filled, fill } from './fill.ts';
import { totalOf } from './groups.ts';
import { isDifference, load, loadAll, type Rows } from './rows.ts';
import { stepBelow } from './steps.ts';

/** Rounds in which cars on the low phase make more room for those on the high one. */
const RELIEF_ROUNDS = 6;

/**
 * Fills the tree while the difference between two phases of a circuit stays within its limit. What
 * a car on the low phase takes makes room on the high one, which filling alone cannot see. So the
 * room is what the low phase surely takes (minimum first), and grows round by round; every round
 * keeps the limit, and the last one that did counts.
 */
export const fillBalanced = (
  rows: Rows,
  verdicts: Int32Array,
  reliefRounds = RELIEF_ROUNDS,
): Filled => {
  if (!rows.hasDifferences) return fill(rows, verdicts);
  let best = fill(rows, verdicts, { limits: rows.limits, ends: rows.plainEnds });
  if (exceededDifference(rows, sumsOf(rows, best.amps), best.amps) < 0) return best;
  let low = rows.scratch.floats(verdicts.length);
  for (let i = 0; i < low.length; i += 1) if (verdicts[i] === ADMITTED) low[i] = rows.leastAmps[i]!;
  for (let round = 0; round < reliefRounds; round += 1) {
    const relief = { limits: withRelief(rows, low), ends: rows.raisingEnds };
    const next = fill(rows, verdicts, relief);
    if (round > 0 && exceededDifference(rows, sumsOf(rows, next.amps), next.amps) >= 0) break;
    best = next;
    // The same room again would give the same shares again.
    if (isSame(low, next.amps)) break;
    low = next.amps;
  }
  return best;
};

/**
 * Rounding down on the low phase may break a difference that held before: the largest share on the
 * high phase then gives up a step, and at the minimum, the last one admitted gives up its place.
 * Changes the arrays in place.
 */
export const repairDifferences = (
  rows: Rows,
  verdicts: Int32Array,
  amps: Float64Array,
  bottleneck: Int32Array,
  sums: Float64Array,
): void => {
  if (!rows.hasDifferences) return;
  const rank = placesOf(rows);
  for (;;) {
    const row = exceededDifference(rows, sums, amps);
    if (row < 0) return;
    const index = whoGivesUp(rows, row, amps, rank);
    const demand = rows.demands[index]!;
    const before = amps[index]!;
    const after =
      before > rows.leastAmps[index]! + AMPS_EPSILON ? stepBelow(demand, before - AMPS_EPSILON) : 0;
    amps[index] = after;
    bottleneck[index] = row;
    load(rows, sums, index, after - before);
    if (after === 0) verdicts[index] = row;
  }
};

/** Place of each demand in the order of admission. */
const placesOf = (rows: Rows): Int32Array => {
  const order = admissionOrder(rows);
  const places = rows.scratch.integers(order.length);
  for (let k = 0; k < order.length; k += 1) places[order[k]!] = k;
  return places;
};

const isSame = (a: Float64Array, b: Float64Array): boolean => {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
};

const sumsOf = (rows: Rows, amps: Float64Array): Float64Array => {
  const sums = rows.scratch.copyOf(rows.taken);
  loadAll(rows, sums, amps);
  return sums;
};

/** Limits of the differences, raised by what the low phase takes at least. */
const withRelief = (rows: Rows, low: Float64Array): Float64Array => {
  const limits = rows.scratch.copyOf(rows.limits);
  const { starts, raisingEnds, entries, coefficients, groups } = rows;
  for (let g = 0; g < groups.count; g += 1) {
    const total = totalOf(groups, g, low);
    const end = starts[g + 1]!;
    for (let e = raisingEnds[g]!; e < end; e += 1) limits[entries[e]!]! -= coefficients[e]! * total;
  }
  return limits;
};

/**
 * The first row on which a difference is exceeded, or -1. What others charge may be too far apart
 * already: where no demand adds to that there is nothing to give up.
 */
const exceededDifference = (rows: Rows, sums: Float64Array, amps: Float64Array): number => {
  for (let row = 0; row < sums.length; row += 1) {
    if (!isDifference(rows, row) || sums[row]! <= rows.limits[row]! + AMPS_EPSILON) continue;
    if (hasLoad(rows, row, amps)) return row;
  }
  return -1;
};

/** Somebody who adds to a row has amps. */
const hasLoad = ({ userStarts, users, groups }: Rows, row: number, amps: Float64Array): boolean => {
  for (let u = userStarts[row]!; u < userStarts[row + 1]!; u += 1) {
    const end = groups.starts[users[u]! + 1]!;
    for (let m = groups.starts[users[u]!]!; m < end; m += 1) {
      if (amps[groups.members[m]!]! > 0) return true;
    }
  }
  return false;
};

/** Who has the largest share above its minimum; else the last in order of admission. */
const whoGivesUp = (rows: Rows, row: number, amps: Float64Array, rank: Int32Array): number => {
  const { userStarts, users, groups } = rows;
  let largest = -1;
  let last = -1;
  for (let u = userStarts[row]!; u < userStarts[row + 1]!; u += 1) {
    const group = users[u]!;
    for (let m = groups.starts[group]!; m < groups.starts[group + 1]!; m += 1) {
      const index = groups.members[m]!;
      if (amps[index]! <= 0) continue;
      if (last < 0 || rank[last]! < rank[index]!) last = index;
      if (amps[index]! <= rows.leastAmps[index]! + AMPS_EPSILON) continue;
      const share = amps[index]! / rows.weights[index]!;
      const most = largest < 0 ? -1 : amps[largest]! / rows.weights[largest]!;
      const tie = share === most && rank[largest]! < rank[index]!;
      if (share > most || tie) largest = index;
    }
  }
  return largest >= 0 ? largest : last;
};
