import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { garage } from '../scenarios/virtual-garage.ts';

test('a firmware that takes more again is not held to what the one before took', () => {
  const draft = new SiteDraft(garage(1), DEFAULT_SETTINGS, new Set(), 0, {
    traitsOf: ({ firmware }) =>
      firmware === '1'
        ? { ...PLAIN_TRAITS, minAmps: 8, stepsAmps: [8, 16], zeroAmpPause: 'unsafe' }
        : PLAIN_TRAITS,
    plates: new Map(),
    remember: () => {},
  });
  const configured = draft.spec('CP_1');
  const booted = { type: 'booted', vendor: 'V', model: 'M' } as const;
  draft.apply('CP_1', { ...booted, firmware: '1' }, 0);
  assert.deepEqual(draft.spec('CP_1'), {
    ...configured,
    minAmps: 8,
    stepsAmps: [8, 16],
    zeroAmpPause: 'unsafe',
  });
  draft.apply('CP_1', { ...booted, firmware: '2' }, 0);
  assert.deepEqual(draft.spec('CP_1'), configured);
});
