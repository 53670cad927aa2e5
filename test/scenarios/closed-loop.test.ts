import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

/** Longest the physical chain takes: meter 1 s, OCPP 0.1 s, reaction 0.5 s, car some seconds. */
const CHAIN_MS = 15_000;
const CARS = 4;

/** A garage in which every car charges and the fuse is nearly full. */
const busyGarage = async (options: Partial<VirtualSiteOptions> = {}): Promise<VirtualSite> => {
  const site = new VirtualSite({
    site: garage(CARS),
    buildingAmps: [14, 10, 12],
    buildingNoiseAmps: 0.5,
    versions: { CP_2: '2.0.1', CP_3: '2.1' },
    ...options,
  });
  await site.run(20);
  for (let i = 1; i <= CARS; i += 1) {
    site.charger(`CP_${i}`).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${i}`);
    await site.run(5);
  }
  await site.run(120);
  return site;
};

const offers = (site: VirtualSite) =>
  site.view().chargers.map(({ connectors }) => connectors[0]?.offerAmps ?? 0);
const most = (amps: readonly number[]) => Math.max(...amps);

/** Largest true current on any phase from now on. */
const worstWhile = async (site: VirtualSite, seconds: number): Promise<number> => {
  let worst = 0;
  site.watch = (amps) => {
    worst = Math.max(worst, most(amps));
  };
  await site.run(seconds);
  site.watch = () => {};
  return worst;
};

describe('a busy garage', () => {
  test('uses the fuse and never exceeds it', async () => {
    const site = await busyGarage();
    assert.ok(most(site.trueAmps) > 55, `only ${most(site.trueAmps)} A of 63 A are used`);
    assert.equal(site.breaker.record().overMs, 0);
    for (const amps of offers(site)) assert.ok(amps >= 10, `an offer of ${amps} A`);
  });

  test('never lets the worst case exceed the fuse, at any tick', async () => {
    const site = await busyGarage();
    for (let second = 0; second < 60; second += 1) {
      await site.run(1);
      const [main] = site.view().circuits;
      for (const p of [0, 1, 2] as const) {
        const total = (main?.worstCaseAmps[p] ?? 0) + (main?.uncontrolledAmps[p] ?? 0);
        assert.ok(total <= 63 + 0.01, `${total} A may flow on phase ${p + 1}`);
      }
    }
  });
});

describe('the building takes half as much again on one phase', () => {
  test('the overload ends within the physical chain and does not come back', async () => {
    const site = await busyGarage({
      loadSteps: [{ atMs: 170_000, untilMs: 400_000, amps: [0, 0, 31] }],
    });
    await site.run(10);
    assert.ok(site.clock.monotonicMs() === 170_000);
    await site.run(CHAIN_MS / 1000);
    const record = site.breaker.record();
    assert.ok(record.longestOverMs > 0 && record.longestOverMs <= CHAIN_MS);
    assert.ok((await worstWhile(site, 120)) <= 63.5);
    assert.equal(site.breaker.record().tripped, false);
  });

  test('and gives the amps back when it is over', async () => {
    const site = await busyGarage({
      loadSteps: [{ atMs: 170_000, untilMs: 230_000, amps: [0, 0, 31] }],
    });
    await site.run(60);
    const during = offers(site).reduce((a, b) => a + b, 0);
    await site.run(120);
    const after = offers(site).reduce((a, b) => a + b, 0);
    assert.ok(after > during + 15, `${during} A during, ${after} A after`);
  });
});

describe('the meter', () => {
  test('dies: within half a minute every car is at its minimum, with an alarm', async () => {
    const site = await busyGarage();
    site.meterFault = 'dead';
    await site.run(45);
    for (const amps of offers(site)) assert.ok(amps <= 6, `an offer of ${amps} A without a meter`);
    assert.match(site.view().alarms.join(), /meter of circuit main lost/);
    assert.equal(site.breaker.record().overMs, 0);
    site.meterFault = 'none';
    await site.run(120);
    assert.ok(offers(site).some((amps) => amps > 8));
    assert.deepEqual(site.view().alarms, []);
  });

  test('is missing from the start: cars get their minimum, nobody more', async () => {
    const site = new VirtualSite({ site: garage(CARS), buildingAmps: [14, 10, 12] });
    site.meterFault = 'dead';
    await site.run(40);
    site.charger('CP_1').plugIn(1, new Car(), 'CARD-1');
    await site.run(60);
    assert.equal(offers(site)[0], 6);
  });
});

describe('a limit of the EMS', () => {
  const ems = garage(CARS, { emsSources: [{ id: 'bms', circuit: 'main', failsafeAmps: 45 }] });

  test('is obeyed within seconds, and its failsafe after it expired', async () => {
    const site = await busyGarage({ site: ems });
    assert.ok(most(site.trueAmps) <= 45.5);
    const answer = site.setLimit('bms', { circuit: 'main', amps: sameAmps(36), ttlSeconds: 60 });
    assert.equal(answer?.accepted, true);
    await site.run(15);
    assert.ok((await worstWhile(site, 40)) <= 36.5);
    await site.run(90);
    assert.ok(most(site.trueAmps) > 38 && most(site.trueAmps) <= 45.5);
    assert.match(site.view().circuits[0]?.limitReason ?? '', /45 A from bms \(failsafe/);
  });

  test('in watts is obeyed too', async () => {
    const site = await busyGarage({ site: ems });
    site.setLimit('bms', { circuit: 'main', watts: 16_000, ttlSeconds: 600 });
    await site.run(20);
    const watts = site.trueAmps.reduce((sum, amps) => sum + amps * 230, 0);
    assert.ok(watts <= 16_300, `${watts} W`);
  });

  test('of zero pauses every car', async () => {
    const site = await busyGarage({ site: ems });
    site.setLimit('bms', { circuit: 'main', amps: sameAmps(0), ttlSeconds: 600 });
    await site.run(30);
    assert.deepEqual(offers(site), [0, 0, 0, 0]);
    assert.match(site.view().chargers[0]?.connectors[0]?.reason ?? '', /from bms/);
  });
});

describe('a charger that', () => {
  test('says Accepted and does not obey is budgeted at what it draws', async () => {
    const site = await busyGarage({ conduct: { CP_1: { ignoresProfiles: true } } });
    await site.run(60);
    const [first] = site.view().chargers;
    assert.equal(first?.connectors[0]?.obedience, 'overdrawing');
    assert.match(first?.connectors[0]?.reason ?? '', /draws more than offered: budgeted at 3\d/);
    assert.ok((await worstWhile(site, 120)) <= 63.5);
  });

  test('refuses its limit is budgeted at its worst case', async () => {
    const site = await busyGarage({ conduct: { CP_1: { rejectsProfiles: true } } });
    const [first] = site.view().chargers;
    assert.equal(first?.connectors[0]?.obedience, 'refused');
    assert.deepEqual(first?.connectors[0]?.worstCaseAmps, [32, 32, 32]);
    assert.ok((await worstWhile(site, 60)) <= 63.5);
  });

  test('never answers is budgeted at its worst case', async () => {
    const site = await busyGarage({ conduct: { CP_1: { silentOnProfiles: true } } });
    assert.deepEqual(site.view().chargers[0]?.connectors[0]?.worstCaseAmps, [32, 32, 32]);
    assert.ok((await worstWhile(site, 60)) <= 63.5);
  });

  test('loses its connection keeps its share until its offer has ended, then its fallback', async () => {
    const site = await busyGarage();
    const before = offers(site)[0] ?? 0;
    assert.ok(before > 6);
    site.charger('CP_1').stop();
    await site.run(5);
    const worst = () => site.view().chargers[0]?.connectors[0]?.worstCaseAmps[0] ?? 0;
    assert.ok(worst() >= before);
    await site.run(150);
    assert.equal(worst(), 6);
    assert.equal(site.view().chargers[0]?.connectors[0]?.obedience, 'silent');
  });
});

describe('the gateway', () => {
  test('dies: the chargers fall back by themselves, whatever the building does', async () => {
    const site = await busyGarage();
    site.killGateway();
    await site.run(135);
    for (const charger of site.chargers.values()) {
      assert.ok(charger.offeredAmps(1) <= 6, `${charger.identity}: ${charger.offeredAmps(1)} A`);
    }
    assert.equal(site.breaker.record().overMs, 0);
  });

  test('restarts: nothing exceeds the fuse, nobody is thrown out, amps come back', async () => {
    const site = await busyGarage();
    site.killGateway();
    await site.run(8);
    site.startGateway();
    await site.run(60);
    for (const amps of offers(site)) assert.ok(amps >= 6, `thrown out at ${amps} A`);
    await site.run(180);
    assert.ok(most(site.trueAmps) > 50, `only ${most(site.trueAmps)} A after the restart`);
    assert.equal(site.breaker.record().overMs, 0);
  });
});
