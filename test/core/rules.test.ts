import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demandAfter } from '../../src/core/rules/demand-window.ts';
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
  const at = (second: number, watts: number | undefined, othersWatts = 0, onWatts = 0) => ({
    wallMs: noon + second * 1000,
    watts,
    othersWatts,
    onWatts,
  });

  test('counts what was taken, and nothing is left when it is used up', () => {
    let state = demandAfter(rule, undefined, at(0, undefined));
    for (let s = 1; s <= 300; s += 1) state = demandAfter(rule, state, at(s, 30_000));
    assert.equal(Math.round(state.usedWh), 2500);
    assert.equal(state.carWatts, 0);
  });

  test('begins anew with the quarter of an hour', () => {
    const full = { beganAtMs: noon, usedWh: 2500, atMs: noon + 899_000, carWatts: 0 };
    const next = demandAfter(rule, full, at(900, 0));
    assert.equal(next.usedWh, 0);
    assert.equal(next.carWatts, 9_950);
  });

  test('cars keep what they have through quarters, beside a building that breathes', () => {
    // What of it they take is less by a step that none of them can use.
    for (const unusedWatts of [0, 100, 250]) {
      let state = demandAfter(rule, undefined, at(0, undefined, 3_000));
      const given = state.carWatts;
      for (let s = 1; s <= 2_700; s += 1) {
        const others = 3_000 + 200 * Math.sin(s) + 200 * Math.sin(s / 7);
        const watts = others + state.carWatts - unusedWatts;
        state = demandAfter(rule, state, at(s, watts, others));
        assert.ok(Math.abs(state.carWatts - given) < 1, `${state.carWatts} W after ${s} s`);
      }
    }
  });

  test('what was saved is given while it is worth it, not in the last minutes', () => {
    const saved = { beganAtMs: noon, usedWh: 0, othersWatts: 0, carWatts: 9_950 };
    const early = demandAfter(rule, { ...saved, atMs: noon + 450_000 }, at(450, 0));
    assert.equal(Math.round(early.carWatts), 19_900);
    const late = demandAfter(rule, { ...saved, atMs: noon + 840_000 }, at(840, 0));
    assert.equal(late.carWatts, 9_950);
  });

  test('minimums stay on as long as they fit without the reserve', () => {
    const used = (wh: number) => ({
      ...{ beganAtMs: noon, atMs: noon + 450_000, othersWatts: 0, carWatts: 9_950 },
      usedWh: wh,
    });
    // 9 936 W are left without the reserve, then 9 920 W.
    assert.equal(demandAfter(rule, used(1_258), at(450, 0, 0, 9_930)).carWatts, 9_930);
    assert.ok(demandAfter(rule, used(1_260), at(450, 0, 0, 9_930)).carWatts < 9_900);
  });

  test('a gap in the readings counts as full use', () => {
    const before = { beganAtMs: noon, usedWh: 0, atMs: noon };
    assert.equal(demandAfter(rule, before, at(360, undefined)).usedWh, 1000);
    assert.equal(demandAfter(rule, before, at(360, 100)).usedWh, 1000);
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
