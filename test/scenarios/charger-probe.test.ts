// A probe finds out how a charger takes limits, is remembered, and leaves the charger as it was.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LearnedTraits } from '../../src/core/charger-traits.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger-conduct.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { CHARGER } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];
const siteWith = async (version: OcppVersion, conduct: Partial<ChargerConduct>) => {
  const site = new VirtualSite({
    site: garage(1),
    versions: { [CHARGER]: version },
    conduct: { [CHARGER]: conduct },
  });
  await site.run(20);
  return site;
};
const probed = async (site: VirtualSite, active = true) => {
  const asked = site.probe(CHARGER, active);
  asked.catch(() => {});
  await site.run(60);
  return asked;
};

const FOUND: readonly (readonly [name: keyof typeof CONDUCTS, learned: LearnedTraits])[] = [
  ['watts-only', { rateUnit: 'W' }],
  ['amps-only', { rateUnit: 'A' }],
  ['no-connector-zero', { defaultPerConnector: true }],
  ['ignores-duration', { honoursDuration: false }],
  ['stack-level-zero', {}],
];

for (const version of VERSIONS) {
  describe(version, () => {
    for (const [name, expected] of FOUND) {
      test(`a charger that is "${name}" is found out`, async () => {
        const site = await siteWith(version, CONDUCTS[name]);
        const { learned, tried } = await probed(site);
        assert.deepEqual(learned, expected, JSON.stringify(tried));
        const view = site.view().chargers[0];
        assert.equal(view?.fallbackInstalled, true, 'its fallback is back');
        assert.equal(
          view?.quirks.some(({ id }) => id === 'probed'),
          Object.keys(expected).length > 0,
        );
        const held = site.charger(CHARGER).profiles.installed();
        assert.ok(
          held.every((each) => each.profile.id !== 2_100_002_000),
          'nothing is left of it',
        );
        site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
        await site.run(90);
        assert.ok(Math.max(...site.chargerAmps(CHARGER)) > 28, 'and it charges as before');
      });
    }

    test('a passive probe sets nothing; an active one waits for a free charger', async () => {
      const site = await siteWith(version, {});
      const before = site.charger(CHARGER).profiles.installed();
      const report = await probed(site, false);
      assert.deepEqual([report.tried, report.learned], [[], {}]);
      assert.equal(report.says.compositeSchedule, true);
      assert.deepEqual(site.charger(CHARGER).profiles.installed(), before);
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
      await site.run(20);
      await assert.rejects(probed(site), /has a transaction/);
    });
  });
}
