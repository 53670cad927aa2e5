import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectorTicks } from '../../src/core/connector-ticks.ts';
import { needOf } from '../../src/core/contenders.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { mayNotStop, newTurn } from '../../src/core/sharing/turns.ts';
import { inputOf, siteOf } from '../policies/one-fuse.ts';

const NOW_MS = 10_000_000;

/** What is known of a car that wants 10 kWh in so many hours, and whether it keeps its place. */
const needIn = (inHours: number, deliveredWh: number) => {
  const given = { name: '', fuseAmps: 10, cars: [{ needKwh: 10, inHours }], offers: [] };
  const input = {
    ...inputOf(DEFAULT_POLICY, given, siteOf(given), { nowMs: NOW_MS, wallMs: NOW_MS }),
    policyState: {},
  };
  const [tick] = connectorTicks(input);
  const { transaction } = tick?.state ?? {};
  assert.ok(tick !== undefined && transaction !== undefined);
  const state = {
    ...tick.state,
    transaction: { ...transaction, meterStartWh: 500 },
    energyWh: 500 + deliveredWh,
  };
  const { urgencyNow, leftWh, stayMs } = needOf(input, { ...tick, state });
  const onFor = { ...newTurn(''), on: true, sinceMs: NOW_MS - 3_600_000 };
  const needMs = leftWh === undefined ? undefined : (leftWh / 22_080) * 3_600_000;
  return { urgencyNow, mustKeep: mayNotStop(onFor, needMs, stayMs, NOW_MS) };
};

test('who is about to go or to be done keeps its place', () => {
  assert.equal(needIn(0.1, 0).mustKeep, true);
  assert.equal(needIn(2, 9_900).mustKeep, true);
  assert.equal(needIn(2, 0).mustKeep, false);
});

test('who has all that it asked for and takes more is switched off in its turn', () => {
  assert.equal(needIn(2, 10_100).mustKeep, false);
});

test('who stays long after its departure is neither most urgent nor kept on for good', () => {
  assert.deepEqual(needIn(-0.1, 0), { urgencyNow: 3, mustKeep: true });
  assert.deepEqual(needIn(-1, 0), { urgencyNow: undefined, mustKeep: false });
});
