import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { scanUnits } from '../../src/field/meter-scan.ts';
import { likelySlip } from '../../src/field/meter-variants.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { startModbusMeter } from '../../src/sim/modbus-meter.ts';
import { patientClock } from '../patient-clock.ts';

const { devices } = loadMeterDevices('devices/meters');
const VALUES = {
  ampsL1: 12.5,
  ampsL2: 3.2,
  ampsL3: 7.7,
  wattsL1: 2_800,
  wattsL2: 700,
  wattsL3: 1_700,
  watts: 5_200,
  voltsL1: 230,
  voltsL2: 231,
  voltsL3: 229,
  frequencyHz: 50,
  importWh: 1_200_000,
  exportWh: 0,
};

describe('a scan of a host finds each known meter at its unit', { concurrency: true }, () => {
  for (const [name, device] of devices) {
    test(name, async (t) => {
      const options = { device, unit: 3, gateway: true, values: () => VALUES };
      const meter = await startModbusMeter(options);
      t.after(() => meter.close());
      const url = `tcp://127.0.0.1:${meter.port}`;
      const port = openModbusPort({ url, clock: patientClock() });
      t.after(() => port.close());
      const found = await scanUnits({ port, units: [1, 2, 3], devices });
      assert.deepEqual(
        found.map(({ unit }) => unit),
        [3],
      );
      const matches = found[0]?.matches ?? [];
      const best = matches[0]?.score;
      const ties = matches.filter(({ score }) => score === best);
      const names = ties.flatMap(({ device: each, alike }) => [each, ...alike]);
      assert.ok(names.includes(name), `best are ${names.join(', ')}`);
      // Power alone could be that of many.
      const powerOnly = device.registers.ampsL1 === undefined;
      if (!powerOnly) assert.ok(ties.length <= 2, `too many fit: ${names.join(', ')}`);
      assert.equal(meter.overlaps, 0);
    });
  }
});

describe('a map with a slip is found out', { concurrency: true }, () => {
  const right = devices.get('eastron-sdm630');
  assert.ok(right);
  const moved = (by: number) => ({
    ...right,
    registers: Object.fromEntries(
      Object.entries(right.registers).map(([name, register]) => [
        name,
        { ...register, address: register.address + by },
      ]),
    ),
  });
  for (const [slip, device, found] of [
    ['words in the wrong order', { ...right, wordOrder: 'low-first' }, /^the other word order$/],
    ['addresses that count from 1', moved(1), /^every address one lower/],
    [
      'both',
      { ...moved(1), wordOrder: 'low-first' },
      /^the other word order and every address one/,
    ],
    ['the other kind of registers', { ...right, function: 'holding' }, /^the other function$/],
    ['another device', { ...moved(4000), function: 'holding' }, /^$/],
  ] as const) {
    test(slip, async (t) => {
      const options = { device: right, unit: 3, gateway: true, values: () => VALUES };
      const meter = await startModbusMeter(options);
      t.after(() => meter.close());
      const url = `tcp://127.0.0.1:${meter.port}`;
      const port = openModbusPort({ url, clock: patientClock() });
      t.after(() => port.close());
      assert.match((await likelySlip(port, device, 3)) ?? '', found);
    });
  }
});
