import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deviceNames, loadMeterDevice } from '../config/device-files.ts';
import type { Reading } from '../core/meters/reading.ts';
import { nearestName } from '../core/near-name.ts';
import { resemblance } from '../devices/identify.ts';
import { planReads, wordsOf } from '../devices/register-plan.ts';
import { readRegister } from '../devices/registers.ts';
import { findBase, messageOf, readMeter } from '../field/meter-read.ts';
import { specOf } from '../field/meter-scan.ts';
import { likelySlip } from '../field/meter-variants.ts';
import { ModbusException, type ModbusPort } from '../field/modbus-port.ts';
import { openModbusPort } from '../io/modbus.ts';
import { systemClock } from '../io/system-clock.ts';
import type { MeterDevice, Quantity, Register } from '../schema/meter-device.ts';
import { busUrl, noBusUrl } from './bus-url.ts';
import { readingTable } from './meter-table.ts';
import { packageFolder } from './site-file.ts';

interface TestArguments {
  readonly unit: number;
  readonly rtu: boolean;
  readonly json: boolean;
  /** Print what a fixture of the file holds. */
  readonly fixture: boolean;
  readonly timeoutMs: number | undefined;
}

/** One register of a file as the device filled it. */
interface RegisterLine {
  readonly quantity: string;
  readonly address: number;
  readonly words: string;
  /** Null: the device says "not available". */
  readonly value: number | null;
}

/** Tries a device file on a device. Exit 1 when what it reads makes no sense. */
export const testFile = async (
  file: string,
  host: string,
  { unit, rtu, json, fixture, timeoutMs }: TestArguments,
): Promise<number> => {
  const folder = join(packageFolder(), 'devices/meters');
  const path = pathOf(file, folder);
  const url = busUrl(host, rtu);
  if (path === undefined || url === undefined) {
    process.stderr.write(path === undefined ? noFile(file, host, folder) : noBusUrl(host));
    return 2;
  }
  const { device, problems } = loadMeterDevice(path, folder);
  if (device === undefined) {
    process.stderr.write(`${problems.join('\n')}\n`);
    return 1;
  }
  const port = openModbusPort({ url, clock: systemClock, timeoutMs });
  try {
    const meter = { spec: specOf(file, unit), device };
    const base = await findBase(port, meter);
    const registers = await readRegisters(port, device, unit, base);
    const reading = await readMeter(port, meter, base, systemClock.monotonicMs());
    const score = reading.quality === 'good' ? resemblance(device, reading) : 0;
    if (fixture) process.stdout.write(fixtureText(registers, reading, base));
    else if (json) process.stdout.write(`${JSON.stringify({ base, registers, reading, score })}\n`);
    else {
      const title = `${device.name} at ${url}, unit ${unit}, registers from ${base}`;
      process.stdout.write(`${registers.map(lineText).join('')}${readingTable(reading, title)}`);
      process.stdout.write(score > 0 ? 'makes sense\n' : `makes no sense: ${WHY}\n`);
      if (score === 0) await tellSlip(port, device, unit);
    }
    return score > 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${url}: ${messageOf(error)}\n`);
    if (error instanceof ModbusException) await tellSlip(port, device, unit);
    return 1;
  } finally {
    port.close();
  }
};

/** A file, or the name of one of this installation. */
const pathOf = (file: string, folder: string): string | undefined =>
  [file, `${file}.yaml`, join(folder, `${file}.yaml`)].find(
    (path) => existsSync(path) && statSync(path).isFile(),
  );

const noFile = (file: string, host: string, folder: string): string => {
  if (pathOf(host, folder) !== undefined)
    return `the file comes first: meter test ${host} ${file}\n`;
  const name = basename(file, '.yaml');
  const names = deviceNames(folder);
  const near = names.find((each) => each.includes(name)) ?? nearestName(name, names);
  const hint =
    near === undefined ? 'see docs/meters.md for those there are' : `did you mean ${near}?`;
  return `there is no file "${file}" and no meter of that name; ${hint}\n`;
};

const tellSlip = async (port: ModbusPort, device: MeterDevice, unit: number): Promise<void> => {
  const slip = await likelySlip(port, device, unit);
  if (slip !== undefined) process.stdout.write(`it would make sense with ${slip}\n`);
};

const WHY =
  'check function, addresses (0-based), type, wordOrder and scale; volts, hertz and power have to fit';

const readRegisters = async (
  port: ModbusPort,
  device: MeterDevice,
  unit: number,
  base: number,
): Promise<readonly RegisterLine[]> => {
  const image = new Map<number, number>();
  for (const { address, count } of planReads(device, base)) {
    const words = await port.read({ unit, table: device.function, address, count });
    for (const [i, word] of words.entries()) image.set(address + i, word);
  }
  return (Object.entries(device.registers) as [Quantity, Register][]).map(
    ([quantity, register]) => ({
      quantity,
      address: base + register.address,
      words: Array.from({ length: wordsOf(register) }, (_, i) =>
        (image.get(base + register.address + i) ?? 0).toString(16).toUpperCase().padStart(4, '0'),
      ).join(' '),
      value: readRegister(device, register, image, base) ?? null,
    }),
  );
};

/** As devices/fixtures has it; addresses of SunSpec count from the ID register. */
const fixtureText = (
  registers: readonly RegisterLine[],
  { meter: _m, atMs: _a, quality, problem, ...reading }: Reading,
  base: number,
): string => {
  const words = registers.map(({ address, words: text }) => `  ${address - base}: '${text}'\n`);
  const values = Object.entries(reading).map(([name, value]) => {
    const numbers = [value].flat().map((number) => Number(number.toPrecision(9)));
    return `  ${name}: ${numbers.length > 1 ? `[${numbers.join(', ')}]` : numbers.join()}\n`;
  });
  const head = quality === 'good' ? 'Read from a device.' : `Not good: ${problem}`;
  return `# ${head}\nwords:\n${words.join('')}reading:\n${values.join('')}`;
};

const lineText = ({ quantity, address, words, value }: RegisterLine): string =>
  `  ${String(address).padStart(6)}  ${words.padEnd(20)} ${quantity.padEnd(12)} ${
    value === null ? 'not available' : Math.round(value * 1000) / 1000
  }\n`;
