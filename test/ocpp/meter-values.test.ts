import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMeterValues } from '../../src/ocpp/meter-values.ts';

const read = (...samples: unknown[]) =>
  readMeterValues([{ timestamp: '2026-01-01T00:00:00Z', sampledValue: samples }]);
const amps = (phase: string | undefined, value: unknown, more: object = {}) => ({
  value,
  measurand: 'Current.Import',
  ...(phase === undefined ? {} : { phase }),
  ...more,
});
const watts = (value: unknown, more: object = {}) => ({
  value,
  measurand: 'Power.Active.Import',
  ...more,
});
const volts = (value: unknown, phase?: string) => ({
  value,
  measurand: 'Voltage',
  ...(phase === undefined ? {} : { phase }),
});

describe('current per terminal', () => {
  for (const [name, samples, terminalAmps] of [
    [
      'as text with spaces',
      [amps('L1', '15.2'), amps('L2', ' 14.0 '), amps('L3', '0')],
      [15.2, 14, 0],
    ],
    ['to neutral', [amps('L1-N', 3), amps('L2-N', 4), amps('L3-N', 5)], [3, 4, 5]],
    [
      'with the phase in the name',
      ['L1', 'L2', 'L3'].map((p) => ({ value: 6, measurand: `Current.Import.${p}` })),
      [6, 6, 6],
    ],
    [
      'of a transformer mounted backwards',
      [amps('L1', -6), amps('L2', -6), amps('L3', 0)],
      [6, 6, 0],
    ],
    [
      'beside a total',
      [amps(undefined, 18), ...['L1', 'L2', 'L3'].map((p) => amps(p, 6))],
      [6, 6, 6],
    ],
    [
      'beside the neutral',
      [amps('L1', 6), amps('L2', 0), amps('L3', 0), amps('N', 6), amps('L1-L2', 9)],
      [6, 0, 0],
    ],
    [
      'at the outlet, not at the supply of the charger or in the car',
      [
        ...['L1', 'L2', 'L3'].map((p) => amps(p, 6, { location: 'Outlet' })),
        amps('L1', 32, { location: 'Inlet' }),
        amps('L1', 200, { location: 'EV' }),
      ],
      [6, 6, 6],
    ],
    [
      'from the power of each phase',
      [...['L1', 'L2', 'L3'].map((phase) => watts(2.3, { phase, unit: 'kW' })), volts(230, 'L1-N')],
      [10, 10, 10],
    ],
  ] as const) {
    test(name, () => {
      const sampled = read(...samples);
      assert.deepEqual(sampled.terminalAmps, terminalAmps);
      assert.equal(sampled.terminalsTold, undefined);
    });
  }

  test('the last list of several counts', () => {
    const lists = [[amps('L1', 16), amps('L2', 16), amps('L3', 16)], [amps('L1', 6)]];
    const meterValue = lists.map((sampledValue) => ({ sampledValue }));
    assert.deepEqual(readMeterValues(meterValue).terminalAmps, [6, 16, 16]);
  });

  test('phases that were left out are not taken for unused', () => {
    const { terminalAmps, terminalsTold } = read(amps('L1', 16), amps('L2', 15));
    assert.deepEqual(terminalAmps, [16, 15, 0]);
    assert.deepEqual(terminalsTold, [true, true, false]);
  });

  test('nor when the total power tells of more', () => {
    const sampled = read(amps('L1', 16), volts(230), watts(11_000));
    assert.deepEqual(sampled.terminalsTold, [true, false, false]);
  });

  test('they are unused when the total power is that of the others', () => {
    const sampled = read(amps('L1', 16), volts(230), watts('3.6', { unit: 'kW' }));
    assert.deepEqual(sampled.terminalAmps, [16, 0, 0]);
    assert.equal(sampled.terminalsTold, undefined);
  });

  for (const [name, samples] of [
    ['a current without a phase', [amps(undefined, 16)]],
    ['a current between phases', [amps('L1-L2', 16)]],
    ['milliamps', [amps('L1', 16_000)]],
    ['power of phases without a voltage', [watts(2300, { phase: 'L1' })]],
    ['power of phases with a voltage between phases', [watts(2300, { phase: 'L1' }), volts(400)]],
  ] as const) {
    test(`nothing is known from ${name}`, () => {
      assert.equal(read(...samples).terminalAmps, undefined);
    });
  }
});

describe('other quantities', () => {
  for (const [name, samples, expected] of [
    ['kilowatts', [watts('7.4', { unit: 'kW' })], { watts: 7400 }],
    ['the sum of phases', [watts(1, { phase: 'L1' }), watts(2, { phase: 'L2' })], { watts: 3 }],
    ['power to neutral', [watts(5, { phase: 'L3-N' })], { watts: 5 }],
    [
      'a power of ten with the unit',
      [watts(7.4, { unitOfMeasure: { multiplier: 3 } })],
      { watts: 7400 },
    ],
    ['a power of ten that cannot be', [watts(7.4, { unitOfMeasure: { multiplier: 400 } })], {}],
    ['no measurand is energy', [{ value: '1234' }], { energyWh: 1234 }],
    ['kilowatt hours', [{ value: '1.5', unit: 'kWh' }], { energyWh: 1500 }],
    ['signed data are text', [{ value: '1234', format: 'SignedData' }], {}],
    [
      'state of charge, in the car',
      [{ value: '71', measurand: 'SoC', location: 'EV' }],
      { socPercent: 71 },
    ],
    ['voltage of the first phase', [volts(231, 'L1'), volts(2, 'N')], { volts: 231 }],
    ['the neutral in the name', [{ value: 2, measurand: 'Voltage.N' }], {}],
    ['what the charger offers', [{ value: 16, measurand: 'Current.Offered' }], { offeredAmps: 16 }],
    ['nonsense', [{ value: 'abc', measurand: 'SoC' }, null, 7, { measurand: {} }], {}],
  ] as const) {
    test(name, () => assert.deepEqual(read(...(samples as readonly unknown[])), expected));
  }

  for (const meterValue of [undefined, null, 'x', {}, [null], [{ sampledValue: 7 }]]) {
    test(`no values: ${JSON.stringify(meterValue)}`, () => {
      assert.deepEqual(readMeterValues(meterValue), {});
    });
  }
});

test('energy and offers: a register of one phase is not that of all, and no offer is beyond belief', () => {
  const energy = (value: number, phase?: string) => ({
    value,
    measurand: 'Energy.Active.Import.Register',
    ...(phase === undefined ? {} : { phase }),
  });
  assert.equal(read(energy(9_000), energy(3_000, 'L1')).energyWh, 9_000);
  assert.equal(read(energy(3_000, 'L1')).energyWh, undefined);
  const offered = (value: number) => read({ value, measurand: 'Current.Offered' }).offeredAmps;
  assert.deepEqual([offered(16), offered(1_000), offered(16_000)], [16, 1_000, undefined]);
  assert.deepEqual(read(amps('L1', 1_000)).terminalAmps, [1_000, 0, 0]);
});
