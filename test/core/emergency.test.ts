import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  defies,
  lags,
  NO_ENFORCEMENT,
  type Surroundings,
  sent,
} from '../../src/core/chargers/enforcement.ts';
import { type Overloads, overloadsAfter, pressing } from '../../src/core/emergency.ts';
import type { CircuitTick } from '../../src/core/tick.ts';
import { NO_AMPS, sameAmps } from '../../src/core/units.ts';

const fuse = { id: 'main', limitAmps: sameAmps(63), marginAmps: 1, assumedLoadAmps: NO_AMPS };
const circuit = (amps: number, trust: CircuitTick['load']['trust'] = 'fresh'): CircuitTick => ({
  id: 'main',
  limitAmps: sameAmps(63),
  limitReasons: [[], [], []],
  load: {
    uncontrolledAmps: NO_AMPS,
    forRaiseAmps: NO_AMPS,
    forStartAmps: NO_AMPS,
    forStartSumAmps: 0,
    trust,
  },
  measuredAmps: [amps, 0, 0],
});
/** The clock of the gateway has run for a day when it begins. */
const DAY_MS = 86_400_000;
/** Seconds of the same current, then whether something has to be done about it. */
const after = (seconds: number, amps: number, from: Overloads = new Map()): boolean => {
  let overloads = from;
  for (let s = 0; s <= seconds; s += 1) {
    overloads = overloadsAfter(overloads, [circuit(amps)], [fuse], DAY_MS + s * 1000);
  }
  return pressing(overloads).has('main');
};

describe('a circuit over its fuse', () => {
  test('presses at once when it is far over, later when it is a little', () => {
    assert.equal(after(3, 75), false);
    assert.equal(after(4, 75), true);
    assert.equal(after(14, 66), false);
    assert.equal(after(15, 66), true);
    assert.equal(after(600, 63), false);
  });

  test('goes on being over while its meter is read every few seconds, or not believed once', () => {
    const { measuredAmps: _none, ...unread } = circuit(0);
    for (const between of [circuit(75, 'no-raise'), unread]) {
      let overloads: Overloads = new Map();
      for (let s = 0; s <= 4; s += 1) {
        const now = s % 2 === 0 ? circuit(75) : between;
        overloads = overloadsAfter(overloads, [now], [fuse], DAY_MS + s * 1000);
      }
      assert.equal(pressing(overloads).has('main'), true);
    }
    const once = overloadsAfter(new Map(), [circuit(75)], [fuse], DAY_MS);
    const late = overloadsAfter(once, [circuit(75, 'no-raise')], [fuse], DAY_MS + 9_000);
    assert.equal(pressing(late).size, 0, 'one reading shows no time');
  });

  test('begins anew when it was within its fuse, or its meter cannot be relied on', () => {
    const long: Overloads = new Map([
      ['main', { sinceMs: -60_000, farSinceMs: -60_000, seenAtMs: 0 }],
    ]);
    assert.equal(overloadsAfter(long, [circuit(60)], [fuse], 0).size, 0);
    assert.equal(overloadsAfter(long, [circuit(80, 'hold')], [fuse], 0).size, 0);
  });
});

describe('a charger that was told of less', () => {
  const around = (nowMs: number, measuredAmps: number, measuredAtMs = nowMs): Surroundings => ({
    nowMs,
    online: true,
    inTransaction: true,
    fallbackAmps: 6,
    maxAmps: 32,
    measuredAmps,
    measuredAtMs,
  });
  const lease = { amps: 6, sentAtMs: 0, endsAtMs: 120_000 };
  const enforcement = accepted(sent(NO_ENFORCEMENT, lease), around(0, 20));
  const unanswered = sent(NO_ENFORCEMENT, lease);

  test('defies it when it was measured above it after its time to follow', () => {
    assert.equal(defies(enforcement, around(7_000, 20)), false);
    assert.equal(defies(enforcement, around(9_000, 20)), true);
    assert.equal(defies(enforcement, around(8_000, 20)), true);
    assert.equal(defies(enforcement, around(9_000, 6.4)), false);
    assert.equal(defies(enforcement, around(9_000, 7)), false, 'tolerance of a meter');
    assert.equal(defies(enforcement, around(30_000, 20, 5_000)), false);
    assert.equal(defies(unanswered, around(9_000, 20)), false);
    assert.equal(defies(NO_ENFORCEMENT, around(9_000, 20)), false);
    assert.equal(defies(enforcement, { ...around(9_000, 20), inTransaction: false }), false);
    assert.equal(defies(enforcement, { ...around(9_000, 20), measuredAtMs: undefined }), false);
  });

  test('lags from its first measurement above it on: it is not raised before it is seen below', () => {
    assert.equal(lags(enforcement, around(0, 20)), false, 'measured before it could know');
    assert.equal(lags(enforcement, around(1, 20)), true);
    assert.equal(lags(enforcement, around(30_000, 20, 5_000)), true, 'and not measured since');
    assert.equal(lags(enforcement, around(30_000, 7)), false, 'tolerance of a meter');
    assert.equal(lags(unanswered, around(9_000, 20)), false);
  });
});
