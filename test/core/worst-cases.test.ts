import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { phaseUseOf } from '../../src/core/chargers/phase-switch.ts';
import { drawBounds } from '../../src/core/connector-ticks.ts';
import { NO_AMPS, sameAmps } from '../../src/core/units.ts';
import { inputOf, NOW_MS, type OneCar, type OneTick, seenOf } from './one-tick.ts';

const seen = (car: OneCar, input: OneTick['input'] = {}) => {
  const [tick] = seenOf({ cars: [car], input }).ticks;
  assert.ok(tick);
  return tick;
};
const pending = (amps: number) => ({ amps, sentAtMs: NOW_MS - 500, endsAtMs: NOW_MS + 119_500 });
const SWITCHED = {
  phaseSwitching: { upAfterSeconds: 600, mostPerSession: 4, mostPerDay: 20 },
  honoursNumberPhases: true,
};

describe('what a connector is reckoned with', () => {
  test('is steered with a car, free without one, and reserved while nobody knows better', () => {
    const role = (car: OneCar) => seen(car).role;
    assert.equal(role({ heldAmps: 16 }), 'shared');
    assert.equal(role({ noCar: 'available' }), 'idle');
    assert.equal(role({ noCar: 'finishing' }), 'idle');
    assert.equal(role({ noCar: 'preparing' }), 'reserved');
    assert.equal(role({ heldAmps: 16, online: false }), 'reserved');
    assert.equal(role({ noCar: 'available', online: false }), 'reserved');
    assert.equal(role({ heldAmps: 16, enforcement: { failures: 1 } }), 'reserved');
    assert.equal(role({ heldAmps: 16, enforcement: { refused: true } }), 'reserved');
    assert.equal(role({ heldAmps: 6, drawnAmps: 20 }), 'reserved', 'it draws more than it may');
  });

  test('is nothing where a charger that is here says that it cannot charge', () => {
    const worst = (car: OneCar) => [seen(car).worstAmps, seen(car).raiseWorstAmps];
    const inherited = { amps: 20, untilMs: NOW_MS + 60_000 };
    assert.deepEqual(worst({ noCar: 'faulted', enforcement: { inherited } }), [0, 0]);
    assert.deepEqual(worst({ noCar: 'unavailable' }), [0, 0]);
    assert.deepEqual(worst({ noCar: 'available' }), [6, 6]);
    assert.deepEqual(worst({ noCar: 'faulted', online: false }), [6, 6]);
  });

  test('is its rating where its fallback is not proven', () => {
    const tick = seen({ noCar: 'available' }, { fallbackProven: new Set() });
    assert.equal(tick.worstAmps, 32);
  });

  test('is on the phases that the car uses; on all where it may switch or disobeys', () => {
    const transaction = { activeTerminals: [true, false, false] };
    const phases = (car: OneCar, input = {}) =>
      seen({ heldAmps: 16, transaction, ...car }, input).worstSiteAmps;
    assert.deepEqual(phases({}), [16, 0, 0]);
    assert.deepEqual(phases({ spec: { phases: [1, 2, 0] } }), [0, 16, 0]);
    assert.deepEqual(phases({ spec: { usesAllPhases: true } }), sameAmps(16));
    assert.deepEqual(phases({ spec: { phases: [0, 1], lineToLine: true } }), [16, 16, 0]);
    assert.deepEqual(phases({ drawnAmps: [20, 0, 0] }), [20, 0, 0]);
    const terminals = [true, false, false];
    const use = { ...phaseUseOf(undefined, '1', 0), told: 1 as const, terminals };
    const onOne = { phaseUse: new Map([['CP_1/1', use]]) };
    const lease = { numberPhases: 1 as const };
    assert.deepEqual(phases({ spec: SWITCHED, lease }, onOne), [16, 0, 0]);
    const defiant = { spec: SWITCHED, lease, drawnAmps: [20, 0, 0] as const };
    assert.deepEqual(phases(defiant, onOne), sameAmps(20));
  });

  test('has its power on as many phases as it is told to use', () => {
    const one = { ...phaseUseOf(undefined, '1', 0), told: 1 as const };
    const power = (car: OneCar, input = {}) => seen({ heldAmps: 16, ...car }, input).powerPhases;
    assert.equal(power({}), 3);
    assert.equal(power({ transaction: { activeTerminals: [true, true, false] } }), 2);
    assert.equal(power({ transaction: { activeTerminals: [false, false, false] } }), 3);
    assert.equal(power({ spec: SWITCHED }, { phaseUse: new Map([['CP_1/1', one]]) }), 1);
    assert.equal(power({ spec: SWITCHED }), 3);
  });

  test('counts a measurement for 90 s, on the terminals that are wired', () => {
    const measured = (car: OneCar) => seen({ heldAmps: 16, ...car }).around.measuredAmps;
    assert.equal(measured({ drawnAmps: [9, 10, 11] }), 11);
    assert.equal(measured({ drawnAmps: [9, 10, 11], drawnAgoMs: 89_999 }), 11);
    assert.equal(measured({ drawnAmps: [9, 10, 11], drawnAgoMs: 90_000 }), undefined);
    assert.equal(measured({ drawnAmps: [9, 10, 11], spec: { phases: [2] } }), 9);
    assert.equal(measured({ drawnAmps: [9, 10, 11], spec: { phases: [0, 1] } }), 10);
    assert.equal(measured({ drawnAmps: 0 }), 0);
    assert.equal(measured({}), undefined);
  });

  test('ends early or late by the clock of the charger', () => {
    const clocksAheadMs = new Map([['CP_1', 40_000]]);
    const held = { heldAmps: 16, agoMs: 85_000 };
    assert.equal(seen({ ...held, heldAmps: 4 }).worstAmps, 4);
    assert.equal(seen({ ...held, heldAmps: 4 }, { clocksAheadMs }).worstAmps, 6, 'its fallback');
  });

  test('says what obedience rests on', () => {
    const basis = (car: OneCar) => seen({ heldAmps: 16, ...car }).obedienceBasis;
    assert.equal(basis({ drawnAmps: 10 }), 'measured by the charger');
    assert.equal(basis({ drawnAmps: 25 }), 'measured by the charger');
    assert.equal(basis({}), undefined, 'nothing was measured');
    assert.equal(basis({ noCar: 'available' }), undefined);
  });

  test('a charger that was never seen is in no tick', () => {
    const input = { ...inputOf({ cars: [{}] }), chargers: new Map() };
    assert.deepEqual(seenOf({ cars: [{}], input }).ticks, []);
  });
});

describe('what a car draws now, at least and at most', () => {
  const bounds = (car: OneCar) => {
    const { lowerAmps, upperAmps } = drawBounds(seen(car));
    return [lowerAmps, upperAmps];
  };

  test('is anything up to its worst case where nobody measures', () => {
    assert.deepEqual(bounds({ heldAmps: 16 }), [NO_AMPS, sameAmps(16)]);
    assert.deepEqual(bounds({ heldAmps: 16, drawnAmps: 9, drawnAgoMs: 90_000 }), [
      NO_AMPS,
      sameAmps(16),
    ]);
    assert.deepEqual(bounds({ noCar: 'available' }), [NO_AMPS, NO_AMPS]);
    assert.deepEqual(bounds({ noCar: 'charging' }), [NO_AMPS, sameAmps(6)]);
    assert.deepEqual(bounds({ noCar: 'available', online: false }), [NO_AMPS, sameAmps(6)]);
  });

  test('is what it measures, and never more than its rating', () => {
    assert.deepEqual(bounds({ heldAmps: 16, drawnAmps: [9, 10, 11] }), [
      [9, 10, 11],
      [9, 10, 11],
    ]);
    assert.deepEqual(bounds({ heldAmps: 32, drawnAmps: 200 }), [sameAmps(32), sameAmps(32)]);
  });

  test('lies between measurement and order while the car may be following', () => {
    const changed = (fromAmps: number, toAmps: number, agoMs: number): OneCar => ({
      heldAmps: toAmps,
      drawnAmps: 15,
      enforcement: { changed: { atMs: NOW_MS - agoMs, fromAmps, toAmps } },
    });
    assert.deepEqual(bounds(changed(16, 8, 5_000)), [sameAmps(8), sameAmps(15)]);
    assert.deepEqual(bounds(changed(16, 8, 5_001)), [sameAmps(15), sameAmps(15)]);
    assert.deepEqual(bounds(changed(10, 20, 1_000)), [sameAmps(10), sameAmps(20)]);
    const asked: OneCar = { heldAmps: 16, drawnAmps: 15, enforcement: { pending: pending(8) } };
    assert.deepEqual(bounds(asked), [sameAmps(8), sameAmps(15)]);
    const more: OneCar = { heldAmps: 10, drawnAmps: 10, enforcement: { pending: pending(20) } };
    assert.deepEqual(bounds(more), [sameAmps(10), sameAmps(20)]);
    // Raised and lowered since: it may have followed the raise.
    const twice = (raisedAgoMs: number): OneCar => ({
      heldAmps: 6,
      drawnAmps: 7,
      drawnAgoMs: 10_000,
      enforcement: {
        changed: { atMs: NOW_MS - 1_000, fromAmps: 10, toAmps: 6 },
        lastRaiseAtMs: NOW_MS - raisedAgoMs,
      },
    });
    assert.deepEqual(bounds(twice(15_000)), [sameAmps(6), sameAmps(10)]);
    assert.deepEqual(bounds(twice(15_001)), [sameAmps(6), sameAmps(7)]);
    const { changed: _done, ...raised } = twice(8_000).enforcement ?? {};
    const again: OneCar = {
      ...twice(8_000),
      heldAmps: 10,
      enforcement: { ...raised, pending: pending(6) },
    };
    assert.deepEqual(bounds(again), [sameAmps(6), sameAmps(10)]);
    const first: OneCar = { drawnAmps: 7, enforcement: { pending: pending(6) } };
    assert.deepEqual(bounds(first), [sameAmps(6), sameAmps(7)]);
  });
});
