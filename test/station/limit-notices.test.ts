// K14: what the controller tells the CSMS of limits from outside.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_TOLD } from '../../src/core/limits/limit-report.ts';
import type { LimitView } from '../../src/schema/view.ts';
import { limitNotices, NOTICE_EVERY_MS } from '../../src/station/limit-notices.ts';

const limit = (figures: Partial<LimitView>): LimitView => ({
  source: 'ems',
  circuit: 'main',
  state: 'active',
  amps: null,
  watts: null,
  expiresInSeconds: 60,
  reason: null,
  ...figures,
});
const at = '2026-01-05T08:00:00.000Z';
const amps = (call: object | undefined): number | undefined =>
  Number(/"limit":([\d.]+)/.exec(JSON.stringify(call))?.[1]);

test('K14.FR.02 a limit in watts is told in amps at the voltage of the site', () => {
  for (const [volts, expected] of [
    [230, 32],
    [120, 61.3],
    [277, 26.6],
  ] as const) {
    const view = { at, limits: [limit({ watts: 22_080 })] };
    const { calls } = limitNotices(view, NOTHING_TOLD, { significancePercent: 5, volts }, 0);
    assert.equal(amps(calls[0]), expected, `${volts} V`);
  }
});

test('SC.03 only what is significant is told, at most so often; K14.FR.03 its end always', () => {
  const rule = { significancePercent: 10, volts: 230 };
  const see = (value: number | undefined, told: typeof NOTHING_TOLD, nowMs: number) => {
    const limits = value === undefined ? [] : [limit({ amps: [value, value, value] })];
    return limitNotices({ at, limits }, told, rule, nowMs);
  };
  const first = see(30, NOTHING_TOLD, 0);
  assert.equal(first.calls[0]?.action, 'NotifyChargingLimit');
  assert.equal(see(10, first.told, NOTICE_EVERY_MS - 1).calls.length, 0, 'too soon');
  assert.equal(see(27, first.told, NOTICE_EVERY_MS).calls.length, 0, '10 % is not more than 10 %');
  assert.equal(see(26.9, first.told, NOTICE_EVERY_MS).calls.length, 1);
  const last = see(undefined, first.told, NOTICE_EVERY_MS);
  assert.equal(last.calls[0]?.action, 'ClearedChargingLimit');
  assert.equal(see(undefined, last.told, 10 * NOTICE_EVERY_MS).calls.length, 0);
});

test('the tightest of all is told: of its phases, of amps and watts, of those that are in force', () => {
  const told = (...limits: LimitView[]) => {
    const rule = { significancePercent: 5, volts: 230 };
    return amps(limitNotices({ at, limits }, NOTHING_TOLD, rule, 0).calls[0]);
  };
  assert.equal(told(limit({ amps: [32, 20, 25] })), 20);
  assert.equal(told(limit({ amps: [32, 32, 32], watts: 6_900 })), 10, 'the watts are less');
  assert.equal(told(limit({ amps: [8, 8, 8], watts: 6_900 })), 8, 'the amps are less');
  assert.equal(told(limit({ amps: [16, 16, 16] }), limit({ source: 'grid', watts: 4_140 })), 6);
  assert.equal(told(limit({ amps: [16, 16, 16] }), limit({ amps: [6, 6, 6], state: 'none' })), 16);
  assert.equal(told(limit({ amps: [0, 0, 0], state: 'failsafe' })), 0);
});
