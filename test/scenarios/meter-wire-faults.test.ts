import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import type { Reading } from '../../src/core/reading.ts';
import { decodeReading } from '../../src/devices/decode.ts';
import { readMeterOnce } from '../../src/field/meter-read.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { Car } from '../../src/sim/car.ts';
import { type SimModbusMeter, startModbusMeter } from '../../src/sim/modbus-meter.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const CARS = 2;
const [GRID] = garage(1).meters;
const DEVICE = 'eastron-sdm630';

/** What the gateway reads from a meter that misbehaves on a real socket. */
const readFrom = async (
  t: TestContext,
  spoil: (meter: SimModbusMeter) => void,
  unit = 1,
): Promise<Reading> => {
  const device = loadMeterDevices('devices/meters').devices.get(DEVICE);
  assert.ok(device && GRID);
  const values = () => ({ ampsL1: 10, ampsL2: 10, ampsL3: 10 });
  const meter = await startModbusMeter({ device, unit: 1, values });
  t.after(() => meter.close());
  spoil(meter);
  const url = `tcp://127.0.0.1:${meter.port}`;
  const port = openModbusPort({ url, clock: systemClock, timeoutMs: 150 });
  t.after(() => port.close());
  return readMeterOnce(port, { spec: { ...GRID, unit }, device }, 0);
};

/** A full garage whose meter answers in turn with these readings, and what became of the cars. */
const reactTo = async (readings: readonly Reading[]): Promise<VirtualSite> => {
  const site = new VirtualSite({
    site: garage(CARS, { mainAmps: 50 }),
    buildingAmps: [14, 10, 12],
    buildingNoiseAmps: 0.5,
  });
  await site.run(15);
  for (let i = 1; i <= CARS; i += 1) {
    site.charger(`CP_${i}`).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${i}`);
  }
  await site.run(45);
  assert.deepEqual(site.view().alarms, []);
  let turn = 0;
  for (const meter of site.plant.meters.values()) {
    meter.alter = ({ meter: id, atMs }) => {
      turn += 1;
      const [first] = readings;
      const spoilt = readings[turn % readings.length] ?? first;
      return spoilt === undefined ? undefined : { ...spoilt, meter: id, atMs };
    };
  }
  const offers = () => site.view().chargers.map(({ connectors }) => connectors[0]?.offerAmps ?? 0);
  let before = offers();
  assert.ok(Math.max(...before) > 10);
  for (let second = 0; second < 36; second += 1) {
    await site.run(1);
    const now = offers();
    for (const [i, amps] of now.entries()) {
      assert.ok(amps <= (before[i] ?? 0) + 0.01, `raised from ${before[i]} to ${amps} A`);
    }
    before = now;
  }
  for (const amps of before) assert.ok(amps <= 6, `${amps} A without a meter`);
  assert.equal(site.breaker.record().overMs, 0);
  return site;
};

const reasonOf = (site: VirtualSite): string => site.view().meters[0]?.problem ?? '';

describe('a fault on the wire is told by the tick, which only lowers', {
  concurrency: true,
}, () => {
  for (const [fault, conduct, reason] of [
    ['open but silent', 'silent', /no answer in time/],
    ['an answer that comes late', 'late', /no answer in time/],
    ['half a frame', 'half', /no answer in time/],
    ['another unit answers', 'wrong-unit', /no answer in time/],
    ['bytes that are no frame', 'garbage', /no answer in time|not Modbus TCP/],
    ['too few registers', 'short', /registers instead of/],
    ['hangs up instead of answering', 'closes', /connection closed by the device/],
    ['nothing is available', 'not-available', /reports no currents/],
  ] as const) {
    test(fault, async (t) => {
      const reading = await readFrom(t, (meter) => {
        meter.conduct = conduct;
      });
      assert.match(reasonOf(await reactTo([reading])), reason);
    });
  }

  test('a unit that is not there', async (t) => {
    const reading = await readFrom(t, () => {}, 9);
    assert.match(reasonOf(await reactTo([reading])), /no answer in time/);
  });

  test('nobody listens', async (t) => {
    const reading = await readFrom(t, (meter) => void meter.close());
    assert.match(reasonOf(await reactTo([reading])), /ECONNREFUSED/);
  });

  test('every exception, busy among them, one after the other', async (t) => {
    const readings: Reading[] = [];
    for (let code = 1; code <= 11; code += 1) {
      const spoil = (meter: SimModbusMeter) =>
        Object.assign(meter, { conduct: 'exception', exceptionCode: code });
      readings.push(await readFrom(t, spoil));
    }
    assert.equal(new Set(readings.map(({ problem }) => problem)).size, 11);
    assert.match(reasonOf(await reactTo(readings)), /^exception \d+: /);
  });

  test('0x8000 in every register of an integer meter', async () => {
    const device = loadMeterDevices('devices/meters').devices.get('victron-grid-meter');
    assert.ok(device && GRID);
    const image = new Map(Array.from({ length: 100 }, (_, i) => [2600 + i, 0x8000] as const));
    const reading = decodeReading(device, GRID, image, 0);
    assert.match(reasonOf(await reactTo([reading])), /reports no currents/);
  });
});
