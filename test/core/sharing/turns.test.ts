import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  admissionScore,
  credited,
  mayNotStop,
  newTurn,
  pausedUntilMs,
  pauseText,
  switched,
  type Turn,
} from '../../../src/core/sharing/turns.ts';
import { DAY_MS, HOUR_MS } from '../../../src/core/time.ts';

const MINUTE_MS = 60_000;
const turn = (changes: Partial<Turn> = {}): Turn => ({ ...newTurn('stay'), ...changes });

describe('a car that is on', () => {
  const nowMs = 9 * HOUR_MS;
  const long = turn({ on: true, sinceMs: 0 });
  const mayNot = (each: Turn, needMs?: number, stayMs?: number) =>
    mayNotStop(each, needMs, stayMs, nowMs);

  test('is not switched off in its first quarter of an hour', () => {
    const since = (minutes: number) => turn({ on: true, sinceMs: nowMs - minutes * MINUTE_MS });
    assert.deepEqual([mayNot(since(14.9)), mayNot(since(15))], [true, false]);
    assert.equal(mayNot(turn({ on: true })), true, 'on since nobody knows when');
    assert.equal(mayNot(turn({ sinceMs: nowMs })), false, 'it is off');
  });

  test('is not switched off when it is nearly done, or about to go', () => {
    assert.deepEqual([mayNot(long, 14.9 * MINUTE_MS), mayNot(long, 15 * MINUTE_MS)], [true, false]);
    assert.deepEqual(
      [mayNot(long, undefined, 9.9 * MINUTE_MS), mayNot(long, undefined, 10 * MINUTE_MS)],
      [true, false],
    );
  });

  test('is not switched off once its contactor has closed twenty times in a day', () => {
    const worn = (count: number) => ({
      ...long,
      startsAtMs: Array.from({ length: count }, () => 0),
    });
    assert.deepEqual([mayNot(worn(19)), mayNot(worn(20))], [false, true]);
  });
});

test('the order: what is owed, what is needed, who is on; at the end who was just switched off', () => {
  const owed = turn({ owedHours: 2 });
  assert.equal(admissionScore(owed, 0.5, 0), 4.5);
  assert.equal(admissionScore(owed, undefined, 0), 7, 'a need that is not known is a full one');
  assert.equal(admissionScore({ ...owed, on: true }, undefined, 0), 7.25);
  assert.equal(admissionScore({ ...owed, on: true }, 0.5, 0), 6.5);
  const rests = { ...owed, sinceMs: 0 };
  assert.equal(admissionScore(rests, 0.5, 5 * MINUTE_MS - 1), -95.5);
  assert.equal(admissionScore(rests, 0.5, 5 * MINUTE_MS), 4.5);
});

test('starts count for a day, the last twenty of them', () => {
  const before = turn({ startsAtMs: [0, 10, 20] });
  assert.deepEqual(switched(before, true, DAY_MS + 10).startsAtMs, [20, DAY_MS + 10]);
  assert.deepEqual(switched({ ...before, on: true }, false, DAY_MS + 5).startsAtMs, [10, 20]);
  const many = turn({ startsAtMs: Array.from({ length: 20 }, (_, i) => i) });
  const { startsAtMs } = switched(many, true, 99);
  assert.deepEqual([startsAtMs.length, startsAtMs[0], startsAtMs.at(-1)], [20, 1, 99]);
  assert.equal(switched(many, false, 99), many);
});

test('four starts in an hour are a pause until the first of them is an hour ago', () => {
  const often = turn({ startsAtMs: [0, 5, 6, 7, 8], sinceMs: 0, firstOnMs: 5 });
  assert.equal(pausedUntilMs(often), HOUR_MS + 5);
  // One of them was another car's.
  assert.ok(pausedUntilMs({ ...often, firstOnMs: 6 }) < HOUR_MS);
  assert.equal(pausedUntilMs({ ...often, on: true }), Number.NEGATIVE_INFINITY);
  assert.equal(pauseText(often, 59 * MINUTE_MS), 'started often: may start again in 2 min');
  assert.equal(pauseText(often, HOUR_MS), 'started often: may start again in 1 min');
  assert.equal(pausedUntilMs({ ...often, firstOnMs: 6 }), 0, 'a start was of the car before');
});

describe('what is owed', () => {
  const after = (owedHours: number, hours: number, entitledAmps?: number, minAmps = 6) =>
    credited(turn({ owedHours }), {
      elapsedMs: hours * HOUR_MS,
      offeredAmps: 6,
      minAmps,
      entitledAmps,
    }).owedHours;

  test('rises by what a car should have beyond what it has, in hours of its minimum', () => {
    assert.equal(after(1, 2, 9), 2);
    assert.equal(after(1, 2, 0), -1);
    assert.equal(after(1, 1, 8, 0), 3, 'less than an amp is an amp');
  });

  test('is ten hours at most, either way', () => {
    assert.deepEqual([after(9, 2, 30), after(-9, 9, 0)], [10, -10]);
  });

  test('is forgotten while nobody has to wait', () => {
    assert.ok(Math.abs(after(-5, 0.75) + 5 / Math.E) < 1e-9);
    assert.equal(after(5, 24), 0);
    const none = turn();
    const step = { elapsedMs: 1, offeredAmps: 0, minAmps: 6, entitledAmps: undefined };
    assert.equal(credited(none, step), none);
  });
});
