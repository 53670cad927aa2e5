import type { MeterSpec } from '../../src/core/site.ts';

/** A meter of the site file with nothing special about it. */
export const plainMeter = (changes: Partial<MeterSpec> = {}): MeterSpec => ({
  id: 'grid',
  device: './mine.yaml',
  connect: 'tcp://127.0.0.1:502',
  unit: 1,
  pollMs: 1000,
  ctRatio: 1,
  invert: false,
  phaseOrder: [0, 1, 2],
  ...changes,
});
