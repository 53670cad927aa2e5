import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import type { Policy } from '../../src/core/sharing/policy.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import type { LoadStep } from '../../src/sim/building.ts';
import { Car } from '../../src/sim/car.ts';
import type { ChargerConduct } from '../../src/sim/charger/charger-conduct.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const SUN: Policy = {
  ...DEFAULT_POLICY,
  id: 'sun',
  surplus: {
    reserveWatts: 0,
    startSeconds: 60,
    stopSeconds: 60,
    minimumAlways: false,
    urgentFrom: 0.8,
  },
};

const SWITCHING = { upAfterSeconds: 300, mostPerSession: 4, mostPerDay: 20 };

const switching = (count: number, mainAmps: number): Site => {
  const site = garage(count, { mainAmps });
  return {
    ...site,
    meters: site.meters.map((meter) => ({ ...meter, exportMostAmps: 20 })),
    chargers: site.chargers.map((spec) => ({ ...spec, phaseSwitching: SWITCHING })),
  };
};

const roof = (steps: readonly LoadStep[], conduct: Partial<ChargerConduct> = {}): VirtualSite =>
  new VirtualSite({
    site: switching(1, 32),
    policy: SUN,
    versions: { CP_1: '2.0.1' },
    conduct: { CP_1: { switchesPhases: true, ...conduct } },
    // 2 kW more than the house takes.
    buildingAmps: sameAmps(9),
    roofAmps: sameAmps(12),
    loadSteps: steps,
  });

const reasonOf = (site: VirtualSite): string =>
  site.view().chargers[0]?.connectors[0]?.reason ?? '';

describe('a charger that can charge on one phase', () => {
  test('starts on one when the sun is not enough for three, and moves up when it is', async () => {
    const more = { atMs: 600_000, untilMs: Number.POSITIVE_INFINITY, amps: sameAmps(-9) };
    const site = roof([more]);
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 80_000 }), 'CARD');
    await site.run(400);
    const [one, ...others] = site.chargerAmps('CP_1');
    assert.ok(one > 5.5 && one < 10, `${one} A on the first phase`);
    assert.deepEqual(others, [0, 0]);
    assert.match(reasonOf(site), /on one phase/);
    await site.run(700);
    const three = site.chargerAmps('CP_1');
    assert.ok(Math.min(...three) > 8, `${three} A`);
    assert.doesNotMatch(reasonOf(site), /one phase/);
    assert.equal(site.breaker.record().longestOverMs, 0);
  });

  test('goes down to one under a cloud that lasts', async () => {
    const sun = { atMs: 0, untilMs: 500_000, amps: sameAmps(-9) };
    const site = roof([sun]);
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 80_000 }), 'CARD');
    await site.run(400);
    assert.ok(Math.min(...site.chargerAmps('CP_1')) > 8, `${site.chargerAmps('CP_1')} A`);
    await site.run(500);
    const [one, two] = site.chargerAmps('CP_1');
    assert.ok(one > 5.5, `${one} A on the first phase`);
    assert.equal(two, 0);
    assert.equal(site.breaker.record().longestOverMs, 0);
  });

  test('one that only says so is found out and left on three', async () => {
    const site = roof([], { ignoresNumberPhases: true });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 80_000 }), 'CARD');
    const alarms = new Set<string>();
    for (let i = 0; i < 60; i += 1) {
      await site.run(10);
      for (const alarm of site.view().alarms) alarms.add(alarm);
    }
    assert.match([...alarms].join(), /more phases than it is told/);
  });

  test('without a word in its device file one of OCPP 1.6 stays on three', async () => {
    const site = new VirtualSite({
      site: switching(1, 32),
      policy: SUN,
      conduct: { CP_1: { switchesPhases: true } },
      buildingAmps: sameAmps(9),
      roofAmps: sameAmps(12),
    });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 80_000 }), 'CARD');
    await site.run(400);
    assert.deepEqual(site.chargerAmps('CP_1'), [0, 0, 0]);
  });

  test('one of OCPP 1.6 whose device file says that it follows goes to one', async () => {
    const site = new VirtualSite({
      site: switching(1, 32),
      policy: SUN,
      conduct: { CP_1: { switchesPhases: true } },
      traitsOf: () => ({ ...PLAIN_TRAITS, honoursNumberPhases: true }),
      buildingAmps: sameAmps(9),
      roofAmps: sameAmps(12),
    });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 80_000 }), 'CARD');
    await site.run(400);
    assert.ok(site.chargerAmps('CP_1')[0] > 5.5);
  });

  test('whatever switches, the fuse holds while the building takes what it had left', async () => {
    for (const seed of [1, 2, 3]) {
      const steps = [0, 1, 2, 3, 4].map((i) => ({
        atMs: (200 + i * 300) * 1000,
        untilMs: (200 + i * 300 + 200) * 1000,
        amps: [i % 3 === 0 ? 8 : 0, i % 3 === 1 ? 8 : 0, i % 2 === 0 ? 5 : 0] as const,
      }));
      const site = new VirtualSite({
        site: {
          ...switching(3, 25),
          chargers: switching(3, 25).chargers.map((spec) => ({
            ...spec,
            phaseSwitching: { ...SWITCHING, upAfterSeconds: 60 },
          })),
        },
        seed,
        versions: { CP_1: '2.0.1', CP_2: '2.0.1', CP_3: '2.0.1' },
        conduct: Object.fromEntries(
          ['CP_1', 'CP_2', 'CP_3'].map((id) => [id, { switchesPhases: true }]),
        ),
        buildingAmps: sameAmps(6),
        loadSteps: steps,
      });
      await site.run(20);
      for (let i = 1; i <= 3; i += 1) {
        site.charger(`CP_${i}`).plugIn(1, new Car({ needWh: 80_000 }), `CARD-${i}`);
      }
      await site.run(1_800);
      const { tripped, longestOverMs, longestOver113Ms } = site.breaker.record();
      assert.equal(tripped, false);
      assert.ok(longestOverMs <= 30_000, `over for ${longestOverMs} ms`);
      assert.ok(longestOver113Ms <= 15_000, `far over for ${longestOver113Ms} ms`);
    }
  });
});
