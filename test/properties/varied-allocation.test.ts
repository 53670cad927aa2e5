import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from '../../src/core/allocation/allocate.ts';
import type { AllocationProblem } from '../../src/core/allocation/problem.ts';
import { Scratch } from '../../src/core/allocation/scratch.ts';
import { variedProblemArbitrary } from './random-site.ts';

const RUNS = { numRuns: 500 };
const TOLERANCE = 1e-5;

/** Charging amps by phase on a circuit and everything below it. */
const phaseSums = ({ circuits, demands }: AllocationProblem, amps: readonly number[], at: number) =>
  [0, 1, 2].map((phase) =>
    demands.reduce((sum, demand, i) => {
      let circuit = demand.circuit;
      while (circuit >= 0 && circuit !== at) circuit = circuits[circuit]!.parent;
      return circuit === at && demand.phases[phase as 0 | 1 | 2] ? sum + amps[i]! : sum;
    }, 0),
  );

test('phases never differ by more than the limit, and no fuse is exceeded', () => {
  fc.assert(
    fc.property(variedProblemArbitrary, (problem) => {
      const amps = allocate(problem).offers.map((offer) => offer.amps);
      problem.circuits.forEach(({ freeAmps, unbalance }, index) => {
        const sums = phaseSums(problem, amps, index);
        sums.forEach((sum, p) => {
          assert.ok(sum <= Math.max(0, freeAmps[p as 0 | 1 | 2]) + TOLERANCE, `fuse of c${index}`);
        });
        if (unbalance === undefined) return;
        // Those on unknown phases may all be on the high one, and none on the low one.
        const unknown = amps.map((each, i) => (problem.demands[i]?.phaseUnknown ? each : 0));
        const most = phaseSums(problem, unknown, index)[0] ?? 0;
        const difference = Math.max(...sums) - Math.min(...sums) + most;
        assert.ok(difference <= unbalance.limitAmps + TOLERANCE, `${difference} A on c${index}`);
      });
    }),
    RUNS,
  );
});

test('a charger with listed values is offered one of them, or nothing', () => {
  fc.assert(
    fc.property(variedProblemArbitrary, (problem) => {
      allocate(problem).offers.forEach(({ amps }, index) => {
        const { stepsAmps, minAmps, maxAmps } = problem.demands[index]!;
        if (amps === 0) return;
        assert.ok(amps >= minAmps - TOLERANCE && amps <= maxAmps + TOLERANCE, `${amps} A`);
        if (stepsAmps !== undefined) assert.ok(stepsAmps.includes(amps), `${amps} A is not listed`);
      });
    }),
    RUNS,
  );
});

test('neither the order of the demands nor a scratch used before changes the result', () => {
  const scratch = new Scratch();
  fc.assert(
    fc.property(variedProblemArbitrary, (problem) => {
      const reversed = { ...problem, demands: [...problem.demands].reverse() };
      const amps = (p: AllocationProblem, memory?: Scratch) =>
        Object.fromEntries(
          allocate(p, memory).offers.map((o) => [o.id, Math.round(o.amps * 1e5) / 1e5]),
        );
      const expected = amps(problem);
      assert.deepEqual(amps(reversed), expected);
      assert.deepEqual(amps(problem, scratch), expected);
    }),
    RUNS,
  );
});
