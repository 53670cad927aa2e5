import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AllocationCircuit } from '../../../src/core/allocation/problem.ts';
import { DEFAULT_POLICY } from '../../../src/core/sharing/policy.ts';
import { type Contender, share } from '../../../src/core/sharing/share.ts';
import {
  DWELL_ON_MS,
  newTurn,
  pausedUntilMs,
  returnsSoon,
  stoppedForRoom,
  switched,
  type Turn,
} from '../../../src/core/sharing/turns.ts';
import { sameAmps } from '../../../src/core/units.ts';
import { contender, fuse } from './contenders.ts';

const NOW_MS = 60_000;
const reason = { kind: 'unbalance', id: 'main', text: 'unbalance' } as const;
const LOOK = {
  length: 'long',
  reason: { kind: 'pending', id: 'b', text: 'starts when 6 A have been free for 60 s' },
} as const;

const on = (id: string, amps = 6, phases = '123') =>
  contender(id, phases, { previousAmps: amps, turn: switched(newTurn(id), true, 0) });
const off = (id: string, changes: Partial<Contender> = {}) =>
  contender(id, '123', { look: LOOK, ...changes });
const shared = (circuit: AllocationCircuit, contenders: readonly Contender[]) =>
  share(DEFAULT_POLICY, [circuit], contenders, NOW_MS).offers;
const amps = (circuit: AllocationCircuit, contenders: readonly Contender[]) =>
  shared(circuit, contenders).map((offer) => offer.amps);
const swinging = (free: number, look: number): AllocationCircuit => ({
  ...fuse(free),
  lookAmps: { long: [look, look, look], short: [0, 0, 0] },
});

test('what each is owed is a share of what is free, not of the margin that keeps cars on', () => {
  const circuit = { ...swinging(11, 9), keepOnAmps: 1.5 };
  const { offers, entitledAmps } = share(
    DEFAULT_POLICY,
    [circuit],
    [on('a'), on('b'), off('c')],
    NOW_MS,
  );
  assert.deepEqual(
    offers.map((offer) => offer.amps),
    [6, 6, 0],
  );
  assert.deepEqual(
    [...(entitledAmps ?? [])].map((each) => Math.round(each * 1000) / 1000),
    [3.667, 3.667, 3.667],
  );
});

test('nobody is owed anything while everybody charges', () => {
  const owed = (free: number) =>
    share(DEFAULT_POLICY, [fuse(free)], [on('a'), on('b')], NOW_MS).entitledAmps;
  assert.equal(owed(12), undefined);
  assert.deepEqual([...(owed(8) ?? [])], [4, 4]);
});

test('cars that take nothing get what those leave that charge on phases nobody knows', () => {
  const idle = contender('b', '1', { idle: true });
  assert.deepEqual(amps(fuse(20), [on('a', 6, ''), idle]), [20, 0]);
  assert.deepEqual(amps(fuse(40), [on('a', 6, ''), idle]), [32, 8]);
});

test('a car looks on for as long as it has to itself', () => {
  const short = { look: { ...LOOK, length: 'short' } } as const;
  const offers = shared(swinging(13, 8), [off('a'), off('b', short)]);
  assert.deepEqual(
    offers.map((offer) => offer.amps),
    [0, 13],
  );
});

test('long and short looks are judged side by side, each start by its own', () => {
  const circuit = { ...fuse(30), lookAmps: { long: sameAmps(20), short: sameAmps(2) } };
  const short = { look: { ...LOOK, length: 'short' } } as const;
  const offers = shared(circuit, [on('a'), off('b'), off('c', short)]);
  assert.deepEqual(
    offers.map((offer) => offer.amps),
    [15, 0, 15],
  );
  assert.deepEqual(offers[1]?.reasons, [LOOK.reason]);
});

test('whoever starts with the amps of a car that looks on is counted at the looks after it', () => {
  const cars = [off('a', { minAmps: 12 }), off('b'), off('c')];
  assert.deepEqual(amps(swinging(14, 4), cars), [0, 14, 0]);
});

test('who would not fit without the load of its look waits like everybody', () => {
  const circuit: AllocationCircuit = {
    ...swinging(40, 30),
    freeAmps: [10, 40, 40],
  };
  const offers = shared(circuit, [on('a', 6, '1'), off('b'), contender('c', '2', { look: LOOK })]);
  assert.match(offers[1]?.reasons[0]?.text ?? '', /waits: less than 6 A left on main L1/);
  assert.deepEqual(
    offers.map((offer) => offer.amps),
    [10, 0, 32],
  );
});

test('a start is judged beside those before it: whose turn is over does not hold it up', () => {
  const over = contender('x', '123', {
    previousAmps: 6,
    turn: { ...switched(newTurn('x'), true, -DWELL_ON_MS), owedHours: -9 },
  });
  assert.deepEqual(amps(swinging(14, 5), [off('b'), over]), [7, 7]);
});

test('a start that others make room for between the phases is no late one', () => {
  const circuit: AllocationCircuit = {
    ...swinging(30, 5),
    unbalance: { limitAmps: 5, reasons: [reason] },
  };
  const cars = ['1', '2', '3'].map((phase, i) =>
    contender(`c${i}`, phase, { look: LOOK, maxAmps: 10 }),
  );
  assert.deepEqual(amps(circuit, cars), [10, 10, 10]);
});

test('a car that takes nothing looks at nothing: it has what others leave', () => {
  const idle = off('b', { idle: true, maxAmps: 6 });
  const offers = shared(swinging(40, 39), [on('a'), idle]);
  assert.deepEqual(
    offers.map((offer) => offer.amps),
    [32, 6],
  );
});

test('a car starts below a circuit that swings only beside the load of its look', () => {
  const start = (look: number) =>
    share(
      DEFAULT_POLICY,
      [swinging(20, look), { ...fuse(6), id: 'pod', parent: 0 }],
      [off('b', { circuit: 1 })],
      NOW_MS,
    ).offers.map((offer) => offer.amps);
  assert.deepEqual(start(14), [6]);
  assert.deepEqual(start(15), [0]);
});

test('nobody starts into power that will not last, and is told so', () => {
  const reason = { kind: 'pending', id: 'main', text: 'a cloud comes' } as const;
  const sun = (watts: number) => ({
    ...fuse(32),
    freeWatts: 690 * 20,
    passing: { watts, reason },
  });
  assert.deepEqual(amps(sun(690 * 8), [on('a'), off('b')]), [10, 10]);
  const offers = shared(sun(690 * 9), [on('a'), off('b')]);
  assert.deepEqual(
    offers.map((offer) => offer.amps),
    [20, 0],
  );
  assert.deepEqual(offers[1]?.reasons, [reason]);
});

describe('a car that charges', () => {
  test('is kept on by the margin, and by no more than that', () => {
    const margin = (free: number) => ({ ...fuse(free), keepOnAmps: 0.5 });
    assert.deepEqual(amps(margin(5.6), [on('a')]), [6]);
    assert.deepEqual(amps(margin(5.4), [on('a')]), [0]);
    assert.deepEqual(amps(margin(11.7), [on('a'), on('b')]), [6, 6]);
    assert.deepEqual(amps(margin(5.6), [{ ...on('a'), maxAmps: 6 }]), [6], 'its most is its least');
    assert.deepEqual(amps(margin(5.6), [{ ...on('a'), maxAmps: 5 }]), [0], 'it wants nothing');
  });

  test('is kept on by the margin of one circuit of a site', () => {
    const pod = { ...fuse(5.6), id: 'pod', parent: 0, keepOnAmps: 0.5 };
    const car = { ...on('a'), circuit: 1 };
    const { offers } = share(DEFAULT_POLICY, [fuse(20), pod], [car], NOW_MS);
    assert.equal(offers[0]?.amps, 6);
  });

  test('takes no margin to grow, and nobody starts into it', () => {
    const margin = { ...fuse(6.8), keepOnAmps: 0.5 };
    assert.deepEqual(amps(margin, [on('a')]), [6]);
    assert.deepEqual(amps({ ...fuse(5.6), keepOnAmps: 0.5 }, [off('b')]), [0]);
    // It keeps nobody on here.
    assert.deepEqual(amps({ ...fuse(9.6), keepOnAmps: 0.5 }, [on('a'), on('b')]), [9, 0]);
  });

  test('gives its place to whose turn it is, margin or not', () => {
    const tired = contender('a', '123', {
      previousAmps: 6,
      turn: { ...switched(newTurn('a'), true, NOW_MS - 2 * DWELL_ON_MS), owedHours: -5 },
    });
    const next = contender('b', '123', { turn: { ...newTurn('b'), owedHours: 5 } });
    assert.deepEqual(amps({ ...fuse(7), keepOnAmps: 6 }, [tired, next]), [0, 7]);
  });

  test('is not stopped so that the margin can keep another one on', () => {
    const large = contender('a', '123', {
      minAmps: 10,
      previousAmps: 10,
      turn: { ...switched(newTurn('a'), true, 0), owedHours: 5 },
    });
    assert.deepEqual(amps({ ...fuse(9.6), keepOnAmps: 0.5 }, [large, on('b')]), [0, 9]);
  });

  test('is kept on while others wait for what they waited for', () => {
    const waits = contender('c');
    for (const cars of [
      [waits, on('a'), on('b')],
      [on('a'), on('b'), waits],
    ]) {
      const offers = shared({ ...fuse(11.7), keepOnAmps: 0.5 }, cars);
      for (const { id, amps: offered, reasons } of offers) {
        assert.equal(offered, id === 'c' ? 0 : 6);
        if (id === 'c') assert.equal(reasons[0]?.text, 'waits: less than 6 A left on main L1');
      }
    }
  });

  test('keeps its amps until another one can start beside the load of the whole look', () => {
    assert.deepEqual(amps(swinging(20, 0), [on('a'), off('b')]), [10, 10]);
    const offers = shared(swinging(20, 9), [on('a'), off('b')]);
    assert.deepEqual(
      offers.map((offer) => offer.amps),
      [20, 0],
    );
    assert.deepEqual(offers[1]?.reasons, [LOOK.reason]);
    const short = { look: { ...LOOK, length: 'short' } } as const;
    assert.deepEqual(amps(swinging(20, 9), [on('a'), off('b', short)]), [10, 10]);
  });
});

test('whatever the margin and the look, offers hold within what is free and the margin', () => {
  const car = fc.record({
    isOn: fc.boolean(),
    looks: fc.boolean(),
    wasAmps: fc.integer({ min: 6, max: 32 }),
    phases: fc.constantFrom('1', '2', '3', '12', '123'),
  });
  const cases = fc.record({
    cars: fc.array(car, { minLength: 1, maxLength: 6 }),
    free: fc.double({ min: 0, max: 50, noNaN: true }),
    keepOnAmps: fc.double({ min: 0, max: 1, noNaN: true }),
    look: fc.double({ min: 0, max: 20, noNaN: true }),
  });
  fc.assert(
    fc.property(cases, ({ cars, free, keepOnAmps, look }) => {
      const contenders = cars.map(({ isOn, looks, wasAmps, phases }, i) =>
        isOn
          ? on(`c${i}`, wasAmps, phases)
          : contender(`c${i}`, phases, looks ? { look: LOOK } : {}),
      );
      const offers = amps({ ...swinging(free, look), keepOnAmps }, contenders);
      for (const p of [0, 1, 2] as const) {
        const sum = offers.reduce((a, b, i) => a + (contenders[i]?.phases[p] ? b : 0), 0);
        assert.ok(sum <= free + keepOnAmps + 1e-6, `${sum} of ${free} A`);
      }
    }),
    { numRuns: 300 },
  );
});

test('whoever starts has room for the minimums of all that are on and the load of its look', () => {
  const car = fc.record({
    isOn: fc.boolean(),
    wasAmps: fc.integer({ min: 6, max: 32 }),
    phases: fc.constantFrom('1', '2', '3', '12', '123'),
  });
  const cases = fc.record({
    cars: fc.array(car, { minLength: 1, maxLength: 7 }),
    free: fc.integer({ min: 0, max: 50 }),
    look: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(cases, ({ cars, free, look }) => {
      const contenders = cars.map(({ isOn, wasAmps, phases }, i) =>
        isOn ? on(`c${i}`, wasAmps, phases) : contender(`c${i}`, phases, { look: LOOK }),
      );
      const offers = amps(swinging(free, look), contenders);
      for (const p of [0, 1, 2] as const) {
        const charging = contenders.filter(({ phases }, i) => phases[p] && (offers[i] ?? 0) > 0);
        if (charging.every((each) => each.turn.on)) continue;
        assert.ok(charging.length * 6 + look <= free, `${charging.length} cars in ${free} A`);
      }
    }),
    { numRuns: 300 },
  );
});

test('short runs in a row make a car wait longer each time; a long one forgives', () => {
  const run = (turn: Turn, startMs: number, ranMs: number): Turn => {
    const running = switched(turn, true, startMs);
    return stoppedForRoom(switched(running, false, startMs + ranMs), running);
  };
  const waitsMs: number[] = [];
  let turn = newTurn('a');
  for (let i = 0; i < 4; i += 1) {
    turn = run(turn, i * 3_600_000, 60_000);
    const stoppedMs = turn.sinceMs ?? 0;
    waitsMs.push(Math.max(stoppedMs, pausedUntilMs(turn)) - stoppedMs);
    assert.equal(returnsSoon(turn), i === 0);
  }
  assert.deepEqual(waitsMs, [0, 240_000, 900_000, 1_800_000]);
  assert.ok(returnsSoon(run(turn, 20 * 3_600_000, DWELL_ON_MS)));
});
