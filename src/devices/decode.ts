import type { Reading } from '../core/meters/reading.ts';
import type { MeterSpec } from '../core/site.ts';
import { mapPhases, type PhaseAmps } from '../core/units.ts';
import type { MeterDevice, Quantity } from '../schema/meter-device.ts';
import { type RegisterImage, readRegister } from './registers.ts';

/**
 * A reading from the registers of a meter: scaled, turned to import-positive, in the order of the
 * site's phases. What the device does not have or reports as not available is absent; without all
 * three currents the reading has no quality to protect a phase with.
 */
export const decodeReading = (
  device: MeterDevice,
  spec: MeterSpec,
  image: RegisterImage,
  atMs: number,
  base = 0,
): Reading => {
  const value = (quantity: Quantity): number | undefined => {
    const register = device.registers[quantity];
    return register === undefined ? undefined : readRegister(device, register, image, base);
  };
  const phases = (name: 'amps' | 'watts' | 'volts'): PhaseAmps | undefined => {
    const nothing = name === 'volts' ? undefined : 0;
    const values = (['L1', 'L2', 'L3'] as const).map((phase, p) =>
      p < device.phases ? value(`${name}${phase}`) : nothing,
    );
    const [a, b, c] = spec.phaseOrder.map((phase) => values[phase]);
    return a === undefined || b === undefined || c === undefined ? undefined : [a, b, c];
  };
  const factor = spec.ctRatio * (spec.invert ? -1 : 1);
  const phaseWatts = scaled(phases('watts'), factor);
  const amps = scaled(phases('amps'), device.unsignedAmps ? spec.ctRatio : factor);
  const directed = device.unsignedAmps ? withSignsOf(amps, phaseWatts) : amps;
  const signed = directed && mapPhases((p) => directed[p] + (spec.offsetAmps ?? 0));
  const volts = phases('volts');
  const total = value('watts');
  const watts = total === undefined ? sumOf(phaseWatts) : total * factor;
  const energies = spec.invert
    ? (['exportWh', 'importWh'] as const)
    : (['importWh', 'exportWh'] as const);
  return {
    meter: spec.id,
    atMs,
    ...qualityOf(device, signed, watts),
    ...(phaseWatts === undefined ? {} : { phaseWatts }),
    ...present('watts', watts, 1),
    ...(volts === undefined ? {} : { volts }),
    ...present('importWh', value(energies[0]), spec.ctRatio),
    ...present('exportWh', value(energies[1]), spec.ctRatio),
    ...present('frequencyHz', value('frequencyHz'), 1),
  };
};

/** Whether a device has no currents at all: then its power is all that it can be asked for. */
export const isPowerOnly = ({ registers }: Pick<MeterDevice, 'registers'>): boolean =>
  registers.ampsL1 === undefined;

const qualityOf = (
  device: MeterDevice,
  amps: PhaseAmps | undefined,
  watts: number | undefined,
): Pick<Reading, 'quality' | 'problem' | 'amps'> => {
  if (amps !== undefined) return { quality: 'good', amps };
  if (!isPowerOnly(device)) return { quality: 'absent', problem: 'the meter reports no currents' };
  if (watts !== undefined) return { quality: 'good' };
  return { quality: 'absent', problem: 'the meter reports no power' };
};

const scaled = (values: PhaseAmps | undefined, factor: number): PhaseAmps | undefined =>
  values === undefined ? undefined : mapPhases((p) => values[p] * factor);

/** Many meters give the size of a current only: it flows the way the power of its phase does. */
const withSignsOf = (
  amps: PhaseAmps | undefined,
  phaseWatts: PhaseAmps | undefined,
): PhaseAmps | undefined => {
  if (amps === undefined) return undefined;
  return mapPhases((p) => (phaseWatts !== undefined && phaseWatts[p] < 0 ? -amps[p] : amps[p]));
};

const sumOf = (values: PhaseAmps | undefined): number | undefined =>
  values && values[0] + values[1] + values[2];

const present = (
  name: 'watts' | 'importWh' | 'exportWh' | 'frequencyHz',
  value: number | undefined,
  factor: number,
): object => (value === undefined ? {} : { [name]: value * factor });
