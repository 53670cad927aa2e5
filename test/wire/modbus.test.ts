import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import type { MeterSpec } from '../../src/core/site.ts';
import { MeterBus } from '../../src/field/meter-bus.ts';
import { type BusMeter, readMeterOnce } from '../../src/field/meter-read.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import {
  type MeterConduct,
  type SimModbusOptions,
  startModbusMeter,
} from '../../src/sim/modbus-meter.ts';
import { HurriedClock } from '../hurried-clock.ts';
import { patientClock } from '../patient-clock.ts';

const { devices } = loadMeterDevices('devices/meters');
const PHASES = { ampsL1: 12, ampsL2: 3, ampsL3: 7.5, wattsL1: 2700, wattsL2: 600, wattsL3: 1700 };
const VALUES = { ...PHASES, watts: 5000 };
const SILENT = /no answer in time/;
/** How long who never answers is waited for. */
const SILENCE_MS = 150;

const deviceOf = (name: string) => {
  const device = devices.get(name);
  assert.ok(device);
  return device;
};

const specOf = (changes: Partial<MeterSpec>): MeterSpec => ({
  id: 'grid',
  device: 'eastron-sdm630',
  connect: '',
  unit: 1,
  pollMs: 20,
  ctRatio: 1,
  invert: false,
  phaseOrder: [0, 1, 2],
  ...changes,
});

const startMeter = async (
  t: TestContext,
  name = 'eastron-sdm630',
  changes: Partial<SimModbusOptions> & { readonly ask?: number } = {},
) => {
  const device = deviceOf(name);
  const { framing = 'tcp', ask = 1 } = changes;
  const meter = await startModbusMeter({ device, unit: 1, values: () => VALUES, ...changes });
  t.after(() => meter.close());
  const connect = `${framing === 'rtu' ? 'rtu+' : ''}tcp://127.0.0.1:${meter.port}`;
  const clock = patientClock();
  const port = openModbusPort({ url: connect, clock, timeoutMs: SILENCE_MS });
  t.after(() => port.close());
  const busMeter: BusMeter = { spec: specOf({ device: name, connect, unit: ask }), device };
  const read = () => readMeterOnce(port, busMeter, systemClock.monotonicMs());
  return { meter, port, clock, busMeter, read };
};

const rounded = ({ amps }: Reading) => amps?.map((value) => Math.round(value * 10) / 10);

describe('reading meters over Modbus TCP', () => {
  for (const name of devices.keys()) {
    test(name, async (t) => {
      const { read } = await startMeter(t, name);
      const reading = await read();
      assert.equal(reading.problem, undefined);
      assert.equal(reading.quality, 'good');
      const { registers, phases } = deviceOf(name);
      const flowing = [12, 3, 7.5].map((amps, p) => (p < phases ? amps : 0));
      if (registers.ampsL1 === undefined) assert.ok((reading.watts ?? 0) > 0);
      else assert.deepEqual(rounded(reading), flowing);
    });
  }
});

test('a meter that is not set as its registers need it is not read, and says what to set', async (t) => {
  const device = deviceOf('carlo-gavazzi-em24-e1');
  const { meter } = await startMeter(t, 'carlo-gavazzi-em340');
  const url = `tcp://127.0.0.1:${meter.port}`;
  const port = openModbusPort({ url, clock: patientClock() });
  t.after(() => port.close());
  const reading = await readMeterOnce(port, { spec: specOf({}), device }, 0);
  assert.equal(reading.quality, 'absent');
  assert.match(reading.problem ?? '', /register 40960 is 0 instead of 7: set application H/);
});

for (const framing of ['tcp', 'rtu'] as const) {
  describe(`a device that misbehaves (${framing}) gives no current, and says why`, () => {
    for (const [conduct, problem] of [
      ['silent', SILENT],
      ['short', framing === 'tcp' ? /37 registers instead of 76|\d registers/ : SILENT],
      ['late', SILENT],
      ['half', SILENT],
      ['wrong-unit', SILENT],
      ['garbage', /no answer in time|not Modbus TCP/],
      ['closes', /connection closed by the device/],
      ['not-available', /reports no currents/],
    ] as const satisfies readonly (readonly [MeterConduct, RegExp])[]) {
      test(conduct, async (t) => {
        const { meter, clock, read } = await startMeter(t, 'eastron-sdm630', { framing });
        meter.conduct = conduct;
        clock.hasty = problem.source.includes(SILENT.source);
        const reading = await read();
        assert.equal(reading.quality, 'absent');
        assert.equal(reading.amps, undefined);
        assert.match(reading.problem ?? '', problem);
        // And what arrives of it later is never taken for the next answer.
        meter.conduct = 'good';
        clock.hasty = false;
        assert.deepEqual(rounded(await untilGood(read)), [12, 3, 7.5]);
      });
    }

    for (let code = 1; code <= 11; code += 1) {
      test(`exception ${code}`, async (t) => {
        const { meter, read } = await startMeter(t, 'eastron-sdm630', { framing });
        meter.conduct = 'exception';
        meter.exceptionCode = code;
        const reading = await read();
        assert.equal(reading.quality, 'absent');
        assert.match(reading.problem ?? '', new RegExp(`^exception ${code}: `));
      });
    }

    for (const conduct of ['bytewise', 'foreign-first'] as const) {
      test(`${conduct}: the right answer is found`, async (t) => {
        const { meter, read } = await startMeter(t, 'eastron-sdm630', { framing });
        meter.conduct = conduct;
        assert.deepEqual(rounded(await read()), [12, 3, 7.5]);
      });
    }
  });
}

/** A late answer may cost one poll: the connection is opened afresh. */
const untilGood = async (read: () => Promise<Reading>): Promise<Reading> => {
  for (let i = 0; i < 5; i += 1) {
    const reading = await read();
    if (reading.quality === 'good') return reading;
  }
  return assert.fail('did not recover');
};

test('a unit that is not there', async (t) => {
  const { clock, read } = await startMeter(t, 'eastron-sdm630', { ask: 7 });
  clock.hasty = true;
  assert.match((await read()).problem ?? '', SILENT);
});

test('nobody listens', async (t) => {
  const { meter, read } = await startMeter(t);
  await meter.close();
  assert.match((await read()).problem ?? '', /ECONNREFUSED/);
});

test('a refused connection is not tried again at once', async (t) => {
  const { meter, port } = await startMeter(t);
  await meter.close();
  const request = { unit: 1, table: 'input', address: 0, count: 2 } as const;
  const problems = new Set<string>();
  for (let i = 0; i < 200; i += 1) {
    await port.read(request).catch((error: Error) => problems.add(error.message));
  }
  assert.equal(problems.size, 1);
});

describe('many units behind one gateway', () => {
  const UNITS = [1, 2, 3, 4, 5, 6, 7, 8];

  test('share one connection, one request at a time; each gets its own values', async (t) => {
    const device = deviceOf('eastron-sdm630');
    const meter = await startModbusMeter({
      device,
      unit: UNITS.filter((unit) => unit !== 5),
      values: (unit) => ({ ...VALUES, ampsL1: unit }),
      gateway: true,
      delayMs: 2,
    });
    t.after(() => meter.close());
    const url = `tcp://127.0.0.1:${meter.port}`;
    const polls = new Map<string, number>();
    let enough = (): void => {};
    const done = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const bus = new MeterBus({
      meters: UNITS.map((unit) => ({ spec: specOf({ id: `m${unit}`, unit, pollMs: 20 }), device })),
      port: openModbusPort({ url, clock: patientClock() }),
      // Who is asked when depends on no stop of the machine.
      clock: new HurriedClock(),
      log: SILENT_LOG,
      onReading: (reading) => {
        polls.set(reading.meter, (polls.get(reading.meter) ?? 0) + 1);
        if (reading.meter === 'm5') assert.match(reading.problem ?? '', /exception 11/);
        else assert.equal(`m${reading.amps?.[0]}`, reading.meter);
        if ((polls.get('m1') ?? 0) >= 12) enough();
      },
    });
    t.after(() => bus.stop());
    await done;
    assert.equal(meter.overlaps, 0);
    const counts = UNITS.filter((unit) => unit !== 5).map((unit) => polls.get(`m${unit}`) ?? 0);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, `polls ${counts.join()}`);
    // The one that is not there is asked less often.
    assert.ok((polls.get('m5') ?? 0) < Math.min(...counts));
  });
});

test('polling recovers by itself after the meter was away', async (t) => {
  const { meter, port, busMeter } = await startMeter(t);
  const seen: Reading['quality'][] = [];
  let changed = () => {};
  const until = (quality: Reading['quality']) =>
    new Promise<void>((resolve) => {
      changed = () => seen.at(-1) === quality && resolve();
    });
  const bus = new MeterBus({
    meters: [busMeter],
    port,
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
