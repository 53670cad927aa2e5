import { SETTLE_MS } from '../chargers/enforcement.ts';
import { phaseVolts } from '../chargers/told-limit.ts';
import { lastChange } from '../connector-ticks.ts';
import type { ConnectorTick, TickInput } from '../tick.ts';
import { clamp } from '../units.ts';

/** Watts that all cars draw together: at least, and at most. */
export interface CarPower {
  readonly lowerWatts: number;
  readonly upperWatts: number;
}

/**
 * What the cars draw. A car follows a new offer within seconds, its charger tells it a minute later or
 * never: after a change it is anything between the old and the new. Who was not measured lately is
 * taken to draw what it is offered: then what is exported besides can be offered, too.
 */
export const carPower = ({ site }: TickInput, ticks: readonly ConnectorTick[]): CarPower =>
  ticks.reduce(
    (sum, tick) => {
      const own = drawnBy(tick, phaseVolts(tick.charger, site.voltageVolts));
      return {
        lowerWatts: sum.lowerWatts + own.lowerWatts,
        upperWatts: sum.upperWatts + own.upperWatts,
      };
    },
    { lowerWatts: 0, upperWatts: 0 },
  );

const drawnBy = (tick: ConnectorTick, volts: number): CarPower => {
  const { around, enforcement, state } = tick;
  const { terminalAmps } = state;
  const wattsPerAmp = volts * tick.powerPhases;
  if (around.measuredAtMs === undefined || terminalAmps === undefined) {
    if (!around.inTransaction) return { lowerWatts: 0, upperWatts: 0 };
    const toAmps = Math.min(enforcement.accepted?.amps ?? tick.worstAmps, tick.worstAmps);
    const { changed } = enforcement;
    const settles = changed !== undefined && around.nowMs - changed.atMs < SETTLE_MS;
    const fromAmps = settles ? changed.fromAmps : toAmps;
    return between(fromAmps * wattsPerAmp, toAmps * wattsPerAmp);
  }
  const drawnWatts = (terminalAmps[0] + terminalAmps[1] + terminalAmps[2]) * volts;
  const change = lastChange(enforcement, around.measuredAtMs);
  if (change === undefined) return between(drawnWatts, drawnWatts);
  return {
    lowerWatts: Math.min(drawnWatts, change.leastAmps * wattsPerAmp),
    upperWatts: Math.max(drawnWatts, change.mostAmps * wattsPerAmp),
  };
};

const between = (a: number, b: number): CarPower => ({
  lowerWatts: Math.min(a, b),
  upperWatts: Math.max(a, b),
});

/**
 * Power at the meter without the cars, import positive. It moves only when it leaves what the meter and
 * the bounds of the cars allow: a car that follows its offer is not taken for a cloud.
 */
export const othersWatts = (
  before: number | undefined,
  gridWatts: number,
  { lowerWatts, upperWatts }: CarPower,
): number => {
  const high = gridWatts - lowerWatts;
  return before === undefined ? high : clamp(before, gridWatts - upperWatts, high);
};
