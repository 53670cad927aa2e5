import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { PLAIN_TRAITS } from '../../src/core/charger-traits.ts';
import { connectorTicks } from '../../src/core/connector-ticks.ts';
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
  const ticks = connectorTicks(
    draft.freeze(2_000, 0, { connectors: new Map(), stations: new Map() }),
  );
  assert.deepEqual(
    ticks.map(({ drawSiteAmps }) => drawSiteAmps),
    [
      [10, 0, 0],
      [0, 10, 0],
    ],
  );
});
