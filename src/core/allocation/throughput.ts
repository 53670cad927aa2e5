import { AMPS_EPSILON } from '../units.ts';
import { ADMITTED, TOO_SMALL } from './admit.ts';
import { AT_MAXIMUM, type Filled } from './fill.ts';
import { CHORDS } from './phasor.ts';
import { blockingRow, isChord, isDifference, load, type Rows, WATTS_KIND } from './rows.ts';
import { settleTies, sortByKey } from './sort.ts';
import { stepBelow } from './steps.ts';

/** Worth of an amp that nobody is in a hurry for, against one that is needed at full power. */
const CALM_WORTH = 0.2;
/** An amp of a car that is on is worth this much more, so that cars are not switched for little. */
const SWITCHING_COST = 0.3;
/** Rounds of prices, and every how many of them the shares that follow are tried. */
const ROUNDS = 30;
const TRY_EVERY = 3;
const FIRST_STEP = 0.3;
const LEAST_PRICE = 0.01;
const USUAL_VOLTS = 230;

export interface Shares extends Filled {
  readonly verdicts: Int32Array;
}

/**
 * The most useful power through every fuse: each row has a price that rises while more is wanted
 * than fits (dual ascent on the max-weight problem of Tassiulas & Ephremides 1992), and amps go to
 * whoever makes most of what they cost. So a car on three phases is served before one that takes
 * the scarce phase alone, as far as its need is comparable. Of the shares tried the best one counts.
 * Cars of a higher class and those that are kept on come first. O(n d) for each round.
 * `inOrder`: no prices; each takes all that it can in the order of admission.
 */
export const throughput = (rows: Rows, inOrder = false): Shares => {
  const { scratch } = rows;
  const count = rows.problem.demands.length;
  const market: Market = {
    rows,
    worth: worthOf(rows),
    prices: scratch.floats(rows.limits.length).fill(1),
    wanted: scratch.floats(rows.limits.length),
    sums: scratch.floats(rows.limits.length),
    keys: scratch.floats(count),
    order: scratch.integers(count),
    spare: scratch.integers(count),
    classes: classesOf(rows),
  };
  if (inOrder) {
    const shares = emptyShares(rows);
    orderByScore(market);
    handOut(market, shares);
    return shares;
  }
  scalePrices(market);
  let best = emptyShares(rows);
  let other = emptyShares(rows);
  let bestWorth = -1;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % TRY_EVERY === 0) {
      orderByPrice(market);
      handOut(market, other);
      const worth = totalWorth(market, other);
      if (worth > bestWorth * (1 + AMPS_EPSILON)) {
        bestWorth = worth;
        [best, other] = [other, best];
      }
    }
    movePrices(market, FIRST_STEP / Math.sqrt(1 + round));
  }
  return best;
};

interface Market {
  readonly rows: Rows;
  /** Of one amp of each demand, in amps of one phase. */
  readonly worth: Float64Array;
  readonly prices: Float64Array;
  readonly wanted: Float64Array;
  readonly sums: Float64Array;
  readonly keys: Float64Array;
  readonly order: Int32Array;
  readonly spare: Int32Array;
  readonly classes: Float64Array;
}

const emptyShares = ({ scratch, problem }: Rows): Shares => ({
  amps: scratch.floats(problem.demands.length),
  bottleneck: scratch.integers(problem.demands.length),
  verdicts: scratch.integers(problem.demands.length),
});

const worthOf = ({ problem: { demands }, scratch }: Rows): Float64Array => {
  const worth = scratch.floats(demands.length);
  for (let i = 0; i < demands.length; i += 1) {
    const { phases, volts, urgency = 1, previousAmps, weight } = demands[i]!;
    const phaseCount = (phases[0] ? 1 : 0) + (phases[1] ? 1 : 0) + (phases[2] ? 1 : 0) || 3;
    const stays = previousAmps > 0 ? 1 + SWITCHING_COST : 1;
    const hurry = CALM_WORTH + (1 - CALM_WORTH) * urgency;
    worth[i] = hurry * weight * stays * phaseCount * (volts / USUAL_VOLTS);
  }
  return worth;
};

const classesOf = ({ problem: { demands }, scratch }: Rows): Float64Array => {
  const classes = scratch.floats(demands.length);
  for (let i = 0; i < demands.length; i += 1) classes[i] = demands[i]!.priorityClass;
  return classes;
};

/** Differences have no price. */
const scalePrices = ({ rows, prices }: Market): void => {
  for (let row = 0; row < prices.length; row += 1) {
    prices[row] = isDifference(rows, row) ? 0 : unitOf(rows, row);
  }
};

/**
 * A watt is worth as much less than an amp as there are more of them, and an amp on one of the
 * chords of a line as much less as there are more chords.
 */
const unitOf = (rows: Rows, row: number): number => {
  if (rows.kindOf[row] === WATTS_KIND) return 1 / USUAL_VOLTS;
  return isChord(rows, row) ? 1 / CHORDS : 1;
};

const costOf = ({ rows, prices }: Market, index: number): number => {
  const { starts, entries, coefficients } = rows;
  const end = starts[index + 1]!;
  let cost = 0;
  for (let e = starts[index]!; e < end; e += 1) cost += coefficients[e]! * prices[entries[e]!]!;
  return cost;
};

/** Everybody wants all it can take while that is worth the price; prices follow what is wanted. */
const movePrices = (market: Market, step: number): void => {
  const { rows, worth, prices, wanted } = market;
  wanted.fill(0);
  for (let i = 0; i < worth.length; i += 1) {
    if (worth[i]! > costOf(market, i)) load(rows, wanted, i, rows.mostAmps[i]!);
  }
  for (let row = 0; row < prices.length; row += 1) {
    if (isDifference(rows, row)) continue;
    const unit = unitOf(rows, row);
    const limit = Math.max(rows.limits[row]!, AMPS_EPSILON);
    const excess = Math.max(-1, Math.min(1, (wanted[row]! - limit) / limit));
    prices[row] = Math.max(LEAST_PRICE * unit, prices[row]! + step * unit * excess);
  }
};

const orderByScore = ({ rows, keys, order, classes, spare }: Market): void => {
  const { demands } = rows.problem;
  for (let i = 0; i < order.length; i += 1) {
    order[i] = i;
    keys[i] = demands[i]!.admissionScore;
  }
  sortByKey(order, keys, spare);
  settleTies(order, keys, demands);
  sortByKey(order, classes, spare);
};

/** In the order of worth for the price. */
const orderByPrice = (market: Market): void => {
  const { rows, worth, keys, order, classes, spare } = market;
  for (let i = 0; i < order.length; i += 1) {
    order[i] = i;
    // Whole noise units, so that a tie is a tie whatever order the sums were made in.
    const ratio = worth[i]! / Math.max(costOf(market, i), LEAST_PRICE / USUAL_VOLTS);
    keys[i] = Math.round(ratio / AMPS_EPSILON);
  }
  sortByKey(order, keys, spare);
  settleTies(order, keys, rows.problem.demands);
  sortByKey(order, classes, spare);
};

/** In their order, each takes all that fits. Fills in `shares`. */
const handOut = ({ rows, sums, order }: Market, shares: Shares): void => {
  const { amps, bottleneck, verdicts } = shares;
  sums.fill(0);
  amps.fill(0);
  // Those that are kept on hold their minimum before anybody gets more.
  for (let k = 0; k < order.length; k += 1) {
    const index = order[k]!;
    if (rows.problem.demands[index]!.mustKeep === true) takeLeast(rows, sums, index, shares);
  }
  for (let k = 0; k < order.length; k += 1) {
    const index = order[k]!;
    if (amps[index] === 0 && !takeLeast(rows, sums, index, shares)) continue;
    const room = roomFor(rows, sums, index);
    const most = Math.min(rows.mostAmps[index]!, amps[index]! + Math.max(0, room.amps));
    const offer = stepBelow(rows.problem.demands[index]!, most);
    if (offer > amps[index]!) {
      load(rows, sums, index, offer - amps[index]!);
      amps[index] = offer;
    }
    bottleneck[index] = offer >= rows.mostAmps[index]! - AMPS_EPSILON ? AT_MAXIMUM : room.row;
    verdicts[index] = ADMITTED;
  }
};

const takeLeast = (rows: Rows, sums: Float64Array, index: number, shares: Shares): boolean => {
  const least = rows.leastAmps[index]!;
  const most = rows.mostAmps[index]!;
  if (!(most > 0 && most >= least)) {
    shares.verdicts[index] = TOO_SMALL;
    return false;
  }
  shares.verdicts[index] = blockingRow(rows, sums, index, least, AMPS_EPSILON);
  if (shares.verdicts[index] !== ADMITTED) return false;
  shares.amps[index] = least;
  load(rows, sums, index, least);
  return true;
};

const roomFor = (rows: Rows, sums: Float64Array, index: number) => {
  const { starts, entries, coefficients, limits } = rows;
  const end = starts[index + 1]!;
  let amps = Number.POSITIVE_INFINITY;
  let tightest = AT_MAXIMUM;
  for (let e = starts[index]!; e < end; e += 1) {
    const row = entries[e]!;
    const coefficient = coefficients[e]!;
    if (coefficient <= 0) continue;
    const here = (limits[row]! - sums[row]!) / coefficient;
    if (here >= amps) continue;
    amps = here;
    tightest = row;
  }
  return { amps, row: tightest };
};

const totalWorth = ({ worth, classes }: Market, { amps }: Shares): number => {
  let total = 0;
  for (let i = 0; i < worth.length; i += 1) {
    // A class outweighs whatever is below it.
    total += worth[i]! * amps[i]! * 1e3 ** classes[i]!;
  }
  return total;
};
