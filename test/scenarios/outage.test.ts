import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readObject } from '../../src/ocpp/payload.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { assertNothingLost, callAndRun, car, startSite, VERSIONS } from './outage-site.ts';
import { garage } from './virtual-garage.ts';

for (const version of VERSIONS) {
  describe(`${version}: the CSMS is away`, () => {
    test('a session that runs goes on, and ends, and the CSMS hears all of it', async () => {
      const site = await startSite(version);
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      await site.run(60);
      site.csms.goDown();
      await site.run(120);
      assert.equal(site.charger('CP_1').connected, true);
      assert.ok(site.chargerAmps('CP_1')[0] > 5, 'it charges on');
      site.charger('CP_1').unplug(1);
      await site.run(30);
      assert.ok((site.outage?.journal.backlog('CP_1').count ?? 0) > 2);
      site.csms.comeBack();
      await site.run(180);
      assertNothingLost(site, 4);
      assert.deepEqual(site.audit('CP_1').repeated, []);
    });

    test('a known driver starts and stops a session', async () => {
      const site = await startSite(version);
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      await site.run(60);
      site.charger('CP_1').unplug(1);
      await site.run(30);
      site.csms.goDown();
      await site.run(10);
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      await site.run(120);
      assert.ok(site.charger('CP_1').hasSession(1), 'the cached card is accepted');
      assert.ok(site.chargerAmps('CP_1')[0] > 5, 'the offer is raised above the fallback');
      site.charger('CP_1').unplug(1);
      await site.run(30);
      site.csms.comeBack();
      await site.run(180);
      assertNothingLost(site, 6);
    });

    for (const [setting, expected] of [
      ['reject', false],
      ['accept', true],
      // The simulated charger has AllowOfflineTxForUnknownId switched on.
      ['charger', true],
    ] as const) {
      test(`a stranger, and unknownTokens is ${setting}`, async () => {
        const site = await startSite(version, { outageSettings: { unknownTokens: setting } });
        site.csms.goDown();
        await site.run(10);
        site.charger('CP_1').plugIn(1, car(), 'STRANGER');
        await site.run(60);
        assert.equal(site.charger('CP_1').hasSession(1), expected);
      });
    }

    test('a session begun in the outage is stopped afterwards by the CSMS', async () => {
      const site = await startSite(version, { outageSettings: { unknownTokens: 'accept' } });
      site.csms.goDown();
      await site.run(10);
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      await site.run(60);
      site.csms.comeBack();
      await site.run(120);
      const id = site.charger('CP_1').transactionId(1);
      assert.ok(id !== undefined);
      const transactionId = version === '1.6' ? 1 : id;
      const action = version === '1.6' ? 'RemoteStopTransaction' : 'RequestStopTransaction';
      const result = await callAndRun(site, action, { transactionId });
      assert.equal(result, 'Accepted');
      await site.run(60);
      assert.equal(site.charger('CP_1').hasSession(1), false);
      assertNothingLost(site, 3);
    });

    test('a driver whom the CSMS does not accept is stopped once it is back', async () => {
      const site = await startSite(version, { outageSettings: { unknownTokens: 'accept' } });
      site.csms.conduct.blockedTags.add('CARD-9');
      site.csms.goDown();
      await site.run(10);
      site.charger('CP_1').plugIn(1, car(), 'CARD-9');
      await site.run(60);
      assert.ok(site.charger('CP_1').hasSession(1));
      site.csms.comeBack();
      await site.run(120);
      assert.equal(site.charger('CP_1').hasSession(1), false);
      assertNothingLost(site, 2);
    });

    test('or only loses its energy, where the charger is set to go on (1.6 §4.8)', async () => {
      const site = await startSite(version, { outageSettings: { unknownTokens: 'accept' } });
      const [action, payload] =
        version === '1.6'
          ? ['ChangeConfiguration', { key: 'StopTransactionOnInvalidId', value: 'false' }]
          : [
              'SetVariables',
              {
                setVariableData: [
                  {
                    component: { name: 'TxCtrlr' },
                    variable: { name: 'StopTxOnInvalidId' },
                    attributeValue: 'false',
                  },
                ],
              },
            ];
      await callAndRun(site, action as string, payload as object);
      site.csms.conduct.blockedTags.add('CARD-9');
      site.csms.goDown();
      await site.run(10);
      site.charger('CP_1').plugIn(1, car(), 'CARD-9');
      await site.run(60);
      assert.ok(site.chargerAmps('CP_1')[0] > 5);
      site.csms.comeBack();
      await site.run(120);
      assert.ok(site.charger('CP_1').hasSession(1), 'the transaction goes on');
      assert.equal(Math.max(...site.chargerAmps('CP_1')), 0, 'without energy');
      site.charger('CP_1').unplug(1);
      await site.run(60);
      assertNothingLost(site, 2);
    });

    test('the gateway restarts in the middle, and a charger reboots', async () => {
      const site = await startSite(version);
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      await site.run(60);
      site.csms.goDown();
      await site.run(60);
      site.killGateway();
      await site.run(20);
      await site.startGateway();
      await site.run(90);
      assert.equal(site.charger('CP_1').online, true);
      site.charger('CP_2').reboot();
      await site.run(60);
      assert.equal(site.charger('CP_2').online, true, 'its boot is accepted here');
      site.charger('CP_1').unplug(1);
      await site.run(30);
      const boots = () =>
        site.csms.received.filter((m) => m.charger === 'CP_2' && m.action === 'BootNotification');
      const before = boots().length;
      site.csms.comeBack();
      await site.run(180);
      assert.equal(boots().length, before + 1);
      assertNothingLost(site, 4);
      const repeated = site.audit('CP_1').repeated.length;
      assert.ok(repeated <= 1, `${repeated} repeats of one kill`);
    });

    test('a charger that nobody knows is not let in', async () => {
      const site = new VirtualSite({ site: garage(1), versions: { CP_1: version } });
      site.csms.goDown();
      await site.run(60);
      assert.equal(site.charger('CP_1').connected, false);
    });
  });
}

describe('the CSMS', () => {
  test('that takes messages and never answers is treated as away', async () => {
    const site = await startSite('1.6');
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.csms.conduct.silent = true;
    await site.run(300);
    assert.equal(site.charger('CP_1').connected, true);
    assert.ok((site.outage?.journal.backlog('CP_1').count ?? 0) > 0);
    site.csms.conduct.silent = false;
    await site.run(300);
    const { lost, inverted, invented } = site.audit('CP_1');
    assert.deepEqual({ lost, inverted, invented }, { lost: [], inverted: [], invented: [] });
  });

  test('that never accepts a start: its transaction is set aside, others go on', async () => {
    const site = await startSite('1.6', { outageSettings: { unknownTokens: 'accept' } });
    site.csms.goDown();
    await site.run(10);
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.charger('CP_1').unplug(1);
    await site.run(20);
    site.csms.conduct.failNext.set('StartTransaction', 4);
    site.csms.comeBack();
    await site.run(120);
    const backlog = site.outage?.journal.backlog('CP_1');
    assert.equal(backlog?.count, 0);
    assert.ok((backlog?.parked ?? 0) >= 3, `${backlog?.parked} messages are set aside`);
    site.charger('CP_1').plugIn(1, car(), 'CARD-2');
    await site.run(60);
    const starts = site.csms.received.filter((m) => m.action === 'StartTransaction');
    assert.equal(starts.length, 1);
    assert.equal(readObject(starts[0]?.payload)['idTag'], 'CARD-2');
  });
});

describe('a charger that is gone', () => {
  for (const version of VERSIONS) {
    test(`${version}: its messages are delivered without it after the time that was set`, async () => {
      const site = await startSite(version, { flushAbsentAfterMs: 10 * 60_000 });
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      await site.run(60);
      site.csms.goDown();
      await site.run(60);
      site.charger('CP_1').unplug(1);
      await site.run(20);
      site.charger('CP_1').setNetwork(false);
      site.csms.comeBack();
      await site.run(300);
      assert.ok((site.outage?.journal.backlog('CP_1').count ?? 0) > 0, 'it may come back');
      await site.run(600);
      assert.equal(site.outage?.journal.backlog('CP_1').count, 0);
      assert.deepEqual(site.audit('CP_1').lost, []);
      assert.deepEqual(site.csms.connected(), ['CP_2']);
    });
  }
});

describe('2.x', () => {
  test('E14: messages in the queue are told while they are held here', async () => {
    const site = await startSite('2.0.1', { outageSettings: { replayPerSecond: 1 } });
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    const transactionId = site.charger('CP_1').transactionId(1);
    site.csms.goDown();
    await site.run(240);
    site.csms.comeBack();
    const until = site.clock.monotonicMs() + 120_000;
    while (site.csms.connected().length < 2 && site.clock.monotonicMs() < until) await site.run(1);
    assert.ok((site.outage?.journal.backlog('CP_1').count ?? 0) > 5);
    let answer: unknown;
    void site.csms.call('CP_1', 'GetTransactionStatus', { transactionId }).then((each) => {
      answer = each;
    });
    await site.run(5);
    assert.equal(readObject(answer)['messagesInQueue'], true);
    await site.run(300);
    assert.deepEqual(site.audit('CP_1').lost, []);
  });

  test('E12.FR.02: events that were held say that they were not live, the others do not', async () => {
    const site = await startSite('2.0.1');
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.csms.goDown();
    await site.run(60);
    const heldFrom = site.csms.transactionMessages('CP_1').length;
    site.csms.comeBack();
    await site.run(30);
    const flags = site.csms
      .transactionMessages('CP_1')
      .map(({ payload }) => readObject(payload)['offline'] === true);
    assert.ok(flags.slice(0, heldFrom).every((offline) => !offline));
    assert.ok(flags.slice(heldFrom).some((offline) => offline));
  });
});

describe('the disk', () => {
  test('is full: nothing is acknowledged, charging goes on, and it recovers by itself', async () => {
    const site = await startSite('2.0.1');
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.csms.goDown();
    await site.run(30);
    site.medium.conduct.full = true;
    const before = site.charger('CP_1').acknowledged.length;
    await site.run(120);
    assert.equal(site.charger('CP_1').acknowledged.length, before);
    assert.ok(site.chargerAmps('CP_1')[0] > 5, 'it charges on');
    site.medium.conduct.full = false;
    await site.run(200);
    site.csms.comeBack();
    await site.run(200);
    assert.deepEqual(site.audit('CP_1').lost, []);
    assert.deepEqual(site.audit('CP_1').inverted, []);
  });
});

test('close: the charger is disconnected, and keeps its messages itself', async () => {
  const site = await startSite('1.6', { outage: 'close' });
  site.charger('CP_1').plugIn(1, car(), 'CARD-1');
  await site.run(60);
  site.csms.goDown();
  await site.run(60);
  assert.equal(site.charger('CP_1').connected, false);
  site.csms.comeBack();
  await site.run(300);
  assert.deepEqual(site.audit('CP_1').lost, []);
});

test('close after an outage that was answered: what is held goes out, under the ids of the CSMS', async () => {
  const site = await startSite('1.6', { outageSettings: { unknownTokens: 'accept' } });
  site.csms.goDown();
  await site.run(10);
  site.charger('CP_1').plugIn(1, car(), 'CARD-1');
  await site.run(120);
  site.killGateway();
  site.closesInOutage = true;
  site.csms.comeBack();
  await site.startGateway();
  await site.run(120);
  site.charger('CP_1').unplug(1);
  await site.run(120);
  assertNothingLost(site, 3);
  site.csms.goDown();
  await site.run(60);
  assert.equal(site.charger('CP_1').connected, false);
});
