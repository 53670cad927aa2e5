import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Site } from '../../src/core/site.ts';
import { type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const LEARN_SECONDS = 66 * 60;
const CHARGE_SECONDS = 12 * 60;
const LIFT_AMPS: PhaseAmps = [12, 12, 12];

/** The motor of a lift: 30 s in every 4 minutes. */
const LIFT = Array.from({ length: 20 }, (_, i) => ({
  atMs: (i * 240 + 130) * 1000,
  untilMs: (i * 240 + 160) * 1000,
  amps: LIFT_AMPS,
}));

const withReserve = (stepReserveQuantile: number | undefined): Site => {
  const site = garage(1, { mainAmps: 32 });
  if (stepReserveQuantile === undefined) return site;
  return { ...site, circuits: site.circuits.map((each) => ({ ...each, stepReserveQuantile })) };
};

const charge = async (stepReserveQuantile?: number) => {
  const site = new VirtualSite({
    site: withReserve(stepReserveQuantile),
    buildingAmps: sameAmps(5),
    buildingNoiseAmps: 0.3,
    loadSteps: LIFT,
  });
  await site.run(20);
  const early = site.view().circuits[0];
  await site.run(LEARN_SECONDS);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'CARD');
  await site.run(CHARGE_SECONDS);
  return { site, early, overMs: site.breaker.record().overMs };
};

describe('room for steps of the building', () => {
  test('a lift that comes again exceeds the fuse for less time, and the page says why', async () => {
    const without = await charge();
    const reserved = await charge(0.9);
    assert.ok(without.overMs > 1_000, `${without.overMs} ms without`);
    assert.ok(reserved.overMs < without.overMs / 2, `${reserved.overMs} of ${without.overMs} ms`);
    assert.ok(reserved.site.chargerAmps('CP_1')[0] > 6, 'the car charges');
    assert.deepEqual(reserved.early?.stepReserveAmps, [0, 0, 0]);
    const { circuits, chargers } = reserved.site.view();
    const learned = circuits[0]?.stepReserveAmps ?? [];
    assert.ok(
      learned.length === 3 && learned.every((amps) => amps > 11 && amps < 14),
      `${learned}`,
    );
    assert.match(circuits[0]?.limitReason ?? '', /reserve for building steps 1[123]/);
    assert.match(chargers[0]?.connectors[0]?.reason ?? '', /reserve for building steps 1[123]/);
    assert.equal(without.site.view().circuits[0]?.stepReserveAmps, undefined);
  });
});
