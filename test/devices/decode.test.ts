// Registers to amps and watts, by hand-made devices: what a ratio, a turned transformer, an offset or a
// word order does to each quantity, and to which not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MeterSpec } from '../../src/core/site.ts';
import { decodeReading } from '../../src/devices/decode.ts';
import { planReads } from '../../src/devices/register-plan.ts';
import { readRegister, writeRegister } from '../../src/devices/registers.ts';
import type { MeterDevice, Quantity, Register } from '../../src/schema/meter-device.ts';
import { plainMeter } from './plain-meter.ts';

const register = (address: number, changes: Partial<Register> = {}): Register => ({
  address,
  type: 'i32',
  scale: 1,
  ...changes,
});

type Registers = Partial<Record<Quantity, Register>>;
const device = (registers: Registers, changes: Partial<MeterDevice> = {}): MeterDevice => ({
  name: 'Mine',
  models: ['Mine'],
  source: 'me',
  confidence: 'C',
  function: 'input',
  wordOrder: 'high-first',
  readMost: 80,
  gapMost: 40,
  phases: 3,
  unsignedAmps: false,
  registers,
  ...changes,
});

/** A device that holds these values, one after the other, and a reading of it. */
const read = (
  values: Partial<Record<Quantity, number>>,
  mounted: Partial<MeterSpec> = {},
  changes: Partial<MeterDevice> = {},
) => {
  const names = Object.keys(values) as Quantity[];
  const registers = Object.fromEntries(names.map((name, i) => [name, register(i * 2)]));
  const whole = device(registers, changes);
  const words = names.flatMap((name, i) =>
    writeRegister(whole, register(i * 2), values[name] ?? 0).map(
      (word, at) => [i * 2 + at, word] as const,
    ),
  );
  const {
    meter: _m,
    atMs: _a,
    ...reading
  } = decodeReading(whole, plainMeter(mounted), new Map(words), 9);
  return reading;
};

const AMPS = { ampsL1: 10, ampsL2: 4, ampsL3: -2 };
const WATTS = { wattsL1: 2300, wattsL2: 920, wattsL3: -460 };
const VOLTS = { voltsL1: 229, voltsL2: 230, voltsL3: 231 };
const ENERGY = { importWh: 7000, exportWh: 300 };

describe('what a reading is made of', () => {
  const all = { ...AMPS, ...WATTS, ...VOLTS, ...ENERGY, watts: 2800, frequencyHz: 50 };

  test('each quantity as the device tells it', () => {
    assert.deepEqual(read(all), {
      quality: 'good',
      amps: [10, 4, -2],
      phaseWatts: [2300, 920, -460],
      watts: 2800,
      volts: [229, 230, 231],
      importWh: 7000,
      exportWh: 300,
      frequencyHz: 50,
    });
  });

  test('a ratio of transformers is one of currents, powers and energies', () => {
    assert.deepEqual(read(all, { ctRatio: 40 }), {
      quality: 'good',
      amps: [400, 160, -80],
      phaseWatts: [92_000, 36_800, -18_400],
      watts: 112_000,
      volts: [229, 230, 231],
      importWh: 280_000,
      exportWh: 12_000,
      frequencyHz: 50,
    });
  });

  test('a meter that is mounted the wrong way round imports what it tells as export', () => {
    assert.deepEqual(read(all, { invert: true, ctRatio: 2 }), {
      quality: 'good',
      amps: [-20, -8, 4],
      phaseWatts: [-4600, -1840, 920],
      watts: -5600,
      volts: [229, 230, 231],
      importWh: 600,
      exportWh: 14_000,
      frequencyHz: 50,
    });
  });

  test('its phases are those of the site, in all that it has by phase', () => {
    const { amps, phaseWatts, volts } = read(all, { phaseOrder: [2, 0, 1] });
    assert.deepEqual(
      [amps, phaseWatts, volts],
      [
        [-2, 10, 4],
        [-460, 2300, 920],
        [231, 229, 230],
      ],
    );
  });

  test('an offset is added to the currents, behind ratio and direction', () => {
    const mounted = { offsetAmps: 0.5, ctRatio: 2, invert: true };
    assert.deepEqual(read(all, mounted).amps, [-19.5, -7.5, 4.5]);
  });

  test('a total that it has not is the sum of its phases; one that it has is taken', () => {
    assert.equal(read({ ...AMPS, ...WATTS }, { ctRatio: 2 }).watts, 5520);
    assert.equal(read({ ...AMPS, ...WATTS, watts: -(2 ** 31) }).watts, 2760, 'not available');
    assert.equal(read(AMPS).watts, undefined);
  });
});

describe('a meter of fewer phases, or of none', () => {
  test('of one: nothing flows on the others, whose voltage nobody knows', () => {
    const reading = read({ ampsL1: 9, wattsL1: 2070, voltsL1: 230 }, {}, { phases: 1 });
    assert.deepEqual(reading.amps, [9, 0, 0]);
    assert.deepEqual(reading.phaseWatts, [2070, 0, 0]);
    assert.equal(reading.volts, undefined);
    const turned = read({ ampsL1: 9 }, { phaseOrder: [1, 0, 2] }, { phases: 1 });
    assert.deepEqual(turned.amps, [0, 9, 0]);
  });

  test('one current that is missing is a reading without currents, not a zero', () => {
    const reading = read({ ...AMPS, ampsL2: -(2 ** 31) });
    assert.deepEqual([reading.quality, reading.amps], ['absent', undefined]);
    assert.equal(reading.problem, 'the meter reports no currents');
  });

  test('of power only: good with its power, absent without', () => {
    assert.deepEqual(read({ watts: -3000 }), { quality: 'good', watts: -3000 });
    const { quality, problem } = read({ watts: -(2 ** 31) });
    assert.deepEqual([quality, problem], ['absent', 'the meter reports no power']);
  });
});

describe('currents without a direction', () => {
  const sized = { ampsL1: 10, ampsL2: 4, ampsL3: 2 };
  const unsigned = { unsignedAmps: true };
  test('flow the way the power of their phase does', () => {
    assert.deepEqual(read({ ...sized, ...WATTS }, {}, unsigned).amps, [10, 4, -2]);
    assert.deepEqual(read({ ...sized, ...WATTS }, { ctRatio: 3 }, unsigned).amps, [30, 12, -6]);
    assert.deepEqual(read({ ...sized, ...WATTS }, { invert: true }, unsigned).amps, [-10, -4, 2]);
  });
  test('are drawn where no power, or none of their phase, tells the way', () => {
    assert.deepEqual(read(sized, { invert: true }, unsigned).amps, [10, 4, 2]);
    const noPower = { wattsL1: 0, wattsL2: 0, wattsL3: -1 };
    assert.deepEqual(read({ ...sized, ...noPower }, {}, unsigned).amps, [10, 4, -2]);
  });
});

describe('a register', () => {
  const types: readonly (readonly [Register['type'], number, string])[] = [
    ['i16', -1234, 'FB2E'],
    ['u16', 64_302, 'FB2E'],
    ['i32', -123_456_789, 'F8A4 32EB'],
    ['u32', 4_171_510_507, 'F8A4 32EB'],
    ['acc32', 123_456_789, '075B CD15'],
    ['i64', -5_000_000_000, 'FFFF FFFE D5FA 0E00'],
    ['u64', 5_000_000_000, '0000 0001 2A05 F200'],
    ['f32', -12.5, 'C148 0000'],
    ['f64', -12.5, 'C029 0000 0000 0000'],
  ];
  const imageOf = (text: string) =>
    new Map(text.split(' ').map((word, i) => [100 + i, Number.parseInt(word, 16)] as const));
  for (const [type, value, text] of types) {
    test(`${type} is read in both orders of words, and written as it is read`, () => {
      const each = register(100, { type });
      const turned = text.split(' ').reverse().join(' ');
      assert.equal(readRegister({ wordOrder: 'high-first' }, each, imageOf(text), 0), value);
      assert.equal(readRegister({ wordOrder: 'low-first' }, each, imageOf(turned), 0), value);
      for (const [wordOrder, wanted] of [
        ['high-first', text],
        ['low-first', turned],
      ] as const) {
        const words = writeRegister({ wordOrder }, each, value);
        assert.deepEqual(words, [...imageOf(wanted).values()]);
      }
    });
  }

  const notThere: readonly (readonly [Register['type'], string, string])[] = [
    ['i16', '8000', '7FFF'],
    ['u16', 'FFFF', '7FFF'],
    ['i32', '8000 0000', '7FFF FFFF'],
    ['u32', 'FFFF FFFF', '0000 0000'],
    ['acc32', '0000 0000', '0000 0001'],
    ['i64', '8000 0000 0000 0000', '7FFF FFFF FFFF FFFE'],
    ['i64', '7FFF FFFF FFFF FFFF', '8000 0000 0000 0001'],
    ['u64', 'FFFF FFFF FFFF FFFF', 'FFFF FFFF FFFF FFFE'],
    ['f32', '7FC0 0000', '0000 0000'],
    ['f32', '7F80 0000', '8000 0000'],
    ['f64', 'FFF0 0000 0000 0000', '0000 0000 0000 0000'],
  ];
  for (const [type, missing, there] of notThere) {
    test(`${type} ${missing} is not available, ${there} is a number`, () => {
      const each = register(100, { type });
      const form = { wordOrder: 'high-first' } as const;
      assert.equal(readRegister(form, each, imageOf(missing), 0), undefined);
      assert.equal(typeof readRegister(form, each, imageOf(there), 0), 'number');
    });
  }

  test('words of a device for "not available" are compared as on the wire', () => {
    const form = { wordOrder: 'low-first' as const, notAvailable: ['7FFF FFFF'] };
    const each = register(100);
    assert.equal(readRegister(form, each, imageOf('7FFF FFFF'), 0), undefined);
    assert.equal(readRegister(form, each, imageOf('FFFF 7FFF'), 0), 0x7fff_ffff);
  });

  test('scale, power of ten and what is subtracted', () => {
    const form = { wordOrder: 'high-first' } as const;
    const at = (text: string, changes: Partial<Register>, base = 0) =>
      readRegister(form, register(100 - base, { type: 'i16', ...changes }), imageOf(text), base);
    assert.equal(at('000C', { scale: 0.5 }), 6);
    assert.equal(at('000C FFFE', { scaleAddress: 101 }), 0.12);
    assert.equal(at('000C 0002', { scaleAddress: 101, scale: 2 }), 2400);
    assert.equal(at('000C 8000', { scaleAddress: 101 }), undefined);
    assert.equal(at('000C', { scaleAddress: 101 }), undefined);
    assert.equal(at('000C 0014', { minus: 101, scale: 10 }), -80);
    assert.equal(at('000C 8000', { minus: 101 }), undefined);
    assert.equal(at('000C 0014 0001', { minus: 61, scaleAddress: 62 }, 40), -80, 'from a base');
    assert.equal(readRegister(form, register(100), new Map(), 0), undefined, 'not read');
  });
});

describe('the requests for a map', () => {
  const plan = (registers: Registers, changes: Partial<MeterDevice> = {}, base = 0) =>
    planReads(device(registers, changes), base).map(({ address, count }) => [address, count]);
  const at = (address: number, type: Register['type'] = 'i16') => register(address, { type });

  test('follow the addresses, in whatever order the file names them', () => {
    const registers = { ampsL1: at(30), ampsL2: at(10), watts: at(60, 'i64') };
    assert.deepEqual(plan(registers), [[10, 54]]);
    assert.deepEqual(plan(registers, {}, 1000), [[1010, 54]]);
  });

  test('end where a device has answered as many as it can', () => {
    const registers = { ampsL1: at(0), ampsL2: at(1), ampsL3: at(8, 'i32') };
    assert.deepEqual(plan(registers, { readMost: 10 }), [[0, 10]]);
    assert.deepEqual(plan(registers, { readMost: 9 }), [
      [0, 2],
      [8, 2],
    ]);
  });

  test('end before a gap that is longer than may be read along', () => {
    const registers = { ampsL1: at(0, 'i32'), ampsL2: at(7) };
    assert.deepEqual(plan(registers, { gapMost: 5 }), [[0, 8]]);
    assert.deepEqual(plan(registers, { gapMost: 4 }), [
      [0, 2],
      [7, 1],
    ]);
  });

  test('fetch powers of ten and what is subtracted, and one register within another once', () => {
    const each = register(4, { type: 'i32', minus: 20, scaleAddress: 9 });
    assert.deepEqual(plan({ watts: each }), [[4, 18]]);
    assert.deepEqual(plan({ watts: each }, { gapMost: 0 }), [
      [4, 2],
      [9, 1],
      [20, 2],
    ]);
    assert.deepEqual(plan({ ampsL1: at(0, 'i64'), ampsL2: at(1) }, { gapMost: 0 }), [[0, 4]]);
    assert.deepEqual(plan({ ampsL1: at(0), ampsL2: at(0, 'i64') }, { gapMost: 0 }), [[0, 4]]);
  });
});
