import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const offers = (site: VirtualSite): readonly number[] =>
  site.view().chargers.map((each) => each.connectors[0]?.offerAmps ?? 0);

/** Changes of the offers of all chargers while the site runs on. */
const changedIn = async (site: VirtualSite, seconds: number): Promise<number> => {
  let before = offers(site);
  let changes = 0;
  for (let second = 0; second < seconds; second += 1) {
    await site.run(1);
    const now = offers(site);
    changes += now.filter((amps, i) => amps !== before[i]).length;
    before = now;
  }
  return changes;
};

test('a load that breathes around an edge of a step changes no offers', async () => {
  // 52 A for six cars are 9, 9, 9, 9, 8 and 8 A: a breath more, and one of them has to give up a step.
  const site = new VirtualSite({
    site: garage(6),
    buildingAmps: sameAmps(9.75),
    buildingNoiseAmps: 0.3,
  });
  await site.run(20);
  for (const charger of site.chargers.values()) {
    charger.plugIn(1, new Car({ needWh: 90_000 }), charger.identity);
  }
  await site.run(160);
  let changes = 0;
  for (let second = 0; second < 240; second += 1) {
    changes += await changedIn(site, 1);
    assert.ok(Math.max(...site.trueAmps) <= 62.5, `${site.trueAmps}`);
  }
  assert.ok(changes <= 1, `${changes} changes`);
  const given = offers(site).reduce((sum, amps) => sum + amps, 0);
  assert.ok(given >= 51 && given <= 52, `${given} A`);
});

test('under a restless load the last amps are not given and taken by turns', async () => {
  const site = new VirtualSite({
    site: garage(3, { mainAmps: 50 }),
    buildingAmps: sameAmps(8.4),
    buildingNoiseAmps: 1.7,
  });
  for (const { settings } of site.chargers.values()) settings.put('meterSeconds', 60);
  await site.run(20);
  for (const charger of site.chargers.values()) {
    charger.plugIn(1, new Car({ needWh: 90_000, maxAmps: 32 }), charger.identity);
  }
  await site.run(200);
  const changes = await changedIn(site, 240);
  assert.ok(changes <= 4, `${changes} changes`);
  assert.ok(offers(site).every((amps) => amps >= 12));
});

test('under a limit in watts that one more car just misses, nobody is switched to and fro', async () => {
  // Beside the building six cars at their minimum take 10 W more than there is.
  const { circuits, ...rest } = garage(6);
  const site = new VirtualSite({
    site: { ...rest, circuits: circuits.map((each) => ({ ...each, limitWatts: 20_000 })) },
    buildingAmps: sameAmps(5),
    buildingNoiseAmps: 0.5,
    meterLagMs: 800,
  });
  await site.run(20);
  const kinds = [1, 2, 3, 1, 2, 3] as const;
  [...site.chargers.values()].forEach((charger, i) => {
    charger.plugIn(1, new Car({ needWh: 90_000, phases: kinds[i] ?? 3 }), charger.identity);
  });
  await site.run(900);
  const changes = await changedIn(site, 300);
  assert.ok(changes <= 12, `${changes} changes`);
});
