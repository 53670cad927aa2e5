import { STALE_HOLD_MS } from '../meters/meter-ladder.ts';
import type { MeterState, TickInput } from '../tick.ts';

/** Power that a meter shows, import positive; undefined: nobody knows. */
export const freshWatts = (
  { nowMs, site }: TickInput,
  meter: MeterState | undefined,
): number | undefined => {
  const reading = meter?.lastGood;
  if (reading === undefined || nowMs - reading.atMs > STALE_HOLD_MS) return undefined;
  if (reading.watts !== undefined) return reading.watts;
  const [a, b, c] = reading.amps ?? [];
  return a === undefined || b === undefined || c === undefined
    ? undefined
    : (a + b + c) * site.voltageVolts;
};
