import { parseArgs } from 'node:util';
import type { Reading } from '../core/reading.ts';
import { readMeterOnce } from '../field/meter-read.ts';
import { openModbusPort } from '../io/modbus.ts';
import { systemClock } from '../io/system-clock.ts';
import { problemLines, readSiteFile } from './site-file.ts';

const USAGE = 'usage: busbar meter read ID --config FILE [--json]\n';

/** Reads one meter of a site file once. Exit 1 when it gives no currents. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  });
  const [action, id] = positionals;
  if (action !== 'read' || id === undefined || values.config === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { usable, problems } = readSiteFile(values.config);
  if (usable === undefined) {
    process.stderr.write(problemLines(values.config, problems));
    return 1;
  }
  const { site, devices } = usable;
  const spec = site.meters.find((meter) => meter.id === id);
  const device = devices.get(spec?.device ?? '');
  if (spec === undefined || device === undefined) {
    const known = site.meters.map((meter) => meter.id).join(', ') || 'none';
    process.stderr.write(`no meter "${id}" in ${values.config}; known are ${known}\n`);
    return 2;
  }
  const port = openModbusPort({ url: spec.connect, clock: systemClock });
  const reading = await readMeterOnce(port, { spec, device }, systemClock.monotonicMs());
  port.close();
  process.stdout.write(
    values.json ? `${JSON.stringify(reading)}\n` : table(reading, device.name, spec.connect),
  );
  return reading.quality === 'good' ? 0 : 1;
};

const table = (reading: Reading, name: string, address: string): string => {
  const head = `${reading.meter}: ${name} at ${address}\n`;
  if (reading.quality !== 'good') return `${head}  not readable: ${reading.problem ?? ''}\n`;
  const row = (label: string, values: readonly number[] | undefined, unit: string): string =>
    values === undefined
      ? ''
      : `  ${label.padEnd(8)}${values.map((value) => value.toFixed(1).padStart(10)).join('')} ${unit}\n`;
  const total = (value: number | undefined) => (value === undefined ? undefined : [value]);
  return [
    head,
    `  ${''.padEnd(8)}${['L1', 'L2', 'L3'].map((phase) => phase.padStart(10)).join('')}\n`,
    row('current', reading.amps, 'A'),
    row('voltage', reading.volts, 'V'),
    row('power', reading.phaseWatts, 'W'),
    row('total', total(reading.watts), 'W'),
    row('import', total(reading.importWh), 'Wh'),
    row('export', total(reading.exportWh), 'Wh'),
  ].join('');
};
