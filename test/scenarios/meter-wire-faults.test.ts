import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import { decodeReading } from '../../src/devices/decode.ts';
import type { ModbusFraming } from '../../src/devices/modbus-frame.ts';
import { readMeterOnce } from '../../src/field/meter-read.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { Car } from '../../src/sim/car.ts';
import { type MeterConduct, startModbusMeter } from '../../src/sim/modbus-meter.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { patientClock } from '../patient-clock.ts';
import { garage } from './virtual-garage.ts';

const CARS = 1;
const [GRID] = garage(1).meters;
const DEVICE = 'eastron-sdm630';
const { devices } = loadMeterDevices('devices/meters');

/** Where silence is part of the fault, so that it does not take long. */
const SILENCE_MS = 150;

interface WireFault {
  readonly conduct?: MeterConduct;
  readonly exceptionCode?: number;
  readonly unit?: number;
  readonly framing?: ModbusFraming;
  /** Polls that are made; more than one where later ones are answered in another way. */
  readonly polls?: number;
  readonly listening?: false;
  /** What an installer is told. */
  readonly told: RegExp;
}

const SILENT = /no answer in time/;

/** Everything that can be wrong on the way. */
const WIRE_FAULTS: Readonly<Record<string, WireFault>> = {
  'open but silent': { conduct: 'silent', told: SILENT },
  'an answer that comes late': { conduct: 'late', told: SILENT },
  'half a frame': { conduct: 'half', told: SILENT },
  'half a frame, RTU over TCP': { conduct: 'half', framing: 'rtu', told: SILENT },
  'a wrong bit, RTU over TCP': { conduct: 'bad-crc', framing: 'rtu', told: SILENT },
  'another unit answers': { conduct: 'wrong-unit', told: SILENT },
  'a unit that is not there': { unit: 9, told: SILENT },
  'bytes that are no frame': { conduct: 'garbage', told: /no answer in time|not Modbus TCP/ },
  'too few registers': { conduct: 'short', told: /registers instead of/ },
  'hangs up instead of answering': { conduct: 'closes', told: /closed by the device/ },
  'a reconnect storm: hangs up at once': {
    conduct: 'hangs-up',
    polls: 8,
    told: /closed by the device|ECONNRESET|EPIPE/,
  },
  'nobody listens': { listening: false, told: /ECONNREFUSED/ },
  'nothing is available': { conduct: 'not-available', told: /reports no currents/ },
};

/** What the gateway reads from a meter that misbehaves on a real socket. */
const readFrom = async (t: TestContext, fault: WireFault): Promise<readonly Reading[]> => {
  const { conduct = 'good', exceptionCode = 2, unit = 1, framing = 'tcp', polls = 1, told } = fault;
  const device = devices.get(DEVICE);
  assert.ok(device && GRID);
  const values = () => ({ ampsL1: 10, ampsL2: 10, ampsL3: 10 });
  const meter = await startModbusMeter({ device, unit: 1, values, framing });
  t.after(() => meter.close());
  Object.assign(meter, { conduct, exceptionCode });
  if (fault.listening === false) await meter.close();
  const clock = patientClock();
  clock.hasty = told.source.includes(SILENT.source);
  const port = openModbusPort({
    url: `${framing === 'rtu' ? 'rtu+' : ''}tcp://127.0.0.1:${meter.port}`,
    clock,
    timeoutMs: SILENCE_MS,
  });
  t.after(() => port.close());
  const readings: Reading[] = [];
  for (let poll = 0; poll < polls; poll += 1) {
    readings.push(await readMeterOnce(port, { spec: { ...GRID, unit }, device }, 0));
  }
  return readings;
};

/** A full garage whose meter answers in turn with these readings: what is told meanwhile. */
const reactTo = async (readings: readonly Reading[]): Promise<ReadonlySet<string>> => {
  const site = new VirtualSite({
    site: garage(CARS, { mainAmps: 40 }),
    buildingAmps: [14, 10, 12],
    buildingNoiseAmps: 0.5,
  });
  await site.run(10);
  for (let i = 1; i <= CARS; i += 1) {
    site.charger(`CP_${i}`).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${i}`);
  }
  await site.run(40);
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
  const told = new Set<string>();
  let before = offers();
  assert.ok(Math.max(...before) > 10);
  for (let second = 0; second < 32; second += 1) {
    await site.run(1);
    told.add(site.view().meters[0]?.problem ?? '');
    const now = offers();
    for (const [i, amps] of now.entries()) {
      assert.ok(amps <= (before[i] ?? 0) + 0.01, `raised from ${before[i]} to ${amps} A`);
    }
    before = now;
  }
  for (const amps of before) assert.ok(amps <= 6, `${amps} A without a meter`);
  assert.match(site.view().alarms.join(), /meter of circuit main lost/);
  assert.equal(site.breaker.record().overMs, 0);
  return told;
};

describe('a fault on the wire is told by the tick, which only lowers', {
  concurrency: true,
}, () => {
  for (const [name, fault] of Object.entries(WIRE_FAULTS)) {
    test(name, async (t) => {
      const readings = await readFrom(t, fault);
      for (const { problem } of readings) assert.match(problem ?? '', fault.told);
      assert.match([...(await reactTo(readings))].at(-1) ?? '', fault.told);
    });
  }

  test('every exception, busy among them, one after the other', async (t) => {
    const readings: Reading[] = [];
    for (let code = 1; code <= 11; code += 1) {
      const fault = { conduct: 'exception', exceptionCode: code, told: /^exception/ } as const;
      readings.push(...(await readFrom(t, fault)));
    }
    const told = [...(await reactTo(readings))];
    for (let code = 1; code <= 11; code += 1) {
      assert.ok(
        told.some((text) => text.startsWith(`exception ${code}: `)),
        told.join(),
      );
    }
  });

  test('0x8000 in every register of an integer meter', async () => {
    const device = devices.get('victron-grid-meter');
    assert.ok(device && GRID);
    const image = new Map(Array.from({ length: 100 }, (_, i) => [2600 + i, 0x8000] as const));
    const reading = decodeReading(device, GRID, image, 0);
    assert.match([...(await reactTo([reading]))].at(-1) ?? '', /reports no currents/);
  });
});
