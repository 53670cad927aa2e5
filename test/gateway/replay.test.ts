import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallOutcome } from '../../src/gateway/observer.ts';
import { FIRST_LOCAL_ID } from '../../src/gateway/outage/transaction-ids.ts';
import { STUCK_AFTER_TIMES } from '../../src/store/journal.ts';
import { ACCEPTED, ANSWERED, type Csms, ERROR, outage } from './replay-scene.ts';

const START = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2026-06-01T06:00:00Z' };
const stop = (transactionId: number) => ({
  transactionId,
  meterStop: 9,
  timestamp: '2026-06-01T06:10:00Z',
});
const BOOT = { chargePointVendor: 'V', chargePointModel: 'M' };
const BOOT_ANSWER = { currentTime: '2026-06-01T06:00:00Z', interval: 60 };

describe('what was held', () => {
  test('goes out in order, with the ids of the CSMS, and then all is delivered', async () => {
    const { says, replay, clock, heard, told, backlog, ids } = await outage();
    const { transactionId } = await says('StartTransaction', START);
    assert.equal(transactionId, FIRST_LOCAL_ID);
    await says('StatusNotification', { connectorId: 1, status: 'Charging', errorCode: 'NoError' });
    await says('MeterValues', { connectorId: 1, transactionId, meterValue: [] });
    await says('StopTransaction', stop(FIRST_LOCAL_ID));
    replay((action) =>
      ANSWERED(action === 'StartTransaction' ? { ...ACCEPTED, transactionId: 42 } : {}),
    );
    await clock.run(1_000);
    assert.deepEqual(heard, [
      'StatusNotification',
      'StartTransaction',
      'MeterValues42',
      'StopTransaction42',
    ]);
    assert.deepEqual(told, ['delivered']);
    assert.deepEqual([backlog().count, backlog().parked], [0, 0]);
    assert.equal(ids.find('CP_1', FIRST_LOCAL_ID)?.stopped, true);
  });

  test('that belongs to a transaction of before the outage keeps its id', async () => {
    const { says, replay, clock, heard } = await outage();
    await says('StopTransaction', stop(7));
    replay(() => ANSWERED());
    await clock.run(1_000);
    assert.deepEqual(heard, ['StopTransaction7']);
  });

  test('is paced, goes out to the last message, and stops when it is told to', async () => {
    const { says, replay, clock, heard, told, backlog } = await outage('1.6', 10);
    for (let id = 1; id <= 80; id += 1) await says('StopTransaction', stop(id));
    const run = replay(() => ANSWERED());
    await clock.run(2_000);
    assert.ok(heard.length >= 19 && heard.length <= 22, `${heard.length} in two seconds`);
    run.stop();
    await clock.run(5_000);
    assert.ok(heard.length <= 22, 'nothing goes out after it was stopped');
    replay(() => ANSWERED());
    await clock.run(10_000);
    assert.deepEqual([backlog().count, told], [0, ['delivered']]);
    const each = Array.from({ length: 80 }, (_, i) => `StopTransaction${i + 1}`);
    assert.deepEqual([...new Set(heard)], each);
  });

  test('waits where the CSMS is gone again, and is not lost', async () => {
    for (const outcome of ['offline', 'timeout'] as const) {
      const { says, replay, clock, heard, told, backlog } = await outage();
      await says('StopTransaction', stop(7));
      const run = replay(() => ({ outcome }));
      await clock.run(1_000);
      run.stop();
      await clock.run(60_000);
      assert.deepEqual([heard.length, told, backlog().count], [1, [], 1]);
    }
  });

  test('and never answered is told in the end', async () => {
    const { says, replay, clock, journal } = await outage();
    await says('StopTransaction', stop(7));
    for (let line = 0; line < STUCK_AFTER_TIMES; line += 1) {
      assert.deepEqual(journal.stuckChargers(), []);
      const run = replay(() => ({ outcome: 'offline' }));
      await clock.run(1_000);
      run.stop();
      await clock.run(10_000);
    }
    assert.deepEqual(journal.stuckChargers(), ['CP_1']);
  });

  test('is sent four times with growing waits, then set aside; the rest goes on', async () => {
    const { says, replay, clock, heard, told, backlog } = await outage();
    await says('StopTransaction', stop(7));
    await says('StopTransaction', stop(8));
    replay((_action, payload) => (payload['transactionId'] === 7 ? ERROR : ANSWERED()));
    const after: number[] = [];
    for (let second = 0; second < 40; second += 1) {
      const before = heard.length;
      await clock.run(1_000);
      for (let i = before; i < heard.length; i += 1) after.push(second);
    }
    assert.deepEqual(after, [0, 4, 14, 29, 29], 'in the seconds that end after 5, 15 and 30');
    assert.deepEqual(heard.slice(-2), ['StopTransaction7', 'StopTransaction8']);
    assert.deepEqual([backlog().count, backlog().parked, told], [0, 1, ['delivered']]);
  });

  test('of a start that the CSMS does not take is set aside whole', async () => {
    for (const answer of [ERROR, ANSWERED(ACCEPTED)]) {
      const { says, replay, clock, heard, backlog, ids, journal } = await outage();
      await says('StartTransaction', START);
      await says('StopTransaction', stop(FIRST_LOCAL_ID));
      await says('StopTransaction', stop(7));
      replay((action) => (action === 'StartTransaction' ? answer : ANSWERED()));
      await clock.run(60_000);
      assert.deepEqual(heard.slice(-2), ['StartTransaction', 'StopTransaction7']);
      assert.deepEqual([backlog().count, backlog().parked], [0, 2]);
      const [, stopped] = (await journal.parked('CP_1', -1, 9)).map(({ header }) => header.parked);
      assert.equal(stopped, 'the CSMS did not take the start of its transaction');
      assert.equal(ids.find('CP_1', FIRST_LOCAL_ID)?.stopped, true);
    }
  });

  test('that an operator lets go of is not sent again, nor set aside', async () => {
    const { says, replay, clock, heard, told, backlog, desk } = await outage();
    await says('StopTransaction', stop(7));
    await says('StopTransaction', stop(8));
    replay((_action, payload) => (payload['transactionId'] === 7 ? ERROR : ANSWERED()));
    await clock.run(1_000);
    assert.equal(await desk.drop('CP_1', 1, 'me', clock.wallMs()), true);
    await clock.run(60_000);
    assert.deepEqual(heard, ['StopTransaction7', 'StopTransaction8']);
    assert.deepEqual([backlog().count, backlog().parked, told], [0, 0, ['delivered']]);
  });

  test('and taken by the CSMS is not sent again because the disk is full', async () => {
    const { says, replay, clock, heard, told, backlog, medium, ids } = await outage();
    await says('StartTransaction', START);
    await says('StopTransaction', stop(FIRST_LOCAL_ID));
    medium.conduct.full = true;
    const csms: Csms = (action) =>
      ANSWERED(action === 'StartTransaction' ? { ...ACCEPTED, transactionId: 42 } : {});
    const run = replay(csms);
    await clock.run(60_000);
    run.stop();
    replay(csms);
    await clock.run(60_000);
    assert.deepEqual([heard, told], [['StartTransaction'], []]);
    medium.conduct.full = false;
    await clock.run(10_000);
    assert.deepEqual(heard, ['StartTransaction', 'StopTransaction42']);
    assert.deepEqual([backlog().count, told], [0, ['delivered']]);
    assert.equal(ids.find('CP_1', FIRST_LOCAL_ID)?.stopped, true);
  });

  test('stays the same for every attempt, and begins to count anew for the next message', async () => {
    const { says, replay, clock, heard, backlog } = await outage();
    await says('StopTransaction', stop(7));
    await says('StopTransaction', stop(8));
    let fails = 0;
    replay(() => {
      fails += 1;
      return fails % 4 === 0 ? ANSWERED() : ERROR;
    });
    await clock.run(120_000);
    assert.equal(heard.length, 8);
    assert.equal(backlog().parked, 0);
  });

  test('teaches what the CSMS says of a driver', async () => {
    const { says, replay, clock, memory } = await outage();
    await says('StartTransaction', START);
    replay(() => ANSWERED({ idTagInfo: { status: 'Blocked' }, transactionId: 42 }));
    await clock.run(1_000);
    assert.deepEqual(memory.token('CP_1', 'A'), { cache: { status: 'Blocked' } });
  });

  test('tells of a driver whom the CSMS does not want', async () => {
    const { says, replay, clock, told } = await outage();
    await says('StartTransaction', START);
    replay(() => ANSWERED({ idTagInfo: { status: 'Blocked' }, transactionId: 42 }));
    await clock.run(1_000);
    assert.deepEqual(told, [`unwanted ${FIRST_LOCAL_ID}`, 'delivered']);
    const v2 = await outage('2.0.1');
    const event = {
      eventType: 'Started',
      timestamp: '2026-06-01T06:00:00Z',
      triggerReason: 'CablePluggedIn',
      seqNo: 0,
      transactionInfo: { transactionId: 'T1' },
    };
    await v2.says('TransactionEvent', event);
    await v2.says('TransactionEvent', {
      ...event,
      seqNo: 1,
      transactionInfo: { transactionId: 'T2' },
    });
    const offline: unknown[] = [];
    v2.replay((_action, payload) => {
      offline.push(payload['offline']);
      const first = payload['seqNo'] === 0;
      return ANSWERED(first ? { idTokenInfo: { status: 'Blocked' } } : {});
    });
    await v2.clock.run(1_000);
    assert.deepEqual(v2.told, ['unwanted T1', 'delivered'], 'nothing is said of the other one');
    assert.deepEqual(offline, [true, true]);
  });
});

describe('the boot', () => {
  test('goes first, before everything else, and once', async () => {
    const { says, replay, clock, heard, told, memory } = await outage();
    await says('StopTransaction', stop(7));
    await says('BootNotification', BOOT);
    replay(() => ANSWERED({ ...BOOT_ANSWER, status: 'Accepted' }));
    await clock.run(1_000);
    assert.deepEqual(heard, ['BootNotification first', 'StopTransaction7']);
    assert.deepEqual(told, ['delivered']);
    assert.equal(memory.boot('CP_1'), undefined);
    assert.equal(memory.acceptedInterval('CP_1'), 60);
  });

  test('that is not accepted is repeated after the time that the CSMS names', async () => {
    const { says, replay, clock, heard, told } = await outage();
    await says('StopTransaction', stop(7));
    await says('BootNotification', BOOT);
    let status = 'Pending';
    replay((action) => ANSWERED(action === 'BootNotification' ? { ...BOOT_ANSWER, status } : {}));
    await clock.run(59_000);
    assert.deepEqual([heard, told], [['BootNotification first'], ['refused Pending']]);
    await clock.run(5_000);
    assert.deepEqual(told, ['refused Pending', 'refused Pending again']);
    status = 'Accepted';
    await clock.run(66_000);
    assert.deepEqual(heard.slice(2), ['BootNotification first', 'StopTransaction7']);
    assert.equal(told.at(-1), 'delivered');
  });

  test('is not waited for longer than a quarter of an hour, nor repeated at once', async () => {
    for (const [interval, most] of [
      [86_400, 900],
      [0, 5],
    ] as const) {
      const { says, replay, clock, heard } = await outage();
      await says('BootNotification', BOOT);
      replay(() => ANSWERED({ ...BOOT_ANSWER, interval, status: 'Rejected' }));
      await clock.run(most * 1_000 - 100);
      assert.equal(heard.length, 1);
      await clock.run(5_000);
      assert.equal(heard.length, 2);
    }
  });

  test('of the charger itself counts instead: nothing goes out before that is accepted', async () => {
    const { says, replay, clock, heard, told, memory } = await outage();
    await says('StopTransaction', stop(7));
    await says('BootNotification', BOOT);
    replay((action) => (action === 'BootNotification' ? ERROR : ANSWERED()));
    await clock.run(1_000);
    assert.deepEqual(told, ['refused InternalError']);
    memory.bootDelivered('CP_1');
    memory.learn('CP_1', [{ type: 'boot', accepted: false, intervalSeconds: 60 }]);
    await clock.run(60_000);
    assert.deepEqual(heard, ['BootNotification first']);
    assert.equal(told.at(-1), 'refused not accepted yet again', 'who waits may give up');
    memory.learn('CP_1', [{ type: 'boot', accepted: true, intervalSeconds: 60 }]);
    await clock.run(5_000);
    assert.deepEqual(heard.slice(1), ['StopTransaction7']);
    assert.equal(told.at(-1), 'delivered');
  });

  test('that nobody hears is kept', async () => {
    const { says, replay, clock, heard, told, memory } = await outage();
    await says('BootNotification', BOOT);
    const run = replay(() => ({ outcome: 'timeout' }));
    await clock.run(1_000);
    run.stop();
    await clock.run(60_000);
    assert.deepEqual([heard.length, told], [1, []]);
    assert.ok(memory.boot('CP_1'));
    assert.equal(memory.bootRefused('CP_1'), false);
  });
});

test('a status that the CSMS does not like is not sent again, one that it did not hear is', async () => {
  const status = { connectorId: 1, status: 'Available', errorCode: 'NoError' };
  const kept = async (outcome: CallOutcome) => {
    const { says, replay, clock, memory } = await outage();
    await says('StatusNotification', status);
    replay(() => outcome);
    await clock.run(1_000);
    return memory.latest('CP_1').length;
  };
  assert.equal(await kept(ERROR), 0);
  assert.equal(await kept(ANSWERED()), 0);
  assert.equal(await kept({ outcome: 'offline' }), 1);
});
