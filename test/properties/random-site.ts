import fc from 'fast-check';
import type { AllocationProblem, RankedDemand } from '../../src/core/allocation/problem.ts';
import type { Reason } from '../../src/core/reason.ts';

const reason = (id: string): Reason => ({ kind: 'circuit', id, text: id });

const PHASE_SETS = [
  [true, false, false],
  [false, true, false],
  [false, false, true],
  [true, true, false],
  [false, true, true],
  [true, false, true],
  [true, true, true],
] as const;

const demandArbitrary = (circuits: number) =>
  fc.record({
    circuit: fc.nat(circuits - 1),
    phases: fc.constantFrom(...PHASE_SETS),
    minAmps: fc.constantFrom(0, 6, 6, 6, 8),
    extraAmps: fc.integer({ min: -2, max: 26 }),
    stepAmps: fc.constantFrom(1, 1, 0.1),
    weight: fc.constantFrom(1, 1, 1, 0.2, 0.5, 3),
    priorityClass: fc.constantFrom(0, 0, 0, 1),
    admissionScore: fc.constantFrom(0, 0, 1, 2.5),
    previousAmps: fc.constantFrom(0, 6, 10, 16),
  });

/** Random trees of up to 8 circuits with up to 24 demands. */
export const problemArbitrary: fc.Arbitrary<AllocationProblem> = fc
  .integer({ min: 1, max: 8 })
  .chain((count) =>
    fc.record({
      parents: fc.tuple(...Array.from({ length: count }, (_, i) => fc.nat(Math.max(0, i - 1)))),
      amps: fc.array(fc.tuple(freeAmps, freeAmps, freeAmps), {
        minLength: count,
        maxLength: count,
      }),
      watts: fc.array(fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }), {
        minLength: count,
        maxLength: count,
      }),
      demands: fc.array(demandArbitrary(count), { maxLength: 24 }),
    }),
  )
  .map(({ parents, amps, watts, demands }) => ({
    circuits: amps.map((free, index) => {
      const id = `c${index}`;
      const wattsHere = watts[index];
      return {
        id,
        parent: index === 0 ? -1 : (parents[index] ?? 0),
        freeAmps: free,
        reasons: [[reason(id)], [reason(id)], [reason(id)]] as const,
        ...(wattsHere === undefined ? {} : { freeWatts: wattsHere }),
      };
    }),
    demands: demands.map(
      ({ extraAmps, ...demand }, index): RankedDemand => ({
        ...demand,
        id: `d${String(index).padStart(2, '0')}`,
        volts: 230,
        maxAmps: demand.minAmps + extraAmps,
        maxReason: { kind: 'charger', id: `d${index}`, text: 'rated' },
      }),
    ),
  }));

const freeAmps = fc.oneof(
  fc.integer({ min: -5, max: 80 }),
  fc.double({ min: 0, max: 80, noNaN: true }),
);

const STEP_LISTS = [undefined, undefined, [6, 8, 10, 13, 16], [0, 8, 16, 24, 32], [10, 13, 16, 32]];

/**
 * As above, with chargers that know only listed values, cars on unknown phases, and limits on
 * the difference of phases.
 */
export const variedProblemArbitrary: fc.Arbitrary<AllocationProblem> = fc
  .record({
    problem: problemArbitrary,
    lists: fc.array(fc.constantFrom(...STEP_LISTS), { minLength: 24, maxLength: 24 }),
    differences: fc.array(fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }), {
      minLength: 8,
      maxLength: 8,
    }),
    objective: fc.constantFrom('fair', 'fair', 'throughput', 'in-order'),
    mustKeep: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
    unknown: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
  })
  .map(({ problem, lists, differences, mustKeep, unknown, objective }) => ({
    objective,
    circuits: problem.circuits.map((circuit, index) => {
      const limitAmps = differences[index];
      return limitAmps === undefined
        ? circuit
        : { ...circuit, unbalance: { limitAmps, reasons: [reason(`${circuit.id} unbalance`)] } };
    }),
    demands: problem.demands.map((demand, index) => {
      const stepsAmps = lists[index];
      const phaseUnknown = unknown[index] === true && demand.phases.every(Boolean);
      const kept = { ...demand, mustKeep: mustKeep[index] === true, phaseUnknown };
      return stepsAmps === undefined ? kept : { ...kept, stepsAmps };
    }),
  }));
