import type { ChargerSpec } from '../site.ts';
import type { ChargerEvent } from './charger-event.ts';

const PHASES_OF_DC = 3;

/**
 * A DC charger is budgeted by what it takes from the three phases. It speaks of its output: power
 * that is less by its losses, and a direct current that has nothing to do with its fuse.
 */
export const phaseAmpsOf = (outputWatts: number, efficiency: number, volts: number): number =>
  outputWatts / (efficiency * PHASES_OF_DC * volts);

/** A measurement of a DC charger as seen from its fuse; other events and chargers as they are. */
export const seenFromFuse = (
  { dcEfficiency }: Pick<ChargerSpec, 'dcEfficiency'>,
  event: ChargerEvent,
  volts: number,
): ChargerEvent => {
  if (dcEfficiency === undefined || event.type !== 'measured') return event;
  const { terminalAmps: _direct, terminalsTold: _told, ...rest } = event;
  if (rest.watts === undefined) return rest;
  const amps = Math.max(0, phaseAmpsOf(rest.watts, dcEfficiency, volts));
  return { ...rest, terminalAmps: [amps, amps, amps] };
};
