import type { MeterSpec } from '../core/site.ts';
import { LEAST, resemblance } from '../devices/identify.ts';
import type { MeterDevice } from '../schema/meter-device.ts';
import { messageOf, readMeterOnce } from './meter-read.ts';
import { ModbusException, type ModbusPort } from './modbus-port.ts';

/** A unit that answered. */
export interface FoundUnit {
  readonly unit: number;
  /** Device files whose registers make sense on it, best first. */
  readonly matches: readonly {
    readonly device: string;
    /** Files of other makes with the same registers. */
    readonly alike: readonly string[];
    readonly score: number;
    /** Null: the device gives its power only. */
    readonly amps: readonly number[] | null;
    readonly volts: readonly number[] | null;
    readonly watts: number | null;
  }[];
}

export interface ScanOptions {
  readonly port: ModbusPort;
  readonly units: readonly number[];
  readonly devices: ReadonlyMap<string, MeterDevice>;
  readonly onProgress?: (unit: number, problem: string | undefined) => void;
}

/** A gateway's word that there is nobody behind it. */
const NOBODY: readonly number[] = [10, 11];

/**
 * Looks for meters on one bus. Only reads, one request at a time, only the units asked for: each
 * gets one request, and those that answer one or two for every device file.
 */
export const scanUnits = async (options: ScanOptions): Promise<readonly FoundUnit[]> => {
  const { port, units, devices, onProgress } = options;
  const found: FoundUnit[] = [];
  for (const unit of units) {
    const problem = await silence(port, unit);
    onProgress?.(unit, problem);
    if (problem === undefined) found.push({ unit, matches: await matchesOf(port, unit, devices) });
  }
  return found;
};

/** Why a unit is taken for absent; undefined when it answered, if only to refuse. */
const silence = async (port: ModbusPort, unit: number): Promise<string | undefined> => {
  try {
    await port.read({ unit, table: 'holding', address: 0, count: 1 });
    return undefined;
  } catch (error) {
    if (error instanceof ModbusException && !NOBODY.includes(error.code)) return undefined;
    return messageOf(error);
  }
};

const matchesOf = async (
  port: ModbusPort,
  unit: number,
  devices: ReadonlyMap<string, MeterDevice>,
): Promise<FoundUnit['matches']> => {
  const matches: FoundUnit['matches'][number][] = [];
  for (const [name, device] of devices) {
    if (isCopy(device, devices)) continue;
    const alike = [...devices].filter(([, each]) => each.like === name && isCopy(each, devices));
    const reading = await readMeterOnce(port, { spec: specOf(name, unit), device }, 0);
    const score = reading.quality === 'good' ? resemblance(device, reading) : 0;
    if (score === 0) continue;
    const { amps = null, volts = null, watts = null } = reading;
    matches.push({ device: name, alike: alike.map(([other]) => other), score, amps, volts, watts });
  }
  matches.sort((a, b) => b.score - a.score);
  const better = matches.filter(({ score }) => score > LEAST);
  return better.length > 0 ? better : matches;
};

/** The same registers under another name: asking for them again tells nothing. */
const isCopy = (device: MeterDevice, devices: ScanOptions['devices']): boolean => {
  const base = devices.get(device.like ?? '');
  return base !== undefined && mapOf(base) === mapOf(device);
};

const mapOf = ({ registers, sunspec, expects, function: table }: MeterDevice): string =>
  JSON.stringify([registers, sunspec, expects, table]);

/** A meter as it comes out of the box. */
export const specOf = (device: string, unit: number): MeterSpec => ({
  id: `unit ${unit}`,
  device,
  connect: '',
  unit,
  pollMs: 1_000,
  ctRatio: 1,
  invert: false,
  phaseOrder: [0, 1, 2],
});
