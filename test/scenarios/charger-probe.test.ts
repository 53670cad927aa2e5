// A probe finds out how a charger takes limits, is remembered, and leaves the charger as it was.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LearnedTraits } from '../../src/core/chargers/charger-traits.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
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
  await site.run(10);
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
        if (version !== '1.6') return;
        site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
        await site.run(70);
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
    });
  });
}

const EFFECTS: readonly (readonly [
  name: string,
  conduct: Partial<ChargerConduct>,
  learned: LearnedTraits,
  tried: RegExp,
])[] = [
  ['good', {}, {}, /in A, its effect: followed.*20 s, by its current: honoured.*in W.*: followed/],
  [
    'amps-only, says nothing',
    CONDUCTS['accepts-watts-without-effect'],
    { rateUnit: 'A' },
    /in A, its effect: followed.*in W, its effect: no effect/,
  ],
  [
    'without an end to its profiles',
    CONDUCTS['ignores-duration'],
    { honoursDuration: false },
    /by its current: ignored/,
  ],
];

describe('in a transaction the car shows what a TxProfile does', () => {
  const charging = async (version: OcppVersion, conduct: Partial<ChargerConduct>) => {
    const site = await siteWith(version, conduct);
    site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
    await site.run(100);
    assert.ok(drawn(site) > 28);
    return site;
  };
  const drawn = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
  for (const [name, conduct, expected, tried] of EFFECTS) {
    for (const version of name === 'good' ? VERSIONS : (['1.6'] as const)) {
      test(`${version}: a charger that is ${name}`, async () => {
        const site = await charging(version, conduct);
        const asked = site.probe(CHARGER, true);
        asked.catch(() => {});
        await site.run(330);
        const report = await asked;
        const text = report.tried.map(({ what, answer }) => `${what}: ${answer}`).join('; ');
        assert.match(text, tried);
        assert.deepEqual(report.learned, expected, text);
        assert.ok(drawn(site) > 28, `${drawn(site)} A: it charges as before`);
        assert.equal(site.breaker.record().overMs, 0);
      });
    }
  }

  test('and where TxProfiles do nothing, its defaults come first from then on', async () => {
    let deaf = false;
    const answers = (action: string, payload: unknown) =>
      deaf && action === 'SetChargingProfile' && JSON.stringify(payload).includes('"TxProfile"')
        ? ({ result: { status: 'Accepted' } } as const)
        : undefined;
    const site = await charging('1.6', { answers });
    deaf = true;
    const asked = site.probe(CHARGER, true);
    asked.catch(() => {});
    await site.run(330);
    const { learned, tried } = await asked;
    assert.deepEqual(learned, { purposes: ['tx-default', 'tx'] }, JSON.stringify(tried));
  });
});
