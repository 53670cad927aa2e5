// Overlay: the CSMS's profiles go to the charger untouched, the site's limit lies above them as the
// maximum of the charger, and comes back when the CSMS takes it away.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STANDING_LIFE_MS } from '../../src/control/offers/offer-calls.ts';
import { OWN_LEASE_PROFILE_ID } from '../../src/control/offers/own-profiles.ts';
import type { Site } from '../../src/core/site.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { ask, CHARGER, clear, composite, profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];

const overlaid = (changes: { readonly mainAmps?: number } = {}): Site => {
  const site = garage(1, changes);
  return { ...site, chargers: site.chargers.map((spec) => ({ ...spec, csmsProfiles: 'overlay' })) };
};
const charging = async (version: OcppVersion, options: Partial<VirtualSiteOptions> = {}) => {
  const site = new VirtualSite({
    site: overlaid(),
    buildingAmps: [30, 30, 30],
    versions: { [CHARGER]: version },
    ...options,
  });
  await site.run(20);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
  await site.run(100);
  return site;
};
const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const held = (site: VirtualSite) => site.charger(CHARGER).profiles.installed();
const near = (site: VirtualSite, amps: number, why: string): void =>
  assert.ok(
    draw(site) <= amps + 0.2 && draw(site) >= amps * 0.92,
    `${why}: ${draw(site)} A instead of ${amps} A`,
  );

for (const version of VERSIONS) {
  describe(version, () => {
    test('the charger holds one maximum of the site, and what the CSMS sets', async () => {
      const site = await charging(version);
      near(site, 32, 'what the fuse leaves');
      assert.deepEqual(
        held(site).map((each) => each.profile.purpose),
        ['station-max'],
      );
      const now = site.clock.wallMs();
      const wanted = profile(version, { id: 9, purpose: 'TxDefaultProfile', amps: 11, now });
      assert.deepEqual(await set(site, version, 1, wanted), { status: 'Accepted' });
      await site.run(20);
      near(site, 11, 'the charger itself follows the CSMS');
      assert.ok(
        held(site).some((each) => each.profile.id === 9),
        'it was relayed',
      );
      assert.equal((await composite(site, version, 1, 60)).periods[0]?.[1], 11);
      assert.equal(site.view().chargers[0]?.connectors[0]?.targetAmps, 11);
      assert.deepEqual(await clear(site, version, { id: 9 }), { status: 'Accepted' });
      await site.run(60);
      near(site, 32, 'cleared');
    });

    test('a Clear of everything takes ours too: it is back within a second', async () => {
      const site = await charging(version, { site: overlaid({ mainAmps: 50 }) });
      near(site, 19, '50 A less 30 A and a margin');
      await clear(site, version, {});
      await site.run(1);
      assert.deepEqual(
        held(site).map((each) => each.profile.purpose),
        ['station-max'],
      );
      await site.run(30);
      near(site, 19, 'afterwards');
      assert.equal(site.breaker.record().tripped, false);
    });

    test('a maximum of the CSMS counts, and does not take the place of ours', async () => {
      const site = await charging(version, { site: overlaid({ mainAmps: 50 }) });
      const now = site.clock.wallMs();
      const purpose = version === '1.6' ? 'ChargePointMaxProfile' : 'ChargingStationMaxProfile';
      for (const [amps, expected] of [
        [40, 19],
        [12, 12],
      ] as const) {
        const stackLevel = version === '1.6' ? 8 : 0;
        await set(site, version, 0, profile(version, { id: 9, purpose, amps, now, stackLevel }));
        await site.run(60);
        near(site, expected, `${amps} A of the CSMS`);
      }
    });

    test('a profile of the CSMS under our id costs us ours for a second at most', async () => {
      const site = await charging(version, { site: overlaid({ mainAmps: 50 }) });
      const now = site.clock.wallMs();
      const id = OWN_LEASE_PROFILE_ID;
      const wanted = profile(version, { id, purpose: 'TxDefaultProfile', amps: 30, now });
      assert.deepEqual(await set(site, version, 1, wanted), { status: 'Accepted' });
      await site.run(1);
      assert.ok(held(site).some((each) => each.profile.purpose === 'station-max'));
      await site.run(30);
      near(site, 19, 'afterwards');
      assert.equal(site.breaker.record().tripped, false);
    });

    test('between transactions the maximum is the fallback, also when the gateway is gone', async () => {
      const site = await charging(version);
      site.charger(CHARGER).unplug(1);
      await site.run(10);
      assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
      site.killGateway();
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD-2');
      await site.run(30);
      near(site, 6, 'the next car');
    });
  });
}

test('2.1: priority and dynamic figures that the charger took are counted too', async () => {
  const taken = new Set(['UsePriorityCharging', 'UpdateDynamicSchedule']);
  const answers = (action: string) =>
    taken.has(action) ? { result: { status: 'Accepted' } } : undefined;
  const site = await charging('2.1', { conduct: { [CHARGER]: { answers } } });
  const now = site.clock.wallMs();
  const transactionId = site.view().chargers[0]?.connectors[0]?.transactionId ?? '';
  const target = async () => {
    await site.run(5);
    return site.view().chargers[0]?.connectors[0]?.targetAmps;
  };
  const base = { now, transactionId };
  await set(site, '2.1', 1, profile('2.1', { id: 1, purpose: 'TxProfile', amps: 8, ...base }));
  await set(site, '2.1', 1, profile('2.1', { id: 2, purpose: 'PriorityCharging', amps: 20, now }));
  assert.equal(await target(), 8);
  await ask(site, 'UsePriorityCharging', { transactionId, activate: true });
  assert.equal(await target(), 20);
  await ask(site, 'UsePriorityCharging', { transactionId, activate: false });
  assert.equal(await target(), 8);
  const schedule = { id: 1, chargingRateUnit: 'A' };
  const chargingSchedule = [
    { ...schedule, chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }] },
  ];
  const wanted = profile('2.1', { id: 1, purpose: 'TxProfile', amps: 8, ...base });
  const dynamic = { ...wanted, chargingProfileKind: 'Dynamic', chargingSchedule };
  await set(site, '2.1', 1, dynamic);
  assert.equal(await target(), 10);
  await ask(site, 'UpdateDynamicSchedule', { chargingProfileId: 1, scheduleUpdate: { limit: 13 } });
  assert.equal(await target(), 13);
});

test('D8: the gateway dies: after its life the maximum falls to the fallback by itself', async () => {
  const site = await charging('1.6');
  near(site, 32, 'with the gateway');
  await site.run(STANDING_LIFE_MS / 1000 + 120);
  near(site, 32, 'it is renewed in time');
  site.killGateway();
  await site.run(60);
  near(site, 32, 'at first its last offer holds');
  await site.run(STANDING_LIFE_MS / 1000);
  near(site, 6, 'then its fallback');
});

test('D12: raises have a budget, reductions always pass', async () => {
  const site = await charging('1.6', {
    raisesPerDay: 3,
    site: overlaid({ mainAmps: 60 }),
    loadSteps: Array.from({ length: 20 }, (_, i) => ({
      atMs: 120_000 + i * 120_000,
      untilMs: 180_000 + i * 120_000,
      amps: [18, 18, 18] as const,
    })),
  });
  await site.run(2_300);
  const spared = site.view().counters['sparedWrites'] ?? 0;
  assert.ok(spared > 0, 'no raise was spared');
  assert.equal(site.breaker.record().tripped, false);
  assert.ok(draw(site) <= 12.2, `${draw(site)} A: it stays low`);
});
