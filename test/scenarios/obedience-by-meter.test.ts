// D10: chargers that send no measurements are judged by the steps of the site's meter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const emsSources = [{ id: 'ems', circuit: 'main' }];

/** Chargers of 1.6 that never send MeterValues, with one car. */
const charging = async (car: Car, options: Partial<VirtualSiteOptions> = {}) => {
  const site = new VirtualSite({ site: garage(2, { emsSources }), ...options });
  await site.run(20);
  const change = { key: 'MeterValueSampleInterval', value: '86400' };
  for (const id of ['CP_1', 'CP_2']) void site.csms.call(id, 'ChangeConfiguration', change);
  await site.run(5);
  site.charger('CP_1').plugIn(1, car, 'CARD-1');
  await site.run(90);
  return site;
};
const limit = (site: VirtualSite, amps: number) =>
  site.setLimit('ems', { circuit: 'main', amps: [amps, amps, amps], ttlSeconds: 600 });
const seen = (site: VirtualSite) => {
  const connector = site.view().chargers[0]?.connectors[0];
  return { obedience: connector?.obedience, basis: connector?.obedienceBasis };
};

test('a car that follows is confirmed, and says by how many steps', async () => {
  const site = await charging(new Car({ maxAmps: 32, needWh: 400_000 }));
  assert.ok(Math.max(...site.trueAmps) > 28);
  assert.equal(seen(site).obedience, 'confirmed');
  assert.match(String(seen(site).basis), /site meter: \d steps? followed/);
  limit(site, 20);
  await site.run(20);
  assert.equal(seen(site).obedience, 'confirmed');
});

test('one that goes on as before is found out, budgeted at its rating and told again', async () => {
  let told = 0;
  let defiant = false;
  const answers = (action: string) => {
    if (!defiant || action !== 'SetChargingProfile') return undefined;
    told += 1;
    return { result: { status: 'Accepted' } };
  };
  const car = new Car({ maxAmps: 32, needWh: 400_000 });
  const site = await charging(car, { conduct: { CP_1: { answers } } });
  defiant = true;
  limit(site, 25);
  await site.run(5);
  const toldAtFirst = told;
  await site.run(15);
  assert.equal(seen(site).obedience, 'overdrawing');
  assert.match(String(seen(site).basis), /site meter: \d steps? not followed/);
  const connector = site.view().chargers[0]?.connectors[0];
  assert.deepEqual(connector?.worstCaseAmps, [32, 32, 32]);
  assert.match(site.view().alarms.join(), /CP_1\/1 draws more than its offer/);
  await site.run(20);
  assert.ok(told > toldAtFirst, 'told again');
  defiant = false;
  await site.run(60);
  assert.notEqual(seen(site).obedience, 'overdrawing', 'it follows now');
  assert.ok(Math.max(...site.trueAmps) <= 25);
});

test('a building that stirs blames nobody', async () => {
  const loadSteps = Array.from({ length: 12 }, (_, i) => ({
    atMs: 60_000 + i * 14_000,
    untilMs: 67_000 + i * 14_000,
    amps: [9, 9, 9] as const,
  }));
  const car = new Car({ maxAmps: 32, needWh: 400_000 });
  const site = await charging(car, { buildingNoiseAmps: 2, loadSteps });
  for (const amps of [40, 24, 40, 24]) {
    limit(site, amps);
    for (let second = 0; second < 30; second += 1) {
      await site.run(1);
      assert.notEqual(seen(site).obedience, 'overdrawing');
    }
  }
});

test('a charger that measures itself is judged by that', async () => {
  const site = new VirtualSite({ site: garage(1) });
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), 'CARD-1');
  await site.run(60);
  assert.deepEqual(seen(site), { obedience: 'confirmed', basis: 'measured by the charger' });
});
