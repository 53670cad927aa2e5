import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

test('who waits is told what has taken the amps', async () => {
  const site = garage(2, { mainAmps: 25 });
  const virtual = new VirtualSite({
    site: { ...site, chargers: site.chargers.map((spec, i) => ({ ...spec, fallbackAmps: 6 * i })) },
    buildingAmps: sameAmps(20),
  });
  await virtual.run(20);
  virtual.charger('CP_1').plugIn(1, new Car({ needWh: 90_000 }), 'CARD');
  await virtual.run(10);
  const [connector] = virtual.view().chargers[0]?.connectors ?? [];
  assert.equal(connector?.offerAmps, 0);
  assert.match(
    connector?.reason ?? '',
    // More would be kept for the next car, were it there: what is told adds up to the fuse.
    /left on main L1 → 20 A for other loads, 5 A kept for the next car → main L1: fuse 25 A$/,
  );
});

test('a charger that is not heard is told with what it may draw at most', async () => {
  const site = garage(2, { mainAmps: 25, arrivalReserve: 0 });
  const virtual = new VirtualSite({ site, buildingAmps: sameAmps(9) });
  await virtual.run(20);
  virtual.charger('CP_2').plugIn(1, new Car({ needWh: 90_000, maxAmps: 32 }), 'CARD');
  await virtual.run(60);
  virtual.charger('CP_2').setNetwork(false);
  await virtual.run(5);
  virtual.charger('CP_1').plugIn(1, new Car({ needWh: 90_000 }), 'CARD');
  await virtual.run(10);
  assert.match(
    virtual.view().chargers[0]?.connectors[0]?.reason ?? '',
    /→ 9 A for other loads, up to 1\d A for CP_2, which is not steered → main L1: fuse 25 A$/,
  );
});

test('who gets less than it could is told with how many it shares', async () => {
  const site = garage(3, { mainAmps: 40 });
  const virtual = new VirtualSite({ site, buildingAmps: sameAmps(4) });
  await virtual.run(20);
  for (const id of ['CP_1', 'CP_2']) {
    virtual.charger(id).plugIn(1, new Car({ needWh: 90_000, maxAmps: 32 }), 'CARD');
  }
  await virtual.run(150);
  const reason = (i: number) => virtual.view().chargers[i]?.connectors[0]?.reason;
  assert.equal(reason(0), 'one of 2 cars, 6 A kept for the next car → main L1: fuse 40 A');
  assert.equal(reason(1), reason(0));
  await virtual.charger('CP_2').unplug(1);
  await virtual.run(60);
  assert.doesNotMatch(reason(0) ?? '', /one of/);
});

test('who waits is told that others charge meanwhile', async () => {
  const site = garage(3, { mainAmps: 20, arrivalReserve: 0 });
  const virtual = new VirtualSite({ site, buildingAmps: sameAmps(4) });
  await virtual.run(20);
  for (const id of ['CP_1', 'CP_2', 'CP_3']) {
    virtual.charger(id).plugIn(1, new Car({ needWh: 90_000, maxAmps: 16 }), 'CARD');
  }
  await virtual.run(60);
  const reasons = virtual.view().chargers.map(({ connectors }) => connectors[0]?.reason ?? '');
  const waiting = reasons.filter((reason) => /^waits/.test(reason));
  assert.equal(waiting.length, 1);
  assert.match(waiting[0] ?? '', /4 A for other loads, the rest for 2 cars that charge → main/);
});
