// Every file about a charger is exercised against a simulated charger that misbehaves in just that
// way: it is known by its boot, follows a limit of the CSMS all the same, or is budgeted at its rating.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadChargerQuirks } from '../../src/config/device-files.ts';
import { type Nameplate, PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { traitsOf } from '../../src/devices/charger-quirks.ts';
import { Car } from '../../src/sim/car.ts';
import { CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { ask, clear, profile, set } from '../scenarios/profile-calls.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { FIXTURES, type Fixture, plate } from './charger-fixtures.ts';

const { devices: files, problems } = loadChargerQuirks('devices/chargers');
const traits = (plate: Nameplate) => traitsOf(files, plate);
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
    versions: { [CHARGER]: fixture.version ?? '1.6' },
    ...(known ? { traitsOf: traits } : {}),
  });
  await site.run(20);
  site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
  await site.run(5);
  if (fixture.conduct.waitsForRemoteStart === true) {
    const start = { connectorId: 1, idTag: 'CARD' };
    await ask(site, 'RemoteStartTransaction', start);
  }
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
      assert.equal(view(site)?.connectors[0]?.drawAmps === null, fixture.unmeasured === true);
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
