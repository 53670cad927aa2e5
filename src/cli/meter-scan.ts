import { join } from 'node:path';
import { loadMeterDevices } from '../config/device-files.ts';
import { type FoundUnit, scanUnits } from '../field/meter-scan.ts';
import { openModbusPort } from '../io/modbus.ts';
import { systemClock } from '../io/system-clock.ts';
import { busUrl, noBusUrl } from './bus-url.ts';
import { packageFolder } from './site-file.ts';

/** Somebody waits at the screen: silent units are given up sooner than in operation. */
const TIMEOUT_MS = 500;
const UNITS_MOST = 247;
const MATCHES_SHOWN = 3;

const SILENT_HINT =
  'Right address and port? Other units: --units 1-247. A gateway to RS-485 may need --rtu.\n';

interface ScanArguments {
  readonly units: string;
  readonly rtu: boolean;
  readonly json: boolean;
  readonly timeoutMs: number | undefined;
}

/** Which units answer at one host, and which meters they may be. Reads only. Exit 1: none. */
export const scan = async (host: string, given: ScanArguments): Promise<number> => {
  const units = unitsOf(given.units);
  if (units === undefined) {
    process.stderr.write(`--units is like 1-16,100, from 0 to 255, at most ${UNITS_MOST}\n`);
    return 2;
  }
  const { devices } = loadMeterDevices(join(packageFolder(), 'devices/meters'));
  const url = busUrl(host, given.rtu);
  if (url === undefined) {
    process.stderr.write(noBusUrl(host));
    return 2;
  }
  const { timeoutMs = TIMEOUT_MS } = given;
  const port = openModbusPort({ url, clock: systemClock, timeoutMs });
  const problems = new Set<string>();
  const found = await scanUnits({
    port,
    units,
    devices,
    onProgress: (unit, problem) => {
      if (problem !== undefined) problems.add(problem.replace(/ from unit \d+$/, ''));
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Kunit ${unit}`);
    },
  });
  port.close();
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (given.json) process.stdout.write(`${JSON.stringify({ url, found }, null, 2)}\n`);
  else if (found.length === 0) {
    process.stdout.write(`nobody answers at ${url}: ${[...problems].join('; ')}\n${SILENT_HINT}`);
  } else process.stdout.write(found.map((unit) => unitText(unit, url)).join(''));
  return found.length === 0 ? 1 : 0;
};

/** '1-3,100' is [1, 2, 3, 100]; undefined when it is not of this form. */
const unitsOf = (text: string): readonly number[] | undefined => {
  const units = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to = from] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim()) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (!(first <= last && last <= 255)) return undefined;
    for (let unit = first; unit <= last; unit += 1) units.add(unit);
  }
  return units.size <= UNITS_MOST ? [...units] : undefined;
};

const unitText = ({ unit, matches }: FoundUnit, url: string): string => {
  if (matches.length === 0) {
    return `unit ${unit} answers, but no device file makes sense of it: see devices/README.md\n`;
  }
  const lines = matches.slice(0, MATCHES_SHOWN).map(({ device, alike, amps, volts, watts }) => {
    const others = alike.length === 0 ? '' : `  (as ${alike.join(', ')})`;
    if (amps === null)
      return `  ${device.padEnd(28)} ${watts?.toFixed(0)} W, no currents${others}\n`;
    const shown = amps.map((value) => value.toFixed(1)).join(' / ');
    const at = volts === null ? '' : ` at ${volts.map((value) => value.toFixed(0)).join(' / ')} V`;
    return `  ${device.padEnd(28)} ${shown} A${at}${others}\n`;
  });
  const [best] = matches;
  const line = `{id: NAME, device: ${best?.device}, connect: ${url}, unit: ${unit}}`;
  return `unit ${unit} looks like:\n${lines.join('')}  site file: - ${line}\n`;
};
