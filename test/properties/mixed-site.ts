import fc from 'fast-check';
import type {
  AllocationCircuit,
  AllocationProblem,
  RankedDemand,
} from '../../src/core/allocation/problem.ts';
import type { Reason } from '../../src/core/reason.ts';

export interface MixedSite {
  readonly problem: AllocationProblem;
  /** Cars that take nothing. */
  readonly idle: ReadonlySet<string>;
}

const because = (id: string): readonly Reason[] => [{ kind: 'circuit', id, text: id }];

const WIRINGS = [
  { phases: [true, false, false] },
  { phases: [false, true, false] },
  { phases: [false, false, true] },
  { phases: [true, true, false] },
  { phases: [true, true, false], lineToLine: true },
  { phases: [false, true, true], lineToLine: true },
  { phases: [true, false, true], lineToLine: true },
  { phases: [true, true, true] },
  { phases: [true, true, true], wattsPhases: 1 },
] as const;

const STEPS = [
  { stepAmps: 1 },
  { stepAmps: 1 },
  { stepAmps: 0.1 },
  { stepAmps: 1, stepsAmps: [6, 8, 10, 13, 16] },
  { stepAmps: 1, stepsAmps: [0, 8, 16, 24, 32] },
] as const;

const freeAmps = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 90 }) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 90, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
);
const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const circuitAt = (index: number): fc.Arbitrary<AllocationCircuit> =>
  fc
    .record({
      parent: fc.nat(Math.max(0, index - 1)),
      freeAmps: fc.tuple(freeAmps, freeAmps, freeAmps),
      freeWatts: option(fc.integer({ min: 0, max: 40_000 })),
      phasorSum: fc.boolean(),
      limitAmps: option(fc.integer({ min: 2, max: 30 })),
      baseAmps: option(fc.tuple(fc.nat(25), fc.nat(25), fc.nat(25))),
    })
    .map(({ parent, limitAmps, baseAmps, freeWatts, ...rest }) => {
      const id = `c${index}`;
      const base = baseAmps === undefined ? {} : { baseAmps };
      return {
        ...rest,
        id,
        parent: index === 0 ? -1 : parent,
        reasons: [because(`${id} L1`), because(`${id} L2`), because(`${id} L3`)],
        ...(freeWatts === undefined ? {} : { freeWatts }),
        ...(limitAmps === undefined
          ? {}
          : { unbalance: { limitAmps, ...base, reasons: because(`${id} unbalance`) } }),
      };
    });

const car = (circuits: number) =>
  fc.record({
    circuit: fc.nat(circuits - 1),
    wiring: fc.constantFrom(...WIRINGS),
    steps: fc.constantFrom(...STEPS),
    volts: fc.constantFrom(230, 230, 120),
    minAmps: fc.constantFrom(0, 6, 6, 8),
    extraAmps: fc.integer({ min: -2, max: 26 }),
    weight: fc.constantFrom(1, 1, 0.3, 3),
    priorityClass: fc.constantFrom(0, 0, 0, 1),
    admissionScore: fc.constantFrom(0, 1, 2.5),
    previousAmps: fc.constantFrom(0, 6, 10, 16),
    urgency: fc.constantFrom(1, 1, 0.4, 0),
    mustKeep: fc.boolean(),
    idle: fc.constantFrom(false, false, false, true),
  });

/**
 * Random trees of up to 5 circuits with up to 20 demands, with all that can be mixed: phasors, watts,
 * limits on differences, voltages, lists of steps, objectives, and cars that take nothing.
 */
export const mixedSiteArbitrary: fc.Arbitrary<MixedSite> = fc
  .integer({ min: 1, max: 5 })
  .chain((count) =>
    fc.record({
      objective: fc.constantFrom('fair' as const, 'throughput' as const, 'in-order' as const),
      circuits: fc.tuple(...Array.from({ length: count }, (_, index) => circuitAt(index))),
      cars: fc.array(car(count), { maxLength: 20, size: 'max' }),
    }),
  )
  .map(({ objective, circuits, cars }) => {
    const demands = cars.map(
      ({ wiring, steps, extraAmps, idle: _, ...rest }, index): RankedDemand => {
        const id = `d${String(index).padStart(2, '0')}`;
        return {
          ...rest,
          ...wiring,
          ...steps,
          id,
          maxAmps: rest.minAmps + extraAmps,
          maxReason: { kind: 'charger', id, text: 'rated' },
        };
      },
    );
    const idle = new Set(demands.filter((_, i) => cars[i]?.idle).map(({ id }) => id));
    return { problem: { objective, circuits, demands }, idle };
  });
