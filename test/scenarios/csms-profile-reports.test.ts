// What the gateway tells or asks a CSMS by itself: reports of profiles, figures of dynamic ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { ask, CHARGER, profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const charging = async (version: OcppVersion): Promise<VirtualSite> => {
  const site = new VirtualSite({ site: garage(1), versions: { [CHARGER]: version } });
  await site.run(15);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'CARD');
  await site.run(60);
  return site;
};
const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const near = (site: VirtualSite, amps: number, why: string): void =>
  assert.ok(
    draw(site) <= amps + 0.2 && draw(site) >= amps * 0.95,
    `${why}: ${draw(site)} A instead of ${amps} A`,
  );
const status = (answer: unknown): string => (answer as { readonly status: string }).status;

for (const version of ['2.0.1', '2.1'] as const) {
  test(`${version}: K09.FR.01-06 GetChargingProfiles reports what the CSMS set, as it set it, and nothing else`, async () => {
    const site = await charging(version);
    const now = site.clock.wallMs();
    const first = profile(version, { id: 1, purpose: 'TxDefaultProfile', amps: 20, now });
    const max = profile(version, { id: 2, purpose: 'ChargingStationMaxProfile', amps: 25, now });
    await set(site, version, 1, { ...first, customData: { vendorId: 'x', a: 1.5 } });
    await set(site, version, 0, max);
    const get = (chargingProfile: object, more: object = {}) =>
      ask(site, 'GetChargingProfiles', { requestId: 7, chargingProfile, ...more });
    assert.equal(status(await get({})), 'Accepted');
    await site.run(2);
    const reports = site.csms.received.filter(({ action }) => action === 'ReportChargingProfiles');
    assert.deepEqual(
      reports.map(({ payload }) => payload),
      [
        { requestId: 7, chargingLimitSource: 'CSO', evseId: 0, chargingProfile: [max], tbc: true },
        {
          requestId: 7,
          chargingLimitSource: 'CSO',
          evseId: 1,
          chargingProfile: [{ ...first, customData: { vendorId: 'x', a: 1.5 } }],
        },
      ],
    );
    assert.equal(status(await get({ chargingProfileId: [9] })), 'NoProfiles');
    assert.equal(status(await get({ stackLevel: 3 })), 'NoProfiles');
    assert.equal(status(await get({}, { evseId: 0 })), 'Accepted');
    assert.deepEqual(site.csms.problems, []);
  });
}

test('2.1: a dynamic profile that wants to be asked for is asked for (K28)', async () => {
  const site = await charging('2.1');
  site.csms.conduct.dynamicAmps = 13;
  const dynamic = {
    id: 3,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Dynamic',
    dynUpdateInterval: 30,
    chargingSchedule: [
      {
        id: 1,
        duration: 120,
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }],
      },
    ],
  };
  await set(site, '2.1', 1, dynamic);
  await site.run(20);
  near(site, 10, 'as it was set');
  await site.run(40);
  near(site, 13, 'the figure that the CSMS gave');
  const asked = site.csms.received.filter(({ action }) => action === 'PullDynamicScheduleUpdate');
  assert.ok(asked.length >= 1 && asked.length <= 2, `asked ${asked.length} times in a minute`);
});
