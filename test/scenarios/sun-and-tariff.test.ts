import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_POLICY, type Policy } from '../../src/core/sharing/policy.ts';
import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { PLAIN_METER } from '../../src/sim/plain-site.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const sunny = (count: number): Site =>
  garage(count, { meters: [{ ...PLAIN_METER, exportMostAmps: 63 }] });

/** Changes of the offers, starts and stops of every charger while the site runs on. */
const watched = async (site: VirtualSite, seconds: number) => {
  const ids = [...site.chargers.keys()];
  const seen = { changes: 0, stops: 0 };
  const offers = () => site.view().chargers.map((each) => each.connectors[0]?.offerAmps);
  let before = offers();
  const charging = new Map(ids.map((id) => [id, site.chargerAmps(id)[0] > 1]));
  for (let second = 0; second < seconds; second += 1) {
    await site.run(1);
    const now = offers();
    seen.changes += now.filter((amps, i) => amps !== before[i]).length;
    before = now;
    for (const id of ids) {
      const on = site.chargerAmps(id)[0] > 1;
      if (!on && charging.get(id) === true) seen.stops += 1;
      charging.set(id, on);
    }
  }
  return seen;
};

const plugIn = (site: VirtualSite): void => {
  for (const charger of site.chargers.values()) {
    charger.plugIn(1, new Car({ needWh: 90_000 }), charger.identity);
  }
};

describe('cars on surplus', () => {
  const surplus: Policy = {
    ...DEFAULT_POLICY,
    id: 'sun',
    surplus: {
      reserveWatts: 0,
      startSeconds: 60,
      stopSeconds: 180,
      minimumAlways: false,
      urgentFrom: 0.8,
    },
  };

  test('take what the sun gives although their chargers measure every five minutes', async () => {
    const site = new VirtualSite({
      site: sunny(2),
      buildingAmps: sameAmps(2),
      roofAmps: sameAmps(30),
      policy: surplus,
    });
    for (const { settings } of site.chargers.values()) settings.put('meterSeconds', 300);
    await site.run(20);
    plugIn(site);
    await site.run(160);
    // 28 A are left of the sun: 14 A for each, of which a car draws a little less.
    const [amps] = site.trueAmps;
    assert.ok(amps < 0.5 && amps > -3, `${amps} A`);
    const { changes, stops } = await watched(site, 240);
    assert.equal(stops, 0);
    assert.ok(changes <= 1, `${changes} changes of offers under a steady sun`);
  });
});

test('what the roof gives comes on top of a dimming, also while the cars take it', async () => {
  const site = new VirtualSite({
    site: { ...sunny(3), emsSources: [{ id: 'grid-operator', circuit: 'main' }] },
    buildingAmps: sameAmps(2),
    roofAmps: sameAmps(16),
    policy: { ...DEFAULT_POLICY, id: 'dimmed', dimming: { source: 'grid-operator' } },
  });
  await site.run(20);
  plugIn(site);
  await site.run(60);
  site.setLimit('grid-operator', { circuit: 'main', watts: 4_200, ttlSeconds: 3_600 });
  const { stops } = await watched(site, 240);
  // 14 A of the sun, and 6 A from the grid: each has its minimum.
  assert.equal(stops, 0);
  const [amps] = site.trueAmps;
  assert.ok(amps <= 6.1 && amps > 4, `${amps} A from the grid`);
});

test('a dimming in amps is what it says, not the least that has to be left', async () => {
  const site = new VirtualSite({
    site: { ...garage(3), emsSources: [{ id: 'grid-operator', circuit: 'main' }] },
    policy: { ...DEFAULT_POLICY, id: 'dimmed', dimming: { source: 'grid-operator' } },
  });
  await site.run(20);
  plugIn(site);
  site.setLimit('grid-operator', { circuit: 'main', amps: sameAmps(32), ttlSeconds: 600 });
  await site.run(60);
  const [amps] = site.trueAmps;
  assert.ok(amps > 29 && amps <= 32, `${amps} A`);
});

test('a car that would not be ready in time does not stop as soon as it has begun', async () => {
  const site = new VirtualSite({
    site: garage(1),
    policy: {
      ...DEFAULT_POLICY,
      id: 'tariff',
      windows: [
        {
          id: 'high',
          days: [0, 1, 2, 3, 4, 5, 6],
          fromMinute: 0,
          toMinute: 0,
          calmAmps: 0,
          calmBelow: 0.8,
        },
      ],
    },
  });
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car({ needWh: 20_000, maxAmps: 32 }), 'CARD');
  const departsAtWallMs = site.clock.wallMs() + 4_090_000;
  site.setWish('CP_1', 1, { energyWh: 20_000, departsAtWallMs });
  await site.run(40);
  assert.ok(site.chargerAmps('CP_1')[0] > 5);
  const { stops } = await watched(site, 300);
  assert.equal(stops, 0);
});
