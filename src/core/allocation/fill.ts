import { ADMITTED } from './admit.ts';
import { MinHeap } from './min-heap.ts';
import { reach } from './phasor.ts';
import { isPhasor, type Rows } from './rows.ts';

export interface Filled {
  /** Amps per phase of each demand; 0 for those not admitted. */
  readonly amps: Float64Array;
  /** Row that stopped each demand; `AT_MAXIMUM` when it got all it can take. */
  readonly bottleneck: Int32Array;
}
export const AT_MAXIMUM = -1;

const WAITING = 0;
const GROWING = 1;
const FROZEN = 2;

/**
 * Exact weighted max-min fairness on the tree by progressive filling (Bertsekas & Gallager, Data
 * Networks, §6.5.2): every admitted demand holds clamp(weight * level, least, most) while the level
 * rises from zero; a row that is full freezes everybody who still grows on it. O(n d log n) for n
 * demands under d circuits, and a look at all rows for each that fills up. Rows that a demand lowers
 * are not seen here (see unbalance.ts).
 */
export const fill = (
  rows: Rows,
  verdicts: Int32Array,
  { limits, ends }: Pick<Filling, 'limits' | 'ends'> = {
    limits: rows.limits,
    ends: rows.raisingEnds,
  },
): Filled => {
  const filling = start(rows, verdicts, limits, ends);
  const { turns, state } = filling;
  let level = 0;
  while (filling.open > 0) {
    const turn = turns.firstKey;
    const next = Math.min(turn, filling.firstFullAt);
    if (!(next < Number.POSITIVE_INFINITY)) break;
    // Noise may put the next event a hair before the last one.
    level = Math.max(level, next);
    if (turn !== next) {
      fillUp(filling, filling.firstFull, level);
      continue;
    }
    const index = turns.first;
    if (state[index] === WAITING) {
      begin(filling, index);
      turns.delayFirst(rows.mostAmps[index]! / rows.weights[index]!);
      continue;
    }
    // Otherwise a full row froze it before its turn.
    if (state[index] === GROWING) satisfy(filling, index);
    turns.removeFirst();
  }
  return filling;
};

interface Filling extends Filled {
  readonly rows: Rows;
  readonly limits: Float64Array;
  readonly verdicts: Int32Array;
  /** Up to which entry the rows of each group count. */
  readonly ends: Int32Array;
  readonly state: Int32Array;
  /** What waiting and frozen demands take of each row; how fast the growing ones take more. */
  readonly taken: Float64Array;
  readonly slopes: Float64Array;
  readonly growing: Int32Array;
  /** Admitted demands that are not frozen yet. */
  open: number;
  /** Level at which each demand begins to grow, then at which it has all that it can take. */
  readonly turns: MinHeap;
  /** The row that is full first, and its level, as far as is known: it may turn out to be later. */
  firstFull: number;
  firstFullAt: number;
}

const start = (
  rows: Rows,
  verdicts: Int32Array,
  limits: Float64Array,
  ends: Int32Array,
): Filling => {
  const demands = verdicts.length;
  const { scratch } = rows;
  const filling: Filling = {
    rows,
    limits,
    verdicts,
    ends,
    amps: scratch.floats(demands),
    bottleneck: scratch.integers(demands).fill(AT_MAXIMUM),
    state: scratch.integers(demands).fill(FROZEN),
    taken: scratch.copyOf(rows.taken),
    slopes: scratch.floats(limits.length),
    growing: scratch.integers(limits.length),
    open: 0,
    turns: new MinHeap(demands, scratch),
    firstFull: 0,
    firstFullAt: Number.POSITIVE_INFINITY,
  };
  for (let g = 0; g < rows.groups.count; g += 1) startGroup(filling, g);
  filling.turns.build();
  findFirst(filling);
  return filling;
};

const startGroup = (filling: Filling, group: number): void => {
  const { rows, verdicts, ends, state, amps, taken, slopes, growing, turns } = filling;
  const { starts, entries, coefficients, leastAmps, mostAmps, weights, groups } = rows;
  let waits = 0;
  let slope = 0;
  let grows = 0;
  for (let m = groups.starts[group]!; m < groups.starts[group + 1]!; m += 1) {
    const i = groups.members[m]!;
    if (verdicts[i] !== ADMITTED) continue;
    filling.open += 1;
    const least = leastAmps[i]!;
    const weight = weights[i]!;
    amps[i] = least;
    // Whoever has no minimum grows from the start: that spares it the event.
    state[i] = least === 0 ? GROWING : WAITING;
    turns.prepare(i, (least === 0 ? mostAmps[i]! : least) / weight);
    waits += least;
    if (least > 0) continue;
    slope += weight;
    grows += 1;
  }
  for (let e = starts[group]!; e < ends[group]!; e += 1) {
    const row = entries[e]!;
    taken[row]! += coefficients[e]! * waits;
    slopes[row]! += coefficients[e]! * slope;
    growing[row]! += grows;
  }
};

const begin = (filling: Filling, index: number): void => {
  const { rows, ends, state, taken, slopes, growing } = filling;
  const { starts, entries, coefficients } = rows;
  const weight = rows.weights[index]!;
  const least = rows.leastAmps[index]!;
  state[index] = GROWING;
  const group = rows.groups.groupOf[index]!;
  const end = ends[group]!;
  for (let e = starts[group]!; e < end; e += 1) {
    const coefficient = coefficients[e]!;
    const row = entries[e]!;
    taken[row]! -= coefficient * least;
    slopes[row]! += coefficient * weight;
    growing[row]! += 1;
    mayBeFirst(filling, row);
  }
};

/** It has all that it can take. */
const satisfy = (filling: Filling, index: number): void => {
  const { rows, state } = filling;
  const amps = rows.mostAmps[index]!;
  state[index] = FROZEN;
  filling.amps[index] = amps;
  filling.open -= 1;
  settle(filling, rows.groups.groupOf[index]!, amps, rows.weights[index]!, 1);
};

/** Takes demands of a group, with their amps and weights in sum, from the growing ones of its rows. */
const settle = (
  { rows, ends, taken, slopes, growing }: Filling,
  group: number,
  amps: number,
  weight: number,
  count: number,
): void => {
  const { starts, entries, coefficients } = rows;
  const end = ends[group]!;
  for (let e = starts[group]!; e < end; e += 1) {
    const coefficient = coefficients[e]!;
    const row = entries[e]!;
    taken[row]! += coefficient * amps;
    slopes[row]! -= coefficient * weight;
    // The row fills up later than was thought: it is looked at again when its turn comes.
    growing[row]! -= count;
  }
};

/** A full row stops everybody on it, also those that have not begun to grow. */
const fillUp = (filling: Filling, row: number, level: number): void => {
  if (fullAtOf(filling, row) <= level) {
    const { userStarts, users } = filling.rows;
    const end = userStarts[row + 1]!;
    for (let u = userStarts[row]!; u < end; u += 1) stopGroup(filling, users[u]!, row, level);
  }
  findFirst(filling);
};

const stopGroup = (filling: Filling, group: number, row: number, level: number): void => {
  const { rows, state, amps, bottleneck } = filling;
  const { mostAmps, weights, leastAmps, groups } = rows;
  const end = groups.starts[group + 1]!;
  let stopped = 0;
  let weight = 0;
  let count = 0;
  for (let m = groups.starts[group]!; m < end; m += 1) {
    const index = groups.members[m]!;
    if (state[index] === FROZEN) continue;
    bottleneck[index] = row;
    filling.open -= 1;
    if (state[index] === GROWING) {
      amps[index] = Math.min(
        mostAmps[index]!,
        Math.max(leastAmps[index]!, weights[index]! * level),
      );
      stopped += amps[index]!;
      weight += weights[index]!;
      count += 1;
    }
    state[index] = FROZEN;
  }
  if (count > 0) settle(filling, group, stopped, weight, count);
};

/** Looks at all rows anew: those of which somebody has got all that it can take fill up later. */
const findFirst = (filling: Filling): void => {
  filling.firstFullAt = Number.POSITIVE_INFINITY;
  for (let row = 0; row < filling.limits.length; row += 1) mayBeFirst(filling, row);
};

const mayBeFirst = (filling: Filling, row: number): void => {
  const fullAt = fullAtOf(filling, row);
  if (fullAt > filling.firstFullAt) return;
  if (fullAt === filling.firstFullAt && row >= filling.firstFull) return;
  filling.firstFull = row;
  filling.firstFullAt = fullAt;
};

/** When nobody grows on a row it never fills up, whatever noise is left in its slope. */
const fullAtOf = ({ rows, limits, taken, slopes, growing }: Filling, row: number): number => {
  if (growing[row]! <= 0) return Number.POSITIVE_INFINITY;
  if (!isPhasor(rows.kindOf[row]!)) return (limits[row]! - taken[row]!) / slopes[row]!;
  return reach(limits[row]!, taken[row - 1]!, taken[row]!, slopes[row - 1]!, slopes[row]!);
};
