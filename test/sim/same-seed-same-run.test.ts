import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';

/** Everything that can be told apart about a run of a small site with faults. */
const runOf = async (seed: number): Promise<string> => {
  const site = new VirtualSite({
    site: garage(3, { mainAmps: 32 }),
    seed,
    versions: { CP_2: '2.0.1', CP_3: '2.1' },
    buildingAmps: [8, 6, 9],
    buildingNoiseAmps: 1,
    loadSteps: [{ atMs: 60_000, untilMs: 90_000, amps: [10, 0, 0] }],
  });
  const amps: string[] = [];
  site.watch = (now) => amps.push(now.map((value) => value.toFixed(4)).join(' '));
  await site.run(10);
  for (const charger of site.chargers.values()) charger.plugIn(1, new Car(), 'TAG');
  await site.run(60);
  site.csms.goDown();
  await site.run(20);
  site.csms.comeBack();
  await site.run(10);
  site.killGateway();
  await site.run(10);
  site.startGateway();
  await site.run(30);
  site.charger('CP_1').unplug(1);
  await site.run(10);
  const acknowledged = [...site.chargers.values()].map((charger) => charger.acknowledged);
  return JSON.stringify({ amps, received: site.csms.received, acknowledged });
};

describe('a run on the virtual clock', () => {
  it('repeats to the last byte with the same seed', async () => {
    const [first, second] = [await runOf(42), await runOf(42)];
    assert.ok(first.length > 10_000);
    assert.equal(first, second);
  });

  it('differs with another seed', async () => {
    assert.notEqual(await runOf(42), await runOf(43));
  });
});
