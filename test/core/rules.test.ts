import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demandAfter, demandWatts } from '../../src/core/rules/demand-window.ts';
import { surplusAfter, surplusBudget } from '../../src/core/rules/surplus.ts';
import { isInForce, localTime } from '../../src/core/rules/windows.ts';
import type { PolicyWindow } from '../../src/core/sharing/policy.ts';

const HOUR_MS = 3_600_000;
const window = (
  fromMinute: number,
  toMinute: number,
  days = [0, 1, 2, 3, 4, 5, 6],
): PolicyWindow => ({
  id: 'w',
  days,
  fromMinute,
  toMinute,
  calmBelow: 0.8,
});

describe('a window of the day', () => {
  const berlin = (instant: string) => localTime(Date.parse(instant), 'Europe/Berlin');

  test('follows the clock on the wall through the changes of summer time', () => {
    assert.deepEqual(berlin('2026-03-29T00:59:00Z'), { weekday: 6, minute: 119 });
    assert.deepEqual(berlin('2026-03-29T01:00:00Z'), { weekday: 6, minute: 180 });
    assert.deepEqual(berlin('2026-10-25T00:30:00Z'), { weekday: 6, minute: 150 });
    assert.deepEqual(berlin('2026-10-25T01:30:00Z'), { weekday: 6, minute: 150 });
  });

  test('holds for as many hours as the wall shows in it', () => {
    const night = window(60, 240);
    const hours = (day: string) => {
      const midnight = Date.parse(`${day}T00:00:00Z`) - 2 * HOUR_MS;
      return (
        Array.from({ length: 26 * 4 }, (_, i) => midnight + i * (HOUR_MS / 4)).filter((at) =>
          isInForce({ ...night, days: [6] }, localTime(at, 'Europe/Berlin')),
        ).length / 4
      );
    };
    assert.equal(hours('2026-03-22'), 3);
    assert.equal(hours('2026-03-29'), 2);
    assert.equal(hours('2026-10-25'), 4);
  });

  test('past midnight belongs to the day on which it begins', () => {
    const friday = window(22 * 60, 6 * 60, [4]);
    assert.equal(isInForce(friday, { weekday: 4, minute: 23 * 60 }), true);
    assert.equal(isInForce(friday, { weekday: 5, minute: 5 * 60 + 59 }), true);
    assert.equal(isInForce(friday, { weekday: 5, minute: 6 * 60 }), false);
    assert.equal(isInForce(friday, { weekday: 4, minute: 60 }), false);
    const sunday = window(22 * 60, 6 * 60, [6]);
    assert.equal(isInForce(sunday, { weekday: 0, minute: 0 }), true);
  });
});

describe('the demand window', () => {
  const rule = { minutes: 15, limitWatts: 10_000 };
  const noon = Date.UTC(2026, 0, 5, 12);

  test('counts what was taken, and nothing is left when it is used up', () => {
    let state = demandAfter(rule, undefined, noon, undefined);
    for (let s = 1; s <= 300; s += 1) state = demandAfter(rule, state, noon + s * 1000, 30_000);
    assert.equal(Math.round(state.usedWh), 2500);
    assert.equal(demandWatts(rule, state), 0);
  });

  test('begins anew with the quarter of an hour', () => {
    const full = { beganAtMs: noon, usedWh: 2500, atMs: noon + 899_000 };
    const next = demandAfter(rule, full, noon + 900_000, 0);
    assert.equal(next.usedWh, 0);
    assert.equal(demandWatts(rule, next), 10_000);
  });

  test('what keeps to the limit goes on through the end of a quarter', () => {
    for (const leftMs of [120_000, 60_000, 30_000, 5_000, 1_000]) {
      const atMs = noon + 900_000 - leftMs;
      const usedWh = (10_000 * (900_000 - leftMs)) / HOUR_MS;
      const allowed = demandWatts(rule, { beganAtMs: noon, usedWh, atMs });
      assert.ok(Math.abs(allowed - 10_000) < 1, `${allowed} W with ${leftMs} ms left`);
    }
  });

  test('what is spare at the end is not all allowed at once, what is missing is made up for', () => {
    const at = (usedWh: number, leftMs: number) =>
      demandWatts(rule, { beganAtMs: noon, usedWh, atMs: noon + 900_000 - leftMs });
    const spare = at(2000, 10_000);
    assert.ok(spare > 10_000 && spare < 40_000, `${spare} W`);
    // 20 s at 10 kW are 55.6 Wh: half of them are left.
    assert.ok(Math.abs(at(2500 - 27.8, 20_000) - 5_000) < 10);
  });

  test('a gap in the readings counts as full use', () => {
    const before = { beganAtMs: noon, usedWh: 0, atMs: noon };
    assert.equal(demandAfter(rule, before, noon + 360_000, undefined).usedWh, 1000);
    assert.equal(demandAfter(rule, before, noon + 360_000, 100).usedWh, 1000);
  });
});

test('under a cloud cars keep their minimum for a while, then not', () => {
  const rule = {
    reserveWatts: 0,
    startSeconds: 60,
    stopSeconds: 180,
    minimumAlways: false,
    urgentFrom: 0.8,
  };
  const facts = (nowMs: number, gridWatts: number) => ({
    nowMs,
    spareWatts: 4140 - gridWatts,
    onWatts: 4140,
  });
  const offered = { onWatts: 4140, offeredWatts: 4140 };
  let state = surplusAfter(rule, undefined, facts(0, -1000));
  for (let s = 1; s <= 150; s += 1) state = surplusAfter(rule, state, facts(s * 1000, 3000));
  assert.equal(surplusBudget(rule, state, offered), 4140);
  for (let s = 151; s <= 250; s += 1) state = surplusAfter(rule, state, facts(s * 1000, 3000));
  assert.ok(surplusBudget(rule, state, offered) < 1200);
});
