import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reading } from '../../src/core/meters/reading.ts';
import { LEAST, resemblance } from '../../src/devices/identify.ts';
import type { MeterDevice } from '../../src/schema/meter-device.ts';

const registersOf = (...names: readonly (keyof MeterDevice['registers'])[]) =>
  Object.fromEntries(names.map((name, i) => [name, { address: 2 * i, type: 'f32', scale: 1 }]));
const BARE: MeterDevice = {
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
  registers: registersOf('ampsL1', 'ampsL2', 'ampsL3'),
};
const FULL: MeterDevice = {
  ...BARE,
  registers: { ...BARE.registers, ...registersOf('voltsL1', 'frequencyHz') },
};
const POWER_ONLY: MeterDevice = { ...BARE, registers: registersOf('watts') };

const AMPS = { amps: [10, 5, 2] } as const;
const GOOD = { ...AMPS, volts: [230, 231, 229], frequencyHz: 50 } as const;
const score = (device: MeterDevice, values: Partial<Reading>) =>
  resemblance(device, { meter: 'm', atMs: 0, quality: 'good', ...values });

describe('what physics forbids speaks against a device', () => {
  for (const [name, device, values] of [
    ['a current of a power plant', BARE, { amps: [1, 2, 10_001] }],
    ['one flowing out', BARE, { amps: [1, 2, -10_001] }],
    ['a current that words in the wrong order make', BARE, { amps: [1, 2, 1e-12] }],
    ['no current at all', BARE, { watts: 3_000 }],
    ['no volts where there are registers of them', FULL, { ...AMPS, frequencyHz: 50 }],
    ['volts of no grid', FULL, { ...GOOD, volts: [165, 165, 165] }],
    ['too few volts', FULL, { ...GOOD, volts: [89, 89, 89] }],
    ['too many volts', FULL, { ...GOOD, volts: [230, 230, 291] }],
    ['volts of two grids', FULL, { ...GOOD, volts: [120, 230, 230] }],
    ['all phases dead', FULL, { ...GOOD, volts: [0, 9.9, 0] }],
    ['no frequency where there is a register of it', FULL, { ...AMPS, volts: GOOD.volts }],
    ['a frequency of no grid', FULL, { ...GOOD, frequencyHz: 44.9 }],
    ['a frequency of no grid, above', FULL, { ...GOOD, frequencyHz: 65.1 }],
    ['volts below zero', FULL, { ...GOOD, volts: [230, -231, 229] }],
    ['more power on L1 than its volts and amps make', FULL, { ...GOOD, phaseWatts: [3_060, 0, 0] }],
    ['more on L2', FULL, { ...GOOD, phaseWatts: [0, 1_570, 0] }],
    ['more on L3, flowing out', FULL, { ...GOOD, phaseWatts: [0, 0, -670] }],
    [
      'a total that is not the sum of its phases',
      FULL,
      { ...GOOD, phaseWatts: [2_300, 1_100, 400], watts: 4_060 },
    ],
    [
      'a total flowing the other way',
      FULL,
      { ...GOOD, phaseWatts: [2_300, 1_100, 400], watts: -3_800 },
    ],
    ['power of a power plant alone', POWER_ONLY, { watts: 5_000_001 }],
    ['power that words in the wrong order make', POWER_ONLY, { watts: -1e-12 }],
    ['no power of a device that has nothing else', POWER_ONLY, {}],
  ] as const) {
    test(name, () => assert.equal(score(device, values), 0));
  }
});

describe('what may be so does not', () => {
  for (const [name, values] of [
    ['a strong current', { ...GOOD, amps: [10_000, 0, -10_000] }],
    ['a phase that is not wired', { ...GOOD, volts: [230, 0, 9.9] }],
    ['a grid of 120 V', { ...GOOD, volts: [90, 120, 150] }],
    ['a grid of 277 V', { ...GOOD, volts: [180, 277, 290] }],
    ['a slow grid', { ...GOOD, frequencyHz: 45 }],
    ['a fast grid', { ...GOOD, frequencyHz: 65 }],
    ['power a little above volts times amps', { ...GOOD, phaseWatts: [3_000, 1_500, 590] }],
    [
      'power flowing out',
      { ...GOOD, amps: [-10, -5, -2], phaseWatts: [-2_300, -1_100, -400], watts: -3_800 },
    ],
    ['power with hardly a current', { ...GOOD, amps: [0, 0, 0], phaseWatts: [60, -60, 0] }],
    ['a total of another moment', { ...GOOD, phaseWatts: [2_000, 1_000, 400], watts: 3_600 }],
  ] as const) {
    test(name, () => assert.ok(score(FULL, values) > LEAST));
  }

  test('volts and frequency that a device has no registers for', () => {
    assert.ok(score(BARE, { ...GOOD, volts: [1, 2, 3], frequencyHz: 1 }) > 0);
  });

  test('a dead phase of a meter of one phase', () => {
    const single = { ...FULL, phases: 1 };
    assert.ok(score(single, { amps: [10, 0, 0], frequencyHz: 50 }) > 0);
  });
});

test('the more agrees, the better a device fits; power alone is the least', () => {
  const sunspec = { ...FULL, sunspec: { models: [203], length: 105 } };
  const hertzOnly = {
    ...BARE,
    registers: { ...BARE.registers, ...registersOf('frequencyHz') },
  };
  const phaseWatts = [2_300, 1_100, 400] as const;
  const rising = [
    score(POWER_ONLY, { watts: 0 }),
    score(POWER_ONLY, { watts: -4_000 }),
    score(BARE, { amps: [0, 0.09, 0] }),
    score(BARE, { amps: [0, -0.1, 0] }),
    score(hertzOnly, GOOD),
    score(FULL, GOOD),
    score(FULL, { ...GOOD, phaseWatts, watts: 3_800 }),
    score(sunspec, { ...GOOD, phaseWatts, watts: 3_800 }),
  ];
  assert.ok(
    rising.every((value, i) => value > (rising[i - 1] ?? 0)),
    rising.join(' '),
  );
  assert.equal(score(POWER_ONLY, { watts: 4_000 }), LEAST);
});
