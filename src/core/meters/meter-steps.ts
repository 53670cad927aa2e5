import type { ConnectorTick, TickInput } from '../tick.ts';
import type { PhaseAmps } from '../units.ts';
import type { Reading } from './reading.ts';

/** A step of one car that stands out of what a building does by itself. */
export const STEP_AMPS = 5;
/** Share of a step that has to be seen, and less than which is none at all. */
export const SEEN_SHARE = 0.6;
export const UNSEEN_SHARE = 0.35;
/** All other cars together have moved by no more. */
export const OTHERS_STILL_AMPS = 1;
/** An older reading is none of this look. */
const READING_LIFE_MS = 3_000;

/** The present currents of the nearest meter above a connector whose reading is accepted. */
export const meterAbove = (
  { site, tree, readings, nowMs }: TickInput,
  { circuit }: ConnectorTick,
  accepts: (reading: Reading) => boolean,
): { readonly atMs: number; readonly amps: PhaseAmps } | undefined => {
  for (const index of tree.paths[circuit] ?? []) {
    const meter = site.circuits[index]?.meter;
    const reading = meter === undefined ? undefined : readings.get(meter)?.latest;
    if (reading?.amps === undefined || !accepts(reading)) continue;
    const { atMs, amps } = reading;
    if (nowMs - atMs < READING_LIFE_MS) return { atMs, amps };
  }
  return undefined;
};
