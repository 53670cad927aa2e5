import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { NOTICE_EVERY_MS } from '../../src/station/limit-notices.ts';
import { validators } from '../ocpp-schemas.ts';
import { siteProfile } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];
const ID = 'SITE-7';

const startSite = async (version: OcppVersion, options: Partial<VirtualSiteOptions> = {}) => {
  const site = new VirtualSite({
    site: {
      ...garage(3),
      emsSources: [{ id: 'bms', circuit: 'main' }],
    },
    buildingAmps: [5, 5, 5],
    controller: { identity: ID, version, vendor: 'Busbar', model: 'Site gateway' },
    ...options,
  });
  await site.run(60);
  for (const id of ['CP_1', 'CP_2', 'CP_3']) {
    site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
  }
  await site.run(120);
  return site;
};

const ask = async (site: VirtualSite, action: string, payload: object): Promise<unknown> => {
  let answer: unknown;
  void site.csms.call(ID, action, payload).then(
    (result) => {
      answer = result;
    },
    (error: unknown) => {
      answer = String(error);
    },
  );
  await site.run(10);
  return answer;
};

const heard = (site: VirtualSite, action: string) =>
  site.csms.received.filter((call) => call.charger === ID && call.action === action);

/** How often the CSMS took a security event with these words. */
const told = (site: VirtualSite, words: string): number =>
  heard(site, 'SecurityEventNotification').filter(({ payload }) =>
    JSON.stringify(payload).includes(words),
  ).length;

/** How many security events of a type the CSMS took. */
const count = (site: VirtualSite, type: string): number =>
  heard(site, 'SecurityEventNotification').filter(
    ({ payload }) => readObject(payload)['type'] === type,
  ).length;

for (const version of VERSIONS) {
  describe(`${version}: the controller's own identity`, () => {
    test('boots, beats, tells the site meter and its start, all by the schemas', async () => {
      const site = await startSite(version);
      await site.run(600);
      assert.equal(site.controller?.state, 'connected');
      for (const action of [
        'BootNotification',
        'Heartbeat',
        'MeterValues',
        'SecurityEventNotification',
      ]) {
        assert.ok(heard(site, action).length > 0, action);
      }
      const validate = validators(version);
      for (const call of site.csms.received.filter(({ charger }) => charger === ID)) {
        const check = validate(`${call.action}.req`);
        assert.ok(check(call.payload), `${call.action}: ${JSON.stringify(check.errors)}`);
      }
      const meter = JSON.stringify(heard(site, 'MeterValues').at(-1)?.payload);
      assert.match(meter, /Current\.Import/);
      assert.deepEqual(site.csms.problems, []);
    });

    test('takes the limit of the site, obeys it, keeps it over a restart, and gives it back', async () => {
      const site = await startSite(version);
      assert.ok(Math.max(...site.trueAmps) > 50);
      const answer = await ask(site, 'SetChargingProfile', siteProfile(version, 30));
      assert.equal(readObject(answer)['status'], 'Accepted');
      await site.run(30);
      assert.ok(Math.max(...site.trueAmps) <= 30.5, `${site.trueAmps}`);
      assert.match(site.view().circuits[0]?.limitReason ?? '', /30 A.*csms/);
      site.killGateway();
      await site.run(5);
      await site.startGateway();
      await site.run(120);
      assert.ok(Math.max(...site.trueAmps) <= 30.5, `${site.trueAmps} after the restart`);
      const place = version === '1.6' ? { connectorId: 0 } : { evseId: 0 };
      const composite = await ask(site, 'GetCompositeSchedule', { ...place, duration: 600 });
      assert.match(JSON.stringify(composite), /"limit":30/);
      const cleared = await ask(
        site,
        'ClearChargingProfile',
        version === '1.6' ? { id: 5 } : { chargingProfileId: 5 },
      );
      assert.equal(readObject(cleared)['status'], 'Accepted');
      await site.run(120);
      assert.ok(Math.max(...site.trueAmps) > 50);
    });

    test('refuses what a station without connectors cannot have', async () => {
      const site = await startSite(version);
      const start = version === '1.6' ? 'RemoteStartTransaction' : 'RequestStartTransaction';
      assert.equal(readObject(await ask(site, start, {}))['status'], 'Rejected');
      const profile = JSON.parse(
        JSON.stringify(siteProfile(version, 10)).replace(/Charg\w+MaxProfile/, 'TxDefaultProfile'),
      ) as object;
      const answer = readObject(await ask(site, 'SetChargingProfile', profile));
      assert.equal(answer['status'], 'Rejected');
      assert.match(String(await ask(site, 'NoSuchAction', {})), /NotImplemented/);
      assert.match(String(await ask(site, 'InstallCertificate', {})), /NotSupported/);
      const newest = version === '2.1' ? /NotSupported/ : /NotImplemented/;
      assert.match(String(await ask(site, 'SetDefaultTariff', {})), newest);
      const boot = await ask(site, 'TriggerMessage', { requestedMessage: 'BootNotification' });
      assert.equal(readObject(boot)['status'], version === '1.6' ? 'Accepted' : 'Rejected');
    });

    test('shows and changes its settings, restarts and uploads on request', async () => {
      const site = await startSite(version);
      if (version === '1.6') {
        const all = readObject(await ask(site, 'GetConfiguration', {}));
        assert.match(JSON.stringify(all), /BusbarSiteLimit/);
        assert.match(JSON.stringify(all), /"value":"Current,Power"/);
        assert.match(JSON.stringify(all), /MaxChargingProfilesInstalled/);
        const change = { key: 'HeartbeatInterval', value: '30' };
        assert.deepEqual(await ask(site, 'ChangeConfiguration', change), { status: 'Accepted' });
        await ask(site, 'GetDiagnostics', { location: 'http://files.example/in/' });
      } else {
        const report = { requestId: 9, reportBase: 'FullInventory' };
        assert.deepEqual(await ask(site, 'GetBaseReport', report), { status: 'Accepted' });
        assert.match(JSON.stringify(heard(site, 'NotifyReport')), /MessagesHeld/);
        const item = {
          component: { name: 'OCPPCommCtrlr' },
          variable: { name: 'HeartbeatInterval' },
        };
        const set = {
          setVariableData: [{ ...item, attributeType: 'Actual', attributeValue: '30' }],
        };
        const done = JSON.stringify(await ask(site, 'SetVariables', set));
        assert.match(done, /"attributeStatus":"Accepted","attributeType":"Actual"/);
        const tooMany = Array.from({ length: 51 }, () => item);
        const refused = await ask(site, 'GetVariables', { getVariableData: tooMany });
        assert.match(String(refused), /OccurrenceConstraintViolation/);
        const get = { getVariableData: [item] };
        assert.match(JSON.stringify(await ask(site, 'GetVariables', get)), /"attributeValue":"30"/);
        const log = { remoteLocation: 'http://files.example/in/' };
        await ask(site, 'GetLog', { requestId: 3, logType: 'DiagnosticsLog', log });
      }
      assert.equal(site.uploads.length, 1);
      const update = await ask(site, 'UpdateFirmware', {});
      if (version === '1.6') assert.equal(heard(site, 'FirmwareStatusNotification').length, 1);
      else assert.deepEqual(update, { status: 'Rejected' });
      const reset = { type: version === '1.6' ? 'Soft' : 'OnIdle' };
      assert.deepEqual(await ask(site, 'Reset', reset), { status: 'Accepted' });
      assert.equal(site.restarts, 1);
      const reasons = ['PowerUp', 'ScheduledReset', 'PowerUp'];
      for (const reason of reasons) {
        const boot = readObject(heard(site, 'BootNotification').at(-1)?.payload);
        if (version !== '1.6') assert.equal(boot['reason'], reason);
        site.killGateway();
        await site.startGateway();
        await site.run(60);
      }
    });

    test('comes back after the CSMS was away without a boot: it beats, and tells what changed', async () => {
      const site = await startSite(version);
      const count = (action: string): number => heard(site, action).length;
      const statuses = count('StatusNotification');
      site.csms.goDown();
      await site.run(120);
      assert.equal(site.controller?.state, 'none');
      site.controller?.securityEvent('ReconfigurationOfSecurityParameters', 'meanwhile');
      const beats = count('Heartbeat');
      site.csms.comeBack();
      await site.run(180);
      assert.equal(site.controller?.state, 'connected');
      assert.equal(count('BootNotification'), 1);
      assert.equal(count('StatusNotification'), statuses);
      assert.ok(count('Heartbeat') > beats);
      assert.equal(told(site, 'meanwhile'), 1);
      site.killGateway();
      await site.startGateway();
      await site.run(60);
      assert.equal(count('BootNotification'), 2, 'it has started anew');
    });

    test('boots for a CSMS that has forgotten it, at once or while it was away', async () => {
      const site = await startSite(version);
      const boots = (): number => heard(site, 'BootNotification').length;
      await site.run(300);
      site.csms.conduct.unknown.add(ID);
      site.controller?.securityEvent('ReconfigurationOfSecurityParameters', 'forgotten');
      await site.run(120);
      assert.equal(boots(), 2);
      assert.equal(told(site, 'forgotten'), 1, 'what it refused comes after the boot');
      site.csms.goDown();
      await site.run(60);
      site.csms.conduct.unknown.add(ID);
      site.csms.comeBack();
      await site.run(180);
      assert.equal(boots(), 3);
      assert.equal(site.controller?.state, 'connected');
      assert.deepEqual(site.csms.problems, []);
    });

    test('does not boot again and again for a CSMS that refuses something else', async () => {
      const site = await startSite(version);
      site.csms.conduct.unknown.add(ID);
      for (let i = 0; i < 40; i += 1) {
        await site.run(30);
        // Every boot is accepted, and all the rest is refused for ever.
        site.csms.conduct.unknown.add(ID);
      }
      const boots = heard(site, 'BootNotification').length;
      assert.ok(boots >= 2 && boots <= 6, `${boots} boots in 20 minutes`);
    });

    test('presents itself anew where the site file changed, and loses nothing it had to tell', async () => {
      const site = await startSite(version);
      const { controller } = site;
      assert.ok(controller);
      controller.change({ ...controller.spec });
      await site.run(30);
      assert.equal(heard(site, 'BootNotification').length, 1, 'nothing changed');
      site.csms.goDown();
      await site.run(10);
      controller.securityEvent('ReconfigurationOfSecurityParameters', 'file was read');
      site.csms.conduct.passwords.set(ID, 'new');
      controller.change({ ...controller.spec, model: 'Other box', password: 'new' });
      site.csms.comeBack();
      await site.run(120);
      assert.equal(controller.state, 'connected');
      const boots = heard(site, 'BootNotification').map(({ payload }) => JSON.stringify(payload));
      assert.equal(boots.length, 2);
      assert.match(boots[1] ?? '', /Other box/);
      assert.equal(told(site, 'file was read'), 1);
      assert.equal(count(site, 'StartupOfTheDevice'), 1);
    });

    test('that was not accepted yet boots on the next connection', async () => {
      const site = await startSite(version);
      site.killGateway();
      site.csms.conduct.bootStatus = 'Pending';
      await site.startGateway();
      await site.run(30);
      assert.equal(site.controller?.state, 'booting');
      const boots = heard(site, 'BootNotification').length;
      site.csms.goDown();
      await site.run(5);
      site.csms.conduct.bootStatus = 'Accepted';
      site.csms.comeBack();
      await site.run(60);
      assert.equal(heard(site, 'BootNotification').length, boots + 1);
      assert.equal(site.controller?.state, 'connected');
    });
  });
}

describe('K14: limits from outside', () => {
  test('are told when they come, change significantly, and go', async () => {
    const site = await startSite('2.0.1');
    const limit = (amps: number) =>
      site.setLimit('bms', { circuit: 'main', amps: [amps, amps, amps], ttlSeconds: 60 });
    const pause = NOTICE_EVERY_MS / 1000 + 2;
    limit(40);
    await site.run(pause);
    assert.equal(heard(site, 'NotifyChargingLimit').length, 1);
    limit(41);
    await site.run(pause);
    assert.equal(heard(site, 'NotifyChargingLimit').length, 1, '1 A of 40 A is not significant');
    limit(20);
    await site.run(pause);
    assert.equal(heard(site, 'NotifyChargingLimit').length, 2);
    await site.run(120);
    assert.equal(heard(site, 'ClearedChargingLimit').length, 1);
  });
});
