import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SiteDraft } from '../../src/control/site-draft.ts';
import type { ConnectorStatus } from '../../src/core/chargers/charger-event.ts';
import { STALE_TRANSACTION_AFTER_MS } from '../../src/core/chargers/charger-fold.ts';
import { connectorKey, DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const KEY = connectorKey('CP_1', 1);

const draftOnline = (): SiteDraft => {
  const draft = new SiteDraft(garage(1), DEFAULT_SETTINGS, new Set(['CP_1']), 0);
  draft.setOnline('CP_1', true, 0, '1.6');
  return draft;
};

test('an offer of an earlier run may still be there where a car only rests', () => {
  const inherits = (status: ConnectorStatus): boolean => {
    const draft = draftOnline();
    draft.apply('CP_1', { type: 'status', connector: 1, status }, 0);
    return draft.enforcement(KEY)?.inherited !== undefined;
  };
  for (const status of ['charging', 'suspended-ev', 'suspended-evse'] as const) {
    assert.equal(inherits(status), true, status);
  }
  for (const status of ['available', 'preparing', 'finishing'] as const) {
    assert.equal(inherits(status), false, status);
  }
});

test('a wish is not for the next car, also where the end of its transaction was lost', () => {
  const draft = draftOnline();
  draft.apply('CP_1', { type: 'transaction-started', connector: 1, transactionId: '1' }, 0);
  draft.setWish('CP_1', 1, { energyWh: 40_000 }, 0);
  draft.apply('CP_1', { type: 'status', connector: 1, status: 'available' }, 1_000);
  const wishes = (nowMs: number) => {
    draft.prepare(nowMs);
    return draft.freeze(nowMs, 0, { connectors: new Map(), stations: new Map() }).wishes;
  };
  assert.equal(wishes(2_000).size, 1);
  assert.equal(wishes(1_000 + STALE_TRANSACTION_AFTER_MS).size, 0);
});
