import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  loadMeterDevice,
  loadMeterDevices,
  loadSiteMeters,
} from '../../src/config/device-files.ts';
import { parseYaml } from '../../src/config/yaml.ts';
import type { MeterSpec } from '../../src/core/site.ts';
import { decodeReading } from '../../src/devices/decode.ts';
import { planReads } from '../../src/devices/register-plan.ts';
import { sunspecStep } from '../../src/devices/sunspec.ts';
import { plainMeter } from './plain-meter.ts';

const { devices, problems } = loadMeterDevices('devices/meters');
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

interface Fixture {
  readonly words: Readonly<Record<string, string>>;
  readonly reading: Readonly<Record<string, number | readonly number[]>>;
  readonly notAvailable?: readonly {
    readonly words: Readonly<Record<string, string>>;
    readonly missing: readonly string[];
  }[];
}

const fixtureOf = (name: string): Fixture =>
  parseYaml(readFileSync(`devices/fixtures/${name}.yaml`, 'utf8')).value as Fixture;
const fixtureImage = ({ words }: Pick<Fixture, 'words'>) =>
  image(...Object.entries(words).map(([start, text]) => [Number(start), text] as const));

test('a SunSpec chain that runs out of the registers is not followed around', () => {
  let step = sunspecStep([203]);
  const answers = [
    [0x5375, 0x6e53],
    [1, 66],
    [99, 60_000],
    [203, 105],
  ];
  for (const answer of answers) if (step.state === 'read') step = step.next(answer);
  assert.deepEqual(step, { state: 'failed', problem: 'no SunSpec model 203' });
});

describe('a file of its own beside the site file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-own-meter-'));
  const load = (name: string) =>
    loadSiteMeters('devices/meters', join(folder, 'site.yaml'), ['eastron-sdm630', name]);

  test('is used by its path, like another one', () => {
    const text = 'name: Mine\nmodels: [M]\nlike: eastron-sdm630\nsource: me\nconfidence: C\n';
    writeFileSync(join(folder, 'mine.yaml'), text);
    const { devices: found, own } = load('./mine.yaml');
    assert.deepEqual([...found.keys()], ['eastron-sdm630', './mine.yaml']);
    assert.deepEqual(found.get('./mine.yaml')?.registers, device('eastron-sdm630').registers);
    assert.deepEqual(own.get('./mine.yaml'), []);
  });

  test('that is wrong or not there is told with its place', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'name: Bad\nmodels: [M]\nfunction: coil\n');
    assert.match(load('./bad.yaml').own.get('./bad.yaml')?.join() ?? '', /bad\.yaml:3: function/);
    assert.match(load('./none.yaml').own.get('./none.yaml')?.join() ?? '', /cannot read .*none/);
  });
});

describe('every meter file', () => {
  test('has a fixture, and every fixture a file', () => {
    const fixtures = readdirSync('devices/fixtures').map((name) => name.replace('.yaml', ''));
    assert.deepEqual(fixtures.sort(), [...devices.keys()].sort());
  });

  for (const [name, file] of devices) {
    const fixture = fixtureOf(name);
    const words = fixtureImage(fixture);

    test(`${name}: its fixture is decoded`, () => {
      const reading = decodeReading(file, plainMeter(), words, 5);
      assert.equal(reading.quality, 'good');
      const { meter: _m, atMs: _a, quality: _q, ...values } = reading;
      assert.deepEqual(Object.keys(values).sort(), Object.keys(fixture.reading).sort());
      for (const [quantity, value] of Object.entries(values)) {
        const expected = [fixture.reading[quantity] ?? Number.NaN].flat();
        const got = [value as number | readonly number[]].flat();
        for (const [i, number] of got.entries()) {
          const most = 1e-6 * Math.max(1, Math.abs(number));
          const wrong = `${quantity}: ${number} instead of ${expected[i]}`;
          assert.ok(Math.abs(number - (expected[i] ?? Number.NaN)) <= most, wrong);
        }
      }
    });

    test(`${name}: what is not available is not there`, () => {
      for (const { words: spoilt, missing } of fixture.notAvailable ?? []) {
        const spoiltImage = new Map([...words, ...fixtureImage({ words: spoilt })]);
        const reading = decodeReading(file, plainMeter(), spoiltImage, 5);
        for (const quantity of missing) assert.equal(Reflect.get(reading, quantity), undefined);
        if (missing.includes('amps')) assert.equal(reading.quality, 'absent');
      }
    });

    test(`${name}: every request reads registers of the fixture, at most so many`, () => {
      for (const { address, count } of planReads(file)) {
        assert.ok(count <= file.readMost);
        assert.ok(words.has(address) && words.has(address + count - 1), `${address} +${count}`);
      }
    });
  }
});

describe('what a meter file can say', () => {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-meters-'));
  const load = (text: string) => {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, text);
    return loadMeterDevice(file, 'devices/meters');
  };
  const mine = (more: string) =>
    load(`name: Mine\nmodels: [Mine]\nsource: me\nconfidence: C\n${more}`);

  test('like another one, besides what it says itself', () => {
    const registers = 'registers: { importWh: { address: 342, type: f32, scale: 1000 } }';
    const { device: read } = mine(`like: eastron-sdm630\n${registers}\n`);
    assert.equal(read?.registers.ampsL3?.address, 10);
    assert.equal(read?.registers.importWh?.address, 342);
    assert.equal(read?.unsignedAmps, true);
    assert.equal(read?.name, 'Mine');
  });

  test('what it is like has to be there, and to be whole itself', () => {
    assert.match(mine('like: eastron\n').problems[0] ?? '', /:5: like: "eastron" is no file in/);
    assert.match(mine('like: ../meters/x\n').problems[0] ?? '', /is no file in/);
    assert.match(mine('like: schneider-pm5000\n').problems[0] ?? '', /is itself like another/);
  });

  test('which gap is read along, and which ends a request', () => {
    const registers = [0, 10, 60].map(
      (address, i) => `ampsL${i + 1}: { address: ${address}, type: f32 }`,
    );
    const plan = (gap: string) => {
      const { device: read } = mine(
        `function: input\n${gap}registers:\n  ${registers.join('\n  ')}\n`,
      );
      return read && planReads(read).map(({ address, count }) => [address, count]);
    };
    assert.deepEqual(plan(''), [
      [0, 12],
      [60, 2],
    ]);
    assert.deepEqual(plan('gapMost: 48\n'), [[0, 62]]);
    assert.deepEqual(plan('gapMost: 0\n'), [
      [0, 2],
      [10, 2],
      [60, 2],
    ]);
  });
});

describe('registers as the devices write them', () => {
  test('SDM630: floats, high word first', () => {
    const words = image(
      [6, '4128 0000 0000 0000 3F80 0000'],
      [12, '451C 4000 0000 0000 43C8 0000'],
    );
    const reading = decodeReading(device('eastron-sdm630'), plainMeter(), words, 0);
    assert.deepEqual(reading.amps, [10.5, 0, 1]);
  });

  test('EM24-E1: integers, low word first', () => {
    const words = image([12, '2904 0000 0000 0000 D8F0 FFFF'], [40, 'D8F0 FFFF']);
    const reading = decodeReading(device('carlo-gavazzi-em24-e1'), plainMeter(), words, 0);
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
      const reading = decodeReading(device(name), plainMeter(), image(...words), 0);
      assert.deepEqual(
        reading.amps?.map((value) => Math.round(value * 100) / 100),
        amps,
      );
      assert.equal(Math.round(reading.watts ?? Number.NaN), watts);
    });
  }

  test('ABB: an energy of all ones is not available', () => {
    const words = image([0x5004, 'FFFF FFFF FFFF FFFF']);
    assert.equal(decodeReading(device('abb-b23'), plainMeter(), words, 0).exportWh, undefined);
  });

  test('SunSpec 203: a power of ten beside the value; 0x8000 is not available', () => {
    const file = device('sunspec-three-phase');
    const words = image([3, '041A 0000 FFCE FFFE'], [18, 'FC18'], [22, '0000']);
    assert.deepEqual(decodeReading(file, plainMeter(), words, 0).amps, [10.5, 0, -0.5]);
    const missing = decodeReading(file, plainMeter(), image([3, '041A 8000 FFCE FFFE']), 0);
    assert.equal(missing.amps, undefined);
    assert.equal(missing.quality, 'absent');
  });

  test('a float that is not a number is not a current of zero', () => {
    const words = image([6, '7FC0 0000 0000 0000 0000 0000']);
    assert.equal(decodeReading(device('eastron-sdm630'), plainMeter(), words, 0).quality, 'absent');
  });
});

describe('how the meter is mounted', () => {
  const words = image([6, '4120 0000 4080 0000 4000 0000'], [12, 'C516 0000 4466 0000 43E6 0000']);
  const read = (changes: Partial<MeterSpec>) =>
    decodeReading(device('eastron-sdm630'), plainMeter(changes), words, 0).amps;

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
