import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { readMeterOnce } from '../../src/field/meter-read.ts';
import { specOf } from '../../src/field/meter-scan.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { imageOf } from '../../src/sim/modbus-meter.ts';
import { patientClock } from '../patient-clock.ts';

/** How long a unit that is not there is waited for. */
const SILENCE_MS = 300;

const python = ['python3', '/usr/bin/python3'].find(
  (path) => spawnSync(path, ['-c', 'import pty']).status === 0,
);

test('a meter on a serial line, here a pseudo terminal', async (t) => {
  const name = 'serialport';
  const installed = await import(name).then(
    () => true,
    () => false,
  );
  if (!installed) return t.skip('the optional package serialport is not installed');
  if (python === undefined) return t.skip('no Python with pseudo terminals');
  const device = loadMeterDevices('devices/meters').devices.get('eastron-sdm630');
  assert.ok(device);
  const words = Object.fromEntries(imageOf(device, { ampsL1: 12, ampsL2: 3, ampsL3: 7.5 }));
  const meter = spawn(python, ['test/wire/pty-meter.py', '2', JSON.stringify(words)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => meter.kill('SIGKILL'));
  const [line] = (await once(meter.stdout, 'data')) as [Buffer];
  const url = `serial://${line.toString().trim()}?baud=9600&parity=none`;
  const clock = patientClock();
  const port = openModbusPort({ url, clock, timeoutMs: SILENCE_MS });
  t.after(() => port.close());
  const read = (unit: number) =>
    readMeterOnce(port, { spec: specOf('eastron-sdm630', unit), device }, 0);
  assert.deepEqual((await read(2)).amps, [12, 3, 7.5]);
  clock.hasty = true;
  assert.match((await read(3)).problem ?? '', /no answer in time/);
  clock.hasty = false;
  // The line was opened afresh.
  assert.deepEqual((await read(2)).amps, [12, 3, 7.5]);
});

test('a serial line that is not there says so', async (t) => {
  const url = 'serial:///dev/busbar-no-such-line';
  const port = openModbusPort({ url, clock: systemClock });
  t.after(() => port.close());
  const request = { unit: 1, table: 'input', address: 0, count: 1 } as const;
  await assert.rejects(port.read(request), /No such file|cannot open|need the package serialport/i);
});
