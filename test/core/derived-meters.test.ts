import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newCharger } from '../../src/core/chargers/charger-fold.ts';
import type { ChargerState } from '../../src/core/chargers/charger-state.ts';
import {
  type DerivedFrom,
  derivedReading,
  surplusWatts,
} from '../../src/core/meters/derived-meters.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import type { MeterSource, MeterSpec } from '../../src/core/site.ts';
import type { PhaseAmps } from '../../src/core/units.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const NOW_MS = 100_000;
const [grid] = garage(1).meters;
assert.ok(grid);
const derived = (source: MeterSource, changes: Partial<MeterSpec> = {}): MeterSpec => ({
  ...grid,
  id: 'derived',
  source,
  ...changes,
});

const reading = (meter: string, amps: PhaseAmps, changes: Partial<Reading> = {}): Reading => ({
  meter,
  atMs: NOW_MS - 500,
  quality: 'good',
  amps,
  watts: 230 * (amps[0] + amps[1] + amps[2]),
  ...changes,
});

const from = (readings: readonly Reading[], changes: Partial<DerivedFrom> = {}): DerivedFrom => ({
  site: garage(1),
  chargers: new Map(),
  readings: new Map(
    readings.map((latest) => [latest.meter, { latest, lastGood: latest }] as const),
  ),
  nowMs: NOW_MS,
  ...changes,
});

/** A charger that charges on its first connector with these currents. */
const charging = (terminalAmps: PhaseAmps, watts?: number): ChargerState => {
  const charger = newCharger('CP_1', 1, 0);
  const [first] = charger.connectors.values();
  assert.ok(first);
  const connector = {
    ...first,
    transaction: { id: '1', startedAtMs: 0 },
    terminalAmps,
    measuredAtMs: NOW_MS - 2_000,
    ...(watts === undefined ? {} : { watts }),
  };
  return { ...charger, online: true, connectors: new Map([[1, connector]]) };
};

describe('a sum of meters', () => {
  const sum = derived({
    kind: 'sum',
    terms: [
      { meter: 'grid', factor: 1 },
      { meter: 'shop', factor: -1 },
    ],
  });

  test('adds and subtracts, and is as old as its oldest part', () => {
    const result = derivedReading(
      sum,
      from([reading('grid', [30, 20, 10]), reading('shop', [5, 6, 7], { atMs: NOW_MS - 2_000 })]),
    );
    assert.deepEqual(result?.amps, [25, 14, 3]);
    assert.equal(result?.watts, 230 * 42);
    assert.equal(result?.atMs, NOW_MS - 2_000);
  });

  test('is nothing when a part is old or not to be believed, and says which', () => {
    for (const [spoilt, why] of [
      [{ atMs: NOW_MS - 60_000 }, /shop: its reading is old/],
      [{ quality: 'suspect', problem: 'frozen' }, /shop: frozen/],
    ] as const) {
      const parts = [reading('grid', [30, 20, 10]), reading('shop', [5, 6, 7], spoilt)];
      const result = derivedReading(sum, from(parts));
      assert.equal(result?.quality, 'absent');
      assert.match(result?.problem ?? '', why);
    }
  });

  test('of power alone is power alone', () => {
    const shop = { meter: 'shop', atMs: NOW_MS, quality: 'good', watts: 1_000 } as const;
    const part = { latest: shop, memory: { falls: 0, atMs: 0 } };
    const base = from([reading('grid', [30, 20, 10])]);
    const result = derivedReading(sum, {
      ...base,
      readings: new Map([...base.readings, ['shop', part]]),
    });
    assert.equal(result?.amps, undefined);
    assert.equal(result?.watts, 230 * 60 - 1_000);
    assert.equal(result?.quality, 'good');
  });

  test('waits for the first reading of every part, and repeats nothing', () => {
    assert.equal(derivedReading(sum, from([reading('grid', [30, 20, 10])])), undefined);
    const parts = [reading('grid', [30, 20, 10]), reading('shop', [5, 6, 7])];
    const first = derivedReading(sum, from(parts));
    assert.ok(first);
    assert.equal(derivedReading(sum, from([...parts, first])), undefined);
  });
});

describe('the meter of a charger', () => {
  const own = derived({ kind: 'charger', charger: 'CP_1' });

  test('is what its transactions draw, by site phase', () => {
    const site = garage(1);
    const rotated = { ...site, chargers: site.chargers.map((c) => ({ ...c, phases: [1, 2, 0] })) };
    const chargers = new Map([['CP_1', charging([10, 11, 12], 7_600)]]);
    const result = derivedReading(own, from([], { site: rotated, chargers }));
    assert.deepEqual(result?.amps, [12, 10, 11]);
    assert.equal(result?.watts, 7_600);
    assert.equal(result?.atMs, NOW_MS - 2_000);
  });

  test('is absent while it is not connected', () => {
    const chargers = new Map([['CP_1', { ...charging([10, 11, 12]), online: false }]]);
    const result = derivedReading(own, from([], { chargers }));
    assert.equal(result?.quality, 'absent');
    assert.match(result?.problem ?? '', /CP_1 is not connected/);
  });
});

describe('surplus', () => {
  const chargers = new Map([['CP_1', charging([10, 10, 10], 6_900)]]);

  test('is what flows out plus what cars and batteries take', () => {
    const site = garage(1);
    const battery = { ...grid, id: 'battery', role: 'battery' } as const;
    const readings = [
      reading('grid', [-4, -4, -4], { watts: -2_760 }),
      reading('battery', [3, 3, 3], { watts: 2_000 }),
    ];
    const meters = [...site.meters, battery];
    const result = surplusWatts(from(readings, { site: { ...site, meters }, chargers }));
    assert.equal(result, 2_760 + 6_900 + 2_000);
  });

  test('is unknown without a fresh meter', () => {
    const old = [reading('grid', [1, 1, 1], { atMs: NOW_MS - 10_000 })];
    assert.equal(surplusWatts(from(old, { chargers })), undefined);
  });
});
