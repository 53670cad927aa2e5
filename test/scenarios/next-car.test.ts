import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const MAIN_AMPS = 12;

test('a site that is too small to keep room for the next car charges the one that is there', async () => {
  const site = new VirtualSite({ site: garage(2, { mainAmps: MAIN_AMPS }) });
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 16, needWh: 40_000 }), 'CARD-1');
  await site.run(300);
  assert.ok(Math.max(...site.chargerAmps('CP_1')) > 5.5, 'all but 5 A were kept for the other one');
  // The next car begins with its fallback of 6 A before it can be told anything.
  site.charger('CP_2').plugIn(1, new Car({ maxAmps: 16, needWh: 40_000 }), 'CARD-2');
  let most = 0;
  for (let second = 0; second < 120; second += 1) {
    await site.run(1);
    most = Math.max(most, ...site.trueAmps);
  }
  assert.ok(most <= 1.13 * MAIN_AMPS, `the fuse saw ${most} A`);
  assert.ok(Math.max(...site.trueAmps) <= MAIN_AMPS);
  assert.equal(site.breaker.record().tripped, false);
});
