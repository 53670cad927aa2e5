// D8, D10: chargers of no known make that refuse, ignore or forget. What the gateway does about it
// is seen at the charger; the fuse holds whatever it does.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];
const CHARGER = 'CP_1';

const charging = async (version: OcppVersion, conduct: Partial<ChargerConduct>) => {
  const site = new VirtualSite({
    site: garage(1),
    versions: { [CHARGER]: version },
    conduct: { [CHARGER]: conduct },
  });
  await site.run(20);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
  await site.run(120);
  return site;
};
const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const connector = (site: VirtualSite) => site.view().chargers[0]?.connectors[0];

for (const version of VERSIONS) {
  describe(version, () => {
    test('a charger that takes watts only is given its limit and its fallback in watts', async () => {
      const site = await charging(version, CONDUCTS['watts-only']);
      assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
      assert.equal(connector(site)?.limitedBy, 'TxProfile in W');
      assert.ok(draw(site) > 28);
      site.killGateway();
      await site.run(150);
      assert.ok(draw(site) <= 6.2, `${draw(site)} A: the fallback`);
    });

    test('a charger without TxProfiles is limited by defaults, which are taken back', async () => {
      const site = await charging(version, { purposes: ['tx-default'] });
      assert.equal(connector(site)?.limitedBy, 'TxDefaultProfile in A');
      assert.ok(draw(site) > 28, `${draw(site)} A`);
      site.charger(CHARGER).unplug(1);
      await site.run(10);
      assert.equal(site.charger(CHARGER).profiles.installed().length, 1, 'the fallback alone');
      assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
    });

    test('a charger that takes no profile for connector 0 gets its fallback on each', async () => {
      const site = await charging(version, CONDUCTS['no-connector-zero']);
      assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
    });

    test('Σ ≤ limit after a kill of the gateway, also where durations are ignored', async () => {
      const site = new VirtualSite({
        site: garage(4, { mainAmps: 50 }),
        versions: { CP_1: version, CP_2: version, CP_3: version, CP_4: version },
        conduct: { CP_1: CONDUCTS['ignores-duration'], CP_2: CONDUCTS['ignores-duration'] },
      });
      await site.run(15);
      for (let i = 1; i <= 4; i += 1) {
        site.charger(`CP_${i}`).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), `C-${i}`);
      }
      await site.run(120);
      site.killGateway();
      await site.run(150);
      assert.equal(site.breaker.record().overMs, 0);
    });
  });
}

test('a fallback that is refused for good is tried ever less often', async () => {
  const site = await charging('1.6', CONDUCTS['rejects-profiles']);
  const before = site.gateway.counters.ownCalls;
  await site.run(1_800);
  const calls = site.gateway.counters.ownCalls - before;
  assert.ok(calls < 45, `${calls} calls of the gateway in half an hour`);
  assert.deepEqual(connector(site)?.worstCaseAmps, [32, 32, 32]);
});

test('a default that was in the charger before the gateway came does not outlive an offer', async () => {
  const site = new VirtualSite({ site: garage(1) });
  const { profiles } = site.charger(CHARGER);
  const old = {
    chargingProfileId: 1,
    stackLevel: 7,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: {
      chargingRateUnit: 'A',
      startSchedule: '2020-01-01T00:00:00Z',
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 32 }],
    },
  };
  profiles.set({ connectorId: 0, csChargingProfiles: old }, 1, () => undefined, 0);
  await site.run(20);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
  await site.run(60);
  site.killGateway();
  await site.run(150);
  assert.ok(draw(site) <= 6.2, `${draw(site)} A: the old default holds`);
});

for (const version of VERSIONS) {
  test(`${version}: escalation against a charger that ignores its limit ends in a stop, if asked for`, async () => {
    const site = new VirtualSite({
      site: garage(1, { mainAmps: 30 }),
      buildingAmps: [15, 15, 15],
      versions: { [CHARGER]: version },
      conduct: { [CHARGER]: CONDUCTS['ignores-profiles'] },
      remoteStopAfterSeconds: 150,
    });
    await site.run(20);
    site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 12, needWh: 400_000 }), 'CARD');
    await site.run(40);
    const obedience = new Set<string>();
    const now = site.clock.wallMs();
    await set(
      site,
      version,
      1,
      profile(version, { id: 1, purpose: 'TxDefaultProfile', amps: 6, now }),
    );
    for (let second = 0; second < 70; second += 1) {
      await site.run(1);
      obedience.add(connector(site)?.obedience ?? '');
    }
    assert.ok(obedience.has('overdrawing'), [...obedience].join(' '));
    assert.ok((connector(site)?.worstCaseAmps[0] ?? 0) >= 11.5, 'budgeted at what it draws');
    assert.equal(connector(site)?.limitedBy, 'TxDefaultProfile in A', 'another way was tried');
    await site.run(90);
    assert.equal(connector(site)?.transactionId, null);
    assert.ok((site.view().counters['remoteStops'] ?? 0) >= 1);
  });
}

test('a charger that obeys up to some current only is not raised above it again and again', async () => {
  const site = new VirtualSite({
    site: garage(2, { mainAmps: 50 }),
    conduct: { CP_1: { obeysUpToAmps: 14 } },
  });
  await site.run(20);
  for (const charger of site.chargers.values()) {
    charger.plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), charger.identity);
  }
  let swings = 0;
  let disobeys = false;
  const watch = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await site.run(1);
      const now = draw(site) > 20;
      if (now && !disobeys) swings += 1;
      disobeys = now;
    }
  };
  await watch(840);
  assert.equal(swings, 1);
  assert.ok(draw(site) > 5 && draw(site) <= 14, `${draw(site)} A`);
  const { reason = '' } = connector(site) ?? {};
  assert.match(reason, /^took more than it was raised to: no more than \d+ A for 15 min/);
  // It is tried again after that time, and then left alone for twice as long.
  await watch(1_200);
  assert.equal(swings, 2);
  assert.match(connector(site)?.reason ?? '', /for 30 min/);
  assert.equal(site.breaker.record().tripped, false);
  site.charger(CHARGER).reboot();
  await watch(240);
  assert.ok(swings > 2, 'it may be another firmware');
});
