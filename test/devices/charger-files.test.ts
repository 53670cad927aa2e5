// Every file about a charger is exercised against a simulated charger that misbehaves in just that
// way: it is known by its boot, follows a limit of the CSMS all the same, or is budgeted at its rating.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadChargerQuirks } from '../../src/config/device-files.ts';
import { type Nameplate, PLAIN_TRAITS } from '../../src/core/charger-traits.ts';
import { traitsOf } from '../../src/devices/charger-quirks.ts';
import { Car } from '../../src/sim/car.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger-conduct.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { clear, profile, set } from '../scenarios/profile-calls.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const { devices: files, problems } = loadChargerQuirks('devices/chargers');
const traits = (plate: Nameplate) => traitsOf(files, plate);
const plate = (vendor: string, model = 'Box', firmware?: string): Nameplate => ({
  vendor,
  model,
  ...(firmware === undefined ? {} : { firmware }),
});

interface Fixture {
  readonly plate: Nameplate;
  readonly conduct: Partial<ChargerConduct>;
  /** It cannot be limited at all. */
  readonly unlimited?: boolean;
  /** More it does not offer; 32 when absent. */
  readonly mostAmps?: number;
}
const onlyDefaults = { purposes: ['tx-default', 'tx'] } as const;

const FIXTURES: Readonly<Record<string, Fixture>> = {
  'abb-terra-ac': { plate: plate('ABB', 'Terra AC W22'), conduct: CONDUCTS['stack-level-zero'] },
  'abb-terra-ac-1.8': {
    plate: plate('ABB', 'Terra AC W22', '1.8.21'),
    conduct: CONDUCTS['stack-level-zero'],
  },
  'abl-emh': { plate: plate('ABL', 'eMH3'), conduct: CONDUCTS['limited-by-data-transfer'] },
  'autel-maxicharger': { plate: plate('Autel', 'MaxiCharger AC', '1.38'), conduct: {} },
  'bender-cc': { plate: plate('Bender GmbH', 'CC613'), conduct: CONDUCTS['amps-only'] },
  'bmw-wallbox-plus': {
    plate: plate('BMW', 'Wallbox Plus'),
    conduct: CONDUCTS['ignores-limit-after-resume'],
  },
  'delta-wallbox-plus': {
    plate: plate('Delta', 'BMW Wallbox Plus'),
    conduct: CONDUCTS['ignores-limit-after-resume'],
  },
  easee: { plate: plate('Easee', 'Charge'), conduct: CONDUCTS['forgets-on-disconnect'] },
  'en-plus-caro': { plate: plate('EN+', 'Caro'), conduct: CONDUCTS['no-connector-zero'] },
  'busbar-gateway': { plate: plate('Busbar', 'gateway'), conduct: {} },
  'cord-one': { plate: plate('cord', 'One'), conduct: CONDUCTS['no-connector-zero'] },
  'ev-switch': { plate: plate('EV Switch', 'S1'), conduct: CONDUCTS['no-connector-zero'] },
  solax: { plate: plate('SolaX', 'X1-EVC'), conduct: CONDUCTS['no-connector-zero'] },
  'evbox-elvi': { plate: plate('EVBox', 'Elvi'), conduct: CONDUCTS['no-station-maximum'] },
  'fronius-wattpilot': {
    plate: plate('Fronius', 'Wattpilot 11'),
    conduct: CONDUCTS['accepts-watts-without-effect'],
  },
  'go-e': {
    plate: plate('go-e', 'Gemini'),
    conduct: {
      ...CONDUCTS['accepts-watts-without-effect'],
      ...CONDUCTS['ignores-limit-after-resume'],
    },
  },
  'go-e-56': {
    plate: plate('go-e', 'Gemini', '056.2'),
    conduct: CONDUCTS['forgets-on-disconnect'],
  },
  'grizzl-e-3.09': {
    plate: plate('United Chargers', 'Grizzl-E', '3.09'),
    conduct: { ...onlyDefaults, ...CONDUCTS['forgets-on-reboot'] },
  },
  'heidelberg-connect': {
    plate: plate('Amperfied', 'connect.business'),
    conduct: CONDUCTS['rejects-profiles'],
    unlimited: true,
  },
  'huawei-scharger': { plate: plate('Huawei', 'SCharger-22'), conduct: CONDUCTS['watts-only'] },
  'jigu-wegood': {
    plate: plate('JIGU', 'WeGood'),
    conduct: CONDUCTS['stays-away-after-close'],
  },
  'ies-keywatt': {
    plate: plate('IES', 'Keywatt 24'),
    conduct: CONDUCTS['limited-by-configuration'],
  },
  'mennekes-4you': { plate: plate('Mennekes', 'AMTRON 4You'), conduct: CONDUCTS['watts-only'] },
  'nec-charge-pro': { plate: plate('NEcharge', 'Pro'), conduct: {}, mostAmps: 16 },
  'syncev-compact': { plate: plate('SyncEV', 'Compact'), conduct: {} },
  'teison-smart-mini': { plate: plate('Teison', 'Smart Mini'), conduct: CONDUCTS['amps-only'] },
  'wallbox-5': {
    plate: plate('Wall Box Chargers', 'Pulsar', '5.5.10'),
    conduct: { ...CONDUCTS['stack-level-zero'], ...CONDUCTS['amps-only'] },
  },
  'wallbox-6': {
    plate: plate('Wall Box Chargers', 'Pulsar', '6.1.2'),
    conduct: { ...CONDUCTS['relative-only'], ...CONDUCTS['amps-only'] },
  },
  'wallbox-6.7.38': {
    plate: plate('Wall Box Chargers', 'Pulsar', '6.7.38'),
    conduct: { purposes: ['tx-default'], ...CONDUCTS['amps-only'], ...CONDUCTS['relative-only'] },
  },
  'wallbox-pulsar-pro-6.13': {
    plate: plate('Wall Box Chargers', 'Pulsar Pro', '6.13.3'),
    conduct: CONDUCTS['ignores-duration'],
  },
  'schneider-smart-wallbox': { plate: plate('Schneider Electric', 'EVlink'), conduct: {} },
  smartevse: { plate: plate('SmartEVSE', 'v3'), conduct: {} },
  'rolec-evo': { plate: plate('Rolec', 'EVO'), conduct: {} },
  zaptec: { plate: plate('Zaptec', 'Go'), conduct: {} },
  'growatt-thor': { plate: plate('Growatt', 'THOR'), conduct: {} },
};

test('every charger file is valid and has its fixture', () => {
  assert.deepEqual(problems, []);
  assert.ok(files.size >= 25, `${files.size} files`);
  assert.deepEqual([...files.keys()].sort(), Object.keys(FIXTURES).sort());
});

describe('a charger is known by its nameplate', () => {
  const ids = (...args: Parameters<typeof plate>) =>
    traits(plate(...args)).quirks.map(({ id }) => id);
  test('whatever the case; one that is not known keeps to the standard', () => {
    assert.deepEqual(ids('GO-E', 'gemini'), ['go-e']);
    assert.deepEqual(ids('Nobody'), []);
    assert.deepEqual(traits(plate('Nobody')), PLAIN_TRAITS);
  });
  test('by the range of its firmware, the more particular file last', () => {
    assert.deepEqual(ids('ABB', 'Terra AC', 'v1.8.21'), ['abb-terra-ac', 'abb-terra-ac-1.8']);
    assert.deepEqual(ids('ABB', 'Terra AC', '1.8.22'), ['abb-terra-ac']);
    assert.deepEqual(ids('go-e', 'Gemini', '56.20'), ['go-e']);
    assert.deepEqual(ids('Wallbox', 'Copper'), []);
  });
});

const CHARGER = 'CP_1';
const charging = async (fixture: Fixture, leastAmps = 0, known = true): Promise<VirtualSite> => {
  const site = new VirtualSite({
    site: garage(1),
    conduct: { [CHARGER]: fixture.conduct },
    plates: { [CHARGER]: fixture.plate },
    ...(known ? { traitsOf: traits } : {}),
  });
  await site.run(20);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
  await site.run(70);
  assert.ok(draw(site) >= leastAmps);
  return site;
};
const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const view = (site: VirtualSite) => site.view().chargers[0];

describe('every charger file', () => {
  for (const [id, fixture] of Object.entries(FIXTURES)) {
    test(`${id}: ${files.get(id)?.why ?? ''}`, async () => {
      const site = await charging(fixture);
      assert.ok(view(site)?.quirks.some((quirk) => quirk.id === id));
      const now = site.clock.wallMs();
      if (fixture.unlimited === true) {
        assert.deepEqual(view(site)?.connectors[0]?.worstCaseAmps, [32, 32, 32]);
        assert.equal(view(site)?.connectors[0]?.obedience, 'refused');
        return;
      }
      assert.equal(view(site)?.fallbackInstalled, true);
      const { mostAmps = 32 } = fixture;
      assert.ok(draw(site) > 0.88 * mostAmps, `draws ${draw(site)} A of ${mostAmps} A before`);
      for (const amps of [12, 0, 10]) {
        const wanted = profile('1.6', { id: 1, purpose: 'TxDefaultProfile', amps, now });
        await set(site, '1.6', 1, wanted);
        await site.run(25);
        const drawn = draw(site);
        // A charger of listed values only takes the next lower one.
        if (traits(fixture.plate).stepsAmps !== undefined) continue;
        assert.ok(drawn <= amps + 0.2 && drawn >= amps * 0.9, `${drawn} A of ${amps} A`);
      }
      await clear(site, '1.6', {});
    });
  }
});

describe('what outlives a transaction', () => {
  for (const id of ['grizzl-e-3.09', 'abl-emh', 'ies-keywatt']) {
    test(`${id}: the next car starts at the fallback, not at the offer of the last one`, async () => {
      const fixture = FIXTURES[id];
      assert.ok(fixture);
      const site = await charging(fixture);
      site.charger(CHARGER).unplug(1);
      await site.run(10);
      assert.equal(view(site)?.fallbackInstalled, true);
      site.killGateway();
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD-2');
      await site.run(30);
      assert.ok(draw(site) <= 6.2, `${draw(site)} A without the gateway`);
    });
  }
});

test('a charger that drops its profiles with its connection is budgeted at its rating then', async () => {
  const fixture = FIXTURES['go-e-56'];
  assert.ok(fixture);
  const site = await charging(fixture);
  site.network.cut('charger');
  await site.run(1);
  assert.deepEqual(view(site)?.connectors[0]?.worstCaseAmps, [32, 32, 32]);
});

test('a charger that knows listed values only is offered one of them', async () => {
  const fixture = FIXTURES['nec-charge-pro'];
  assert.ok(fixture);
  const site = await charging(fixture, 15);
  const now = site.clock.wallMs();
  for (const [amps, expected] of [
    [15, 13],
    [12, 10],
    [7, 6],
  ] as const) {
    const wanted = profile('1.6', { id: 1, purpose: 'TxDefaultProfile', amps, now });
    await set(site, '1.6', 1, wanted);
    await site.run(25);
    assert.equal(view(site)?.connectors[0]?.targetAmps, expected);
  }
});

describe('a charger that stays away after a close frame', () => {
  const reconnects = async (known: boolean): Promise<boolean> => {
    const fixture = FIXTURES['jigu-wegood'];
    assert.ok(fixture);
    const site = await charging(fixture, 28, known);
    site.gateway.disconnect(CHARGER, 'test');
    await site.run(60);
    return view(site)?.online === true;
  };
  test('gets none where its make is known', async () => assert.ok(await reconnects(true)));
  test('and would be lost else', async () => assert.ok(!(await reconnects(false))));
});

describe('a charger that starts only when it is told to', () => {
  for (const id of ['autel-maxicharger', 'wallbox-5', 'easee']) {
    test(`${id}: is told to by the gateway while the CSMS is away`, async () => {
      const fixture = FIXTURES[id];
      assert.ok(fixture);
      const conduct = { ...fixture.conduct, ...CONDUCTS['waits-for-remote-start'] };
      const site = new VirtualSite({
        site: garage(1),
        conduct: { [CHARGER]: conduct },
        plates: { [CHARGER]: fixture.plate },
        traitsOf: traits,
        outageSettings: { unknownTokens: 'accept' },
      });
      await site.run(20);
      const charger = site.charger(CHARGER);
      charger.plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
      await site.run(60);
      assert.equal(draw(site), 0, 'with a CSMS it is for that to start it');
      charger.unplug(1);
      site.csms.goDown();
      await site.run(5);
      charger.plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
      await site.run(60);
      assert.ok(draw(site) > 20, `${draw(site)} A`);
    });
  }
});

test('pings come as the make wants them, from its next connection on', async () => {
  const fixture = FIXTURES['wallbox-6.7.38'];
  assert.ok(fixture);
  assert.equal(traits(fixture.plate).pingSeconds, 20);
  const site = await charging(fixture);
  assert.equal(site.network.pingSecondsOf(CHARGER), undefined, 'its make was not known');
  site.gateway.disconnect(CHARGER, 'test');
  await site.run(30);
  assert.equal(site.network.pingSecondsOf(CHARGER), 20);
});
