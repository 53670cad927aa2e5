import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

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
  const offers = () => site.view().chargers.map((each) => each.connectors[0]?.offerAmps ?? 0);
  let before = offers();
  let changes = 0;
  for (let second = 0; second < 240; second += 1) {
    await site.run(1);
    const now = offers();
    changes += now.filter((amps, i) => amps !== before[i]).length;
    before = now;
    assert.ok(Math.max(...site.trueAmps) <= 62.5, `${site.trueAmps}`);
  }
  assert.ok(changes <= 1, `${changes} changes`);
  assert.equal(
    before.reduce((sum, amps) => sum + amps, 0),
    52,
  );
});
