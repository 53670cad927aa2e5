import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ADMITTED, admit } from '../../src/core/allocation/admit.ts';
import { allocate } from '../../src/core/allocation/allocate.ts';
import { AT_MAXIMUM, fill } from '../../src/core/allocation/fill.ts';
import { claimedRows } from '../../src/core/allocation/make-rows.ts';
import type { AllocationProblem } from '../../src/core/allocation/problem.ts';
import { blockingRow, load, type Rows, WATTS_KIND } from '../../src/core/allocation/rows.ts';
import { problemArbitrary } from './random-site.ts';

const RUNS = { numRuns: 400 };
const TOLERANCE = 1e-6;

const sumsOf = (rows: Rows, amps: ArrayLike<number>): Float64Array => {
  const sums = new Float64Array(rows.limits.length);
  for (let i = 0; i < amps.length; i += 1) load(rows, sums, i, amps[i]!);
  return sums;
};

const assertNoRowExceeded = (rows: Rows, amps: ArrayLike<number>): void => {
  sumsOf(rows, amps).forEach((sum, row) => {
    const limit = Math.max(0, rows.limits[row]!);
    const tolerance = rows.kindOf[row] === WATTS_KIND ? TOLERANCE * 1_000 : TOLERANCE;
    assert.ok(sum <= limit + tolerance, `row ${row}: ${sum} of ${limit}`);
  });
};

test('no circuit, phase or watt limit is ever exceeded', () => {
  fc.assert(
    fc.property(problemArbitrary, (problem) => {
      const offers = allocate(problem).offers.map((offer) => offer.amps);
      assertNoRowExceeded(claimedRows(problem), offers);
    }),
    RUNS,
  );
});

test('every offer is 0 or between minimum and maximum', () => {
  fc.assert(
    fc.property(problemArbitrary, (problem) => {
      allocate(problem).offers.forEach(({ amps }, index) => {
        const { minAmps, maxAmps } = problem.demands[index]!;
        if (amps !== 0) assert.ok(amps >= minAmps - TOLERANCE && amps <= maxAmps + TOLERANCE);
      });
    }),
    RUNS,
  );
});

test('certificate: whoever is below its maximum has a full row on which nobody has a larger share', () => {
  fc.assert(
    fc.property(problemArbitrary, (problem) => {
      const rows = claimedRows(problem);
      const verdicts = admit(rows);
      const { amps, bottleneck } = fill(rows, verdicts);
      assertNoRowExceeded(rows, amps);
      const sums = sumsOf(rows, amps);
      problem.demands.forEach((_demand, index) => {
        if (verdicts[index] !== ADMITTED) return;
        const row = bottleneck[index]!;
        if (row === AT_MAXIMUM) {
          assert.ok(Math.abs(amps[index]! - rows.mostAmps[index]!) < TOLERANCE);
          return;
        }
        const full = rows.limits[row]! - sums[row]!;
        assert.ok(full < TOLERANCE * 1_000, `bottleneck row ${row} has ${full} left`);
        assertLargestShare(rows, verdicts, amps, index, row);
      });
    }),
    RUNS,
  );
});

/** Nobody above its own minimum may have a larger amps/weight on the bottleneck row. */
const assertLargestShare = (
  rows: Rows,
  verdicts: Int32Array,
  amps: Float64Array,
  index: number,
  row: number,
): void => {
  const { demands } = rows;
  const share = (i: number) => amps[i]! / demands[i]!.weight;
  const { users, userStarts, groups } = rows;
  const on = users.subarray(userStarts[row]!, userStarts[row + 1]!);
  for (let other = 0; other < demands.length; other += 1) {
    if (!on.includes(groups.groupOf[other]!)) continue;
    const demand = demands[other]!;
    if (verdicts[other] !== ADMITTED) continue;
    if (amps[other]! <= demand.minAmps + TOLERANCE) continue;
    const mine = Math.max(share(index), demands[index]!.minAmps / demands[index]!.weight);
    assert.ok(share(other) <= mine + TOLERANCE * 100, `${demand.id} has a larger share`);
  }
};

test('after rounding nobody can take one more step', () => {
  fc.assert(
    fc.property(problemArbitrary, (problem) => {
      const rows = claimedRows(problem);
      const verdicts = admit(rows);
      const offers = allocate(problem).offers.map((offer) => offer.amps);
      const sums = sumsOf(rows, offers);
      problem.demands.forEach(({ stepAmps, maxAmps }, index) => {
        if (verdicts[index] !== ADMITTED) return;
        const next = Math.floor(offers[index]! / stepAmps + 1e-9) * stepAmps + stepAmps;
        if (next > maxAmps + TOLERANCE) return;
        const blocked = blockingRow(rows, sums, index, next - offers[index]!, -TOLERANCE);
        assert.ok(blocked >= 0, `demand ${index} could have ${next} instead of ${offers[index]}`);
      });
    }),
    RUNS,
  );
});

test('the result does not depend on the order of the demands', () => {
  fc.assert(
    fc.property(problemArbitrary, fc.integer(), (problem, seed) => {
      const shuffled = [...problem.demands].sort(
        (a, b) => hash(a.id, seed) - hash(b.id, seed) || (a.id < b.id ? -1 : 1),
      );
      const amps = (p: AllocationProblem) =>
        Object.fromEntries(allocate(p).offers.map((o) => [o.id, Math.round(o.amps * 1e6) / 1e6]));
      assert.deepEqual(amps({ ...problem, demands: shuffled }), amps(problem));
    }),
    RUNS,
  );
});

test('who is admitted is the best set in order of class, score and id', () => {
  fc.assert(
    fc.property(problemArbitrary, (problem) => {
      const few = { ...problem, demands: problem.demands.slice(0, 8) };
      const rows = claimedRows(few);
      const admitted = [...admit(rows)].map((verdict) => verdict === ADMITTED);
      assert.deepEqual(admitted, bestSet(few, rows));
    }),
    RUNS,
  );
});

/** By trying every subset: the lexicographically largest feasible one in admission order. */
const bestSet = (problem: AllocationProblem, rows: Rows): readonly boolean[] => {
  const n = problem.demands.length;
  const order = [...problem.demands.keys()].sort((a, b) => {
    const [x, y] = [problem.demands[a]!, problem.demands[b]!];
    return (
      y.priorityClass - x.priorityClass ||
      y.admissionScore - x.admissionScore ||
      (x.id < y.id ? -1 : 1)
    );
  });
  let best = -1;
  for (let mask = 0; mask < 2 ** n; mask += 1) {
    // Bit n-1-k is the k-th in admission order, so a larger mask is lexicographically better.
    const chosen = order.filter((_index, k) => mask & (1 << (n - 1 - k)));
    if (mask > best && feasible(problem, rows, chosen)) best = mask;
  }
  const chosen = new Set(order.filter((_index, k) => best & (1 << (n - 1 - k))));
  return problem.demands.map((_demand, index) => chosen.has(index));
};

const feasible = (problem: AllocationProblem, rows: Rows, chosen: readonly number[]): boolean => {
  const sums = new Float64Array(rows.limits.length);
  return chosen.every((index) => {
    const { minAmps, maxAmps } = problem.demands[index]!;
    if (maxAmps < minAmps || maxAmps <= 0) return false;
    if (blockingRow(rows, sums, index, minAmps, 1e-6) >= 0) return false;
    load(rows, sums, index, minAmps);
    return true;
  });
};

const hash = (text: string, seed: number): number => {
  let value = seed;
  for (const character of text) value = (Math.imul(value, 31) + character.charCodeAt(0)) | 0;
  return value;
};
