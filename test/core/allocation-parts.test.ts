import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { claimedRows } from '../../src/core/allocation/make-rows.ts';
import { marketOf } from '../../src/core/allocation/market.ts';
import { MinTree } from '../../src/core/allocation/min-tree.ts';
import type { AllocationCircuit, RankedDemand } from '../../src/core/allocation/problem.ts';
import { Scratch } from '../../src/core/allocation/scratch.ts';
import { ranked, settleTies, sortByKey } from '../../src/core/allocation/sort.ts';
import { stepAbove, stepBelow } from '../../src/core/allocation/steps.ts';
import { contender } from './sharing/contenders.ts';

const RUNS = { numRuns: 200 };

describe('sorting', () => {
  const key = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ noNaN: true }));
  const rank = fc.integer({ min: -5, max: 9 });
  const few = fc.constantFrom(0, 1);
  const items = (ranks: fc.Arbitrary<number>) =>
    fc.array(fc.tuple(fc.string({ maxLength: 3 }), key, ranks), { maxLength: 60, size: 'max' });

  test('by rank, then key, the largest first, then by id', () => {
    const scratch = new Scratch();
    fc.assert(
      fc.property(fc.oneof(items(rank), items(few)), (each) => {
        scratch.reset();
        const named = each.map(([id], i) => ({ id: `${id}/${i}` }));
        const keys = Float64Array.from(each, ([, value]) => value);
        const ranks = Float64Array.from(each, ([, , value]) => value);
        const expected = [...named.keys()].sort(
          (a, b) =>
            ranks[b]! - ranks[a]! ||
            Math.sign(Number(keys[b]! > keys[a]!) - Number(keys[b]! < keys[a]!)) ||
            (named[a]!.id < named[b]!.id ? -1 : 1),
        );
        assert.deepEqual([...ranked(named, ranks, keys, scratch)], expected);
      }),
      RUNS,
    );
  });

  test('a part only, and those of one key keep their order until their ids decide', () => {
    const part = fc.tuple(fc.nat(60), fc.nat(60));
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 60, size: 'max' }), part, (values, [x, y]) => {
        const [from, to] = [x, y].map((n) => Math.min(n, values.length)).sort((a, b) => a - b);
        const keys = Float64Array.from(values);
        const given = Int32Array.from(values.keys()).reverse();
        const sorted = given.slice();
        sortByKey(sorted, keys, new Int32Array(values.length), from, to);
        const middle = [...given.subarray(from, to)].sort((a, b) => keys[b]! - keys[a]!);
        const around = (inner: readonly number[]) => [
          ...given.subarray(0, from),
          ...inner,
          ...given.subarray(to),
        ];
        assert.deepEqual([...sorted], around(middle));
        const named = values.map((_, i) => ({ id: String(i).padStart(2, '0') }));
        settleTies(sorted, keys, named, from, to);
        const settled = middle.sort((a, b) => keys[b]! - keys[a]! || a - b);
        assert.deepEqual([...sorted], around(settled));
      }),
      RUNS,
    );
  });
});

test('the slot with the smallest key is first, the lower one of equal keys', () => {
  const keys = fc.array(fc.oneof(fc.nat(9), fc.constant(Number.POSITIVE_INFINITY)), {
    maxLength: 20,
  });
  const changes = fc.array(fc.tuple(fc.nat(19), fc.nat(9)), { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(keys, changes, (start, each) => {
      const now = [...start];
      const tree = new MinTree(now.length, new Scratch());
      now.forEach((value, slot) => {
        tree.prepare(slot, value);
      });
      tree.build();
      const check = () => {
        const least = Math.min(...now);
        assert.equal(tree.firstKey, least);
        if (least < Number.POSITIVE_INFINITY) assert.equal(tree.first, now.indexOf(least));
      };
      check();
      for (const [slot, value] of each) {
        if (slot >= now.length) continue;
        now[slot] = value;
        tree.set(slot, value);
        check();
      }
    }),
    RUNS,
  );
});

describe('steps', () => {
  const tenths = { minAmps: 6, stepAmps: 0.1 };
  const listed = { minAmps: 8, stepAmps: 1, stepsAmps: [0, 6, 10, 16] };

  test('every tenth of an amp is its own step, the one below the next, and has no noise', () => {
    for (let tenth = 60; tenth < 800; tenth += 1) {
      const amps = tenth / 10;
      assert.equal(stepBelow(tenths, amps), amps);
      assert.equal(stepBelow(tenths, amps + 0.0999), amps);
      assert.equal(stepAbove(tenths, amps), (tenth + 1) / 10);
      assert.equal(stepAbove(tenths, amps + 0.0999), (tenth + 1) / 10);
    }
  });

  test('a sum of noise below a step is that step', () => {
    assert.equal(stepBelow({ minAmps: 6, stepAmps: 1 }, 6.9999999999), 7);
    assert.equal(stepBelow({ minAmps: 6, stepAmps: 1 }, 5.9999999999), 6);
    assert.equal(stepBelow({ minAmps: 6, stepAmps: 1 }, 5.999999), 0);
    assert.equal(stepBelow(listed, 9.9999999999), 10);
    assert.equal(stepAbove({ minAmps: 6, stepAmps: 1 }, 6.9999999999), 8);
    assert.equal(stepAbove(listed, 9.9999999999), 16);
  });

  test('the minimum is one also where it is no multiple', () => {
    const odd = { minAmps: 6.5, stepAmps: 1 };
    assert.deepEqual(
      [6.4, 6.5, 6.9, 7].map((amps) => stepBelow(odd, amps)),
      [0, 6.5, 6.5, 7],
    );
    assert.deepEqual(
      [0, 6.5, 7].map((amps) => stepAbove(odd, amps)),
      [6.5, 7, 8],
    );
  });

  test('of listed values those below the minimum are none', () => {
    assert.deepEqual(
      [5, 9, 10, 15, 99].map((amps) => stepBelow(listed, amps)),
      [0, 0, 10, 10, 16],
    );
    assert.deepEqual(
      [-1, 0, 10, 16].map((amps) => stepAbove(listed, amps)),
      [10, 10, 16, Number.POSITIVE_INFINITY],
    );
  });

  test('a charger that names no step has tenths', () => {
    for (const stepAmps of [0, -1, Number.NaN]) {
      assert.equal(stepBelow({ minAmps: 6, stepAmps }, 7.39), 7.3);
    }
  });
});

describe('scratch', () => {
  test('hands out zeros, and each array once until it is reset', () => {
    const scratch = new Scratch();
    for (let round = 0; round < 3; round += 1) {
      const [a, b] = [scratch.floats(4), scratch.floats(4)];
      const [c, d] = [scratch.integers(4), scratch.integers(4)];
      assert.notEqual(a, b);
      assert.notEqual(c, d);
      for (const each of [a, b, c, d]) {
        assert.deepEqual([...each], [0, 0, 0, 0]);
        each.fill(7);
      }
      scratch.reset();
    }
  });

  test('keeps a length that is asked for now and then, and forgets one that is not', () => {
    for (const take of [
      (scratch: Scratch) => scratch.floats(9),
      (scratch: Scratch) => scratch.integers(9),
    ]) {
      const scratch = new Scratch();
      const resets = (count: number) => {
        for (let i = 0; i < count; i += 1) scratch.reset();
      };
      const first = take(scratch);
      resets(90);
      assert.equal(take(scratch), first);
      // Asked for since: counted anew.
      resets(90);
      assert.equal(take(scratch), first);
      resets(110);
      assert.notEqual(take(scratch), first);
    }
  });
});

describe('the market', () => {
  const main = (
    freeAmps: AllocationCircuit['freeAmps'],
    changes: Partial<AllocationCircuit> = {},
  ): AllocationCircuit => ({ id: 'main', parent: -1, freeAmps, reasons: [[], [], []], ...changes });
  const car = (phases: string): RankedDemand => ({
    ...contender(phases, phases),
    admissionScore: 0,
  });
  /** Costs and targets by car, each of which is a group of its own. */
  const trade = (circuit: AllocationCircuit, wants: Readonly<Record<string, number>>) => {
    const demands = Object.keys(wants).map(car);
    const rows = claimedRows({ circuits: [circuit], demands });
    const { costs, targets } = marketOf(rows, Float64Array.from(Object.values(wants)));
    const groups = [...rows.groups.groupOf];
    return { costs: groups.map((g) => costs[g] ?? 0), targets: groups.map((g) => targets[g] ?? 0) };
  };
  const assertNear = (amps: readonly number[], expected: readonly number[]) => {
    amps.forEach((each, i) => {
      const away = Math.abs(each - (expected[i] ?? 0));
      assert.ok(away <= 4, `${amps.join(', ')} instead of ${expected.join(', ')}`);
    });
  };

  test('gives a scarce phase to those who make most of it, at a price the others do not pay', () => {
    const { costs, targets } = trade(main([16, 64, 64]), { '1': 1, '12': 2 });
    assertNear(targets, [0, 16]);
    for (const cost of costs) assert.ok(cost > 1 && cost < 2, `a price of ${cost}`);
    assertNear(trade(main([40, 64, 64]), { '1': 1, '12': 2 }).targets, [8, 32]);
  });

  test('gives everybody all where nothing is short, next to free', () => {
    const { costs, targets } = trade(main([100, 64, 64]), { '1': 1, '12': 2 });
    assert.deepEqual(targets, [32, 32]);
    assert.deepEqual(costs, [0.01 / 230, 0.01 / 230]);
  });

  test('gives nobody anything of a phase that has none', () => {
    assertNear(trade(main([0, 32, 32]), { '1': 1, '2': 2 }).targets, [0, 32]);
  });

  test('counts watts by volts and phases', () => {
    const watts = { freeWatts: 230 * 30 };
    const { costs, targets } = trade(main([64, 64, 64], watts), { '1': 1.5, '123': 3 });
    assert.ok(Math.abs((costs[1] ?? 0) / (costs[0] ?? 1) - 3) < 0.01);
    assertNear(targets, [30, 0]);
    assertNear(trade(main([64, 64, 64], watts), { '1': 1, '123': 4.5 }).targets, [0, 10]);
  });

  test('weighs two scarce phases against one', () => {
    const scarce = main([32, 32, 64]);
    assertNear(trade(scarce, { '12': 1, '13': 2, '23': 1.8 }).targets, [0, 32, 32]);
    assertNear(trade(scarce, { '12': 6, '13': 2, '23': 1.8 }).targets, [32, 0, 0]);
  });
});
