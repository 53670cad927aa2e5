import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

/** Cars on one phase come and go at a charger that is really wired as `wiring` says. */
const afterSomeCars = async (wiring: readonly number[]): Promise<readonly string[]> => {
  const configured = garage(2);
  const site = new VirtualSite({
    site: configured,
    buildingAmps: [12, 10, 11],
    buildingNoiseAmps: 0.5,
    wiring: { CP_1: wiring },
  });
  await site.run(30);
  for (let visit = 1; visit <= 3; visit += 1) {
    site.charger('CP_1').plugIn(1, new Car({ phases: 1, maxAmps: 20 }), `CARD-${visit}`);
    await site.run(120);
    site.charger('CP_1').unplug(1);
    await site.run(60);
  }
  return site.view().alarms;
};

test('a charger on another phase than configured is found by the steps of its cars', async () => {
  const alarms = await afterSomeCars([1, 2, 0]);
  assert.match(alarms.join(), /CP_1\/1: its first terminal seems to be on L2, not on L1/);
});

test('one that is wired as configured is not complained about', async () => {
  assert.deepEqual(await afterSomeCars([0, 1, 2]), []);
});
