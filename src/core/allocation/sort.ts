import type { Scratch } from './scratch.ts';

/**
 * Sorts a part of the indexes in place, the largest key first; indexes of equal keys keep their order.
 * `spare` is room of the same length. The built-in sort calls a comparator through the runtime each time, which would cost more than all
 * the rest of an allocation.
 */
export const sortByKey = (
  indexes: Int32Array,
  keys: Float64Array,
  spare: Int32Array,
  from = 0,
  to = indexes.length,
): void => {
  sortPart(indexes, spare, keys, from, to);
};

/** Parts this short are sorted by insertion. */
const SHORT = 16;

const sortPart = (
  items: Int32Array,
  spare: Int32Array,
  keys: Float64Array,
  from: number,
  to: number,
): void => {
  if (to - from <= SHORT) {
    insertionSort(items, keys, from, to);
    return;
  }
  const middle = (from + to) >> 1;
  sortPart(items, spare, keys, from, middle);
  sortPart(items, spare, keys, middle, to);
  if (keys[items[middle]!]! <= keys[items[middle - 1]!]!) return;
  for (let i = from; i < middle; i += 1) spare[i] = items[i]!;
  let left = from;
  let right = middle;
  for (let at = from; left < middle; at += 1) {
    if (right < to && keys[items[right]!]! > keys[spare[left]!]!) {
      items[at] = items[right]!;
      right += 1;
    } else {
      items[at] = spare[left]!;
      left += 1;
    }
  }
};

const insertionSort = (items: Int32Array, keys: Float64Array, from: number, to: number): void => {
  for (let i = from + 1; i < to; i += 1) {
    const item = items[i]!;
    const key = keys[item]!;
    let at = i;
    while (at > from && key > keys[items[at - 1]!]!) {
      items[at] = items[at - 1]!;
      at -= 1;
    }
    items[at] = item;
  }
};

/** Brings runs of equal keys, in a part that is sorted by key, into the order of their ids. */
export const settleTies = (
  indexes: Int32Array,
  keys: Float64Array,
  named: readonly { readonly id: string }[],
  from = 0,
  to = indexes.length,
): void => {
  let first = from;
  for (let next = from + 1; next <= to; next += 1) {
    if (next < to && keys[indexes[next]!] === keys[indexes[first]!]) continue;
    // Demands mostly come in the order of their ids.
    if (next - first > 1 && !inOrder(indexes, first, next, named)) {
      indexes.subarray(first, next).sort((a, b) => (named[a]!.id < named[b]!.id ? -1 : 1));
    }
    first = next;
  }
};

const inOrder = (
  indexes: Int32Array,
  from: number,
  to: number,
  named: readonly { readonly id: string }[],
): boolean => {
  for (let i = from + 1; i < to; i += 1) {
    if (named[indexes[i]!]!.id < named[indexes[i - 1]!]!.id) return false;
  }
  return true;
};

/** Indexes of all, the highest rank first; within a rank the highest key, then by id. */
export const ranked = (
  named: readonly { readonly id: string }[],
  ranks: Float64Array,
  keys: Float64Array,
  scratch: Scratch,
): Int32Array => {
  const order = scratch.integers(named.length);
  const spare = scratch.integers(named.length);
  for (let i = 0; i < order.length; i += 1) order[i] = i;
  sortByKey(order, keys, spare);
  settleTies(order, keys, named);
  groupByRank(order, ranks, spare);
  return order;
};

/** Ranks are few: each is picked out in turn, the highest first, in the order that is there. */
const RANKS_MOST = 6;

const groupByRank = (order: Int32Array, ranks: Float64Array, spare: Int32Array): void => {
  let rank = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < ranks.length; i += 1) if (ranks[i]! > rank) rank = ranks[i]!;
  let at = 0;
  for (let pick = 0; pick < RANKS_MOST; pick += 1) {
    let next = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < order.length; k += 1) {
      const here = ranks[order[k]!]!;
      if (here === rank) {
        spare[at] = order[k]!;
        at += 1;
      } else if (here < rank && here > next) {
        next = here;
      }
    }
    if (at === order.length) {
      order.set(spare);
      return;
    }
    rank = next;
  }
  // The sort is stable: the last key counts most.
  sortByKey(order, ranks, spare);
};
