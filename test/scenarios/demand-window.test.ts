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

test('power that is left late in a window starts nobody whom the next window would stop', async () => {
  const limitWatts = 11_500;
  const site = new VirtualSite({
    site: garage(3),
    buildingAmps: sameAmps(1),
    policy: { ...DEFAULT_POLICY, id: 'demand', demand: { minutes: 15, limitWatts } },
  });
  await site.run(20);
  const ids = [...site.chargers.keys()];
  // Two of them leave power over that is too little for the third.
  for (const id of ids) site.charger(id).plugIn(1, new Car({ needWh: 90_000, maxAmps: 7 }), id);
  await site.run(300);
  let starts = 0;
  let shown = '';
  const charging = new Map(ids.map((id) => [id, site.chargerAmps(id)[0] > 1]));
  for (let second = 0; second < 3_600; second += 1) {
    await site.run(1);
    for (const id of ids) {
      const now = site.chargerAmps(id)[0] > 1;
      if (now && charging.get(id) !== true) starts += 1;
      charging.set(id, now);
    }
    const reasons = site.view().chargers.map(({ connectors }) => connectors[0]?.reason ?? '');
    shown ||= reasons.find((reason) => /leaves room for good/.test(reason)) ?? '';
  }
  // One turn in a quarter of an hour, and nothing besides.
  assert.ok(starts <= 5, `${starts} starts in an hour`);
  assert.notEqual(shown, '');
});

test('offers stay as they are while nothing happens, through the ends of windows', async () => {
  const site = new VirtualSite({
    site: garage(6, { mainAmps: 125 }),
    buildingAmps: sameAmps(10),
    buildingNoiseAmps: 1,
    policy: { ...DEFAULT_POLICY, id: 'demand', demand: { minutes: 15, limitWatts: 50_000 } },
  });
  await site.run(20);
  for (const charger of site.chargers.values()) {
    charger.plugIn(1, new Car({ needWh: 200_000 }), charger.identity);
  }
  await site.run(600);
  const offers = () => site.view().chargers.map((each) => each.connectors[0]?.offerAmps ?? 0);
  let changes = 0;
  let before = offers();
  for (let second = 0; second < 1_800; second += 1) {
    await site.run(1);
    const now = offers();
    changes += now.filter((amps, i) => amps !== before[i]).length;
    before = now;
  }
  assert.ok(changes <= 12, `${changes} changes`);
});
