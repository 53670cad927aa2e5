import { AMPS_EPSILON } from '../units.ts';
import { ADMITTED } from './admit.ts';
import type { Filled } from './fill.ts';
import { blockingRow, load, loadAll, type Rows } from './rows.ts';
import { settleTies, sortByKey } from './sort.ts';
import { stepAbove, stepBelow } from './steps.ts';
import { repairDifferences } from './unbalance.ts';

/** Turns in which everybody may take one step; after them each takes what still fits. */
const TURNS = 4;

/**
 * Offers on the steps that chargers follow. Rounded down first, so that no row is ever exceeded;
 * what is left over goes out step by step: to those that had the step before (least change), then
 * to those that lost most by rounding, until nobody can take another step. Verdicts and
 * bottlenecks change in place where phases would drift too far apart.
 */
export const round = (rows: Rows, verdicts: Int32Array, filled: Filled): Float64Array => {
  const { amps, bottleneck } = filled;
  const { demands } = rows;
  const rounded = rows.scratch.floats(amps.length);
  const sums = rows.scratch.copyOf(rows.taken);
  for (let i = 0; i < amps.length; i += 1) {
    if (verdicts[i] !== ADMITTED) continue;
    rounded[i] = Math.max(rows.leastAmps[i]!, stepBelow(demands[i]!, amps[i]!));
  }
  loadAll(rows, sums, rounded);
  repairDifferences(rows, verdicts, rounded, bottleneck, sums);
  const open = candidates(rows, verdicts, amps, rounded);
  let left = open.length;
  for (let turn = 0; turn < TURNS && left > 0; turn += 1) {
    let kept = 0;
    for (let k = 0; k < left; k += 1) {
      if (!takeStep(rows, rounded, sums, open[k]!)) continue;
      open[kept] = open[k]!;
      kept += 1;
    }
    left = kept;
  }
  for (let k = 0; k < left; k += 1) {
    while (takeStep(rows, rounded, sums, open[k]!));
  }
  return rounded;
};

/** Demands below their most, in the order in which they may take a step. */
const candidates = (
  rows: Rows,
  verdicts: Int32Array,
  amps: Float64Array,
  rounded: Float64Array,
): Int32Array => {
  const { demands } = rows;
  const open = rows.scratch.integers(amps.length);
  const claims = rows.scratch.floats(amps.length);
  let count = 0;
  for (let i = 0; i < amps.length; i += 1) {
    if (verdicts[i] !== ADMITTED || rounded[i]! >= rows.mostAmps[i]! - AMPS_EPSILON) continue;
    const demand = demands[i]!;
    const next = stepAbove(demand, rounded[i]!);
    const had = Math.abs(demand.previousAmps - next) < next - rounded[i]!;
    const lost = (amps[i]! - rounded[i]!) / rows.weights[i]!;
    // Whole noise units, so that a tie is a tie whatever order the sums were made in.
    claims[i] = Math.round(lost / AMPS_EPSILON) + (had ? HAD_IT_BEFORE : 0);
    open[count] = i;
    count += 1;
  }
  const sorted = open.subarray(0, count);
  sortByKey(sorted, claims, rows.scratch.integers(amps.length));
  settleTies(sorted, claims, demands);
  return sorted;
};

/**
 * What a sum misses by, depending on the order in which it was made. The tolerance of one row must not
 * add up over many steps, so here it is no larger.
 */
const SUM_NOISE_AMPS = 1e-9;

/** More than rounding can ever take from anybody. */
const HAD_IT_BEFORE = 1e15;

const takeStep = (rows: Rows, rounded: Float64Array, sums: Float64Array, index: number) => {
  const next = stepAbove(rows.demands[index]!, rounded[index]!);
  if (next > rows.mostAmps[index]! + AMPS_EPSILON) return false;
  const more = next - rounded[index]!;
  if (blockingRow(rows, sums, index, more, SUM_NOISE_AMPS) >= 0) return false;
  rounded[index] = next;
  load(rows, sums, index, more);
  return true;
};
