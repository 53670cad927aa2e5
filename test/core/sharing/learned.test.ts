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

  test('that never charged is tried with a little more', () => {
    assert.equal(watch(car, 80, 6, 0).minAmps, undefined);
    assert.equal(watch(car, 110, 6, 0).minAmps, 7);
    assert.equal(watch(charged, 110, 6, 0, 60_000).minAmps, undefined);
  });
});
