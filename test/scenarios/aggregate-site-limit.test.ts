import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Payload, readList, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { type AggregateRun, aggregateSite, car } from './aggregate-site.ts';
import { dialectOf } from './aggregate-words.ts';
import { siteProfile } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const PAIRS: readonly (readonly [OcppVersion, readonly OcppVersion[]])[] = [
  ['1.6', ['1.6', '2.0.1']],
  ['2.0.1', ['2.0.1', '1.6']],
  ['2.1', ['1.6', '2.1']],
];

const charging = async (upstream: OcppVersion, chargers: readonly OcppVersion[]) => {
  const run = await aggregateSite(upstream, chargers, {
    site: { ...garage(chargers.length), emsSources: [{ id: 'bms', circuit: 'main' }] },
  });
  for (const id of run.site.chargers.keys()) {
    run.site.charger(id).plugIn(1, car(), `CARD-${id}`);
  }
  await run.site.run(60);
  return run;
};

const worst = ({ site }: AggregateRun): number => Math.max(...site.trueAmps);
const zero = (version: OcppVersion) => (version === '1.6' ? { connectorId: 0 } : { evseId: 0 });

for (const [upstream, chargers] of PAIRS) {
  describe(`aggregate ${upstream}: the site as connector or EVSE 0`, () => {
    test('takes a limit, obeys and tells it, keeps it over a restart, gives it back', async () => {
      const run = await charging(upstream, chargers);
      const { site, ask, assertClean } = run;
      assert.ok(worst(run) > 30, `${site.trueAmps}`);
      const answer = await ask('SetChargingProfile', siteProfile(upstream, 25));
      assert.equal(answer['status'], 'Accepted');
      await site.run(30);
      assert.ok(worst(run) <= 25.5, `${site.trueAmps}`);
      assert.match(site.view().circuits[0]?.limitReason ?? '', /25 A.*csms/);
      site.killGateway();
      await site.run(5);
      await site.startGateway();
      await site.run(60);
      assert.ok(worst(run) <= 25.5, `${site.trueAmps} after the restart`);
      const schedule = await ask('GetCompositeSchedule', { ...zero(upstream), duration: 600 });
      assert.match(JSON.stringify(schedule), /"limit":25/);
      const clear = upstream === '1.6' ? { id: 5 } : { chargingProfileId: 5 };
      assert.equal((await ask('ClearChargingProfile', clear))['status'], 'Accepted');
      assert.equal((await ask('ClearChargingProfile', clear))['status'], 'Unknown');
      await site.run(60);
      assert.ok(worst(run) > 30, `${site.trueAmps}`);
      assertClean();
    });

    test('a default profile of 0 still goes to every charger, and is cleared at every one', async () => {
      const run = await charging(upstream, chargers);
      const { site, ask, assertClean } = run;
      const profile = JSON.parse(
        JSON.stringify(siteProfile(upstream, 7)).replace(/Charg\w+MaxProfile/, 'TxDefaultProfile'),
      ) as object;
      assert.equal((await ask('SetChargingProfile', profile))['status'], 'Accepted');
      await site.run(30);
      for (const [id, charger] of site.chargers) assert.ok(charger.offeredAmps(1) <= 7, id);
      const clear = upstream === '1.6' ? { id: 5 } : { chargingProfileId: 5 };
      assert.equal((await ask('ClearChargingProfile', clear))['status'], 'Accepted');
      await site.run(60);
      for (const [id, charger] of site.chargers) assert.ok(charger.offeredAmps(1) > 7, id);
      assertClean();
    });
  });
}

describe('aggregate under 2.x: what the station says of the site', () => {
  test('profiles, variables and reports as at the controller', async () => {
    const run = await charging('2.0.1', ['2.0.1', '1.6']);
    const { site, ask, heard, assertClean } = run;
    await ask('SetChargingProfile', siteProfile('2.0.1', 25));
    const profiles = { requestId: 4, evseId: 0, chargingProfile: {} };
    assert.equal((await ask('GetChargingProfiles', profiles))['status'], 'Accepted');
    await site.run(2);
    assert.match(JSON.stringify(heard('ReportChargingProfiles')), /"evseId":0.*"id":5/);
    const inventory = { requestId: 9, reportBase: 'FullInventory' };
    assert.equal((await ask('GetBaseReport', inventory))['status'], 'Accepted');
    await site.run(2);
    assert.match(JSON.stringify(heard('NotifyReport')), /MessagesHeld/);
    const evses = { component: { name: 'ChargingStation' }, variable: { name: 'EVSECount' } };
    const one = { requestId: 10, componentVariable: [evses] };
    assert.equal((await ask('GetReport', one))['status'], 'Accepted');
    const count = await ask('GetVariables', { getVariableData: [evses] });
    assert.match(JSON.stringify(count), /"attributeValue":"2"/);
    const beat = {
      component: { name: 'OCPPCommCtrlr' },
      variable: { name: 'HeartbeatInterval' },
      attributeValue: '20',
    };
    await ask('SetVariables', { setVariableData: [beat] });
    const before = heard('Heartbeat').length;
    await site.run(240);
    assert.ok(heard('Heartbeat').length - before >= 9, 'the interval holds');
    await ask('GetLog', {
      requestId: 3,
      logType: 'DiagnosticsLog',
      log: { remoteLocation: 'https://files.example/in/' },
    });
    await site.run(2);
    assert.equal(site.uploads.length, 1);
    const states = heard('LogStatusNotification').map(({ status }) => status);
    assert.deepEqual(states, ['Uploading', 'Uploaded']);
    assertClean();
  });

  test('profiles of everybody are one series of reports', async () => {
    const run = await charging('2.0.1', ['2.0.1', '2.1', '1.6']);
    const { site, ask, heard, assertClean } = run;
    await ask('SetChargingProfile', siteProfile('2.0.1', 25));
    const words = dialectOf('2.0.1');
    for (const evse of [1, 2, 3]) {
      assert.equal((await words.profile(run, evse, 10))['status'], 'Accepted', `${evse}`);
    }
    const all = { requestId: 4, chargingProfile: {} };
    assert.equal((await ask('GetChargingProfiles', all))['status'], 'Accepted');
    await site.run(15);
    const reports = heard('ReportChargingProfiles');
    assert.deepEqual(
      reports.map(({ evseId, tbc, requestId }) => [evseId, tbc, requestId]),
      [
        [0, true, 4],
        [1, true, 4],
        [2, true, 4],
        [3, false, 4],
      ],
    );
    // 1.6 has no words for it: the gateway knows what the CSMS set there.
    const one = { requestId: 6, evseId: 3, chargingProfile: { stackLevel: 1 } };
    assert.equal((await ask('GetChargingProfiles', one))['status'], 'Accepted');
    await site.run(5);
    const [profile] = readList(heard('ReportChargingProfiles').at(-1)?.['chargingProfile']);
    assert.equal(readObject(profile)['id'], 5);
    const other = { requestId: 7, evseId: 3, chargingProfile: { stackLevel: 6 } };
    assert.equal((await ask('GetChargingProfiles', other))['status'], 'NoProfiles');
    await ask('ClearChargingProfile', { chargingProfileCriteria: { stackLevel: 0 } });
    const none = { requestId: 5, chargingProfile: { stackLevel: 7 } };
    assert.equal((await ask('GetChargingProfiles', none))['status'], 'NoProfiles');
    assertClean();
  });

  test('limits from outside are told', async () => {
    const { site, heard, assertClean } = await charging('2.1', ['2.1', '1.6']);
    site.setLimit('bms', { circuit: 'main', amps: [20, 20, 20], ttlSeconds: 60 });
    await site.run(12);
    assert.equal(heard('NotifyChargingLimit').length, 1);
    await site.run(120);
    assert.equal(heard('ClearedChargingLimit').length, 1);
    assertClean();
  });

  test('GetTransactionStatus of chargers of both families, here, away and with messages held', async () => {
    const run = await charging('2.0.1', ['2.0.1', '1.6']);
    const { site, ask, heard, assertClean } = run;
    const events = (): readonly Payload[] => heard('TransactionEvent');
    const idAt = (evse: number) =>
      readObject(
        events().find((event) => readObject(event['evse'])['id'] === evse)?.['transactionInfo'],
      )['transactionId'];
    const going = { ongoingIndicator: true, messagesInQueue: false };
    for (const evse of [1, 2]) {
      const transactionId = idAt(evse);
      const status = await ask('GetTransactionStatus', { transactionId });
      // A charger of 2.x counts the message that is on its way.
      assert.equal(status['ongoingIndicator'], true, `${evse}`);
    }
    site.charger('CP_2').setNetwork(false);
    await site.run(5);
    const transactionId = idAt(2);
    assert.deepEqual(await ask('GetTransactionStatus', { transactionId }), going, 'away');
    site.charger('CP_2').setNetwork(true);
    await site.run(60);
    site.charger('CP_2').unplug(1);
    await site.run(20);
    assert.deepEqual(await ask('GetTransactionStatus', { transactionId }), {
      ongoingIndicator: false,
      messagesInQueue: false,
    });
    assert.deepEqual(await ask('GetTransactionStatus', {}), { messagesInQueue: false });
    assert.ok(readList(events()).length > 4);
    assertClean();
  });
});

describe('aggregate under 1.6', () => {
  test('connector 0 is unavailable while no charger is there', async () => {
    const { site, heard, assertClean } = await charging('1.6', ['1.6', '2.0.1']);
    const whole = () =>
      heard('StatusNotification')
        .filter(({ connectorId }) => connectorId === 0)
        .map(({ status }) => status);
    site.charger('CP_1').setNetwork(false);
    await site.run(30);
    assert.deepEqual(whole(), ['Available']);
    site.charger('CP_2').setNetwork(false);
    await site.run(30);
    assert.deepEqual(whole(), ['Available', 'Unavailable']);
    site.charger('CP_1').setNetwork(true);
    await site.run(30);
    assert.deepEqual(whole(), ['Available', 'Unavailable', 'Available']);
    assertClean();
  });

  test('shows the figures of the site and sends its diagnostics', async () => {
    const { ask, heard, site, assertClean } = await charging('1.6', ['1.6', '2.0.1']);
    const keys = JSON.stringify(await ask('GetConfiguration', {}));
    assert.match(keys, /BusbarSiteLimit/);
    assert.match(keys, /"NumberOfConnectors","readonly":true,"value":"2"/);
    const change = { key: 'HeartbeatInterval', value: '20' };
    assert.equal((await ask('ChangeConfiguration', change))['status'], 'Accepted');
    await ask('GetDiagnostics', { location: 'http://files.example/in/' });
    await site.run(2);
    assert.equal(site.uploads.length, 1);
    assert.equal(heard('DiagnosticsStatusNotification').length, 2);
    assert.equal(dialectOf('1.6').stopped({ heard } as AggregateRun).length, 0);
    assertClean();
  });
});
