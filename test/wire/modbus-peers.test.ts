import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import type { LimitCommand } from '../../src/core/limits/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { DigitalInputWatch } from '../../src/field/digital-input.ts';
import { readMeterOnce } from '../../src/field/meter-read.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { imageOf } from '../../src/sim/modbus-meter.ts';
import { patientClock } from '../patient-clock.ts';
import { RIPPLE_CONTROL } from './link-parts.ts';
import { MBPOLL_PATIENT, mbpoll, pymodbus, startPymodbus } from './modbus-peers.ts';

const VALUES = { ampsL1: 12, ampsL2: 3, ampsL3: 7.5, wattsL1: 2700, wattsL2: 600, wattsL3: 1700 };
const { devices } = loadMeterDevices('devices/meters');

describe('against pymodbus, an independent server', { concurrency: true }, () => {
  for (const [name, framing] of [
    ['eastron-sdm630', 'tcp'],
    ['eastron-sdm630', 'rtu'],
    ['carlo-gavazzi-em24-e1', 'tcp'],
    ['sunspec-three-phase', 'tcp'],
  ] as const) {
    test(`${name} over ${framing}`, async (t) => {
      if (pymodbus === undefined) return t.skip('python3-pymodbus is not installed');
      const device = devices.get(name);
      assert.ok(device);
      const words = imageOf(device, VALUES);
      // A server without gaps below, so that only the device file decides what may be read.
      for (let address = 0; address < 100; address += 1) {
        if (!words.has(address)) words.set(address, 0);
      }
      for (const address of [...words.keys()]) {
        for (let next = address; next < address + 125 && next < 65_536; next += 1) {
          if (!words.has(next)) words.set(next, 0);
        }
      }
      const tcpPort = await startPymodbus(t, pymodbus, framing, words);
      const connect = `${framing === 'rtu' ? 'rtu+' : ''}tcp://127.0.0.1:${tcpPort}`;
      const port = openModbusPort({ url: connect, clock: patientClock() });
      t.after(() => port.close());
      const spec = {
        id: 'grid',
        device: name,
        connect,
        unit: 2,
        pollMs: 1_000,
        ctRatio: 1,
        invert: false,
        phaseOrder: [0, 1, 2],
      } as const;
      const reading = await readMeterOnce(port, { spec, device }, 0);
      assert.equal(reading.problem, undefined);
      assert.deepEqual(
        reading.amps?.map((amps) => Math.round(amps * 10) / 10),
        [12, 3, 7.5],
      );
      const coils = await port.read({ unit: 1, table: 'coil', address: 0, count: 4 });
      assert.deepEqual(coils, [0, 1, 1, 0]);
      await assert.rejects(
        port.read({ unit: 1, table: device.function, address: 64_900, count: 2 }),
        /exception 2: illegal data address/,
      );
    });
  }
});

test('a contact behind a coil limits while it is active, and while it cannot be read', async (t) => {
  if (pymodbus === undefined || mbpoll === undefined) {
    return t.skip('python3-pymodbus or mbpoll is not installed');
  }
  const words = new Map(Array.from({ length: 10 }, (_, i) => [i, 0]));
  const tcpPort = await startPymodbus(t, pymodbus, 'tcp', words);
  const port = openModbusPort({ url: `tcp://127.0.0.1:${tcpPort}`, clock: patientClock() });
  const taken: LimitCommand[] = [];
  let heard = (): void => {};
  const watch = new DigitalInputWatch({
    input: RIPPLE_CONTROL,
    port,
    clock: systemClock,
    log: SILENT_LOG,
    setLimit: (_source, command) => {
      taken.push(command);
      heard();
    },
  });
  t.after(() => watch.stop());
  const until = async (ok: (command: LimitCommand) => boolean): Promise<void> => {
    while (!taken.some(ok)) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  await until(({ lifted }) => lifted === true);
  const coil = ['-0', '-r', '3', '-t', '0', '-1', '-p', String(tcpPort), '127.0.0.1', '1'];
  assert.equal(spawnSync(mbpoll, [...MBPOLL_PATIENT, ...coil]).status, 0);
  await until(({ watts }) => watts === 4_200);
});
