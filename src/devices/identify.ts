import type { Reading } from '../core/meters/reading.ts';
import type { MeterDevice } from '../schema/meter-device.ts';
import { isPowerOnly } from './decode.ts';

const VOLTS: readonly (readonly [number, number])[] = [
  [90, 150],
  [180, 290],
];
const HERTZ: readonly [number, number] = [45, 65];
const AMPS_MOST = 10_000;
const WATTS_MOST = 5_000_000;
const TINY = 1e-9;
/** Fits if nothing better does. */
export const LEAST = 0.5;
/** A phase that is not wired shows less. */
const DEAD_VOLTS = 10;
const FOUND_SUNSPEC = 3;

/**
 * How well registers read as those of `device` make sense: 0 not at all, more is better. Only what
 * physics forbids is a reason against a device; what agrees speaks for it.
 */
export const resemblance = (device: MeterDevice, reading: Reading): number => {
  const { amps, volts, frequencyHz, phaseWatts, watts } = reading;
  if (amps === undefined) return isPowerOnly(device) ? powerResemblance(reading) : 0;
  const sane = amps.every(
    (value) => Math.abs(value) <= AMPS_MOST && (value === 0 || Math.abs(value) > TINY),
  );
  if (!sane) return 0;
  let score = device.sunspec === undefined ? 1 : 1 + FOUND_SUNSPEC;
  if (device.registers.voltsL1 !== undefined && device.phases === 3) {
    if (volts === undefined || !areVolts(volts)) return 0;
    score += 2;
  }
  if (device.registers.frequencyHz !== undefined) {
    if (frequencyHz === undefined || frequencyHz < HERTZ[0] || frequencyHz > HERTZ[1]) return 0;
    score += 2;
  }
  if (phaseWatts !== undefined && volts !== undefined) {
    const fits = ([0, 1, 2] as const).every(
      (p) => Math.abs(phaseWatts[p]) <= volts[p] * Math.abs(amps[p]) * 1.3 + 60,
    );
    if (!fits) return 0;
    score += 1;
    const total = phaseWatts[0] + phaseWatts[1] + phaseWatts[2];
    if (watts !== undefined && Math.abs(watts - total) > Math.abs(total) * 0.05 + 60) return 0;
  }
  // Numbers that are not all zero say more.
  return amps.some((value) => Math.abs(value) >= 0.1) ? score + 1 : score;
};

/**
 * Power alone says little: such a device is only named where no other is, and one that shows power
 * before one that shows none, as every unused register does.
 */
const powerResemblance = ({ watts = Number.NaN }: Reading): number => {
  if (watts === 0) return LEAST / 2;
  return Math.abs(watts) <= WATTS_MOST && Math.abs(watts) > TINY ? LEAST : 0;
};

const areVolts = (volts: readonly number[]): boolean =>
  VOLTS.some(([low, high]) => {
    const alive = volts.filter((value) => Math.abs(value) >= DEAD_VOLTS);
    return alive.length > 0 && alive.every((value) => value >= low && value <= high);
  });
