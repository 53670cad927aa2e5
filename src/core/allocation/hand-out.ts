import { AMPS_EPSILON } from '../units.ts';
import { ADMITTED, isPossible, TOO_SMALL } from './admit.ts';
import { AT_MAXIMUM } from './fill.ts';
import { isKept, load, type Rows, roomOn } from './rows.ts';
import type { Shares } from './shares.ts';
import { ranked } from './sort.ts';
import { stepAbove, stepBelow } from './steps.ts';

/**
 * All demands in the order in which they are served: by class, then the largest of the keys that are
 * given, then by id.
 */
export const queueOf = ({ demands, scratch }: Rows, keys: Float64Array): Int32Array => {
  const classes = scratch.floats(demands.length);
  for (let i = 0; i < classes.length; i += 1) classes[i] = demands[i]!.priorityClass;
  return ranked(demands, classes, keys, scratch);
};

/**
 * In the order of the queue, each takes all that fits. `quotas`, which are used up: amps that each
 * group may take before all others had their turn; those of a class above others are sure of their
 * minimum before. Within a class, those that are kept on hold theirs before anybody gets more.
 */
export const handOut = (rows: Rows, queue: Int32Array, quotas?: Float64Array): Shares => {
  const sale = saleOf(rows);
  for (let from = 0; from < queue.length; ) {
    const to = endOfClass(rows, queue, from);
    for (let k = from; k < to; k += 1) {
      if (isKept(rows, queue[k]!)) takeOfQuota(sale, queue[k]!, 0, quotas);
    }
    for (let k = from; k < to; k += 1) {
      if (quotas === undefined) take(sale, queue[k]!, Number.POSITIVE_INFINITY);
      else if (to < queue.length) takeOfQuota(sale, queue[k]!, 0, quotas);
    }
    from = to;
  }
  if (quotas === undefined) return sale;
  for (let k = 0; k < queue.length; k += 1) {
    const index = queue[k]!;
    const most = sale.amps[index]! + quotas[rows.groups.groupOf[index]!]!;
    if (most < rows.leastAmps[index]! - AMPS_EPSILON) continue;
    takeOfQuota(sale, index, most, quotas);
  }
  for (let k = 0; k < queue.length; k += 1) take(sale, queue[k]!, Number.POSITIVE_INFINITY);
  return sale;
};

const endOfClass = ({ demands }: Rows, queue: Int32Array, from: number): number => {
  const { priorityClass } = demands[queue[from]!]!;
  let to = from + 1;
  while (to < queue.length && demands[queue[to]!]!.priorityClass === priorityClass) to += 1;
  return to;
};

/** What it gets is used up of what its group may have. */
const takeOfQuota = (sale: Sale, index: number, mostAmps: number, quotas?: Float64Array): void => {
  const before = sale.amps[index]!;
  take(sale, index, mostAmps);
  if (quotas !== undefined) {
    quotas[sale.rows.groups.groupOf[index]!]! -= sale.amps[index]! - before;
  }
};

interface Sale extends Shares {
  readonly rows: Rows;
  readonly sums: Float64Array;
  /** By group: amps that are left at most, since sums only grow, and the row that bounds them. */
  readonly rooms: Float64Array;
  readonly tightest: Int32Array;
}

const saleOf = (rows: Rows): Sale => {
  const { scratch, demands, groups } = rows;
  const sums = scratch.copyOf(rows.taken);
  return {
    rows,
    sums,
    rooms: scratch.floats(groups.count).fill(Number.POSITIVE_INFINITY),
    tightest: scratch.integers(groups.count),
    amps: scratch.floats(demands.length),
    bottleneck: scratch.integers(demands.length),
    verdicts: scratch.integers(demands.length),
  };
};

/** Raises a demand as far as `mostAmps`, from nothing at least to its minimum. */
const take = (sale: Sale, index: number, mostAmps: number): void => {
  const { rows, rooms, tightest, amps, bottleneck, verdicts } = sale;
  const most = rows.mostAmps[index]!;
  const least = rows.leastAmps[index]!;
  const before = amps[index]!;
  if (!isPossible(rows, index)) {
    verdicts[index] = TOO_SMALL;
    return;
  }
  const demand = rows.demands[index]!;
  const group = rows.groups.groupOf[index]!;
  const needed = (before === 0 ? least : stepAbove(demand, before) - before) - AMPS_EPSILON;
  // What was left for another one of the group is not more by now.
  if (rooms[group]! >= needed) findRoom(sale, group, needed);
  const fits = rooms[group]! >= needed;
  if (before === 0 && !fits) {
    verdicts[index] = tightest[group]!;
    return;
  }
  const offer = fits ? stepBelow(demand, Math.min(most, mostAmps, before + rooms[group]!)) : 0;
  const after = Math.max(offer, before, least);
  if (after > before) load(rows, sale.sums, index, after - before);
  // What lowers a difference makes room for others.
  if (rows.hasDifferences) rooms.fill(Number.POSITIVE_INFINITY);
  amps[index] = after;
  bottleneck[index] = after >= most - AMPS_EPSILON ? AT_MAXIMUM : tightest[group]!;
  verdicts[index] = ADMITTED;
};

/** Looks as far as the first row from the leaf up that has less room than is needed. */
const findRoom = ({ rows, sums, rooms, tightest }: Sale, group: number, neededAmps: number) => {
  const { starts, raisingEnds, entries } = rows;
  const end = raisingEnds[group]!;
  let amps = Number.POSITIVE_INFINITY;
  for (let e = starts[group]!; e < end && amps >= neededAmps; e += 1) {
    const here = roomOn(rows, sums, e);
    if (here >= amps) continue;
    amps = here;
    tightest[group] = entries[e]!;
  }
  rooms[group] = amps;
};
