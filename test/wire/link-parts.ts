import { SILENT_LOG } from '../../src/core/log.ts';
import type { Clock } from '../../src/core/time.ts';

const TAKEN = { accepted: true, reason: 'accepted' };

/** What a link to an EMS needs besides its broker. */
export const linkParts = (clock: Clock) => ({
  root: 'busbar/v1',
  siteId: 'garage',
  clock,
  log: SILENT_LOG,
  version: '1',
  taker: { setPreference: () => TAKEN, setWish: () => true, setPolicy: () => {} },
  meters: [],
  onReading: () => {},
});

/** A contact of the grid operator, behind a coil. */
export const RIPPLE_CONTROL = {
  id: 'ripple-control',
  circuit: 'main',
  unit: 1,
  table: 'coil',
  address: 3,
  activeWhen: true,
  limitWatts: 4_200,
} as const;
