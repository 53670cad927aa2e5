import type { ChargerSpec } from '../site.ts';
import type { PhaseAmps } from '../units.ts';
import type { ChargerEvent, Measurement } from './charger-event.ts';

type Wired = Pick<ChargerSpec, 'phases' | 'lineToLine' | 'dcEfficiency'>;

/**
 * A measurement as the currents at those terminals that the charger has by the site file; other events
 * as they are. `volts`: phase to neutral.
 */
export const atTerminals = (spec: Wired, event: ChargerEvent, volts: number): ChargerEvent => {
  const { phases, lineToLine, dcEfficiency } = spec;
  const known = dcEfficiency === undefined && lineToLine !== true && phases.length > 1;
  if (event.type !== 'measured' || known) return event;
  const { terminalAmps: told, terminalsTold: _all, ...rest } = event;
  const terminalAmps = ampsOf(spec, told, event, volts);
  return terminalAmps === undefined ? rest : { ...rest, terminalAmps };
};

const ampsOf = (
  { lineToLine, dcEfficiency }: Wired,
  told: PhaseAmps | undefined,
  { watts }: Measurement,
  volts: number,
): PhaseAmps | undefined => {
  if (dcEfficiency !== undefined) {
    if (watts === undefined) return undefined;
    const amps = Math.max(0, phaseAmpsOf(watts, dcEfficiency, volts));
    return [amps, amps, amps];
  }
  if (told === undefined) return undefined;
  // One current flows: whatever it calls the terminal, and the second of two lines, says nothing more.
  const amps = Math.max(...told);
  return lineToLine === true ? [amps, amps, 0] : [amps, 0, 0];
};

const PHASES_OF_DC = 3;

/**
 * A DC charger is budgeted by what it takes from the three phases. It speaks of its output: power
 * that is less by its losses, and a direct current that has nothing to do with its fuse.
 */
export const phaseAmpsOf = (outputWatts: number, efficiency: number, volts: number): number =>
  outputWatts / (efficiency * PHASES_OF_DC * volts);
