import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const LIMIT_WATTS = 20_000;

test('at the end of a window nobody is stopped, and its mean is within the limit', async () => {
  const site = new VirtualSite({
    site: garage(3),
    buildingAmps: sameAmps(6),
    policy: { ...DEFAULT_POLICY, id: 'demand', demand: { minutes: 5, limitWatts: LIMIT_WATTS } },
  });
  await site.run(20);
  for (const charger of site.chargers.values()) {
    charger.plugIn(1, new Car({ needWh: 90_000 }), charger.identity);
  }
  await site.run(60);
  const wattsIn = new Map<number, number[]>();
  for (let second = 0; second < 560; second += 1) {
    await site.run(1);
    for (const id of site.chargers.keys()) {
      assert.ok(site.chargerAmps(id)[0] > 5, `${id} stopped after ${second} s`);
    }
    const window = Math.floor(site.clock.wallMs() / 300_000);
    const watts = site.trueAmps.reduce((sum, amps) => sum + amps * 230, 0);
    wattsIn.set(window, [...(wattsIn.get(window) ?? []), watts]);
  }
  const whole = [...wattsIn.values()].filter(({ length }) => length === 300);
  assert.ok(whole.length >= 1);
  for (const watts of whole) {
    const mean = watts.reduce((sum, each) => sum + each, 0) / watts.length;
    assert.ok(mean <= LIMIT_WATTS && mean >= 0.93 * LIMIT_WATTS, `${mean} W`);
  }
});
