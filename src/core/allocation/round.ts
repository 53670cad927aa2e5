import { AMPS_EPSILON } from '../units.ts';
import { ADMITTED } from './admit.ts';
import { blockingRow, load, ROWS_PER_CIRCUIT, type Rows } from './rows.ts';

/**
 * Passes over the demands that may take one more step. One that rounds to 0.1 A may take up what
 * many others left over, so there can be many; each is short, since only these few are left.
 */
const PASSES_MOST = 2_000;

/**
 * Offers on the steps that chargers follow. Rounded down first, so that no row is ever exceeded;
 * what is left over goes out step by step: to those that had the step before (least change), then
 * to those that lost most by rounding, until nobody can take another step.
 */
export const round = (rows: Rows, verdicts: Int32Array, amps: Float64Array): Float64Array => {
  const { demands } = rows.problem;
  const rounded = new Float64Array(amps.length);
  const sums = new Float64Array(rows.parents.length * ROWS_PER_CIRCUIT);
  const open: Candidate[] = [];
  demands.forEach(({ minAmps, maxAmps, stepAmps, previousAmps, weight }, index) => {
    if (verdicts[index] !== ADMITTED) return;
    const floored = Math.max(minAmps, onStep(amps[index]!, stepAmps));
    rounded[index] = floored;
    load(rows, sums, index, floored);
    const next = nextStep(floored, stepAmps);
    if (next > maxAmps + AMPS_EPSILON) return;
    const keeps = previousAmps >= next - AMPS_EPSILON;
    open.push({ index, keeps, lost: (amps[index]! - floored) / weight });
  });
  open.sort((a, b) => {
    if (a.keeps !== b.keeps) return a.keeps ? -1 : 1;
    const lost = b.lost - a.lost;
    if (Math.abs(lost) > AMPS_EPSILON) return lost;
    return demands[a.index]!.id < demands[b.index]!.id ? -1 : 1;
  });
  handOut(
    rows,
    open.map(({ index }) => index),
    rounded,
    sums,
  );
  return rounded;
};

/** A demand that may take one more step. */
interface Candidate {
  readonly index: number;
  /** It had that step before. */
  readonly keeps: boolean;
  /** What rounding took from it, by weight. */
  readonly lost: number;
}

const handOut = (
  rows: Rows,
  open: readonly number[],
  rounded: Float64Array,
  sums: Float64Array,
): void => {
  let candidates = open;
  for (let pass = 0; pass < PASSES_MOST && candidates.length > 0; pass += 1) {
    candidates = candidates.filter((index) => {
      const { stepAmps, maxAmps } = rows.problem.demands[index]!;
      const next = nextStep(rounded[index]!, stepAmps);
      const more = next - rounded[index]!;
      if (next > maxAmps + AMPS_EPSILON) return false;
      // The tolerance of one row must not add up over many steps, so here it is zero.
      if (blockingRow(rows, sums, index, more, 0) >= 0) return false;
      rounded[index] = next;
      load(rows, sums, index, more);
      return true;
    });
  }
};

const onStep = (amps: number, stepAmps: number): number =>
  Math.floor((amps + AMPS_EPSILON) / stepAmps) * stepAmps;

const nextStep = (amps: number, stepAmps: number): number => onStep(amps, stepAmps) + stepAmps;
