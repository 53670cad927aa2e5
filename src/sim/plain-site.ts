import type { ChargerSpec, MeterSpec } from '../core/site.ts';

/** A meter of the whole site; nothing is ever dialled, its readings come from the virtual plant. */
export const PLAIN_METER: MeterSpec = {
  id: 'grid',
  device: 'eastron-sdm630',
  connect: 'tcp://127.0.0.1:502',
  unit: 1,
  pollMs: 1_000,
  ctRatio: 1,
  invert: false,
  phaseOrder: [0, 1, 2],
};

/** One connector of 32 A on three phases, as most chargers are. */
export const plainCharger = (
  id: string,
  circuit: string,
  changes: Partial<ChargerSpec> = {},
): ChargerSpec => ({
  id,
  circuit,
  phases: [0, 1, 2],
  maxAmps: 32,
  minAmps: 6,
  fallbackAmps: 6,
  fallbackTrusted: false,
  stepAmps: 1,
  weight: 1,
  connectors: 1,
  ...changes,
});

/** Site phases of the charger of this number, where an electrician turned them from one to the next. */
export const turnedPhases = (number: number): ChargerSpec['phases'] =>
  (
    [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
    ] as const
  )[number % 3] ?? [0, 1, 2];
