import { AMPS_EPSILON } from '../units.ts';
import { ADMITTED, TOO_SMALL } from './admit.ts';
import { AT_MAXIMUM } from './fill.ts';
import { marketOf } from './market.ts';
import { WIRINGS, wiringOf } from './phasor.ts';
import { isKept, load, type Rows, roomOn } from './rows.ts';
import type { Shares } from './shares.ts';
import { ranked } from './sort.ts';
import { stepBelow } from './steps.ts';

/**
 * What makes an amp worth something: that it flows at all; that much is still needed by all cars of
 * its wiring together, since their phases will be short later on too (max-weight); that the car
 * itself needs it to be ready in time.
 */
const CALM_WORTH = 0.5;
const PRESSURE_WORTH = 0.5;
const NEED_WORTH = 2;
/** Between cars of one wiring, an amp that is not urgent counts as this share of one that is. */
const CALM_OWN_WORTH = 0.2;
/** An amp of a car that is on is worth this much more, so that cars are not switched for little. */
const SWITCHING_COST = 0.3;
const USUAL_VOLTS = 230;

/**
 * The most useful power through every fuse: amps have a price on each row (see market.ts), and go to
 * whoever makes most of what they cost. So a car on three phases is served before one that takes
 * the scarce phase alone, as far as its need is comparable. First up to what all cars of one wiring
 * together should get, then whatever is left; or in one go, if that is worth more.
 * Cars of a higher class and those that are kept on come first.
 * `inOrder`: no prices; each takes all that it can in the order of admission.
 */
export const throughput = (rows: Rows, inOrder = false): Shares => {
  if (inOrder) {
    const shares = emptyShares(rows);
    handOut(saleOf(rows, rows.scores), shares);
    return shares;
  }
  const { fair, own } = worthOf(rows);
  const { costs, targets } = marketOf(rows, fair);
  const { groupOf } = rows.groups;
  const keys = rows.scratch.floats(rows.demands.length);
  for (let i = 0; i < keys.length; i += 1) {
    // Whole noise units, so that a tie is a tie whatever order the sums were made in.
    keys[i] = Math.round(own[i]! / costs[groupOf[i]!]! / AMPS_EPSILON);
  }
  const sale = saleOf(rows, keys);
  const best = emptyShares(rows);
  handOut(sale, best);
  const other = emptyShares(rows);
  handOut({ ...sale, quotas: targets }, other);
  return totalWorth(rows, fair, best) > totalWorth(rows, fair, other) ? best : other;
};

/** The largest key first, within a class. */
const saleOf = (rows: Rows, keys: Float64Array): Sale => {
  const { demands, scratch } = rows;
  const classes = scratch.floats(demands.length);
  for (let i = 0; i < classes.length; i += 1) classes[i] = demands[i]!.priorityClass;
  const order = ranked(demands, classes, keys, scratch);
  const sums = scratch.floats(rows.limits.length);
  return { rows, order, sums, quotas: undefined };
};

interface Sale {
  readonly rows: Rows;
  readonly order: Int32Array;
  readonly sums: Float64Array;
  /** Amps that each group may take before all others had their turn. */
  readonly quotas: Float64Array | undefined;
}

const emptyShares = ({ scratch, demands }: Rows): Shares => ({
  amps: scratch.floats(demands.length),
  bottleneck: scratch.integers(demands.length),
  verdicts: scratch.integers(demands.length),
});

/** Worth of one amp of each demand, in amps of one phase. */
interface Worth {
  /** For the prices, and to compare shares with each other. */
  readonly fair: Float64Array;
  /** Among cars of one wiring: those that are on are worth more, so that few are switched. */
  readonly own: Float64Array;
}

const worthOf = ({ demands, scratch, masks, mostAmps, weights, urgencies }: Rows): Worth => {
  const fair = scratch.floats(demands.length);
  const own = scratch.floats(demands.length);
  const pressures = scratch.floats(WIRINGS);
  let highest = AMPS_EPSILON;
  for (let i = 0; i < demands.length; i += 1) {
    const wiring = wiringOf(masks[i]!, demands[i]!.lineToLine);
    pressures[wiring]! += urgencies[i]! * mostAmps[i]!;
    highest = Math.max(highest, pressures[wiring]!);
  }
  for (let i = 0; i < demands.length; i += 1) {
    const { lineToLine, volts, previousAmps } = demands[i]!;
    const mask = masks[i]!;
    const urgency = urgencies[i]!;
    const phases = (mask & 1) + ((mask >> 1) & 1) + (mask >> 2);
    const amp = weights[i]! * phases * (volts / USUAL_VOLTS);
    const pressure = pressures[wiringOf(mask, lineToLine)]! / highest;
    fair[i] = amp * (CALM_WORTH + PRESSURE_WORTH * pressure + NEED_WORTH * urgency);
    const stays = previousAmps > 0 ? 1 + SWITCHING_COST : 1;
    own[i] = amp * stays * (CALM_OWN_WORTH + (1 - CALM_OWN_WORTH) * urgency);
  }
  return { fair, own };
};

/** In their order, each takes all that fits. Fills in `shares`. */
const handOut = ({ rows, order, sums, quotas }: Sale, shares: Shares): void => {
  const { groupOf } = rows.groups;
  sums.set(rows.taken);
  // Those that are kept on hold their minimum before anybody gets more.
  for (let k = 0; k < order.length; k += 1) {
    const index = order[k]!;
    if (!isKept(rows, index)) continue;
    takeMore(rows, sums, index, shares, rows.leastAmps[index]!);
    if (quotas !== undefined) quotas[groupOf[index]!]! -= shares.amps[index]!;
  }
  if (quotas !== undefined) {
    for (let k = 0; k < order.length; k += 1) {
      const index = order[k]!;
      const group = groupOf[index]!;
      const before = shares.amps[index]!;
      if (before + quotas[group]! < rows.leastAmps[index]! - AMPS_EPSILON) continue;
      takeMore(rows, sums, index, shares, before + quotas[group]!);
      quotas[group]! -= shares.amps[index]! - before;
    }
  }
  for (let k = 0; k < order.length; k += 1) {
    takeMore(rows, sums, order[k]!, shares, Number.POSITIVE_INFINITY);
  }
};

/** Raises a demand up to `mostAmps`, from nothing at least to its minimum. */
const takeMore = (
  rows: Rows,
  sums: Float64Array,
  index: number,
  shares: Shares,
  mostAmps: number,
): void => {
  const { amps, bottleneck, verdicts } = shares;
  const before = amps[index]!;
  const most = rows.mostAmps[index]!;
  const least = rows.leastAmps[index]!;
  if (before === 0 && !(most > 0 && most >= least)) {
    verdicts[index] = TOO_SMALL;
    return;
  }
  const room = roomFor(rows, sums, index, before === 0 ? least - AMPS_EPSILON : 0);
  if (before === 0 && !(room.amps >= least - AMPS_EPSILON)) {
    verdicts[index] = room.row;
    return;
  }
  const offer = stepBelow(rows.demands[index]!, Math.min(most, mostAmps, before + room.amps));
  const after = Math.max(offer, before, least);
  if (after > before) load(rows, sums, index, after - before);
  amps[index] = after;
  bottleneck[index] = after >= most - AMPS_EPSILON ? AT_MAXIMUM : room.row;
  verdicts[index] = ADMITTED;
};

/** Up to the first row from the leaf up that has less than `leastAmps`: what is above does not matter. */
const roomFor = (rows: Rows, sums: Float64Array, index: number, leastAmps: number) => {
  const { starts, raisingEnds, entries } = rows;
  const group = rows.groups.groupOf[index]!;
  const end = raisingEnds[group]!;
  let amps = Number.POSITIVE_INFINITY;
  let tightest = AT_MAXIMUM;
  for (let e = starts[group]!; e < end; e += 1) {
    const here = roomOn(rows, sums, e);
    if (here >= amps) continue;
    amps = here;
    tightest = entries[e]!;
    if (!(here >= leastAmps)) break;
  }
  return { amps: Math.max(0, amps), row: tightest };
};

const totalWorth = ({ demands }: Rows, worth: Float64Array, { amps }: Shares): number => {
  let total = 0;
  for (let i = 0; i < worth.length; i += 1) {
    // A class outweighs whatever is below it.
    const { priorityClass } = demands[i]!;
    total += worth[i]! * amps[i]! * (priorityClass === 0 ? 1 : 1e3 ** priorityClass);
  }
  return total;
};
