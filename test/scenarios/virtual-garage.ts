import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';

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
  meters: [
    {
      id: 'grid',
      device: 'eastron-sdm630',
      connect: 'tcp://127.0.0.1:502',
      unit: 1,
      pollMs: 1000,
      ctRatio: 1,
      invert: false,
      phaseOrder: [0, 1, 2],
    },
  ],
  chargers: Array.from({ length: count }, (_, i) => ({
    id: `CP_${i + 1}`,
    circuit: 'main',
    phases: [0, 1, 2],
    maxAmps: 32,
    minAmps: 6,
    fallbackAmps: 6,
    fallbackTrusted: false,
    stepAmps: 1,
    weight: 1,
    connectors: 1,
  })),
  emsSources: [],
  arrivalReserve: 1,
  ...changes,
});
