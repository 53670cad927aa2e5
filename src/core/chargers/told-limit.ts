import type { ChargerSpec } from '../site.ts';

/**
 * A charger is told its limit by its own lights: one between two lines knows one phase at the
 * voltage between them, a DC charger the power of its output.
 */

type Told = Pick<ChargerSpec, 'dcEfficiency' | 'lineToLine'>;

/** Volts that turn the amps of one of `toldPhases` into the watts that a charger is told. */
export const toldVolts = ({ dcEfficiency = 1, lineToLine }: Told, volts: number): number =>
  volts * dcEfficiency * (lineToLine === true ? Math.sqrt(3) : 1);

/** Phases that a charger says it has. */
export const toldPhases = ({
  phases,
  lineToLine,
}: Pick<ChargerSpec, 'phases' | 'lineToLine'>): number => (lineToLine === true ? 1 : phases.length);

/** Volts that one amp on each of its site phases counts: between two lines each counts for half. */
export const phaseVolts = (
  { lineToLine }: Pick<ChargerSpec, 'lineToLine'>,
  volts: number,
): number => (lineToLine === true ? (volts * Math.sqrt(3)) / 2 : volts);
