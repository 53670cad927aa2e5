import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addAmps, NO_AMPS } from '../../src/core/units.ts';
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

test('one whose wiring nobody knows counts on all phases until steps of its cars told it', async () => {
  const site = garage(2);
  const [first, ...others] = site.chargers;
  assert.ok(first);
  const learning = new VirtualSite({
    site: { ...site, chargers: [{ ...first, phases: [-1, -1, -1] }, ...others] },
    buildingAmps: [12, 10, 11],
    buildingNoiseAmps: 0.5,
    wiring: { CP_1: [1, 2, 0] },
  });
  const charger = () => learning.view().chargers[0];
  await learning.run(30);
  for (let visit = 1; visit <= 3; visit += 1) {
    learning.charger('CP_1').plugIn(1, new Car({ phases: 1, maxAmps: 20 }), `CARD-${visit}`);
    await learning.run(120);
    if (visit === 1) {
      const [a, b, c] = charger()?.connectors[0]?.worstCaseAmps ?? [];
      assert.ok(a !== undefined && a > 5 && a === b && b === c, `${a} ${b} ${c}`);
      assert.equal(charger()?.connectors[0]?.wiring.seen, null);
    }
    learning.charger('CP_1').unplug(1);
    await learning.run(60);
  }
  assert.deepEqual(charger()?.connectors[0]?.wiring.seen, 'L2????');
  assert.equal(charger()?.connectors[0]?.wiring.configured, 'unknown');
  assert.ok((charger()?.connectors[0]?.wiring.confidencePercent ?? 0) >= 80);
  learning.charger('CP_1').plugIn(1, new Car({ phases: 1, maxAmps: 20 }), 'CARD-4');
  await learning.run(120);
  const [a, b, c] = charger()?.connectors[0]?.worstCaseAmps ?? [];
  assert.deepEqual([a, c], [0, 0]);
  assert.ok(b !== undefined && b > 5);
  assert.equal(learning.breaker.record().longestOverMs, 0);
});

test('cars on phases that nobody knows stay within the difference of phases together', async () => {
  const plain = garage(3);
  const [main] = plain.circuits;
  assert.ok(main);
  const site = new VirtualSite({
    site: {
      ...plain,
      circuits: [{ ...main, unbalanceAmps: 20 }],
      chargers: plain.chargers.map((spec) => ({ ...spec, phases: [-1, -1, -1] })),
    },
    buildingAmps: [12, 10, 11],
    buildingNoiseAmps: 0.5,
  });
  await site.run(30);
  for (const id of ['CP_1', 'CP_2', 'CP_3']) {
    site.charger(id).plugIn(1, new Car({ phases: 1, maxAmps: 20 }), `CARD-${id}`);
  }
  // Until it was seen that each of them charges on one phase.
  await site.run(180);
  const chargers = () => site.view().chargers.map(({ id }) => site.chargerAmps(id));
  const apartAmps = () => {
    const sums = chargers().reduce(addAmps, NO_AMPS);
    return Math.max(...sums) - Math.min(...sums);
  };
  let mostAmps = 0;
  for (let second = 0; second < 600; second += 1) {
    await site.run(1);
    mostAmps = Math.max(mostAmps, apartAmps());
  }
  assert.ok(mostAmps <= 20.5, `${mostAmps} A apart`);
  assert.ok(apartAmps() > 15, 'what is allowed is used');
});
