import { AMPS_EPSILON } from '../units.ts';
import { blockingRow, load, ROWS_PER_CIRCUIT, type Rows } from './rows.ts';

/** Row that kept a demand out; `ADMITTED` for those that are in, `TOO_SMALL` when max < min. */
export const ADMITTED = -1;
export const TOO_SMALL = -2;

/**
 * Who gets at least the minimum (an offer is 0 or at least `minAmps`). In the order of class, then
 * score, then id, each is taken in while every row above holds. Taking in order is the best in the
 * lexicographic sense: giving up a later one can never make room for one that did not fit before it.
 */
export const admit = (rows: Rows): Int32Array => {
  const { demands } = rows.problem;
  const verdicts = new Int32Array(demands.length);
  const sums = new Float64Array(rows.parents.length * ROWS_PER_CIRCUIT);
  for (const index of admissionOrder(rows)) {
    const { minAmps, maxAmps } = demands[index]!;
    if (maxAmps < minAmps - AMPS_EPSILON || maxAmps <= 0) {
      verdicts[index] = TOO_SMALL;
      continue;
    }
    const blocked = blockingRow(rows, sums, index, minAmps, AMPS_EPSILON);
    verdicts[index] = blocked;
    if (blocked === ADMITTED) load(rows, sums, index, minAmps);
  }
  return verdicts;
};

const admissionOrder = ({ problem: { demands } }: Rows): readonly number[] => {
  const order = demands.map((_demand, index) => index);
  return order.sort((a, b) => {
    const x = demands[a]!;
    const y = demands[b]!;
    if (x.priorityClass !== y.priorityClass) return y.priorityClass - x.priorityClass;
    if (x.admissionScore !== y.admissionScore) return y.admissionScore - x.admissionScore;
    return x.id < y.id ? -1 : 1;
  });
};
