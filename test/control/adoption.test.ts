import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADOPTED_MOST, Adoption } from '../../src/control/adoption.ts';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { NO_OBSERVER } from '../scenarios/relay-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const [SPEC] = garage(1).chargers;
assert.ok(SPEC);

const start = (adopts = true) => {
  const told: string[] = [];
  const adoption = new Adoption({
    listed: ['CP_1'],
    adopted: ['CP_2'],
    specOf: (id) => (adopts ? { ...SPEC, id } : undefined),
    adopt: ({ id }) => told.push(`adopt ${id}`),
    remember: (id) => told.push(`remember ${id}`),
  });
  const observer = adoption.watching({
    ...NO_OBSERVER,
    chargerConnected: (id) => told.push(`connected ${id}`),
  });
  return { adoption, observer, told };
};

test('an unknown charger is adopted when the CSMS accepted it, before anybody hears of it', () => {
  const { adoption, observer, told } = start();
  assert.ok(adoption.admits('CP_9'));
  assert.deepEqual(told, []);
  observer.chargerConnected('CP_9', '1.6', 0);
  observer.chargerConnected('CP_9', '1.6', 1);
  assert.deepEqual(told, ['adopt CP_9', 'remember CP_9', 'connected CP_9', 'connected CP_9']);
});

test('adopted before or listed: known; all others are rejected where nothing is adopted', () => {
  const { adoption } = start(false);
  assert.deepEqual(
    ['CP_1', 'CP_2', 'CP_9'].map((id) => adoption.admits(id)),
    [true, true, false],
  );
  assert.match(adoption.remedyFor('CP1'), /^is it CP_1\? Then mend the end of its URL; or add it/);
  assert.match(adoption.remedyFor('garage-west'), /^add it to chargers of the site file/);
});

test('a flood of identities ends at a bound', () => {
  const { adoption, observer } = start();
  for (let i = 0; i < 2 * ADOPTED_MOST; i += 1) {
    if (adoption.admits(`X_${i}`)) observer.chargerConnected(`X_${i}`, '1.6', 0);
  }
  assert.equal(adoption.admits('X_new'), false);
  assert.equal(adoption.admits('X_0'), true);
});

test('an adopted charger is budgeted at its rating until something is known of it', () => {
  const draft = new SiteDraft(garage(1), DEFAULT_SETTINGS, new Set(), 0);
  draft.adopt({ ...SPEC, id: 'CP_9', maxAmps: 20 }, 0);
  assert.equal(draft.site.chargers.length, 2);
  const noLimits = { connectors: new Map(), stations: new Map() };
  const input = draft.freeze(0, 0, noLimits);
  assert.ok(input.chargers.has('CP_9'));
  assert.ok(!input.fallbackProven.has('CP_9'));
});
