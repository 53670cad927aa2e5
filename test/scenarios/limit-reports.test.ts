// K11-K13: the CSMS is told, in the name of a charger, what the site leaves it: rarely, in the words of
// each version, never before its boot or among messages that are delivered after an outage.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPORT_MESSAGE_ID } from '../../src/control/profiles/limit-reports.ts';
import { readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { validators } from '../ocpp-schemas.ts';
import { profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const EVERY_SECONDS = 60;
const REPORTS = { significancePercent: 10, everyMs: EVERY_SECONDS * 1000 };
const VENDOR = 'com.example.site';

const charging = async (
  version: OcppVersion,
  options: Partial<VirtualSiteOptions> = {},
  vendors: readonly string[] = [],
) => {
  const site = new VirtualSite({
    site: { ...garage(2), emsSources: [{ id: 'bms', circuit: 'main' }] },
    versions: { CP_1: version, CP_2: version },
    buildingAmps: [2, 2, 2],
    limitReports: REPORTS,
    ...options,
  });
  site.csms.conduct.oneCallAtATime = true;
  for (const vendor of vendors) site.csms.conduct.vendors.add(vendor);
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 20, needWh: 200_000 }), 'CARD-1');
  await site.run(100);
  return site;
};
const limited = (site: VirtualSite, amps: number, ttlSeconds = 3_600) =>
  site.setLimit('bms', { circuit: 'main', amps: [amps, amps, amps], ttlSeconds });
const allReports = (site: VirtualSite, charger = 'CP_1') =>
  site.csms.received.filter(
    ({ action, charger: from }) => from === charger && /ChargingLimit|DataTransfer/.test(action),
  );
/** Without the clear that each run begins with. */
const reports = (site: VirtualSite, charger = 'CP_1') => allReports(site, charger).slice(1);
const figure = (payload: object | undefined): number =>
  Number(/"limit":([\d.]+)/.exec(JSON.stringify(payload))?.[1]);

const sourceOf = (payload: unknown): unknown =>
  readObject(readObject(payload)['chargingLimit'])['chargingLimitSource'];

for (const version of ['2.0.1', '2.1'] as const) {
  describe(`${version}: what the site leaves a charger`, () => {
    test('K11.FR.02, FR.05 is told when it binds and when it changes much, K13.FR.02 and when it goes', async () => {
      const site = await charging(version);
      assert.deepEqual(reports(site), [], 'the car takes all it wants');
      limited(site, 26);
      await site.run(2 * EVERY_SECONDS);
      const [first] = reports(site);
      assert.equal(first?.action, 'NotifyChargingLimit');
      assert.equal(readObject(first?.payload)['evseId'], 1);
      assert.notEqual(sourceOf(first?.payload), 'CSO');
      const offered = site.view().chargers[0]?.connectors[0]?.targetAmps;
      assert.equal(figure(reports(site).at(-1)?.payload), offered);
      limited(site, 25);
      await site.run(2 * EVERY_SECONDS);
      const before = reports(site).length;
      limited(site, 19);
      await site.run(2 * EVERY_SECONDS);
      assert.equal(reports(site).length, before + 1, 'a third less is significant');
      limited(site, 60);
      await site.run(3 * EVERY_SECONDS);
      assert.equal(reports(site).at(-1)?.action, 'ClearedChargingLimit');
      const validate = validators(version);
      for (const { action, payload } of reports(site)) {
        const check = validate(`${action}.req`);
        assert.ok(check(payload), `${action}: ${JSON.stringify(check.errors)}`);
      }
      assert.deepEqual(site.csms.problems, []);
    });
  });
}

describe('2.0.1: a report', () => {
  const version = '2.0.1';
  test('K12.FR.02, FR.04 is told without a transaction too, as far as it comes from outside', async () => {
    const site = await charging(version);
    assert.deepEqual(reports(site, 'CP_2'), [], 'a fuse that is shared is no limit of one charger');
    limited(site, 12);
    await site.run(5);
    assert.equal(figure(reports(site, 'CP_2')[0]?.payload), 12);
    assert.equal(sourceOf(reports(site, 'CP_2')[0]?.payload), 'EMS');
  });

  test('is no news when the CSMS itself set the limit', async () => {
    const site = await charging(version);
    const now = site.clock.wallMs();
    const own = profile(version, { id: 1, purpose: 'TxDefaultProfile', amps: 9, now });
    await set(site, version, 1, own);
    await site.run(2 * EVERY_SECONDS);
    assert.deepEqual(reports(site), []);
  });

  test('is told once in its time, however much it changes', async () => {
    const site = await charging(version);
    const fromMs = site.clock.monotonicMs();
    for (let i = 0; i < 60; i += 1) {
      limited(site, i % 2 === 0 ? 18 : 26);
      await site.run(5);
    }
    const times = reports(site).map(({ atMs }) => atMs);
    for (const [i, at] of times.entries()) {
      const since = at - (times[i - 1] ?? fromMs - REPORTS.everyMs);
      assert.ok(since >= REPORTS.everyMs, `${since} ms after the one before`);
    }
    assert.ok(times.length >= 2);
  });

  test('waits until everything held was delivered after an outage', async () => {
    const site = await charging(version);
    site.csms.goDown();
    await site.run(60);
    limited(site, 10);
    site.charger('CP_1').unplug(1);
    await site.run(60);
    site.charger('CP_1').plugIn(1, new Car({ maxAmps: 20, needWh: 200_000 }), 'CARD-1');
    await site.run(300);
    const from = site.csms.received.length;
    site.csms.comeBack();
    await site.run(300);
    const after = site.csms.received.slice(from).filter(({ charger }) => charger === 'CP_1');
    const told = after.findIndex(({ action }) => action === 'NotifyChargingLimit');
    const held = after.findLastIndex(({ payload }) => readObject(payload)['offline'] === true);
    assert.ok(held >= 0 && told > held, `report ${told}, last held message ${held}`);
    assert.deepEqual(site.csms.problems, []);
    assert.equal(site.audit('CP_1').lost.length, 0);
  });
});

describe('1.6: what the site leaves a charger', () => {
  test('is told by a DataTransfer of the vendor that was agreed', async () => {
    const limitReports = { ...REPORTS, dataTransferVendorId: VENDOR };
    const site = await charging('1.6', { limitReports }, [VENDOR]);
    limited(site, 20);
    await site.run(2 * EVERY_SECONDS);
    const payload = readObject(reports(site)[0]?.payload);
    assert.equal(payload['messageId'], REPORT_MESSAGE_ID);
    const data = readObject(JSON.parse(String(payload['data'])));
    assert.equal(data['connectorId'], 1);
    assert.match(String(data['reason']), /main: 20 A from bms/);
    limited(site, 60);
    await site.run(3 * EVERY_SECONDS);
    const last = readObject(JSON.parse(String(readObject(reports(site).at(-1)?.payload)['data'])));
    assert.equal(last['limitAmps'], null);
  });

  test('is not told without one, and only once to a CSMS that does not know it', async () => {
    const silent = await charging('1.6');
    limited(silent, 20);
    await silent.run(3 * EVERY_SECONDS);
    assert.deepEqual(allReports(silent), []);
    const limitReports = { ...REPORTS, dataTransferVendorId: VENDOR };
    const site = await charging('1.6', { limitReports });
    for (const amps of [26, 19, 26, 19]) {
      limited(site, amps);
      await site.run(2 * EVERY_SECONDS);
    }
    assert.equal(allReports(site).length, 1);
  });
});

describe('a limit that was told and goes unseen', () => {
  const actions = (site: VirtualSite) => allReports(site, 'CP_2').map(({ action }) => action);
  const told = ['ClearedChargingLimit', 'NotifyChargingLimit'];

  test('is cleared when the charger is back, and only once', async () => {
    const site = await charging('2.0.1');
    limited(site, 12);
    await site.run(EVERY_SECONDS);
    assert.deepEqual(actions(site), told);
    site.charger('CP_2').setNetwork(false);
    await site.run(120);
    limited(site, 60);
    for (let i = 0; i < 2; i += 1) {
      site.charger('CP_2').setNetwork(true);
      await site.run(300);
      assert.deepEqual(actions(site), [...told, 'ClearedChargingLimit']);
      site.charger('CP_2').setNetwork(false);
      await site.run(120);
    }
  });

  test('is cleared by the next run of the gateway', async () => {
    const site = await charging('2.0.1');
    limited(site, 12, 60);
    await site.run(30);
    assert.deepEqual(actions(site), told);
    site.killGateway();
    await site.run(120);
    await site.startGateway();
    await site.run(300);
    assert.equal(actions(site).at(-1), 'ClearedChargingLimit');
  });
});

test('the connectors of a charger are told in turn', async () => {
  const { chargers, ...rest } = garage(1);
  const site = new VirtualSite({
    site: {
      ...rest,
      chargers: chargers.map((charger) => ({ ...charger, connectors: 2 })),
      emsSources: [{ id: 'bms', circuit: 'main' }],
    },
    versions: { CP_1: '2.0.1' },
    limitReports: REPORTS,
  });
  await site.run(20);
  for (let i = 0; i < 40; i += 1) {
    limited(site, [8, 12, 18, 26][i % 4] ?? 8);
    await site.run(20);
  }
  const evses = allReports(site).map(({ payload }) => readObject(payload)['evseId']);
  const ofSecond = evses.filter((evse) => evse === 2).length;
  assert.ok(ofSecond >= 4 && Math.abs(evses.length - 2 * ofSecond) <= 2, String(evses));
});

test('nothing is told unless it was asked for', async () => {
  const site = new VirtualSite({ site: garage(1, { mainAmps: 16 }), versions: { CP_1: '2.0.1' } });
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'CARD-1');
  await site.run(300);
  assert.deepEqual(allReports(site), []);
});
