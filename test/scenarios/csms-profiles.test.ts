// A CSMS sets, replaces, reads back and clears charging profiles through the gateway, in all three
// versions: what it is told, what the charger is offered, and what outlives what.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { CHARGER, clear, composite, profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];

/** One charger with a hungry car behind a fuse of 63 A. */
const charging = async (
  version: OcppVersion,
  options: Partial<VirtualSiteOptions> = {},
  leastAmps = 30,
): Promise<VirtualSite> => {
  const site = new VirtualSite({
    site: garage(1),
    buildingAmps: [5, 5, 5],
    versions: { [CHARGER]: version },
    ...options,
  });
  await site.run(15);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'CARD-1');
  await site.run(60);
  assert.ok(draw(site) > leastAmps, `only ${draw(site)} A before any profile`);
  return site;
};

const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const connectorOf = (site: VirtualSite) => site.view().chargers[0]?.connectors[0];
const transactionOf = (site: VirtualSite): string => connectorOf(site)?.transactionId ?? '';
/** Cars draw a few percent less than they are offered, never more. */
const near = (site: VirtualSite, amps: number, why: string): void =>
  assert.ok(
    draw(site) <= amps + 0.2 && draw(site) >= amps * 0.95,
    `${why}: ${draw(site)} A instead of ${amps} A`,
  );

for (const version of VERSIONS) {
  describe(`${version}: a profile of the CSMS`, () => {
    test('binds, is replaced (K01.FR.05), read back and cleared (K10.FR.01, FR.05, FR.07)', async () => {
      const site = await charging(version);
      const now = site.clock.wallMs();
      const first = profile(version, { id: 17, purpose: 'TxDefaultProfile', amps: 10, now });
      assert.deepEqual(await set(site, version, 1, first), { status: 'Accepted' });
      await site.run(20);
      near(site, 10, 'a TxDefaultProfile binds');
      const reason = connectorOf(site)?.reasons[0];
      assert.deepEqual([reason?.kind, reason?.id], ['csms-profile', '17']);

      const tx = profile(version, {
        id: 18,
        purpose: 'TxProfile',
        amps: 20,
        now,
        transactionId: transactionOf(site),
      });
      assert.deepEqual(await set(site, version, 1, tx), { status: 'Accepted' });
      await site.run(40);
      near(site, 20, 'a TxProfile overrules the default');
      const schedule = await composite(site, version, 1, 600);
      assert.deepEqual(schedule.periods[0], [0, 20]);

      const same = profile(version, {
        id: 18,
        purpose: 'TxProfile',
        amps: 8,
        now,
        transactionId: transactionOf(site),
      });
      assert.deepEqual(await set(site, version, 1, same), { status: 'Accepted' });
      await site.run(20);
      near(site, 8, 'the same id replaces');

      assert.deepEqual(await clear(site, version, { id: 18 }), { status: 'Accepted' });
      assert.deepEqual(await clear(site, version, { id: 18 }), { status: 'Unknown' });
      await site.run(30);
      near(site, 10, 'the default holds again');
      assert.deepEqual(await clear(site, version, {}), { status: 'Accepted' });
      await site.run(60);
      near(site, 32, 'nothing of the CSMS is left');
    });

    test('of 0 A pauses at once, and the charger still holds its fallback', async () => {
      const site = await charging(version);
      const now = site.clock.wallMs();
      const pause = profile(version, { id: 1, purpose: 'TxDefaultProfile', amps: 0, now });
      await set(site, version, 0, pause);
      await site.run(12);
      near(site, 0, 'paused');
      await clear(site, version, {});
      await site.run(60);
      near(site, 32, 'resumed');
      assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
    });

    test('does not bind above what the site leaves, and the composite says so', async () => {
      const site = await charging(version, { buildingAmps: [50, 50, 50] }, 10);
      const now = site.clock.wallMs();
      const generous = profile(version, { id: 1, purpose: 'TxDefaultProfile', amps: 20, now });
      await set(site, version, 1, generous);
      await site.run(30);
      const offered = connectorOf(site)?.targetAmps ?? 0;
      assert.ok(
        offered >= 10 && offered <= 12,
        `${offered} A of 63 A are left by 50 A and a margin`,
      );
      const { periods } = await composite(site, version, 1, 3600);
      assert.deepEqual(periods[0], [0, offered], 'now: what it is offered');
      assert.deepEqual(periods.at(-1)?.[1], 20, 'later: its profile, the fuse allows it');
    });

    test('dies with its transaction, a default lives on', async () => {
      const site = await charging(version);
      const now = site.clock.wallMs();
      const id = transactionOf(site);
      await set(
        site,
        version,
        1,
        profile(version, { id: 1, purpose: 'TxDefaultProfile', amps: 12, now }),
      );
      await set(
        site,
        version,
        1,
        profile(version, { id: 2, purpose: 'TxProfile', amps: 7, now, transactionId: id }),
      );
      await site.run(20);
      near(site, 7, 'the TxProfile');
      site.charger(CHARGER).unplug(1);
      await site.run(10);
      assert.deepEqual(await clear(site, version, { id: 2 }), { status: 'Unknown' });
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'CARD-2');
      await site.run(60);
      near(site, 12, 'the next car under the default');
      const late = profile(version, {
        id: 3,
        purpose: 'TxProfile',
        amps: 7,
        now,
        transactionId: id,
      });
      const answer = (await set(site, version, 1, late)) as { status: string };
      assert.equal(answer.status, 'Rejected');
    });

    test('outlives a kill of the gateway (K01.FR.27)', async () => {
      const site = await charging(version);
      const now = site.clock.wallMs();
      const transactionId = transactionOf(site);
      await set(
        site,
        version,
        1,
        profile(version, { id: 2, purpose: 'TxProfile', amps: 9, now, transactionId }),
      );
      await site.run(20);
      site.killGateway();
      await site.run(5);
      await site.startGateway();
      await site.run(90);
      assert.equal(transactionOf(site), transactionId);
      near(site, 9, 'after the restart');
      assert.deepEqual(await clear(site, version, { id: 2 }), { status: 'Accepted' });
    });

    for (const forgets of [true, false]) {
      test(`K01.FR.27: holds after a reboot of a charger that ${forgets ? 'lost' : 'kept'} its profiles`, async () => {
        const site = await charging(version, {
          conduct: { [CHARGER]: { forgetsProfilesOnReboot: forgets } },
        });
        const now = site.clock.wallMs();
        await set(
          site,
          version,
          0,
          profile(version, { id: 4, purpose: 'TxDefaultProfile', amps: 11, now }),
        );
        await site.run(20);
        site.charger(CHARGER).reboot();
        await site.run(90);
        near(site, 11, 'after the reboot');
      });
    }

    test('that comes with a remote start is taken out, kept, and limits its transaction', async () => {
      const site = new VirtualSite({
        site: garage(1),
        buildingAmps: [5, 5, 5],
        versions: { [CHARGER]: version },
      });
      await site.run(15);
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }));
      await site.run(5);
      const now = site.clock.wallMs();
      const chargingProfile = profile(version, { id: 5, purpose: 'TxProfile', amps: 13, now });
      const request =
        version === '1.6'
          ? { connectorId: 1, idTag: 'CARD', chargingProfile }
          : {
              idToken: { idToken: 'CARD', type: 'Central' },
              remoteStartId: 1,
              evseId: 1,
              chargingProfile,
            };
      const action = version === '1.6' ? 'RemoteStartTransaction' : 'RequestStartTransaction';
      const asked = site.csms.call(CHARGER, action, request);
      await site.run(60);
      assert.equal(((await asked) as { status: string }).status, 'Accepted');
      near(site, 13, 'the profile of the start');
      const held = site
        .charger(CHARGER)
        .profiles.installed()
        .map((each) => each.profile.id);
      assert.ok(!held.includes(5), 'the charger never saw it');
      assert.deepEqual(await clear(site, version, { id: 5 }), { status: 'Accepted' });
    });

    test('that came with a remote start waits for its transaction over a kill of the gateway', async () => {
      const site = new VirtualSite({ site: garage(1), versions: { [CHARGER]: version } });
      await site.run(15);
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }));
      await site.run(5);
      const now = site.clock.wallMs();
      const chargingProfile = profile(version, { id: 5, purpose: 'TxProfile', amps: 13, now });
      const idToken = { idToken: 'CARD', type: 'Central' };
      const [action, request] =
        version === '1.6'
          ? ['RemoteStartTransaction', { connectorId: 1, idTag: 'CARD', chargingProfile }]
          : ['RequestStartTransaction', { idToken, remoteStartId: 1, evseId: 1, chargingProfile }];
      let accepted = false;
      void site.csms.call(CHARGER, action as string, request as object).then(() => {
        accepted = true;
      });
      for (let ms = 0; ms < 1_000 && !accepted; ms += 1) await site.clock.run(1);
      assert.ok(accepted);
      if (version === '1.6') assert.equal(transactionOf(site), '', 'it has not begun');
      site.killGateway();
      await site.run(5);
      await site.startGateway();
      await site.run(90);
      near(site, 13, 'the profile of the start');
    });

    test('that is not sound is refused with the reason', async () => {
      const site = await charging(version);
      const now = site.clock.wallMs();
      const wrong = profile(version, {
        id: 6,
        purpose: version === '1.6' ? 'ChargePointMaxProfile' : 'ChargingStationMaxProfile',
        amps: 13,
        now,
      });
      const expected =
        version === '1.6'
          ? { status: 'Rejected' }
          : {
              status: 'Rejected',
              statusInfo: {
                reasonCode: 'InvalidProfile',
                additionalInfo: 'K04.FR.03, 1.6 §3.13.1 the maximum of the station goes to 0',
              },
            };
      assert.deepEqual(await set(site, version, 1, wrong), expected);
      const { stackLevel: _left, ...partial } = wrong as { stackLevel: number };
      await assert.rejects(
        set(site, version, 1, partial),
        /OccurrenceConstraint|OccurenceConstraint/,
      );
    });

    test('is not accepted when it cannot be written down', async () => {
      const site = await charging(version);
      const now = site.clock.wallMs();
      site.medium.conduct.full = true;
      const answer = (await set(
        site,
        version,
        1,
        profile(version, { id: 7, purpose: 'TxDefaultProfile', amps: 6, now }),
      )) as { status: string };
      assert.equal(answer.status, 'Rejected');
      await site.run(60);
      near(site, 32, 'it does not hold');
    });
  });
}
