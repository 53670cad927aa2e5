import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isIdle,
  type Learned,
  learnedAfter,
  newLearned,
} from '../../../src/core/sharing/learned.ts';

/** Looks at a car every ten seconds. */
const watch = (
  from: Learned,
  seconds: number,
  offeredAmps: number,
  draws: number | ((offered: number) => number),
  beganMs = 0,
): Learned => {
  let learned = from;
  for (let s = 10; s <= seconds; s += 10) {
    const nowMs = beganMs + s * 1000;
    const drawnAmps = typeof draws === 'number' ? draws : draws(offeredAmps);
    const seen = { nowMs, measuredAtMs: nowMs, offeredAmps, minAmps: 6, drawnAmps, settled: true };
    learned = learnedAfter(learned, seen);
  }
  return learned;
};
const car = newLearned('1');

describe('the most that a car takes', () => {
  test('is not bounded while it takes what it is offered', () => {
    assert.equal(watch(car, 600, 16, 15.3).capAmps, undefined);
  });

  test('is its draw of a minute and a margin', () => {
    assert.equal(watch(car, 20, 32, 10).capAmps, undefined);
    assert.equal(watch(car, 120, 32, 10).capAmps, 12);
    assert.equal(watch(car, 120, 32, 20).capAmps, 23);
  });

  test('moves up with a car that takes more again', () => {
    const low = watch(car, 120, 32, 10);
    assert.equal(watch(low, 120, 12, 11.6, 120_000).capAmps, 15);
  });

  test('stays where a car draws as much as before', () => {
    for (const draw of [6, 8, 10, 13, 16, 20, 29]) {
      const bound = watch(car, 120, 32, draw).capAmps ?? 32;
      assert.equal(watch(car, 120, 32, draw).capAmps, bound);
      const after = watch(watch(car, 120, 32, draw), 600, Math.ceil(bound), draw, 120_000);
      assert.equal(after.capAmps, bound, `${draw} A`);
    }
  });

  test('is not learned while nothing is offered, nor from a car that is not settled', () => {
    const low = watch(car, 120, 32, 10);
    assert.equal(watch(low, 600, 0, 0, 120_000).capAmps, 12);
    const seen = { nowMs: 1, measuredAtMs: 1, offeredAmps: 32, minAmps: 6, drawnAmps: 1 };
    assert.equal(learnedAfter(low, { ...seen, settled: false }), low);
  });
});

describe('a car that takes nothing', () => {
  const charged = watch(car, 60, 16, 15);

  test('is idle after five minutes, and for an hour', () => {
    assert.equal(isIdle(watch(charged, 240, 16, 0, 60_000), 300_000), false);
    const idle = watch(charged, 320, 16, 0, 60_000);
    assert.equal(isIdle(idle, 380_000), true);
    assert.equal(isIdle(idle, 380_000 + 3_600_000), false);
  });

  test('is not idle any more as soon as it charges', () => {
    const idle = watch(charged, 320, 16, 0, 60_000);
    assert.equal(isIdle(watch(idle, 10, 6, 5.8, 380_000), 390_000), false);
  });

  test('is tried with a little more where it has not charged with so little', () => {
    assert.equal(watch(car, 80, 6, 0).minAmps, undefined);
    assert.equal(watch(car, 110, 6, 0).minAmps, 7);
    assert.equal(watch(charged, 110, 6, 0, 60_000).minAmps, 7);
    const modest = watch(car, 60, 6, 5.8);
    assert.equal(watch(modest, 110, 6, 0, 60_000).minAmps, undefined);
    assert.equal(watch(charged, 110, 16, 0, 60_000).minAmps, undefined);
  });

  test('keeps what it was tried with once it charges, for an hour', () => {
    const tried = watch(watch(car, 110, 6, 0), 120, 7, 0, 110_000);
    assert.equal(tried.minAmps, 8);
    const charges = watch(tried, 600, 8, 7.8, 230_000);
    assert.equal(charges.minAmps, 8);
    assert.equal(watch(charges, 3_600, 8, 7.8, 830_000).minAmps, undefined);
  });

  test('needs no more than it was seen to charge with', () => {
    const tried = watch(watch(car, 110, 6, 0), 120, 7, 0, 110_000);
    assert.equal(watch(tried, 10, 7, 6.9, 230_000).minAmps, 7);
    assert.equal(watch(tried, 10, 6, 5.9, 230_000).minAmps, undefined);
  });

  test('is not held to what it was tried with in vain', () => {
    const full = watch(watch(car, 110, 6, 0), 220, 7, 0, 110_000);
    assert.ok(isIdle(full, 330_000));
    assert.equal(full.minAmps, undefined);
  });
});
