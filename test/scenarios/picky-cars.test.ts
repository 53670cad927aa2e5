import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const hungry = (changes: object = {}) => new Car({ needWh: 90_000, ...changes });

test('a car that stops below 8 A is found out when its share shrinks, and goes on', async () => {
  const site = new VirtualSite({ site: garage(3, { mainAmps: 24 }), buildingAmps: sameAmps(2) });
  await site.run(20);
  site.charger('CP_1').plugIn(1, hungry({ minAmps: 8 }), 'PICKY');
  await site.run(120);
  assert.ok(site.chargerAmps('CP_1')[0] >= 8);
  for (const id of ['CP_2', 'CP_3']) site.charger(id).plugIn(1, hungry(), id);
  await site.run(300);
  let restMinutes = 0;
  for (let minute = 0; minute < 30; minute += 1) {
    await site.run(60);
    if (site.chargerAmps('CP_1')[0] < 7) restMinutes += 1;
    assert.ok(site.trueAmps[0] <= 24, `${site.trueAmps[0]} A`);
  }
  assert.ok(restMinutes <= 3, `without current in ${restMinutes} of 30 minutes`);
});

test('what a car was tried with in vain is not kept from the others', async () => {
  const site = new VirtualSite({ site: garage(2, { mainAmps: 19 }), buildingAmps: sameAmps(2) });
  await site.run(20);
  site.charger('CP_1').plugIn(1, hungry({ needWh: 1 }), 'FULL');
  site.charger('CP_2').plugIn(1, hungry(), 'HUNGRY');
  await site.run(900);
  assert.ok(site.chargerAmps('CP_2')[0] >= 9, `${site.chargerAmps('CP_2')[0]} A`);
});

for (const maxAmps of [10, 12, 20]) {
  test(`a car that takes ${maxAmps} A is offered the same all the time`, async () => {
    const site = new VirtualSite({ site: garage(2), buildingAmps: sameAmps(5) });
    await site.run(20);
    site.charger('CP_1').plugIn(1, hungry({ phases: 1, maxAmps, share: 1 }), 'CARD');
    await site.run(300);
    let changes = 0;
    let last = site.view().chargers[0]?.connectors[0]?.offerAmps;
    for (let second = 0; second < 900; second += 5) {
      await site.run(5);
      const now = site.view().chargers[0]?.connectors[0]?.offerAmps;
      if (now !== last) changes += 1;
      last = now;
    }
    assert.ok(changes <= 2, `${changes} changes`);
  });
}
