import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_LOCAL_ID } from '../../src/gateway/outage/transaction-ids.ts';
import { assertNothingLost, callAndRun, car, startSite } from './outage-site.ts';
import { RawCharger } from './raw-charger.ts';

/** A site of 1.6 and a charger in which nothing happens by itself. */
const withRawCharger = async () => {
  const site = await startSite('1.6');
  site.charger('CP_1').setNetwork(false);
  const charger = new RawCharger(site, 'CP_1', '1.6');
  await charger.connect();
  return { site, charger, journal: site.outage?.journal ?? assert.fail() };
};

describe('a start that the CSMS', () => {
  test('left unanswered and the charger repeated is not said by us as well', async () => {
    const { site, charger } = await withRawCharger();
    const start = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2026-06-01T06:00:00Z' };
    site.csms.conduct.silent = true;
    charger.send('StartTransaction', start, () => {});
    await site.run(11);
    site.csms.conduct.silent = false;
    const { transactionId } = await charger.ask('StartTransaction', start);
    await site.run(60);
    assert.equal(typeof transactionId, 'number');
    site.csms.goDown();
    await site.run(10);
    site.csms.comeBack();
    await site.run(120);
    const heard = site.csms.transactionMessages('CP_1').map(({ action }) => action);
    assert.deepEqual(heard, ['StartTransaction', 'StartTransaction'], 'as the charger said it');
  });

  test('never took: what is still said of it is set aside too, and soon', async () => {
    const { site, charger, journal } = await withRawCharger();
    site.csms.goDown();
    await site.run(5);
    const timestamp = '2026-06-01T06:00:00Z';
    const start = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp };
    const { transactionId } = await charger.ask('StartTransaction', start);
    site.csms.conduct.failNext.set('StartTransaction', 4);
    site.csms.comeBack();
    await site.run(120);
    assert.deepEqual([journal.backlog('CP_1').count, journal.backlog('CP_1').parked], [0, 1]);
    const stop = { transactionId, meterStop: 9, timestamp };
    assert.deepEqual(await charger.ask('StopTransaction', stop), {});
    await site.run(10);
    assert.deepEqual([journal.backlog('CP_1').count, journal.backlog('CP_1').parked], [0, 2]);
    assert.equal((await charger.ask('StartTransaction', start))['transactionId'], 1);
  });

  test('does not get since an operator dropped it: it never hears our own id', async () => {
    const { site, charger, journal } = await withRawCharger();
    site.csms.goDown();
    await site.run(5);
    const timestamp = '2026-06-01T06:00:00Z';
    const start = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp };
    const { transactionId } = await charger.ask('StartTransaction', start);
    const [entry] = await journal.first('CP_1', 1);
    if (entry !== undefined) await journal.remove(entry);
    site.csms.comeBack();
    await site.run(120);
    const stop = { transactionId, meterStop: 9, timestamp };
    assert.deepEqual(await charger.ask('StopTransaction', stop), {});
    await site.run(10);
    assert.equal(journal.backlog('CP_1').parked, 1);
    assert.deepEqual(site.csms.transactionMessages('CP_1'), []);
  });
});

/** A session of an outage was delivered; the CSMS counts on to the id that its charger knows it by. */
const collidingSite = async () => {
  const site = await startSite('1.6', { outageSettings: { unknownTokens: 'accept' } });
  site.csms.goDown();
  await site.run(10);
  site.charger('CP_1').plugIn(1, car(), 'CARD-1');
  await site.run(60);
  site.charger('CP_1').unplug(1);
  await site.run(20);
  site.csms.nextTransactionId = 7;
  site.csms.comeBack();
  await site.run(120);
  site.csms.nextTransactionId = FIRST_LOCAL_ID;
  return site;
};

describe('ids of 1.6 transactions', () => {
  test('a CSMS that hands out our own local id gets it translated', async () => {
    const site = await collidingSite();
    site.charger('CP_1').plugIn(1, car(), 'CARD-2');
    await site.run(60);
    assert.notEqual(site.charger('CP_1').transactionId(1), String(FIRST_LOCAL_ID));
    const answer = await callAndRun(site, 'RemoteStopTransaction', {
      transactionId: FIRST_LOCAL_ID,
    });
    assert.equal(answer, 'Accepted');
    await site.run(60);
    assert.equal(site.charger('CP_1').hasSession(1), false);
    assert.deepEqual(site.csms.problems, []);
    assert.deepEqual(site.audit('CP_1').lost, []);
  });

  test('and still after a restart, although the disk was full when it did', async () => {
    const site = await collidingSite();
    site.medium.conduct.full = true;
    site.charger('CP_1').plugIn(1, car(), 'CARD-2');
    await site.run(60);
    site.medium.conduct.full = false;
    await site.run(20);
    site.killGateway();
    await site.startGateway();
    await site.run(60);
    site.charger('CP_1').unplug(1);
    await site.run(120);
    assertNothingLost(site, 6);
  });
});
