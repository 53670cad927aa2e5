import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RESEND_MOST, type Selection } from '../../src/gateway/outage/resend-desk.ts';
import { FIRST_LOCAL_ID } from '../../src/gateway/outage/transaction-ids.ts';
import { Medium } from '../../src/sim/memory-store.ts';
import { ACCEPTED, ANSWERED, type Csms, ERROR, outage } from './replay-scene.ts';

const AT = '2026-06-01T06:00:00Z';
const START = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: AT };
const values = (transactionId: number) => ({ connectorId: 1, transactionId, meterValue: [] });
const stop = (transactionId: number) => ({ transactionId, meterStop: 9, timestamp: AT });
const event = (eventType: string, seqNo: number, transactionId = 'T1') => ({
  eventType,
  timestamp: AT,
  triggerReason: 'MeterValuePeriodic',
  seqNo,
  transactionInfo: { transactionId },
});
const MENDED: Csms = (action) =>
  ANSWERED(action === 'StartTransaction' ? { ...ACCEPTED, transactionId: 42 } : {});
type Scene = Awaited<ReturnType<typeof outage>>;

/** What was held goes to this CSMS for so long. */
const deliver = async ({ replay, clock, heard }: Scene, csms: Csms, forMs = 60_000) => {
  const before = heard.length;
  const run = replay(csms);
  await clock.run(forMs);
  run.stop();
  return heard.slice(before);
};
const asideOf = async ({ journal }: Scene) =>
  (await journal.parked('CP_1', 0, 99)).map(({ seq }) => seq);
const problemOf = async ({ again }: Scene, selection: Selection): Promise<string> => {
  const answer = await again.resend(selection);
  return 'problem' in answer ? `${answer.refusal}: ${answer.problem}` : assert.fail('was sent');
};

/** A transaction of 1.6 whose start the CSMS refused: messages 1 to 4 are set aside. */
const refusedStart = async () => {
  const scene = await outage();
  await scene.says('StartTransaction', START);
  await scene.says('MeterValues', values(FIRST_LOCAL_ID));
  await scene.says('MeterValues', { ...values(FIRST_LOCAL_ID), connectorId: 2 });
  await scene.says('StopTransaction', stop(FIRST_LOCAL_ID));
  await deliver(scene, (action) => (action === 'StartTransaction' ? ERROR : ANSWERED()));
  assert.deepEqual(await asideOf(scene), [1, 2, 3, 4]);
  return scene;
};

describe('what was set aside and is sent once more', () => {
  test('goes in its order, with the id that the CSMS gives now', async () => {
    const scene = await refusedStart();
    const { again, queued, backlog, journal } = scene;
    assert.deepEqual(await again.resend({}), {
      resent: 4,
      chargers: ['CP_1'],
      staying: 0,
      stays: [],
      more: null,
    });
    assert.deepEqual(queued, ['CP_1']);
    assert.deepEqual([backlog().count, backlog().parked], [4, 0]);
    assert.equal(journal.totalBytes(), backlog().bytes);
    assert.deepEqual(await deliver(scene, MENDED), [
      'StartTransaction',
      'MeterValues42',
      'MeterValues42',
      'StopTransaction42',
    ]);
    assert.deepEqual([backlog().count, backlog().bytes, backlog().parked], [0, 0, 0]);
  });

  test('goes before what waits since, also of a queue that is being delivered', async () => {
    const scene = await refusedStart();
    const { says, again, replay, clock, heard } = scene;
    for (let id = 1; id <= 40; id += 1) await says('StopTransaction', stop(id));
    heard.length = 0;
    const run = replay((_action, payload) =>
      payload['transactionId'] === 3 ? ERROR : MENDED(_action, payload),
    );
    await clock.run(1_000);
    assert.deepEqual(heard, ['StopTransaction1', 'StopTransaction2', 'StopTransaction3']);
    await again.resend({ charger: 'CP_1' });
    await clock.run(10_000);
    assert.deepEqual(heard.slice(3, 8), [
      'StartTransaction',
      'MeterValues42',
      'MeterValues42',
      'StopTransaction42',
      'StopTransaction3',
    ]);
    await clock.run(60_000);
    run.stop();
    assert.equal(heard.at(-1), 'StopTransaction40');
    assert.equal(new Set(heard).size, 43, 'each of them');
    assert.equal(heard.length, 48, 'the refused one five times more, one of it before');
  });

  test('is set aside again where the CSMS refuses it again, and counted', async () => {
    const scene = await refusedStart();
    const { again, desk, backlog } = scene;
    for (const times of [1, 2]) {
      await again.resend({ transactionId: String(FIRST_LOCAL_ID) });
      const heard = await deliver(scene, (action) =>
        action === 'StartTransaction' ? ERROR : ANSWERED(),
      );
      assert.deepEqual(new Set(heard), new Set(['StartTransaction']));
      assert.equal(heard.length, 4);
      const aside = await desk.messages('CP_1', { parked: true, after: 0, limit: 9 });
      assert.deepEqual(
        aside.map(({ resent }) => resent),
        [times, times, times, times],
      );
      assert.match(aside[0]?.parked ?? '', /answered InternalError 4 times/);
    }
    assert.deepEqual([backlog().count, backlog().parked], [0, 4]);
    await again.resend({});
    assert.equal((await deliver(scene, MENDED)).at(-1), 'StopTransaction42');
  });

  test('of a transaction stays set aside while its start does', async () => {
    const scene = await refusedStart();
    const { again, clock } = scene;
    assert.match(
      await problemOf(scene, { charger: 'CP_1', seq: 4 }),
      /^conflict: .* message 1, the/,
    );
    assert.deepEqual(await asideOf(scene), [1, 2, 3, 4]);
    assert.equal('resent' in (await again.resend({ charger: 'CP_1', seq: 1 })), true);
    assert.equal('resent' in (await again.resend({ charger: 'CP_1', seq: 4 })), true);
    assert.deepEqual(await deliver(scene, MENDED), ['StartTransaction', 'StopTransaction42']);
    const other = await refusedStart();
    await other.desk.drop('CP_1', 1, 'me', clock.wallMs());
    assert.match(await problemOf(other, {}), /message 2 of CP_1 .* not held any more/);
    assert.deepEqual(await asideOf(other), [2, 3, 4]);
  });

  test('keeps its id of the CSMS after the map of ids has forgotten it', async () => {
    const scene = await outage();
    const { says, ids, again } = scene;
    for (let n = 0; n < 6; n += 1) {
      await says('StartTransaction', { ...START, meterStart: n });
      await says('StopTransaction', { ...stop(FIRST_LOCAL_ID + n), meterStop: n });
    }
    let id = 100;
    const taken = () => {
      id += 1;
      return ANSWERED({ ...ACCEPTED, transactionId: id });
    };
    await deliver(
      scene,
      (action, { meterStop }) =>
        action === 'StartTransaction' ? taken() : meterStop === 0 ? ERROR : ANSWERED(),
      90_000,
    );
    assert.deepEqual(await asideOf(scene), [2]);
    assert.equal(ids.find('CP_1', FIRST_LOCAL_ID), undefined);
    await again.resend({});
    await deliver(scene, () => ERROR);
    await again.resend({});
    assert.deepEqual(await deliver(scene, MENDED), ['StopTransaction101']);
  });

  test('of before that was noted stays, where nobody knows the id of the CSMS', async () => {
    const scene = await outage();
    const { says, journal, again } = scene;
    await says('StopTransaction', stop(FIRST_LOCAL_ID));
    await says('StopTransaction', stop(FIRST_LOCAL_ID - 1));
    await says('StopTransaction', stop(7));
    for (const entry of await journal.first('CP_1', 9)) await journal.park(entry, { parked: 'no' });
    const answer = await again.resend({ charger: 'CP_1' });
    assert.ok('resent' in answer);
    assert.deepEqual([answer.resent, answer.staying], [2, 1]);
    assert.match(answer.stays[0]?.why ?? '', /what the CSMS calls its transaction/);
    assert.deepEqual(await deliver(scene, MENDED), [
      'StopTransaction1499999999',
      'StopTransaction7',
    ]);
  });

  test('stays in the shadow of its start, however much was set aside before', async () => {
    const scene = await outage();
    const { says, journal, again } = scene;
    for (let id = 1; id <= 40; id += 1) await says('StopTransaction', stop(id));
    await says('StartTransaction', START);
    await says('StopTransaction', stop(FIRST_LOCAL_ID));
    for (const entry of await journal.first('CP_1', 50))
      await journal.park(entry, { parked: 'no' });
    assert.match(await problemOf(scene, { charger: 'CP_1', seq: 42 }), /message 41, the start/);
    assert.equal('resent' in (await again.resend({ charger: 'CP_1', seq: 40 })), true);
  });

  test('is told in bounds: what stays by name, and what one call does not move', async () => {
    const medium = new Medium();
    const put = (charger: string, seq: number, id: number) => {
      const about = {
        version: '1.6',
        action: 'StopTransaction',
        transactionId: `${id}`,
        parked: '',
      };
      const frame = `[2,"${seq}","StopTransaction",{"transactionId":${id}}]`;
      const key = `k/${charger}/${String(seq).padStart(12, '0')}`;
      medium.records.set(key, Buffer.from(`${JSON.stringify(about)}\n${frame}`));
    };
    for (let seq = 1; seq <= 21; seq += 1) put('CP_1', seq, FIRST_LOCAL_ID);
    for (let seq = 1; seq <= RESEND_MOST + 40; seq += 1) put('CP_2', seq, seq);
    const { again, queued, journal } = await outage('1.6', 250, medium);
    const first = await again.resend({});
    assert.ok('resent' in first);
    assert.deepEqual([first.resent, first.staying, first.stays.length], [RESEND_MOST, 21, 20]);
    assert.match(first.more ?? '', /ask for the rest once more/);
    assert.deepEqual([first.chargers, queued], [['CP_2'], ['CP_2']], 'not of the one that stays');
    const second = await again.resend({ charger: 'CP_2' });
    assert.ok('resent' in second);
    assert.deepEqual([second.resent, second.more], [40, null]);
    assert.equal(journal.backlog('CP_2').count, RESEND_MOST + 40);
    assert.equal(await again.resend({ charger: 'CP_2' }).then((no) => 'problem' in no), true);
  });

  test('is chosen by charger, transaction or number, and what is wrong is said', async () => {
    const scene = await refusedStart();
    const { again } = scene;
    const unknown = await problemOf(scene, { charger: 'CP1' });
    assert.match(unknown, /^unknown: unknown charger "CP1"; did you mean "CP_1"\?/);
    assert.equal(
      await problemOf(scene, { charger: 'CP_2' }),
      'unknown: nothing of CP_2 is set aside',
    );
    assert.equal(
      await problemOf(scene, { transactionId: '5' }),
      'unknown: nothing of transaction 5 is set aside',
    );
    assert.match(await problemOf(scene, { charger: 'CP_1', seq: 9 }), /has no message 9 set aside/);
    const answer = await again.resend({ transactionId: String(FIRST_LOCAL_ID), charger: 'CP_1' });
    assert.equal('resent' in answer && answer.resent, 4);
    const waits = await problemOf(scene, { charger: 'CP_1', seq: 2 });
    assert.equal(waits, 'conflict: message 2 of CP_1 waits for its turn already');
    assert.equal(await problemOf(scene, {}), 'unknown: nothing is set aside');
  });

  test('is queued once by two who ask at once, or dropped or queued, never both', async () => {
    const scene = await refusedStart();
    const { again, desk, clock, backlog } = scene;
    const answers = await Promise.all([again.resend({}), again.resend({ charger: 'CP_1' })]);
    assert.deepEqual(
      answers.map((answer) => ('resent' in answer ? answer.resent : 0)),
      [4, 0],
    );
    const first = await deliver(scene, MENDED);
    assert.equal(first.length, 4);
    const other = await refusedStart();
    const [dropped] = await Promise.all([
      other.desk.drop('CP_1', 4, 'me', clock.wallMs()),
      other.again.resend({}),
    ]);
    assert.equal(dropped, true);
    assert.deepEqual([other.backlog().count, other.backlog().parked], [3, 0]);
    assert.equal(backlog().count, 0);
    assert.equal(await desk.drop('CP_1', 4, 'me', clock.wallMs()), false);
  });

  test('waits for a medium that takes it, and takes no more room than before', async () => {
    const scene = await refusedStart();
    const { again, medium, ids, journal } = scene;
    const bytes = journal.totalBytes();
    medium.conduct.full = true;
    assert.match(await problemOf(scene, {}), /^medium: nothing was queued again: no space left/);
    assert.equal(ids.find('CP_1', FIRST_LOCAL_ID)?.parked, true);
    assert.deepEqual(await asideOf(scene), [1, 2, 3, 4]);
    medium.conduct.full = false;
    assert.equal('resent' in (await again.resend({})), true);
    assert.ok(journal.totalBytes() <= bytes);
  });
});

describe('events of 2.x that were set aside', () => {
  const refused: Csms = (_action, { eventType }) => (eventType === 'Updated' ? ANSWERED() : ERROR);

  test('go in their order, and not before the start that is set aside too', async () => {
    const scene = await outage('2.0.1');
    const { says, again } = scene;
    await says('TransactionEvent', event('Started', 0));
    await says('TransactionEvent', event('Updated', 1));
    await says('TransactionEvent', event('Ended', 2));
    await says('TransactionEvent', event('Ended', 0, 'T2'));
    await deliver(scene, refused, 120_000);
    assert.deepEqual(await asideOf(scene), [1, 3, 4]);
    assert.match(await problemOf(scene, { charger: 'CP_1', seq: 3 }), /message 1, the start of/);
    assert.equal('resent' in (await again.resend({ charger: 'CP_1', seq: 4 })), true);
    assert.equal('resent' in (await again.resend({ transactionId: 'T1' })), true);
    const seen: unknown[] = [];
    await deliver(scene, (_action, { seqNo, eventType, offline }) => {
      seen.push([eventType, seqNo, offline]);
      return ANSWERED();
    });
    assert.deepEqual(seen, [
      ['Started', 0, true],
      ['Ended', 2, true],
      ['Ended', 0, true],
    ]);
  });

  test('go before an update that is being refused meanwhile', async () => {
    const scene = await outage('2.1');
    const { says, again, replay, clock } = scene;
    await says('TransactionEvent', event('Started', 0));
    await says('TransactionEvent', event('Ended', 1));
    const seen: unknown[] = [];
    let mended = false;
    replay((_action, { eventType }) => {
      if (mended) seen.push(eventType);
      return mended ? ANSWERED() : ERROR;
    });
    await clock.run(31_000);
    assert.deepEqual(await asideOf(scene), [1]);
    mended = true;
    await again.resend({});
    await clock.run(60_000);
    assert.deepEqual(seen, ['Started', 'Ended']);
  });
});
