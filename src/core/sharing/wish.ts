import { clamp } from '../units.ts';

/**
 * What a driver or a fleet asks for: energy by a departure. It steers shares and turns; it never
 * lifts a limit. Claims are clamped, since a car that claims more would otherwise get more.
 */
export interface Wish {
  /** Wanted in this transaction from its start on, Wh. */
  readonly energyWh?: number;
  /** Wall clock, epoch ms. */
  readonly departsAtWallMs?: number;
}

/** More than any car battery holds; larger wishes count as this. */
export const WISH_MOST_WH = 200_000;
/** A departure further away counts as this far. */
export const WISH_MOST_MS = 7 * 24 * 3_600_000;
/** Shares are not pushed lower than this by a small need: forecasts are wrong both ways. */
const LEAST_NEED = 0.2;
/** A need beyond full power is a need for full power three times over, at most. */
const MOST_URGENCY = 3;
/** A departure that is over or near counts as this far away, hours. */
const LEAST_HOURS = 0.1;

export interface NeedFacts {
  readonly wish: Wish | undefined;
  /** Delivered in this transaction so far, Wh. */
  readonly deliveredWh: number;
  /** What it could draw at full power, watts. */
  readonly fullWatts: number;
  readonly wallMs: number;
}

/**
 * Share of its full power that a car needs from now to its departure; above 1 it will not make it.
 * Undefined when energy or departure is not known.
 */
export const urgencyOf = ({ wish, deliveredWh, fullWatts, wallMs }: NeedFacts) => {
  if (wish?.energyWh === undefined || wish.departsAtWallMs === undefined) return undefined;
  const leftWh = clamp(wish.energyWh, 0, WISH_MOST_WH) - deliveredWh;
  const leftMs = Math.min(wish.departsAtWallMs - wallMs, WISH_MOST_MS);
  const hours = Math.max(LEAST_HOURS, leftMs / 3_600_000);
  return clamp(leftWh / (hours * Math.max(1, fullWatts)), 0, MOST_URGENCY);
};

/** Factor on a share: in [0.2, 1]; a need that is not known counts as full. */
export const needFactor = (urgency: number | undefined): number =>
  clamp(urgency ?? 1, LEAST_NEED, 1);
