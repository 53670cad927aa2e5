import { AMPS_EPSILON } from '../units.ts';
import { handOut, queueOf } from './hand-out.ts';
import { marketOf } from './market.ts';
import { WIRINGS, wiringOf } from './phasor.ts';
import type { Rows } from './rows.ts';
import type { Shares } from './shares.ts';

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
  if (inOrder) return handOut(rows, queueOf(rows, rows.scores));
  const { fair, own } = worthOf(rows);
  const { costs, targets } = marketOf(rows, fair);
  const { groupOf } = rows.groups;
  const keys = rows.scratch.floats(rows.demands.length);
  for (let i = 0; i < keys.length; i += 1) {
    // Whole noise units, so that a tie is a tie whatever order the sums were made in.
    keys[i] = Math.round(own[i]! / costs[groupOf[i]!]! / AMPS_EPSILON);
  }
  const queue = queueOf(rows, keys);
  return handOut(rows, queue, targets);
};

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
