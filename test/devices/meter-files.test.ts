import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import type { MeterSpec } from '../../src/core/site.ts';
import { decodeReading } from '../../src/devices/decode.ts';
import { planReads } from '../../src/devices/register-plan.ts';
import { imageOf } from '../../src/sim/modbus-meter.ts';

const { devices, problems } = loadMeterDevices('devices/meters');
const spec = (changes: Partial<MeterSpec> = {}): MeterSpec => ({
  id: 'grid',
  device: 'x',
  connect: 'tcp://127.0.0.1:502',
  unit: 1,
  pollMs: 1000,
  ctRatio: 1,
  invert: false,
  phaseOrder: [0, 1, 2],
  ...changes,
});
const device = (name: string) => {
  const found = devices.get(name);
  assert.ok(found, `no device file ${name}`);
  return found;
};
/** Words given as hex from a start address. */
const image = (...groups: readonly (readonly [number, string])[]) =>
  new Map(
    groups.flatMap(([start, words]) =>
      words.split(' ').map((word, i) => [start + i, Number.parseInt(word, 16)] as const),
    ),
  );

test('every meter file is valid', () => {
  assert.deepEqual(problems, []);
  assert.ok(devices.size >= 15);
});

describe('every meter file', () => {
  for (const [name, file] of devices) {
    test(`${name}: protects each phase, and what it encodes it decodes`, () => {
      const values = {
        ampsL1: 10.5,
        ampsL2: 0,
        ampsL3: 16.25,
        wattsL1: 2400,
        wattsL2: 10,
        wattsL3: 3700,
        watts: 6110,
        voltsL1: 230,
        voltsL2: 231,
        voltsL3: 229,
        importWh: 1_234_000,
        exportWh: 5_000,
        frequencyHz: 50,
      };
      const registers = imageOf(file, values);
      const base = file.sunspec === undefined ? 0 : 40_070;
      for (const { count } of planReads(file, base)) assert.ok(count <= file.readMost);
      const reading = decodeReading(file, spec(), registers, 5, base);
      assert.equal(reading.quality, 'good');
      for (const [p, expected] of [10.5, 0, 16.25].entries()) {
        assert.ok(Math.abs((reading.amps?.[p] ?? Number.NaN) - expected) < 0.06);
      }
      assert.ok(Math.abs((reading.watts ?? Number.NaN) - 6110) < 10);
      assert.ok(Math.abs((reading.importWh ?? Number.NaN) - 1_234_000) < 1000);
    });
  }
});

describe('registers as the devices write them', () => {
  test('SDM630: floats, high word first', () => {
    const words = image(
      [6, '4128 0000 0000 0000 3F80 0000'],
      [12, '451C 4000 0000 0000 43C8 0000'],
    );
    const reading = decodeReading(device('eastron-sdm630'), spec(), words, 0);
    assert.deepEqual(reading.amps, [10.5, 0, 1]);
  });

  test('EM24-E1: integers, low word first', () => {
    const words = image([12, '2904 0000 0000 0000 D8F0 FFFF'], [40, 'D8F0 FFFF']);
    const reading = decodeReading(device('carlo-gavazzi-em24-e1'), spec(), words, 0);
    assert.deepEqual(reading.amps, [10.5, 0, -10]);
    assert.equal(reading.watts, -1000);
  });

  for (const [name, words, amps, watts] of [
    [
      'abb-b23',
      [
        [0x5b0c, '0000 041A 0000 0000 0000 0064'],
        [0x5b14, 'FFFE 7960'],
      ],
      [10.5, 0, 1],
      -1000,
    ],
    [
      'schneider-iem3155',
      [
        [2999, '4128 0000 0000 0000 3F80 0000'],
        [3059, 'BF80 0000'],
      ],
      [10.5, 0, 1],
      -1000,
    ],
    [
      'siemens-pac2200',
      [
        [13, '4128 0000 0000 0000 3F80 0000'],
        [65, '447A 0000'],
      ],
      [10.5, 0, 1],
      1000,
    ],
    [
      'phoenix-contact-eem',
      [
        [0x800e, '0000 4128 0000 0000 0000 3F80'],
        [0x8016, '0000 447A'],
      ],
      [10.5, 0, 1],
      1000,
    ],
    [
      'victron-grid-meter',
      [
        [2617, 'FFCE 0000 0000 0000 000A'],
        [2600, 'FC18 0000 0064'],
      ],
      [-5, 0, 1],
      -900,
    ],
  ] as const) {
    test(`${name}: words of the device`, () => {
      const reading = decodeReading(device(name), spec(), image(...words), 0);
      assert.deepEqual(
        reading.amps?.map((value) => Math.round(value * 100) / 100),
        amps,
      );
      assert.equal(Math.round(reading.watts ?? Number.NaN), watts);
    });
  }

  test('ABB: an energy of all ones is not available', () => {
    const words = image([0x5004, 'FFFF FFFF FFFF FFFF']);
    assert.equal(decodeReading(device('abb-b23'), spec(), words, 0).exportWh, undefined);
  });

  test('SunSpec 203: a power of ten beside the value; 0x8000 is not available', () => {
    const file = device('sunspec-three-phase');
    const words = image([3, '041A 0000 FFCE FFFE'], [18, 'FC18'], [22, '0000']);
    assert.deepEqual(decodeReading(file, spec(), words, 0).amps, [10.5, 0, -0.5]);
    const missing = decodeReading(file, spec(), image([3, '041A 8000 FFCE FFFE']), 0);
    assert.equal(missing.amps, undefined);
    assert.equal(missing.quality, 'absent');
  });

  test('a float that is not a number is not a current of zero', () => {
    const words = image([6, '7FC0 0000 0000 0000 0000 0000']);
    assert.equal(decodeReading(device('eastron-sdm630'), spec(), words, 0).quality, 'absent');
  });
});

describe('how the meter is mounted', () => {
  const words = image([6, '4120 0000 4080 0000 4000 0000'], [12, 'C516 0000 4466 0000 43E6 0000']);
  const read = (changes: Partial<MeterSpec>) =>
    decodeReading(device('eastron-sdm630'), spec(changes), words, 0).amps;

  test('a current without direction takes the sign of its phase power', () => {
    assert.deepEqual(read({}), [-10, 4, 2]);
  });

  test('inverted transformers turn the direction', () => {
    assert.deepEqual(read({ invert: true }), [10, -4, -2]);
  });

  test('ratio and phase order are applied', () => {
    assert.deepEqual(read({ ctRatio: 2, phaseOrder: [2, 0, 1] }), [4, -20, 8]);
  });
});

test('SDM630 needs one request for everything', () => {
  assert.deepEqual(planReads(device('eastron-sdm630')), [{ address: 0, count: 76 }]);
});
