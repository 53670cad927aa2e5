import type { Reading } from '../core/meters/reading.ts';
import type { MeterSpec } from '../core/site.ts';
import { decodeReading } from '../devices/decode.ts';
import { planReads } from '../devices/register-plan.ts';
import { sunspecStep } from '../devices/sunspec.ts';
import type { MeterDevice } from '../schema/meter-device.ts';
import { ModbusException, type ModbusPort } from './modbus-port.ts';

export interface BusMeter {
  readonly spec: MeterSpec;
  readonly device: MeterDevice;
}

/**
 * Reads one meter once. `base` is where its registers begin, found by `findBase`. A failed poll is
 * a reading too: absent, with the reason in words.
 */
export const readMeter = async (
  port: ModbusPort,
  { spec, device }: BusMeter,
  base: number,
  atMs: number,
): Promise<Reading> => {
  try {
    const image = new Map<number, number>();
    for (const { address, count } of planReads(device, base)) {
      const words = await port.read({ unit: spec.unit, table: device.function, address, count });
      for (const [i, word] of words.entries()) image.set(address + i, word);
    }
    return decodeReading(device, spec, image, atMs, base);
  } catch (error) {
    return { meter: spec.id, atMs, quality: 'absent', problem: messageOf(error) };
  }
};

/**
 * Where the registers of a meter begin: 0, or what the walk along its SunSpec models finds. Throws
 * when the device is not set as its file expects: its registers would mean something else.
 */
export const findBase = async (port: ModbusPort, meter: BusMeter): Promise<number> => {
  const { spec, device } = meter;
  for (const { address, value, why } of device.expects ?? []) {
    const request = { unit: spec.unit, table: device.function, address, count: 1 };
    const [word = Number.NaN] = await port.read(request);
    if (!value.includes(word)) {
      throw new Error(`register ${address} is ${word} instead of ${value.join(' or ')}: ${why}`);
    }
  }
  return device.sunspec === undefined ? 0 : walkModels(port, meter, device.sunspec);
};

const walkModels = async (
  port: ModbusPort,
  { spec, device }: BusMeter,
  sunspec: NonNullable<MeterDevice['sunspec']>,
): Promise<number> => {
  let step = sunspecStep(sunspec.models);
  while (step.state === 'read') {
    const { address, count, next } = step;
    const request = { unit: spec.unit, table: device.function, address, count };
    step = next(
      await port.read(request).catch((error: unknown) => {
        // No such registers here: the mark may be at the next place.
        if (error instanceof ModbusException) return [];
        throw error;
      }),
    );
  }
  if (step.state === 'found') return step.address;
  throw new Error(step.problem);
};

/** Finds the registers, unless `place` tells where they are, and reads them. */
export const readMeterOnce = async (
  port: ModbusPort,
  meter: BusMeter,
  atMs: number,
  place: { base?: number | undefined } = {},
): Promise<Reading> => {
  try {
    place.base ??= await findBase(port, meter);
    return await readMeter(port, meter, place.base, atMs);
  } catch (error) {
    return { meter: meter.spec.id, atMs, quality: 'absent', problem: messageOf(error) };
  }
};

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
