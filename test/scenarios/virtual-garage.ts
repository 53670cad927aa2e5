import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import { PLAIN_METER, plainCharger } from '../../src/sim/plain-site.ts';

/** A garage of `count` three-phase chargers behind a metered main fuse. */
export const garage = (
  count: number,
  changes: Partial<Site> & { readonly mainAmps?: number } = {},
): Site => ({
  id: 'garage',
  timezone: 'Europe/Berlin',
  voltageVolts: 230,
  circuits: [
    {
      id: 'main',
      limitAmps: sameAmps(changes.mainAmps ?? 63),
      marginAmps: 1,
      meter: 'grid',
      assumedLoadAmps: sameAmps(10),
    },
  ],
  meters: [PLAIN_METER],
  chargers: Array.from({ length: count }, (_, i) => plainCharger(`CP_${i + 1}`, 'main')),
  emsSources: [],
  arrivalReserve: 1,
  ...changes,
});
