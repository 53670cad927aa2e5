import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { connectorTicks } from '../../src/core/connector-ticks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { garage } from '../scenarios/virtual-garage.ts';

test('what a charger on one phase draws is on that phase, whatever it calls its terminal', () => {
  const site = garage(1);
  const chargers = site.chargers.map((spec) => ({ ...spec, phases: [1] }));
  const draft = new SiteDraft({ ...site, chargers }, DEFAULT_SETTINGS, new Set(['CP_1']), 0);
  draft.setOnline('CP_1', true, 0, '1.6');
  draft.apply('CP_1', { type: 'transaction-started', connector: 1, transactionId: '7' }, 0);
  // Long enough for the terminals to be believed that the car uses.
  for (let atMs = 0; atMs <= 120_000; atMs += 10_000) {
    const told = { terminalAmps: [0, 16, 0], terminalsTold: [false, true, false] } as const;
    draft.apply('CP_1', { type: 'measured', connector: 1, atMs, ...told }, atMs);
  }
  const input = draft.freeze(121_000, 0, { connectors: new Map(), stations: new Map() });
  const [tick] = connectorTicks(input);
  assert.deepEqual(tick?.drawSiteAmps, [0, 16, 0]);
  assert.deepEqual(tick?.worstSiteAmps, [0, 16, 0]);
  assert.equal(tick?.around.measuredAmps, 16);
});
