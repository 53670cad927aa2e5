// Rules of the standard that show only between CSMS, gateway and charger; each names its requirement.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
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

describe('2.1: K01.FR.56 to FR.59: a charger that spares its memory', () => {
  /** Refuses defaults that come more often than every 30 s. */
  const sparing = async () => {
    const told: { readonly atMs: number; readonly limit: number; readonly taken: boolean }[] = [];
    let now = (): number => 0;
    let lastMs = Number.NEGATIVE_INFINITY;
    const answers = (action: string, payload: unknown) => {
      const text = JSON.stringify(payload);
      if (action !== 'SetChargingProfile' || !text.includes('TxDefaultProfile')) return undefined;
      const waitMs = lastMs + 30_000 - now();
      const limit = Number(/"limit":([\d.]+)/.exec(text)?.[1]);
      told.push({ atMs: now(), limit, taken: waitMs <= 0 });
      if (waitMs <= 0) lastMs = now();
      const additionalInfo = `${Math.ceil(waitMs / 1000)} seconds before retry`;
      const statusInfo = { reasonCode: 'RateLimitExceeded', additionalInfo };
      return waitMs <= 0 ? undefined : { result: { status: 'Rejected', statusInfo } };
    };
    const site = new VirtualSite({
      site: garage(1),
      versions: { [CHARGER]: '2.1' },
      conduct: { [CHARGER]: { purposes: ['tx-default'], answers } },
      traitsOf: () => ({ ...PLAIN_TRAITS, purposes: ['tx-default'] }),
    });
    now = () => site.clock.monotonicMs();
    await site.run(40);
    site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
    return { site, told };
  };

  test('FR.58, FR.59: raises and the fallback wait as long as it says, in the same way', async () => {
    const { site, told } = await sparing();
    await site.run(240);
    near(site, 32);
    assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
    assert.ok(told.some(({ taken }) => !taken));
    assert.ok(told.filter(({ taken }) => !taken).length <= 4, `${told.length} asked`);
    const connector = site.view().chargers[0]?.connectors[0];
    assert.equal(connector?.limitedBy, 'TxDefaultProfile in A');
    assert.equal(connector?.obedience, 'confirmed');
  });

  test('a reduction does not wait: it is asked for until it is taken', async () => {
    const { site, told } = await sparing();
    await site.run(240);
    const atMs = site.clock.monotonicMs();
    const now = site.clock.wallMs();
    for (const amps of [16, 8]) {
      const wanted = { id: 1, purpose: 'TxDefaultProfile', amps, now };
      await set(site, '2.1', 1, profile('2.1', wanted));
      await site.run(2);
    }
    await site.run(43);
    assert.ok(draw(site) <= 8.2, `${draw(site)} A`);
    const asked = told.filter((each) => each.atMs >= atMs && each.limit <= 8);
    assert.ok(asked.length >= 2, 'asked again before the time that it gave');
  });
});

test('2.1: K29: limits of an external system in a TxDefaultProfile leave it to the site', async () => {
  const emsSources = [{ id: 'ems', circuit: 'main' }];
  const site = await charging('2.1', { site: garage(1, { emsSources }) });
  const now = site.clock.wallMs();
  const wanted = profile('2.1', { id: 1, purpose: 'TxDefaultProfile', amps: 32, now });
  const period = { startPeriod: 0, operationMode: 'ExternalLimits' };
  const schedule = (operationMode: string) => [
    {
      id: 1,
      startSchedule: new Date(now - 60_000).toISOString(),
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [{ ...period, operationMode }],
    },
  ];
  const outside = { ...wanted, chargingSchedule: schedule('ExternalLimits') };
  assert.equal(status(await set(site, '2.1', 1, outside)), 'Accepted');
  await site.run(20);
  near(site, 32);
  site.setLimit('ems', { circuit: 'main', amps: [14, 14, 14], ttlSeconds: 120 });
  await site.run(25);
  assert.ok(draw(site) <= 14, `${draw(site)} A`);
  const setpoint = await set(site, '2.1', 1, {
    ...wanted,
    chargingSchedule: schedule('ExternalSetpoint'),
  });
  assert.deepEqual((setpoint as { readonly statusInfo: object }).statusInfo, {
    reasonCode: 'InvalidOperationMode',
    additionalInfo: 'K01.FR.71, FR.111 to FR.116 the operation mode is one that amps can express',
  });
});
