import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

test('who tells what it wants is offered that, whatever it takes now', async () => {
  const site = new VirtualSite({ site: garage(1), buildingAmps: [6, 5, 4] });
  await site.run(15);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 10, needWh: 200_000 }), 'CARD');
  const offer = () => site.view().chargers[0]?.connectors[0]?.offerAmps ?? 0;
  await site.run(400);
  assert.ok(offer() < 20, `${offer()} A for a car of 10 A`);
  site.setPreference({ kind: 'want', charger: 'CP_1', amps: 25 });
  await site.run(120);
  assert.equal(offer(), 25);
});
