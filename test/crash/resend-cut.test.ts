import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_LOCAL_ID } from '../../src/gateway/outage/transaction-ids.ts';
import { Medium } from '../../src/sim/memory-store.ts';
import { ACCEPTED, ANSWERED, type Csms, ERROR, outage } from '../gateway/replay-scene.ts';

const AT = '2026-06-01T06:00:00Z';
const STEPS = ['start', 'values', 'stop'] as const;

interface Cut {
  /** The power goes at the write after this one of the resending. */
  readonly after: number;
  readonly lands: boolean;
}

/** Two transactions of 1.6 that a broken CSMS refused, on a medium; a third message waits since. */
const refused = async () => {
  const scene = await outage();
  for (const n of [0, 1]) {
    const transactionId = FIRST_LOCAL_ID + n;
    const start = { connectorId: 1, idTag: 'A', meterStart: n, timestamp: AT };
    await scene.says('StartTransaction', start);
    await scene.says('MeterValues', { connectorId: 1, transactionId, meterValue: [] });
    await scene.says('StopTransaction', { transactionId, meterStop: n, timestamp: AT });
  }
  const run = scene.replay((action) => (action === 'StartTransaction' ? ERROR : ANSWERED()));
  await scene.clock.run(120_000);
  run.stop();
  await scene.says('StopTransaction', { transactionId: 7, meterStop: 7, timestamp: AT });
  assert.deepEqual([scene.backlog().count, scene.backlog().parked], [1, 6]);
  return scene.medium;
};

/** A CSMS that is mended, and what it took in words. */
const mended = () => {
  const took: string[] = [];
  const csms: Csms = (action, { meterStart, transactionId }) => {
    if (action === 'StartTransaction') {
      took.push(`start ${meterStart}`);
      return ANSWERED({ ...ACCEPTED, transactionId: 40 + Number(meterStart) });
    }
    const of = Number(transactionId) - 40;
    took.push(`${action === 'MeterValues' ? 'values' : 'stop'} ${of}`);
    return ANSWERED();
  };
  return { took, csms };
};

const copyOf = (medium: Medium): Medium => {
  const copy = new Medium();
  for (const [key, value] of medium.records) copy.records.set(key, value);
  return copy;
};

/** Resends and delivers until the power goes, then once more on what the medium kept. */
const story = async (medium: Medium, cut?: Cut) => {
  const { took, csms } = mended();
  let died = false;
  medium.writes = 0;
  if (cut !== undefined) {
    medium.conduct.lastWrite = cut.after;
    medium.conduct.lastLands = cut.lands;
    medium.died = () => {
      died = true;
    };
  }
  const before = await outage('1.6', 250, medium);
  void before.again.resend({});
  const run = before.replay((...call) => (died ? { outcome: 'offline' } : csms(...call)));
  await before.clock.run(20_000);
  run.stop();
  before.store.kill();
  const { writes } = medium;
  medium.conduct.lastWrite = Number.POSITIVE_INFINITY;
  const after = await outage('1.6', 250, medium);
  await after.again.resend({});
  after.replay(csms);
  await after.clock.run(20_000);
  return { took, writes, left: after.backlog() };
};

test('power cut at every write while what was set aside is sent again: all of it arrives, in order', async (t) => {
  const medium = await refused();
  const whole = await story(copyOf(medium));
  const each = [0, 1].flatMap((n) => STEPS.map((step) => `${step} ${n}`));
  assert.deepEqual([...whole.took].sort(), [...each, 'stop -33'].sort(), 'each of them once');
  for (let after = 0; after <= whole.writes; after += 1) {
    for (const lands of [false, true]) {
      const { took, left } = await story(copyOf(medium), { after, lands });
      const where = `power cut after write ${after}${lands ? ', which lands' : ''}: ${took}`;
      assert.deepEqual([left.count, left.parked, left.bytes], [0, 0, 0], where);
      const first = [...new Set(took)];
      for (const n of [0, 1]) {
        const inOrder = first.filter((what) => what.endsWith(` ${n}`));
        assert.deepEqual(
          inOrder,
          STEPS.map((step) => `${step} ${n}`),
          where,
        );
      }
      assert.equal(first.length, 7, where);
      assert.ok(took.length <= 8, `only what was on its way repeats: ${where}`);
    }
  }
  t.diagnostic(`${2 * (whole.writes + 1)} power cuts`);
});
