import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import type { LoadStep } from '../../src/sim/building.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

/** Chargers that wait for an offer before they start a car. */
const patient = (count: number, mainAmps: number): Site => {
  const site = garage(count, { mainAmps });
  return { ...site, chargers: site.chargers.map((spec) => ({ ...spec, fallbackAmps: 0 })) };
};

/** The building takes that much more in every second half of a period. */
const swing = (amps: number, periodSeconds: number, count: number): readonly LoadStep[] =>
  Array.from({ length: count }, (_, i) => ({
    atMs: (i + 0.5) * periodSeconds * 1000,
    untilMs: (i + 1) * periodSeconds * 1000,
    amps: sameAmps(amps),
  }));

/** Starts and the largest true current while the site runs on. */
const watched = async (site: VirtualSite, seconds: number, ids: readonly string[]) => {
  const charging = new Map(ids.map((id) => [id, site.chargerAmps(id)[0] > 1]));
  const seen = { starts: 0, stops: 0, mostAmps: 0 };
  for (let second = 0; second < seconds; second += 1) {
    await site.run(1);
    seen.mostAmps = Math.max(seen.mostAmps, ...site.trueAmps);
    for (const id of ids) {
      const now = site.chargerAmps(id)[0] > 1;
      if (now && charging.get(id) !== true) seen.starts += 1;
      if (!now && charging.get(id) === true) seen.stops += 1;
      charging.set(id, now);
    }
  }
  return seen;
};

describe('room that swings around the minimum', () => {
  test('by less than half of the margin stops no car, and is within the limit', async () => {
    // 5.9 to 6.1 A, with the margin of 1 A kept.
    const site = new VirtualSite({
      site: patient(1, 20),
      buildingAmps: sameAmps(12.9),
      loadSteps: swing(0.2, 180, 40),
    });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 90_000 }), 'CARD');
    const { starts, stops, mostAmps } = await watched(site, 3_600, ['CP_1']);
    assert.deepEqual([starts, stops], [1, 0]);
    assert.ok(mostAmps <= 20, `${mostAmps} A`);
  });

  test('by more is damped: each start after a short run has to wait for longer', async () => {
    const site = new VirtualSite({
      site: patient(1, 20),
      buildingAmps: sameAmps(12),
      loadSteps: swing(4, 180, 80),
    });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 90_000 }), 'CARD');
    const first = await watched(site, 3_600, ['CP_1']);
    assert.ok(first.starts >= 2 && first.starts <= 5, `${first.starts} starts`);
    const later = await watched(site, 3_600, ['CP_1']);
    assert.ok(later.starts <= 2, `${later.starts} starts`);
    const { reason } = site.view().chargers[0]?.connectors[0] ?? {};
    assert.match(reason ?? '', /may start again in \d+ min|free for 60 s|waits/);
    // The building's step itself is over the limit for as long as the chain reacts.
    assert.equal(site.breaker.record().tripped, false);
  });
});

describe('a load that passes', () => {
  const cars = ['CP_1', 'CP_2', 'CP_3', 'CP_4'];
  const steps = [{ atMs: 300_000, untilMs: 316_000, amps: sameAmps(14) }];

  test('stops no more cars than it has to, and they are back soon after it', async () => {
    const site = new VirtualSite({
      site: patient(4, 36),
      buildingAmps: sameAmps(5),
      buildingNoiseAmps: 0.3,
      loadSteps: steps,
    });
    await site.run(20);
    for (const id of cars) site.charger(id).plugIn(1, new Car({ needWh: 90_000 }), `C-${id}`);
    await site.run(270);
    assert.ok(cars.every((id) => site.chargerAmps(id)[0] > 5));
    const { stops } = await watched(site, 26, cars);
    // 16 A are left: room for two of four.
    assert.equal(stops, 2);
    // 316 s: the load has gone; 15 s of look, then they charge.
    await site.run(26);
    const amps = cars.map((id) => site.chargerAmps(id)[0]);
    assert.ok(
      amps.every((each) => each > 1),
      `${amps}`,
    );
  });

  test('takes nothing from those that charge for one that cannot start yet', async () => {
    const site = new VirtualSite({
      site: patient(2, 30),
      buildingAmps: sameAmps(5),
      loadSteps: [{ atMs: 60_000, untilMs: 90_000, amps: sameAmps(14) }],
    });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 90_000 }), 'CARD');
    await site.run(72);
    site.charger('CP_2').plugIn(1, new Car({ needWh: 90_000 }), 'CARD-2');
    await site.run(20);
    const [first, second] = site.view().chargers;
    assert.match(second?.connectors[0]?.reason ?? '', /^starts when 6 A have been free for 60 s/);
    assert.ok((first?.connectors[0]?.targetAmps ?? 0) > 12, JSON.stringify(first?.connectors[0]));
  });
});

test('whoever is done and still plugged in keeps no room besides that for the next car', async () => {
  const site = new VirtualSite({ site: garage(3, { mainAmps: 20 }), buildingAmps: sameAmps(1) });
  await site.run(20);
  for (const id of ['CP_1', 'CP_2'])
    site.charger(id).plugIn(1, new Car({ needWh: 90_000 }), `C-${id}`);
  await site.run(120);
  assert.ok(site.chargerAmps('CP_2')[0] > 5);
  site.charger('CP_1').unplug(1);
  const { stops } = await watched(site, 30, ['CP_2']);
  assert.equal(stops, 0);
});
