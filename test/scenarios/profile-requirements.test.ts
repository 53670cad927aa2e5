// Rules of the standard that show only between CSMS, gateway and charger; each names its requirement.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLAIN_TRAITS } from '../../src/core/charger-traits.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { CONDUCTS } from '../../src/sim/charger-conduct.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { ask, CHARGER, profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const charging = async (version: OcppVersion, options: Partial<VirtualSiteOptions> = {}) => {
  const site = new VirtualSite({
    site: garage(1),
    versions: { [CHARGER]: version },
    ...options,
  });
  await site.run(20);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
  await site.run(60);
  return site;
};
const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const status = (answer: unknown): string => (answer as { readonly status: string }).status;
const transactionOf = (site: VirtualSite): string =>
  site.view().chargers[0]?.connectors[0]?.transactionId ?? '';
const near = (site: VirtualSite, amps: number): void =>
  assert.ok(draw(site) <= amps + 0.2 && draw(site) >= amps * 0.92, `${draw(site)} A of ${amps} A`);

test('K01.FR.26: both units are supported, whichever the charger takes', async () => {
  const site = await charging('2.0.1', { conduct: { [CHARGER]: CONDUCTS['amps-only'] } });
  const now = site.clock.wallMs();
  const watts = { id: 1, purpose: 'TxDefaultProfile', amps: 6_900, unit: 'W', now } as const;
  assert.equal(status(await set(site, '2.0.1', 1, profile('2.0.1', watts))), 'Accepted');
  await site.run(25);
  near(site, 10);
  const unknown = profile('2.0.1', { ...watts, unit: 'kW' as 'W' });
  await assert.rejects(set(site, '2.0.1', 1, unknown), /PropertyConstraintViolation/);
});

test('K01.FR.29: a make that takes no limits answers for itself', async () => {
  const site = await charging('1.6', {
    conduct: { [CHARGER]: CONDUCTS['rejects-profiles'] },
    traitsOf: () => ({ ...PLAIN_TRAITS, purposes: [] }),
    plates: { [CHARGER]: { vendor: 'Amperfied', model: 'connect.business' } },
  });
  const now = site.clock.wallMs();
  const wanted = profile('1.6', { id: 1, purpose: 'TxDefaultProfile', amps: 10, now });
  assert.equal(status(await set(site, '1.6', 1, wanted)), 'Rejected');
});

test('K01.FR.15: a default of EVSE 0 is not copied to the EVSEs', async () => {
  const site = await charging('2.0.1');
  const now = site.clock.wallMs();
  const wanted = profile('2.0.1', { id: 1, purpose: 'TxDefaultProfile', amps: 10, now });
  await set(site, '2.0.1', 0, wanted);
  const get = (evseId: number) =>
    ask(site, 'GetChargingProfiles', { requestId: 1, evseId, chargingProfile: {} });
  assert.equal(status(await get(1)), 'NoProfiles');
  assert.equal(status(await get(0)), 'Accepted');
});

for (const version of ['1.6', '2.0.1', '2.1'] as const) {
  test(`${version}: 1.6 §3.13.6: profiles hold while the CSMS is away`, async () => {
    const site = await charging(version);
    const now = site.clock.wallMs();
    const transactionId = transactionOf(site);
    const wanted = { id: 1, purpose: 'TxProfile', amps: 12, now, transactionId };
    assert.equal(status(await set(site, version, 1, profile(version, wanted))), 'Accepted');
    site.csms.goDown();
    await site.run(120);
    near(site, 12);
  });
}

describe('2.1: ISO 15118', () => {
  const schedule = (id: number, limit: number, now: number) => ({
    id,
    startSchedule: new Date(now - 60_000).toISOString(),
    chargingRateUnit: 'A',
    chargingSchedulePeriod: [{ startPeriod: 0, limit }],
  });

  test('K15.FR.08, K19.FR.08: three schedules for a car are taken at once, the least holds', async () => {
    const site = await charging('2.1');
    const now = site.clock.wallMs();
    const transactionId = transactionOf(site);
    const wanted = profile('2.1', { id: 1, purpose: 'TxProfile', amps: 12, now, transactionId });
    const chargingSchedule = [20, 11, 16].map((amps, i) => schedule(i + 1, amps, now));
    const before = site.clock.monotonicMs();
    const answer = await set(site, '2.1', 1, { ...wanted, chargingSchedule });
    assert.equal(status(answer), 'Accepted');
    assert.ok(site.clock.monotonicMs() - before <= 1_000, 'no seconds of ours are added');
    await site.run(20);
    near(site, 11);
  });

  test('K01.FR.34: they are not for a default', async () => {
    const site = await charging('2.1');
    const now = site.clock.wallMs();
    const wanted = profile('2.1', { id: 1, purpose: 'TxDefaultProfile', amps: 12, now });
    const chargingSchedule = [20, 11].map((amps, i) => schedule(i + 1, amps, now));
    const answer = await set(site, '2.1', 1, { ...wanted, chargingSchedule });
    assert.equal(status(answer), 'Rejected');
  });
});
