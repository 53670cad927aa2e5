import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

/** A kettle of 12 A, on for 10 s in every 40 s. */
const KETTLE = Array.from({ length: 10 }, (_, i) => ({
  atMs: i * 40_000,
  untilMs: i * 40_000 + 10_000,
  amps: sameAmps(12),
}));

/** Chargers that wait for an offer before they start a car. */
const patient = (mainAmps: number): Site => {
  const site = garage(1, { mainAmps });
  return { ...site, chargers: site.chargers.map((spec) => ({ ...spec, fallbackAmps: 0 })) };
};

const startOf = async (site: VirtualSite, seconds: number): Promise<number | undefined> => {
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car(), 'CARD');
  for (let second = 0; second < seconds; second += 1) {
    await site.run(1);
    if (site.chargerAmps('CP_1')[0] > 1) return second;
  }
  return undefined;
};

describe('before a car is started', () => {
  test('where there is room enough it starts at once', async () => {
    const site = new VirtualSite({
      site: patient(63),
      buildingAmps: sameAmps(5),
      loadSteps: KETTLE,
    });
    const second = await startOf(site, 60);
    assert.ok(second !== undefined && second < 30, `${second} s`);
  });

  test('where its minimum was not free within the last minute it waits, and says so', async () => {
    const site = new VirtualSite({
      site: patient(20),
      buildingAmps: sameAmps(5),
      loadSteps: KETTLE,
    });
    assert.equal(await startOf(site, 360), undefined);
    assert.match(site.view().chargers[0]?.connectors[0]?.reason ?? '', /free for 60 s/);
    await site.run(100);
    assert.ok(site.chargerAmps('CP_1')[0] > 5, 'the kettle is cold');
  });
});
