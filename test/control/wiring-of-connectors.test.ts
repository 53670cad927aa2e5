import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { wiringView } from '../../src/control/wiring-view.ts';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { connectorTicks } from '../../src/core/connector-ticks.ts';
import { wiringInUse } from '../../src/core/meters/wiring-check.ts';
import { connectorKey, DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { garage } from '../scenarios/virtual-garage.ts';

test('sockets of one charger with rotated phases load what each of them was seen to load', () => {
  const site = garage(1);
  const chargers = site.chargers.map((spec) => ({
    ...spec,
    phases: [-1, -1, -1],
    connectors: 2,
  }));
  const draft = new SiteDraft({ ...site, chargers }, DEFAULT_SETTINGS, new Set(), 0, {
    traitsOf: () => PLAIN_TRAITS,
    plates: new Map(),
    remember: () => {},
    wiring: new Map([
      // Many steps of the first terminal of one on L1, a few of the other on L2.
      [connectorKey('CP_1', 1), [100, 0, 0, 0, 0, 0, 0, 0, 0]],
      [connectorKey('CP_1', 2), [0, 9, 0, 0, 0, 0, 0, 0, 0]],
    ]),
  });
  draft.setOnline('CP_1', true, 0, '1.6');
  for (const connector of [1, 2]) {
    draft.apply(
      'CP_1',
      { type: 'measured', connector, terminalAmps: [10, 0, 0], atMs: 1_000 },
      1_000,
    );
  }
  const input = draft.freeze(2_000, 0, { connectors: new Map(), stations: new Map() });
  const ticks = connectorTicks(input);
  assert.deepEqual(
    ticks.map(({ drawSiteAmps }) => drawSiteAmps),
    [
      [10, 0, 0],
      [0, 10, 0],
    ],
  );
  const shown = ticks.map((tick) => wiringView(tick, input.wiring.get(tick.key)?.votes));
  assert.deepEqual(
    shown.map(({ seen, inUse, steps }) => [seen, inUse, steps]),
    [
      ['L1????', 'L1????', 100],
      ['L2????', 'L2????', 9],
    ],
  );
});

test('a connector that is seen elsewhere than configured is shown to count on all phases', () => {
  const [charger] = garage(1).chargers;
  assert.ok(charger !== undefined);
  const votes = [0, 9, 0, 0, 0, 0, 0, 0, 0];
  const wiring = wiringInUse(charger.phases, votes);
  const { configured, seen, inUse } = wiringView({ charger, wiring }, votes);
  assert.deepEqual([configured, seen, inUse], ['L1L2L3', 'L2????', '??????']);
});
