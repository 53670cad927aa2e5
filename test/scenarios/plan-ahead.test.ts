// What is known of the future goes down with an offer: chargers that lose the gateway follow limits of
// an EMS, hours of the policy, and the expiry of a limit, until their offer ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { Car } from '../../src/sim/car.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { composite } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const IDS = ['CP_1', 'CP_2', 'CP_3'];

const charging = async (options: Partial<VirtualSiteOptions> = {}, failsafeAmps?: number) => {
  const source = { id: 'ems', circuit: 'main' };
  const emsSources = [failsafeAmps === undefined ? source : { ...source, failsafeAmps }];
  const site = new VirtualSite({
    site: garage(3, { emsSources, arrivalReserve: 0 }),
    versions: { CP_2: '2.0.1', CP_3: '2.1' },
    ...options,
  });
  if (failsafeAmps !== undefined) limit(site, 63);
  await site.run(20);
  for (const id of IDS) {
    site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), `CARD-${id}`);
  }
  await site.run(40);
  if (failsafeAmps !== undefined) limit(site, 63);
  await site.run(60);
  return site;
};
const limit = (site: VirtualSite, amps: number, ttlSeconds = 90, startAtMs?: number) =>
  site.setLimit('ems', {
    circuit: 'main',
    amps: [amps, amps, amps],
    ttlSeconds,
    ...(startAtMs === undefined ? {} : { startAtMs }),
  });
const all = (conduct: Partial<ChargerConduct>): Partial<VirtualSiteOptions> => ({
  conduct: Object.fromEntries(IDS.map((id) => [id, conduct])),
});
const most = (site: VirtualSite): number => Math.max(...site.trueAmps);

test('D8: a limit that was ordered ahead holds without the gateway', async () => {
  const site = await charging();
  assert.ok(most(site) > 50, `${most(site)} A`);
  const inMs = 100_000;
  limit(site, 30, 600, site.clock.wallMs() + inMs);
  await site.run(70);
  assert.ok(most(site) > 50, `${most(site)} A until it begins`);
  site.killGateway();
  await site.run(10);
  assert.ok(most(site) > 50, `${most(site)} A until it begins`);
  await site.run(35);
  assert.ok(most(site) <= 30.5, `${most(site)} A in its time`);
  assert.ok(most(site) >= 18, `${most(site)} A: more than the fallback`);
});

test('D8: a limit that is not repeated gives way to the failsafe, without the gateway', async () => {
  const site = await charging({}, 24);
  limit(site, 63, 80);
  await site.run(50);
  assert.ok(most(site) > 50, `${most(site)} A`);
  site.killGateway();
  await site.run(20);
  assert.ok(most(site) > 50, `${most(site)} A`);
  await site.run(25);
  assert.ok(most(site) <= 24.5, `${most(site)} A after its expiry`);
});

test('a limit that is repeated in time costs no car a dip, and few calls', async () => {
  const site = await charging({}, 24);
  const before = site.gateway.counters.ownCalls;
  let least = Number.POSITIVE_INFINITY;
  site.watch = (amps) => {
    least = Math.min(least, Math.max(...amps));
  };
  for (let i = 0; i < 15; i += 1) {
    limit(site, 63, 60);
    await site.run(20);
  }
  assert.ok(least > 50, `${least} A at some time`);
  const calls = site.gateway.counters.ownCalls - before;
  assert.ok(calls <= (3 * 300) / 20, `${calls} calls to three chargers in 300 s`);
});

describe('a plan is cut to what a charger takes', () => {
  const takes: Readonly<Record<string, Partial<VirtualSiteOptions>>> = {
    'one period': all(CONDUCTS['one-period']),
    'two periods': all({ maxPeriods: 2 }),
    'relative schedules only': {
      ...all(CONDUCTS['relative-only']),
      traitsOf: () => ({ ...PLAIN_TRAITS, profileKind: 'relative' }),
    },
  };
  for (const [what, options] of Object.entries(takes)) {
    test(`${what}: without the gateway nobody is above a limit that was known`, async () => {
      const site = await charging(options);
      assert.ok(most(site) > 50, `${most(site)} A`);
      const startMs = site.clock.wallMs();
      // Beyond the fallback of the three, and up again: what does not fit must not be left out.
      limit(site, 40, 600, startMs + 60_000);
      limit(site, 20, 600, startMs + 80_000);
      await site.run(40);
      assert.ok(most(site) > 50, `${most(site)} A until it begins`);
      site.killGateway();
      await site.run(24);
      let worst = 0;
      for (let second = 65; second < 100; second += 1) {
        await site.run(1);
        worst = Math.max(worst, most(site) - (second < 85 ? 40 : 20));
      }
      assert.ok(worst <= 0.5, `${worst} A above a limit`);
    });
  }

  test('one period: the offer of a living gateway does not dip before its time', async () => {
    const site = await charging(all(CONDUCTS['one-period']));
    const before = site.gateway.counters.ownCalls;
    limit(site, 30, 600, site.clock.wallMs() + 60_000);
    let least = Number.POSITIVE_INFINITY;
    site.watch = (amps) => {
      least = Math.min(least, Math.max(...amps));
    };
    await site.run(59);
    assert.ok(least > 50, `${least} A before the limit begins`);
    site.watch = () => {};
    await site.run(15);
    assert.ok(most(site) <= 30.5, `${most(site)} A in its time`);
    const calls = site.gateway.counters.ownCalls - before;
    assert.ok(calls <= 3 * 12, `${calls} calls to three chargers`);
  });

  test('a step that comes within a second is told at once', async () => {
    for (const conduct of [{}, CONDUCTS['one-period']]) {
      const site = await charging(all(conduct));
      limit(site, 30, 600, site.clock.wallMs() + 700);
      await site.clock.run(600);
      site.killGateway();
      await site.run(20);
      assert.ok(most(site) <= 30.5, `${most(site)} A`);
    }
  });
});

test('hours of the policy hold without the gateway', async () => {
  const windows = [
    {
      id: 'morning',
      days: [0, 1, 2, 3, 4, 5, 6],
      fromMinute: 8 * 60 + 4,
      toMinute: 12 * 60,
      limitAmps: 30,
      calmBelow: 1,
    },
  ];
  const site = await charging({ policy: { ...DEFAULT_POLICY, windows } });
  const clockText = new Date(site.clock.wallMs()).toISOString().slice(11, 16);
  assert.equal(clockText, '06:02', 'two minutes to 08:04 in Berlin');
  await site.run(80);
  assert.ok(most(site) > 50, `${most(site)} A until the hour`);
  site.killGateway();
  await site.run(50);
  assert.ok(most(site) <= 30.5, `${most(site)} A in the hour`);
  assert.ok(most(site) >= 18, `${most(site)} A: more than the fallback`);
});

test('SC.04 a composite schedule tells limits ordered ahead, and the failsafe after one that ends', async () => {
  const site = await charging({}, 18);
  limit(site, 63, 300);
  limit(site, 24, 120, site.clock.wallMs() + 120_000);
  await site.run(1);
  const { periods } = await composite(site, '1.6', 1, 600);
  const at = (second: number) => periods.findLast(([start]) => start <= second)?.[1] ?? 0;
  assert.ok(at(130) <= 24 && at(130) > 18, `${at(130)} A while it holds`);
  assert.ok(at(330) <= 18, `${at(330)} A after all of them`);
});

test('a limit of the whole site by its schedule holds without the gateway', async () => {
  const controller = { identity: 'SITE', version: '2.0.1', vendor: 'B', model: 'G' } as const;
  const site = await charging({ controller });
  const startSchedule = new Date(site.clock.wallMs()).toISOString();
  const chargingSchedulePeriod = [
    { startPeriod: 0, limit: 60 },
    { startPeriod: 110, limit: 30 },
  ];
  const schedule = { id: 1, startSchedule, chargingRateUnit: 'A', chargingSchedulePeriod };
  const chargingProfile = {
    id: 1,
    stackLevel: 0,
    chargingProfilePurpose: 'ChargingStationMaxProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: [schedule],
  };
  void site.csms.call('SITE', 'SetChargingProfile', { evseId: 0, chargingProfile });
  await site.run(80);
  assert.ok(most(site) > 50, `${most(site)} A at first`);
  site.killGateway();
  await site.run(45);
  assert.ok(most(site) <= 30.5, `${most(site)} A in its second period`);
});
