import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import { Car, type CarModel } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import type { VirtualSiteOptions } from '../../src/sim/virtual-site-options.ts';
import { garage } from './virtual-garage.ts';

const SLEEPER: Partial<CarModel> = { sleeps: true, wakesByBreak: true, needWh: 200_000 };
/** A step of the building is over the fuse until the cars have followed: meter, network, car. */
const CHAIN_MS = 5_000;
const FULL: Partial<CarModel> = { needWh: 0 };

const begun = async (
  cars: readonly Partial<CarModel>[],
  site: Site,
  options: Partial<VirtualSiteOptions> = {},
): Promise<VirtualSite> => {
  const virtual = new VirtualSite({ ...options, site });
  await virtual.run(20);
  for (const [i, model] of cars.entries()) {
    virtual.charger(`CP_${i + 1}`).plugIn(1, new Car(model), `CARD-${i + 1}`);
    await virtual.run(5);
  }
  await virtual.run(60);
  return virtual;
};

const pauseFor = async (site: VirtualSite, seconds: number): Promise<void> => {
  site.setPreference({ kind: 'pause', charger: 'CP_1', by: 'test', ttlSeconds: seconds });
  await site.run(seconds + 10);
};

const first = (site: VirtualSite) => site.view().chargers[0]?.connectors[0];

/** Times that the first car was told that it is woken, by what it said, while `seconds` pass. */
const breaksIn = async (site: VirtualSite, seconds: number): Promise<readonly string[]> => {
  const told: string[] = [];
  let last = '';
  for (let i = 0; i < seconds; i += 5) {
    await site.run(5);
    const now = /woken up by a pause of 10 s \((\d of 3)\)/.exec(first(site)?.reason ?? '')?.[1];
    if (now !== undefined && now !== last) told.push(now);
    last = now ?? '';
  }
  return told;
};

describe('a car that fell asleep in a pause', () => {
  test('is woken by a break of its pilot signal, once', async () => {
    const site = await begun([SLEEPER], garage(1));
    assert.ok(site.chargerAmps('CP_1')[0] > 10);
    await pauseFor(site, 120);
    assert.deepEqual(await breaksIn(site, 180), ['1 of 3']);
    assert.ok(site.chargerAmps('CP_1')[0] > 10, `${site.chargerAmps('CP_1')} A`);
    assert.deepEqual(await breaksIn(site, 200), []);
  });

  test('and does not notice the break gets no more of them than the ladder has', async () => {
    const site = await begun([{ ...SLEEPER, wakesByBreak: false }], garage(1));
    await pauseFor(site, 120);
    assert.deepEqual(await breaksIn(site, 700), ['1 of 3', '2 of 3', '3 of 3']);
    assert.deepEqual(await breaksIn(site, 300), []);
  });

  test('gets no more of them when the gateway starts again and again', async () => {
    const site = await begun([{ ...SLEEPER, wakesByBreak: false }], garage(1));
    await pauseFor(site, 120);
    const told: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      told.push(...(await breaksIn(site, 130)));
      site.killGateway();
      await site.run(20);
      await site.startGateway();
    }
    assert.deepEqual([...new Set(told)], ['1 of 3', '2 of 3', '3 of 3']);
    assert.equal(told.at(-1), '3 of 3');
    assert.ok(told.length <= 4, told.join());
    assert.deepEqual(await breaksIn(site, 300), []);
  });

  test('has no more breaks once it has had its fill, after a restart neither', async () => {
    const site = await begun([{ needWh: 1_000 }], garage(1));
    await site.run(900);
    assert.equal(site.chargerAmps('CP_1')[0], 0);
    site.killGateway();
    await site.run(20);
    await site.startGateway();
    assert.deepEqual(await breaksIn(site, 600), []);
  });

  test('stays asleep where a pause of 0 A can end in an error', async () => {
    const site = await begun([SLEEPER], garage(1), {
      traitsOf: () => ({ ...PLAIN_TRAITS, zeroAmpPause: 'unsafe' }),
    });
    await pauseFor(site, 120);
    assert.deepEqual(await breaksIn(site, 300), []);
  });

  test('keeps its amps and its turn in the break, and the fuse holds', async () => {
    // Room for the minimum of two of the three.
    const site = await begun([SLEEPER, {}, {}], garage(3, { mainAmps: 19 }), {
      buildingAmps: sameAmps(2),
    });
    site.setPreference({ kind: 'priority', charger: 'CP_1', priorityClass: 5 });
    await pauseFor(site, 120);
    let worst = 0;
    site.watch = (amps) => {
      worst = Math.max(worst, ...amps);
    };
    let others: readonly number[] | undefined;
    let seen = 0;
    for (let i = 0; i < 240; i += 1) {
      await site.run(1);
      const [one, ...rest] = site.view().chargers.map(({ connectors }) => connectors[0]);
      const offers = rest.map((connector) => connector?.offerAmps ?? 0);
      if (!/woken up/.test(one?.reason ?? '')) {
        others = offers;
        continue;
      }
      seen += 1;
      const [main] = site.view().circuits;
      for (const p of [0, 1, 2] as const) {
        const total = (main?.worstCaseAmps[p] ?? 0) + (main?.uncontrolledAmps[p] ?? 0);
        assert.ok(total <= 19, `${total} A may flow`);
      }
      assert.deepEqual(offers, others);
      assert.ok(offers.includes(0), 'the third waits on');
    }
    assert.ok(seen > 0);
    assert.ok(worst <= 19, `${worst} A`);
    assert.equal(site.breaker.record().longestOverMs, 0);
  });

  test('with others at a time, while the building swings, is woken and overloads nothing', async () => {
    const loadSteps = [0, 1, 2, 3, 4, 5].map((i) => ({
      atMs: (220 + i * 50) * 1000,
      untilMs: (245 + i * 50) * 1000,
      amps: sameAmps(4 + (i % 3) * 3),
    }));
    const main = garage(3, { mainAmps: 45 });
    const site = await begun([SLEEPER, SLEEPER, {}], main, { loadSteps });
    for (const charger of ['CP_1', 'CP_2']) {
      site.setPreference({ kind: 'pause', charger, by: 'test', ttlSeconds: 90 });
    }
    await site.run(100);
    const told = await breaksIn(site, 260);
    assert.deepEqual(told, ['1 of 3']);
    assert.ok(site.chargerAmps('CP_1')[0] > 5, `${site.chargerAmps('CP_1')} A`);
    assert.ok(site.breaker.record().longestOverMs <= CHAIN_MS);
  });
});

describe('a car that is full', () => {
  test('when it comes is tried three times, then not for an hour', async () => {
    const site = await begun([FULL], garage(1));
    assert.deepEqual(await breaksIn(site, 1_000), ['1 of 3', '2 of 3', '3 of 3']);
  });

  test('because it has charged is left alone', async () => {
    const site = await begun([{ needWh: 300 }], garage(1));
    assert.deepEqual(await breaksIn(site, 400), []);
  });

  test('is left alone also after a pause', async () => {
    const site = await begun([{ needWh: 300 }], garage(1));
    await site.run(300);
    await pauseFor(site, 120);
    assert.deepEqual(await breaksIn(site, 400), []);
  });
});
