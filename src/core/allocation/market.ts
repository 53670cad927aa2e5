import { isPossible } from './admit.ts';
import type { Groups } from './groups.ts';
import { CHORDS } from './phasor.ts';
import { CHORD_KIND, isDifference, isPhasor, loadGroup, type Rows, WATTS_KIND } from './rows.ts';
import { settleTies, sortByKey } from './sort.ts';

const ROUNDS = 14;
const FIRST_STEP = 4;
/**
 * Demand is looked at for these shares of the price of a round too: otherwise all cars of a kind would
 * come and go at once, and no price would be right.
 */
const HIGH_LOOK = 1.067;
const LOW_LOOK = 0.933;
const LEAST_PRICE = 0.01;
const USUAL_VOLTS = 230;
/** Prices of earlier rounds are far off; they do not count in the targets. */
const SETTLED_ROUND = 5;

/**
 * What the amps of every row are worth when everybody who finds its price right takes all it can
 * (dual ascent on the max-weight problem of Tassiulas & Ephremides 1992). Demands on the same rows
 * pay the same, so they are looked at together.
 */
export interface Market {
  /** Price of one amp, and amps that all of it together should get, by group. */
  readonly costs: Float64Array;
  readonly targets: Float64Array;
}

/** `worth`: of one amp of each demand. */
export const marketOf = (rows: Rows, worth: Float64Array): Market => {
  const { groups } = rows;
  const wants = wantsOf(rows, worth);
  const trade = tradeOf(rows, wants);
  const { costs, targets } = trade;
  let steps = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const step = FIRST_STEP / Math.sqrt(1 + round);
    const counted = round < SETTLED_ROUND ? 0 : step;
    ask(groups, wants, trade, counted);
    steps += counted;
    movePrices(trade, step);
  }
  for (let g = 0; g < groups.count; g += 1) {
    targets[g]! /= steps;
    // Where nothing is short an amp costs nobody anything.
    costs[g] = Math.max(costOf(trade, g), LEAST_PRICE / USUAL_VOLTS);
  }
  return trade;
};

/** What the demands of each group want: by place, as in `members` of the groups. */
interface Wants {
  /** Of one amp, the most worthy demand of a group first. */
  readonly worth: Float64Array;
  /** Amps of a demand and of all before it in its group. */
  readonly upTo: Float64Array;
}

const wantsOf = (rows: Rows, worthOf: Float64Array): Wants => {
  const { scratch, mostAmps, demands, groups } = rows;
  const order = scratch.copyOfIntegers(groups.members);
  const spare = scratch.integers(demands.length);
  const worth = scratch.floats(demands.length);
  const upTo = scratch.floats(demands.length);
  for (let g = 0; g < groups.count; g += 1) {
    const end = groups.starts[g + 1]!;
    sortByKey(order, worthOf, spare, groups.starts[g]!, end);
    settleTies(order, worthOf, demands, groups.starts[g]!, end);
    let amps = 0;
    for (let k = groups.starts[g]!; k < end; k += 1) {
      const index = order[k]!;
      if (isPossible(rows, index)) amps += mostAmps[index]!;
      worth[k] = worthOf[index]!;
      upTo[k] = amps;
    }
  }
  return { worth, upTo };
};

/**
 * The rows on which not everybody can have all; the others have no price. Their entries per group,
 * from starts[g] to starts[g + 1], name a row by its place among them.
 */
interface Trade extends Market {
  readonly count: number;
  readonly limits: Float64Array;
  readonly prices: Float64Array;
  readonly leastPrices: Float64Array;
  /** How much of a step a price moves for each amp that is wanted beyond the limit. */
  readonly paces: Float64Array;
  /** Taken before anybody wants any, and wanted at these prices. */
  readonly taken: Float64Array;
  readonly wanted: Float64Array;
  readonly starts: Int32Array;
  readonly entries: Int32Array;
  readonly coefficients: Float64Array;
}

const tradeOf = (rows: Rows, { upTo }: Wants): Trade => {
  const { scratch, limits, groups } = rows;
  const sums = scratch.copyOf(rows.taken);
  for (let g = 0; g < groups.count; g += 1) {
    loadGroup(rows, sums, g, upTo[groups.starts[g + 1]! - 1]!);
  }
  const placeOf = scratch.integers(limits.length).fill(-1);
  const trade = {
    count: 0,
    limits: scratch.floats(limits.length),
    prices: scratch.floats(limits.length),
    leastPrices: scratch.floats(limits.length),
    paces: scratch.floats(limits.length),
    taken: scratch.floats(limits.length),
    wanted: scratch.floats(limits.length),
    costs: scratch.floats(groups.count),
    targets: scratch.floats(groups.count),
    starts: scratch.integers(groups.count + 1),
    entries: scratch.integers(rows.entries.length),
    coefficients: scratch.floats(rows.entries.length),
  };
  for (let row = 0; row < limits.length; row += 1) {
    const limit = priceLimitOf(rows, row);
    if (isDifference(rows, row) || sums[row]! <= Math.max(limit, LEAST_PRICE)) continue;
    const at = trade.count;
    placeOf[row] = at;
    trade.limits[at] = Math.max(limit, LEAST_PRICE);
    trade.taken[at] = rows.taken[row]!;
    trade.paces[at] = 1 / sums[row]!;
    trade.prices[at] = unitOf(rows, row);
    trade.leastPrices[at] = unitOf(rows, row) * LEAST_PRICE;
    trade.count += 1;
  }
  let at = 0;
  for (let g = 0; g < groups.count; g += 1) {
    for (let e = rows.starts[g]!; e < rows.plainEnds[g]!; e += 1) {
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

/**
 * Everybody says what it wants at these prices: all members of a group that are worth more than they
 * cost all that they can take. Fills in the costs and what is wanted of each row.
 */
const ask = (groups: Groups, { worth, upTo }: Wants, trade: Trade, counted: number): void => {
  const { starts, entries, coefficients, prices, wanted, costs, targets } = trade;
  wanted.set(trade.taken);
  let entry = 0;
  for (let g = 0, place = 0; g < costs.length; g += 1) {
    const first = entry;
    const end = starts[g + 1]!;
    let cost = 0;
    for (; entry < end; entry += 1) cost += coefficients[entry]! * prices[entries[entry]!]!;
    const to = groups.starts[g + 1]!;
    const high = cost * HIGH_LOOK;
    const low = cost * LOW_LOOK;
    let upToHere = 0;
    for (; place < to && worth[place]! > high; place += 1) upToHere = upTo[place]!;
    let amps = upToHere;
    for (; place < to && worth[place]! > cost; place += 1) upToHere = upTo[place]!;
    amps += upToHere;
    for (; place < to && worth[place]! > low; place += 1) upToHere = upTo[place]!;
    amps = (amps + upToHere) / 3;
    place = to;
    costs[g] = cost;
    targets[g]! += counted * amps;
    for (let e = first; e < end; e += 1) wanted[entries[e]!]! += coefficients[e]! * amps;
  }
};

const costOf = ({ starts, entries, coefficients, prices }: Trade, group: number): number => {
  const end = starts[group + 1]!;
  let cost = 0;
  for (let e = starts[group]!; e < end; e += 1) cost += coefficients[e]! * prices[entries[e]!]!;
  return cost;
};

/** A price rises while more is wanted of its row than fits, and falls while less is. */
const movePrices = (trade: Trade, step: number): void => {
  const { count, limits, prices, leastPrices, paces, wanted } = trade;
  for (let row = 0; row < count; row += 1) {
    const move = step * (wanted[row]! - limits[row]!) * paces[row]!;
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
