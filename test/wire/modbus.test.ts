import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Reading } from '../../src/core/reading.ts';
import { readMeterOnce, startMeterBus } from '../../src/io/modbus.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { type MeterConduct, startModbusMeter } from '../../src/sim/modbus-meter.ts';

const { devices } = loadMeterDevices('devices/meters');
const VALUES = { ampsL1: 12, ampsL2: 3, ampsL3: 7.5, wattsL1: 2700, wattsL2: 600, wattsL3: 1700 };

const startMeter = async (t: TestContext, name: string, unit = 1) => {
  const device = devices.get(name);
  assert.ok(device);
  const meter = await startModbusMeter({ device, unit: 1, values: () => VALUES });
  t.after(() => meter.close());
  const spec = {
    id: 'grid',
    device: name,
    connect: `tcp://127.0.0.1:${meter.port}`,
    unit,
    pollMs: 20,
    ctRatio: 1,
    invert: false,
    phaseOrder: [0, 1, 2],
  } as const;
  return { meter, busMeter: { spec, device } };
};

describe('reading meters over Modbus TCP', () => {
  for (const name of devices.keys()) {
    test(name, async (t) => {
      const { busMeter } = await startMeter(t, name);
      const reading = await readMeterOnce(busMeter, systemClock);
      assert.equal(reading.problem, undefined);
      assert.deepEqual(
        reading.amps?.map((amps) => Math.round(amps * 10) / 10),
        [12, 3, 7.5],
      );
    });
  }
});

describe('a meter that misbehaves gives no current, and says why', () => {
  for (const [conduct, problem] of [
    ['silent', /no answer in time/],
    ['exception', /exception 2: illegal data address: is it really this device/],
    ['short', /registers instead of|OutOfSync|no answer in time/],
    ['late', /no answer in time/],
    ['not-available', /reports no currents/],
  ] as const satisfies readonly (readonly [MeterConduct, RegExp])[]) {
    test(conduct, async (t) => {
      const { meter, busMeter } = await startMeter(t, 'eastron-sdm630');
      meter.conduct = conduct;
      const reading = await readMeterOnce(busMeter, systemClock);
      assert.equal(reading.quality, 'absent');
      assert.equal(reading.amps, undefined);
      assert.match(reading.problem ?? '', problem);
    });
  }

  test('wrong unit id', async (t) => {
    const { busMeter } = await startMeter(t, 'eastron-sdm630', 7);
    const reading = await readMeterOnce(busMeter, systemClock);
    assert.match(reading.problem ?? '', /no answer in time/);
  });

  test('nobody listens', async (t) => {
    const { meter, busMeter } = await startMeter(t, 'eastron-sdm630');
    await meter.close();
    const reading = await readMeterOnce(busMeter, systemClock);
    assert.match(reading.problem ?? '', /ECONNREFUSED/);
  });
});

test('polling recovers by itself after the meter was away', async (t) => {
  const { meter, busMeter } = await startMeter(t, 'eastron-sdm630');
  const seen: Reading['quality'][] = [];
  let changed = () => {};
  const until = (quality: Reading['quality']) =>
    new Promise<void>((resolve) => {
      changed = () => seen.at(-1) === quality && resolve();
    });
  const bus = startMeterBus({
    meters: [busMeter],
    clock: systemClock,
    log: SILENT_LOG,
    onReading: ({ quality }) => {
      seen.push(quality);
      changed();
    },
  });
  t.after(() => bus.stop());
  await until('good');
  meter.conduct = 'exception';
  await until('absent');
  meter.conduct = 'good';
  await until('good');
});
