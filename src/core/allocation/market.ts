import { CHORDS } from './phasor.ts';
import { CHORD_KIND, isDifference, isPhasor, load, type Rows, WATTS_KIND } from './rows.ts';
import { settleTies, sortByKey } from './sort.ts';

const ROUNDS = 16;
const FIRST_STEP = 4;
/** Demand is looked at for this many prices, up to this share below and above the one of a round. */
const LOOKS = 3;
const SPREAD = 0.1;
const LEAST_PRICE = 0.01;
const USUAL_VOLTS = 230;
/** Prices of earlier rounds are far off; they do not count in the targets. */
const SETTLED_ROUND = 6;

/**
 * What the amps of every row are worth when everybody who finds its price right takes all it can
 * (dual ascent on the max-weight problem of Tassiulas & Ephremides 1992). Demands on the same rows
 * pay the same, so they are looked at together: a round costs as much as there are kinds of
 * wiring, however many cars there are.
 */
export interface Market {
  readonly groupOf: Int32Array;
  /** Price of one amp, and amps that all of it together should get, by group. */
  readonly costs: Float64Array;
  readonly targets: Float64Array;
}

/** `worth`: of one amp of each demand. */
export const marketOf = (rows: Rows, worth: Float64Array): Market => {
  const { scratch } = rows;
  const groups = groupsOf(rows, worth);
  const costs = scratch.floats(groups.count);
  const targets = scratch.floats(groups.count);
  const trade = tradeOf(rows, groups);
  let steps = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const step = FIRST_STEP / Math.sqrt(1 + round);
    const counted = round < SETTLED_ROUND ? 0 : step;
    trade.wanted.set(trade.taken);
    for (let g = 0; g < groups.count; g += 1) {
      costs[g] = costOf(trade, g);
      const amps = demandAt(groups, g, costs[g]!);
      targets[g]! += counted * amps;
      want(trade, g, amps);
    }
    steps += counted;
    movePrices(trade, step);
  }
  for (let g = 0; g < groups.count; g += 1) {
    targets[g]! /= steps;
    // Where nothing is short an amp costs nobody anything.
    costs[g] = Math.max(costOf(trade, g), LEAST_PRICE / USUAL_VOLTS);
  }
  return { groupOf: groups.groupOf, costs, targets };
};

interface Groups {
  readonly count: number;
  readonly groupOf: Int32Array;
  /** One demand of each group, for its rows. */
  readonly samples: Int32Array;
  /** Members of group g, the most worthy first: from starts[g] to starts[g + 1]. */
  readonly starts: Int32Array;
  readonly worth: Float64Array;
  /** Amps of a member and of all before it. */
  readonly upTo: Float64Array;
}

/** Demands of one circuit and one wiring, the wirings in an order that does not depend on theirs. */
const groupsOf = (rows: Rows, worth: Float64Array): Groups => {
  const { scratch, mostAmps, leastAmps, demands, masks } = rows;
  const order = scratch.integers(demands.length);
  const keys = scratch.floats(demands.length);
  for (let i = 0; i < demands.length; i += 1) {
    order[i] = i;
    keys[i] = worth[i]!;
  }
  const spare = scratch.integers(demands.length);
  sortByKey(order, keys, spare);
  settleTies(order, keys, demands);
  for (let i = 0; i < demands.length; i += 1) {
    const { circuit, lineToLine, volts } = demands[i]!;
    // Volts beyond a thousand share a group with fewer: only the shares get less exact.
    keys[i] =
      ((circuit * 8 + masks[i]!) * 2 + (lineToLine === true ? 1 : 0)) * 1024 + (volts % 1024);
  }
  sortByKey(order, keys, spare);
  const groupOf = scratch.integers(demands.length);
  const starts = scratch.integers(demands.length + 1);
  const samples = scratch.integers(demands.length);
  const upTo = scratch.floats(demands.length);
  const sorted = scratch.floats(demands.length);
  let count = 0;
  for (let k = 0; k < order.length; k += 1) {
    const index = order[k]!;
    if (k === 0 || keys[index] !== keys[order[k - 1]!]) {
      samples[count] = index;
      starts[count] = k;
      count += 1;
    }
    groupOf[index] = count - 1;
    sorted[k] = worth[index]!;
    const most = mostAmps[index]!;
    upTo[k] =
      (k > starts[count - 1]! ? upTo[k - 1]! : 0) +
      (most > 0 && most >= leastAmps[index]! ? most : 0);
  }
  starts[count] = order.length;
  return { count, groupOf, samples, starts, worth: sorted, upTo };
};

/**
 * Amps of all members that are worth more than they cost. Prices around the given one count too:
 * otherwise all cars of a kind would come and go at once, and no price would be the right one.
 */
const demandAt = (groups: Groups, group: number, cost: number): number => {
  let amps = 0;
  for (let k = 0; k < LOOKS; k += 1) {
    amps += demandBelow(groups, group, cost * (1 + SPREAD * ((2 * k + 1) / LOOKS - 1)));
  }
  return amps / LOOKS;
};

const demandBelow = ({ starts, worth, upTo }: Groups, group: number, cost: number): number => {
  const first = starts[group]!;
  let low = first;
  let high = starts[group + 1]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (worth[middle]! > cost) low = middle + 1;
    else high = middle;
  }
  return low === first ? 0 : upTo[low - 1]!;
};

/**
 * The rows on which not everybody can have all; the others have no price. Their entries per group,
 * from starts[g] to starts[g + 1], name a row by its place among them.
 */
interface Trade {
  readonly count: number;
  readonly limits: Float64Array;
  readonly prices: Float64Array;
  readonly leastPrices: Float64Array;
  /** Taken before anybody wants any, wanted at these prices, and wanted if amps were free. */
  readonly taken: Float64Array;
  readonly wanted: Float64Array;
  readonly full: Float64Array;
  readonly starts: Int32Array;
  readonly entries: Int32Array;
  readonly coefficients: Float64Array;
}

const tradeOf = (rows: Rows, groups: Groups): Trade => {
  const { scratch, limits } = rows;
  const sums = scratch.floats(limits.length);
  sums.set(rows.taken);
  for (let g = 0; g < groups.count; g += 1) {
    load(rows, sums, groups.samples[g]!, groups.upTo[groups.starts[g + 1]! - 1]!);
  }
  const placeOf = scratch.integers(limits.length).fill(-1);
  const trade = {
    count: 0,
    limits: scratch.floats(limits.length),
    prices: scratch.floats(limits.length),
    leastPrices: scratch.floats(limits.length),
    taken: scratch.floats(limits.length),
    wanted: scratch.floats(limits.length),
    full: scratch.floats(limits.length),
    ...entryRoom(rows, groups),
  };
  for (let row = 0; row < limits.length; row += 1) {
    const limit = priceLimitOf(rows, row);
    if (isDifference(rows, row) || sums[row]! <= limit) continue;
    const at = trade.count;
    placeOf[row] = at;
    trade.limits[at] = Math.max(limit, LEAST_PRICE);
    trade.taken[at] = rows.taken[row]!;
    trade.full[at] = sums[row]!;
    trade.prices[at] = unitOf(rows, row);
    trade.leastPrices[at] = unitOf(rows, row) * LEAST_PRICE;
    trade.count += 1;
  }
  let at = 0;
  for (let g = 0; g < groups.count; g += 1) {
    const index = groups.samples[g]!;
    for (let e = rows.starts[index]!; e < rows.plainEnds[index]!; e += 1) {
      const to = placeOf[rows.entries[e]!]!;
      if (to < 0) continue;
      trade.entries[at] = to;
      trade.coefficients[at] = rows.coefficients[e]!;
      at += 1;
    }
    trade.starts[g + 1] = at;
  }
  return trade;
};

const entryRoom = ({ scratch, starts, plainEnds }: Rows, { count, samples }: Groups) => {
  let most = 0;
  for (let g = 0; g < count; g += 1) most += plainEnds[samples[g]!]! - starts[samples[g]!]!;
  return {
    starts: scratch.integers(count + 1),
    entries: scratch.integers(most),
    coefficients: scratch.floats(most),
  };
};

const costOf = ({ starts, entries, coefficients, prices }: Trade, group: number): number => {
  const end = starts[group + 1]!;
  let cost = 0;
  for (let e = starts[group]!; e < end; e += 1) cost += coefficients[e]! * prices[entries[e]!]!;
  return cost;
};

const want = ({ starts, entries, coefficients, wanted }: Trade, group: number, amps: number) => {
  const end = starts[group + 1]!;
  for (let e = starts[group]!; e < end; e += 1) wanted[entries[e]!]! += coefficients[e]! * amps;
};

/** A price rises while more is wanted of its row than fits, and falls while less is. */
const movePrices = (trade: Trade, step: number): void => {
  const { count, limits, prices, leastPrices, wanted, full } = trade;
  for (let row = 0; row < count; row += 1) {
    const move = (step * (wanted[row]! - limits[row]!)) / Math.max(limits[row]!, full[row]!);
    const price = move > 0 ? prices[row]! * (1 + move) : prices[row]! / (1 - move);
    prices[row] = Math.max(leastPrices[row]!, price);
  }
};

/** Prices are linear: here a phasor keeps within both of its chords. */
const priceLimitOf = ({ limits, kindOf }: Rows, row: number): number =>
  isPhasor(kindOf[row + 1] ?? -1) ? limits[row + 1]! : limits[row]!;

/** A watt is worth as much less than an amp as there are more of them, and there are two chords. */
const unitOf = ({ kindOf }: Rows, row: number): number => {
  const kind = kindOf[row]!;
  if (kind === WATTS_KIND) return 1 / USUAL_VOLTS;
  return kind >= CHORD_KIND && kind < WATTS_KIND ? 1 / CHORDS : 1;
};
