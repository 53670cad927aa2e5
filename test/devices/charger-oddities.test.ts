// What the files about makes are for: the same misbehaviour with and without the file, and what is read
// leniently of every charger, whatever its make.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadChargerQuirks } from '../../src/config/device-files.ts';
import type { Nameplate } from '../../src/core/chargers/charger-traits.ts';
import { traitsOf } from '../../src/devices/charger-quirks.ts';
import { Car } from '../../src/sim/car.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { connectCharger, startRawCsms, startRelay } from '../scenarios/relay-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { FIXTURES } from './charger-fixtures.ts';

const { devices: files } = loadChargerQuirks('devices/chargers');
const CHARGER = 'CP_1';
const traits = (plate: Nameplate) => traitsOf(files, plate);

const siteOf = (id: string, known: boolean, mainAmps = 63, count = 1): VirtualSite => {
  const fixture = FIXTURES[id];
  assert.ok(fixture, id);
  return new VirtualSite({
    site: garage(count, {
      mainAmps,
      arrivalReserve: 0,
      emsSources: [{ id: 'ems', circuit: 'main' }],
    }),
    conduct: { [CHARGER]: fixture.conduct },
    plates: { [CHARGER]: fixture.plate },
    versions: { [CHARGER]: fixture.version ?? '1.6' },
    ...(known ? { traitsOf: traits } : {}),
  });
};
const boots = (site: VirtualSite): number =>
  site.csms.received.filter(
    ({ action, charger }) => action === 'BootNotification' && charger === CHARGER,
  ).length;
const online = (site: VirtualSite): boolean => site.view().chargers[0]?.online === true;

describe('a charger that restarts when it is asked for its configuration', () => {
  for (const id of ['abb-terra-ac-1.8', 'grizzl-e-5']) {
    for (const known of [true, false]) {
      test(`${id}: ${known ? 'is left alone' : 'would boot again and again'}`, async () => {
        const site = siteOf(id, known);
        await site.run(120);
        if (known) assert.equal(boots(site), 1);
        else assert.ok(boots(site) > 2, `${boots(site)} boots`);
      });
    }
  }
});

describe('a charger whose link breaks when it is triggered', () => {
  for (const known of [true, false]) {
    test(known ? 'is not' : 'would lose it each time that it comes back', async () => {
      const site = siteOf('mennekes-4you', known);
      await site.run(20);
      site.charger(CHARGER).loseConnection();
      let away = 0;
      for (let second = 0; second < 120; second += 1) {
        await site.run(1);
        away += online(site) ? 0 : 1;
      }
      if (known) assert.ok(away < 20, `${away} s away`);
      else assert.ok(away >= 20, `${away} s away`);
    });
  }
});

describe('a charger for which a pause is trouble, where not all can have the minimum', () => {
  test('is known to the sharing (test/core/sharing/rotation.test.ts)', () => {
    for (const id of ['evbox-elvi', 'abb-terra-ac']) {
      const plate = FIXTURES[id]?.plate;
      assert.ok(plate);
      assert.equal(traits(plate).zeroAmpPause, 'unsafe');
    }
  });

  test('keeps its minimum while the others go off', async () => {
    const site = siteOf('evbox-elvi', true, 24, 3);
    await site.run(20);
    for (const index of [3, 2, 1]) {
      site.charger(`CP_${index}`).plugIn(1, new Car({ needWh: 400_000 }), `CARD-${index}`);
    }
    await site.run(120);
    const seconds = { own: 0, others: 0 };
    site.watch = () => {
      const off = (id: string): number => Number(Math.max(...site.chargerAmps(id)) < 1);
      seconds.own += off('CP_1');
      seconds.others += off('CP_2') + off('CP_3');
    };
    // Room for one of them only.
    site.setLimit('ems', { circuit: 'main', amps: [9, 9, 9], ttlSeconds: 600 });
    await site.run(90);
    assert.equal(seconds.own, 0);
    assert.ok(seconds.others > 0);
  });

  test('its make pays for a pause that the limit asks for all the same', async () => {
    const site = siteOf('evbox-elvi', true, 15);
    await site.run(20);
    site.charger(CHARGER).plugIn(1, new Car({ needWh: 400_000 }), 'CARD');
    await site.run(60);
    site.setPreference({ kind: 'pause', by: 'test', charger: CHARGER });
    await site.run(20);
    site.charger(CHARGER).unplug(1);
    await site.run(5);
    assert.equal(site.view().chargers[0]?.connectors[0]?.status, 'unavailable');
  });
});

test('foxess-a: a handshake is refused while the CSMS is away, never taken and dropped', async () => {
  const fixture = FIXTURES['foxess-a'];
  assert.ok(fixture);
  const site = new VirtualSite({
    site: garage(1),
    conduct: { [CHARGER]: fixture.conduct },
    plates: { [CHARGER]: fixture.plate },
    versions: { [CHARGER]: '2.0.1' },
    traitsOf: traits,
    outage: 'close',
  });
  await site.run(20);
  assert.ok(online(site));
  site.csms.goDown();
  await site.run(30);
  site.csms.comeBack();
  await site.run(120);
  assert.ok(!online(site), 'away for minutes after a connection that broke');
  site.csms.goDown();
  await site.run(300);
  site.csms.comeBack();
  await site.run(90);
  assert.ok(online(site), 'soon there after handshakes that were refused');
});

describe('read leniently of every charger', () => {
  const odd: Readonly<Record<string, Partial<ChargerConduct>>> = {
    'a comma too many': CONDUCTS['leading-comma'],
    'a configuration without its last bracket': CONDUCTS['unclosed-configuration'],
    'times without a zone': CONDUCTS['times-without-zone'],
    'padded numbers': CONDUCTS['padded-numbers'],
    'phases in the names of measurands': CONDUCTS['phase-in-measurand'],
  };
  for (const [what, conduct] of Object.entries(odd)) {
    test(what, async () => {
      const site = new VirtualSite({ site: garage(1), conduct: { [CHARGER]: conduct } });
      await site.run(20);
      site.charger(CHARGER).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD');
      await site.run(80);
      const [charger] = site.view().chargers;
      assert.equal(charger?.fallbackInstalled, true);
      assert.equal(charger?.model, 'Sim 1.6');
      const connector = charger?.connectors[0];
      assert.equal(connector?.obedience, 'confirmed');
      assert.ok((connector?.drawAmps?.[2] ?? 0) > 28, `${connector?.drawAmps}`);
    });
  }

  test('an origin that no browser would send (enercab)', async (t) => {
    const csms = await startRawCsms(t);
    const { url } = await startRelay(t, csms.url);
    const charger = await connectCharger(`${url}/CP_1`, ['ocpp1.6'], { origin: 'file://' });
    const upstream = await csms.nextPeer();
    charger.send('[2,"1","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"1","Heartbeat",{}]');
  });
});
