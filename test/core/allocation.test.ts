import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allocate } from '../../src/core/allocation/allocate.ts';
import type { AllocationCircuit, RankedDemand } from '../../src/core/allocation/problem.ts';
import type { PhaseAmps } from '../../src/core/units.ts';

const circuit = (
  id: string,
  freeAmps: PhaseAmps,
  changes: Partial<AllocationCircuit> = {},
): AllocationCircuit => {
  const because = (phase: 'L1' | 'L2' | 'L3') =>
    [{ kind: 'circuit', id, phase, text: `${id} ${phase}` }] as const;
  return {
    id,
    parent: -1,
    freeAmps,
    reasons: [because('L1'), because('L2'), because('L3')],
    ...changes,
  };
};
const car = (id: string, phases: string, changes: Partial<RankedDemand> = {}): RankedDemand => ({
  id,
  circuit: 0,
  phases: [phases.includes('1'), phases.includes('2'), phases.includes('3')],
  volts: 230,
  minAmps: 6,
  maxAmps: 32,
  maxReason: { kind: 'charger', id, text: 'rated' },
  stepAmps: 1,
  weight: 1,
  priorityClass: 0,
  admissionScore: 0,
  previousAmps: 0,
  ...changes,
});
const share = (circuits: readonly AllocationCircuit[], demands: readonly RankedDemand[]) =>
  Object.fromEntries(allocate({ circuits, demands }).offers.map(({ id, amps }) => [id, amps]));
const chainOf = (
  circuits: readonly AllocationCircuit[],
  demands: readonly RankedDemand[],
  id: string,
) =>
  allocate({ circuits, demands })
    .offers.find((offer) => offer.id === id)
    ?.reasons.map(({ text }) => text);

describe('who gets how much', () => {
  test('three-phase cars share equally', () => {
    assert.deepEqual(share([circuit('main', [30, 30, 30])], [car('a', '123'), car('b', '123')]), {
      a: 15,
      b: 15,
    });
  });

  test('a one-phase car only costs its own phase', () => {
    const cars = [car('a', '1'), car('b', '2'), car('c', '123')];
    assert.deepEqual(share([circuit('main', [30, 30, 30])], cars), { a: 15, b: 15, c: 15 });
    assert.deepEqual(share([circuit('main', [20, 30, 60])], cars), { a: 10, b: 20, c: 10 });
  });

  test('what one car cannot take goes to the others', () => {
    const cars = [car('a', '123', { maxAmps: 8 }), car('b', '123')];
    assert.deepEqual(share([circuit('main', [30, 30, 30])], cars), { a: 8, b: 22 });
  });

  test('shares grow with the weight', () => {
    const cars = [car('a', '123', { weight: 2 }), car('b', '123')];
    assert.deepEqual(share([circuit('main', [30, 30, 30])], cars), { a: 20, b: 10 });
  });

  test('the last step goes to the same car in whatever order they are told', () => {
    const fine = { stepAmps: 0.1, phases: [true, false, false] } as const;
    const cars = [
      car('a', '1', { ...fine, minAmps: 0, maxAmps: 1, weight: 0.2 }),
      car('b', '1', { ...fine, minAmps: 8, maxAmps: 8 }),
      car('c', '1', { ...fine, minAmps: 8, maxAmps: 10, weight: 3 }),
    ];
    for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
      const told = [...order].flatMap((id) => cars.filter((each) => each.id === id));
      const offers = share([circuit('main', [18, 18, 18])], told);
      assert.deepEqual(offers, { a: 0.7, b: 8, c: 9.3 }, order);
    }
  });

  test('a fuse further up binds as well', () => {
    const circuits = [
      circuit('main', [24, 24, 24]),
      circuit('garage', [40, 40, 40], { parent: 0 }),
    ];
    const cars = [car('a', '123', { circuit: 1 }), car('b', '123', { circuit: 1 })];
    assert.deepEqual(share(circuits, cars), { a: 12, b: 12 });
  });

  test('a power limit counts every phase', () => {
    const circuits = [circuit('main', [60, 60, 60], { freeWatts: 230 * 3 * 20 })];
    assert.deepEqual(share(circuits, [car('a', '123'), car('b', '123')]), { a: 10, b: 10 });
  });

  test('a limit of next to nothing is a limit, also where currents add as phasors', () => {
    const free = { phasorSum: true } as const;
    const cars = [car('a', '12', { lineToLine: true, minAmps: 0 })];
    assert.deepEqual(share([circuit('main', [63, 1e-200, 63], free)], cars), { a: 0 });
  });

  test('less than the minimum is nothing, and the rest is not wasted', () => {
    const cars = [car('a', '123'), car('b', '123'), car('c', '123')];
    assert.deepEqual(share([circuit('main', [16, 16, 16])], cars), { a: 8, b: 8, c: 0 });
  });

  test('the class decides who is on', () => {
    const cars = [car('a', '123'), car('b', '123', { priorityClass: 1 })];
    assert.deepEqual(share([circuit('main', [10, 10, 10])], cars), { a: 0, b: 10 });
  });

  test('an odd amp goes to the car that had it before', () => {
    const cars = [car('a', '123', { previousAmps: 10 }), car('b', '123', { previousAmps: 11 })];
    assert.deepEqual(share([circuit('main', [21, 21, 21])], cars), { a: 10, b: 11 });
  });

  test('a charger with small steps takes up all that others leave over', () => {
    const coarse = Array.from({ length: 4 }, (_, i) => car(`a${i}`, '1', { stepAmps: 5 }));
    const fine = car('z', '1', { stepAmps: 0.1 });
    const offers = share([circuit('main', [44, 0, 0])], [...coarse, fine]);
    // 10 + 10 + 6 + 6 A for the coarse ones leave 12 A; the last tenth may fall to rounding.
    assert.ok((offers['z'] ?? 0) > 11.8, `only ${offers['z']} A`);
  });
});

describe('what rounding leaves', () => {
  test('goes to whoever lost most of its share, not most amps', () => {
    const cars = [car('a', '1', { weight: 3 }), car('b', '1')];
    // 19.8 and 6.6 A.
    assert.deepEqual(share([circuit('main', [26.4, 0, 0])], cars), { a: 19, b: 7 });
  });

  test('may take a car to the most that it can have', () => {
    const cars = [car('a', '1', { maxAmps: 8 }), car('b', '1', { maxAmps: 8 })];
    assert.deepEqual(share([circuit('main', [15, 0, 0])], cars), { a: 8, b: 7 });
  });

  test('goes round: nobody takes a second step before others had one', () => {
    const coarse = [car('a', '1', { stepAmps: 6 }), car('b', '1', { stepAmps: 6 })];
    const fine = [car('c', '1'), car('d', '1')];
    // 11 A each: 6 + 6 + 11 + 11 leave 10, of which a takes 6, then the others two each.
    assert.deepEqual(share([circuit('main', [44, 0, 0])], [...coarse, ...fine]), {
      a: 12,
      b: 6,
      c: 13,
      d: 13,
    });
  });

  test('goes to nobody who was not let in', () => {
    const limits = { limitAmps: 8, baseAmps: [10, 10, 0] as const, reasons: [] };
    const main = circuit('main', [63, 63, 63], { unbalance: limits });
    const cars = [car('a', '12', { minAmps: 14 }), car('b', '3')];
    assert.deepEqual(share([main], cars), { a: 0, b: 18 });
    assert.deepEqual(chainOf([main], cars, 'a'), ['waits: less than 14 A left on main L1']);
  });
});

describe('by throughput', () => {
  const give = (main: AllocationCircuit, cars: readonly RankedDemand[]) =>
    Object.fromEntries(
      allocate({ objective: 'throughput', circuits: [main], demands: cars }).offers.map(
        ({ id, amps }) => [id, amps],
      ),
    );
  const scarce = circuit('main', [16, 64, 64]);
  const at = (id: string, phases: string, changes: Partial<RankedDemand> = {}) =>
    car(id, phases, { maxAmps: 16, ...changes });

  test('amps of a scarce phase go where they take most power with them', () => {
    assert.deepEqual(give(scarce, [at('a', '1'), at('b', '123')]), { a: 0, b: 16 });
    assert.deepEqual(give(scarce, [at('a', '1', { volts: 120 }), at('b', '1')]), { a: 0, b: 16 });
  });

  test('a car that need not hurry gives way', () => {
    assert.deepEqual(give(scarce, [at('a', '1'), at('b', '123', { urgency: 0.5 })]), {
      a: 0,
      b: 16,
    });
    assert.deepEqual(give(scarce, [at('a', '1'), at('b', '123', { urgency: 0 })]), {
      a: 16,
      b: 0,
    });
  });

  test('of two alike the one that is in a hurry goes first', () => {
    const cars = [at('a', '1', { urgency: 0.2, previousAmps: 6 }), at('b', '1')];
    assert.deepEqual(give(scarce, cars), { a: 0, b: 16 });
  });

  test('of two alike the one that charges goes on, unless the other has more weight', () => {
    const charges = at('b', '1', { previousAmps: 6 });
    assert.deepEqual(give(scarce, [at('a', '1'), charges]), { a: 0, b: 16 });
    assert.deepEqual(give(scarce, [at('a', '1', { weight: 2 }), charges]), { a: 16, b: 0 });
  });

  test('a scarce phase goes to the cars whose other phases will be short later too', () => {
    const many = [at('b', '13'), at('c', '13'), at('d', '13')];
    assert.deepEqual(give(scarce, [at('a', '12'), ...many]), { a: 0, b: 16, c: 0, d: 0 });
    assert.deepEqual(give(scarce, [at('a', '12'), at('b', '13')]), { a: 9, b: 7 });
  });

  test('a car of a higher class, or one that is kept, is sure of its minimum', () => {
    const high = at('a', '1', { priorityClass: 1 });
    const kept = { mustKeep: true };
    assert.deepEqual(give(scarce, [high, at('b', '123')]), { a: 6, b: 10 });
    assert.deepEqual(give(scarce, [at('a', '1', kept), at('b', '123')]), { a: 6, b: 10 });
    const few = circuit('main', [10, 64, 64]);
    assert.deepEqual(give(few, [high, at('b', '123', kept)]), { a: 10, b: 0 });
    const wide = at('c', '123', { priorityClass: 1 });
    assert.deepEqual(give(few, [high, at('b', '123', kept), wide]), { a: 0, b: 0, c: 10 });
  });
});

test('in order, a car that is kept goes before others of its class only', () => {
  const amps = (priorityClass: number) =>
    allocate({
      objective: 'in-order',
      circuits: [circuit('main', [10, 0, 0])],
      demands: [car('a', '1', { priorityClass }), car('b', '1', { mustKeep: true })],
    }).offers.map((offer) => offer.amps);
  assert.deepEqual(amps(0), [0, 10]);
  assert.deepEqual(amps(1), [10, 0]);
});

describe('chargers with listed values', () => {
  const listed = { stepsAmps: [6, 8, 10, 13, 16] };

  test('get the value below their share, and the next one where it fits', () => {
    const cars = [car('a', '123', listed), car('b', '123', listed)];
    assert.deepEqual(share([circuit('main', [24, 24, 24])], cars), { a: 13, b: 10 });
  });

  test('start at the first value that is not below the minimum of the car', () => {
    const cars = [car('a', '1', { stepsAmps: [0, 8, 16] })];
    assert.deepEqual(share([circuit('main', [7, 0, 0])], cars), { a: 0 });
    assert.deepEqual(share([circuit('main', [9, 0, 0])], cars), { a: 8 });
  });
});

describe('the difference of two phases', () => {
  const limited = (limitAmps: number, baseAmps: PhaseAmps = [0, 0, 0]) =>
    circuit('main', [63, 63, 63], {
      unbalance: {
        limitAmps,
        baseAmps,
        reasons: [{ kind: 'unbalance', id: 'main', text: `phases within ${limitAmps} A` }],
      },
    });

  test('limits a car on one phase alone', () => {
    assert.deepEqual(share([limited(20)], [car('a', '1')]), { a: 20 });
    assert.deepEqual(chainOf([limited(20)], [car('a', '1')], 'a'), ['phases within 20 A']);
  });

  test('leaves cars on three phases alone', () => {
    assert.deepEqual(share([limited(20)], [car('a', '123')]), { a: 32 });
  });

  test('cars on the other phases make room', () => {
    const cars = [car('a', '1'), car('b', '2', { maxAmps: 10 }), car('c', '3', { maxAmps: 8 })];
    assert.deepEqual(share([limited(20)], cars), { a: 28, b: 10, c: 8 });
  });

  test('that others exceed already takes nothing from cars elsewhere', () => {
    const other = (baseAmps: PhaseAmps) => ({ ...limited(20, baseAmps), id: 'other', parent: 0 });
    const site = (baseAmps: PhaseAmps) => [
      circuit('site', [63, 63, 63]),
      other(baseAmps),
      { ...limited(8), parent: 0 },
    ];
    const cars = [
      car('a', '12', { circuit: 2 }),
      car('b', '12', { circuit: 2 }),
      car('c', '3', { circuit: 2 }),
    ];
    assert.deepEqual(share(site([0, 0, 0]), cars), { a: 20, b: 20, c: 32 });
    assert.deepEqual(share(site([0, 40, 0]), cars), { a: 20, b: 20, c: 32 });
  });

  test('holds also when the steps of the low phase take its room away', () => {
    const short = { ...limited(8), freeAmps: [63, 63, 15] as const };
    const low = (changes: Partial<RankedDemand>) => car('c', '3', { maxAmps: 16, ...changes });
    const high = [car('a', '12', { weight: 2 }), car('b', '12')];
    assert.deepEqual(share([short], [...high, low({})]), { a: 15, b: 8, c: 15 });
    // The larger share gives up its steps first.
    const listed = [...high, low({ stepsAmps: [6, 16] })];
    assert.deepEqual(share([short], listed), { a: 8, b: 6, c: 6 });
    const alike = listed.map((each) => ({ ...each, weight: 1 }));
    assert.deepEqual(share([short], alike), { a: 7, b: 7, c: 6 });
    const endless = Number.POSITIVE_INFINITY;
    const site = { ...limited(8), id: 'site', freeAmps: [endless, endless, endless] as const };
    const below = listed.map((each) => ({ ...each, circuit: 1 }));
    const pod = circuit('pod', [63, 63, 15], { parent: 0 });
    assert.deepEqual(share([site, pod], below), { a: 8, b: 6, c: 6 });
  });

  test('looks anew at what is left once somebody made room', () => {
    const cars = [car('a', '12'), car('b', '3'), car('c', '12')];
    const { offers } = allocate({ objective: 'in-order', circuits: [limited(8)], demands: cars });
    assert.deepEqual(
      offers.map(({ amps }) => amps),
      [8, 16, 16],
    );
  });

  test('counts cars on unknown phases on the high one, and never on the low one', () => {
    const unknown = (id: string) => car(id, '123', { phaseUnknown: true });
    assert.deepEqual(share([limited(18)], [unknown('a'), unknown('b'), unknown('c')]), {
      a: 6,
      b: 6,
      c: 6,
    });
    const beside = [unknown('a'), car('b', '1'), car('c', '123')];
    assert.deepEqual(share([limited(20)], beside), { a: 10, b: 10, c: 32 });
    const around = [unknown('a'), car('b', '1'), car('c', '2'), car('d', '3')];
    assert.deepEqual(share([limited(20)], around), { a: 20, b: 19, c: 19, d: 19 });
    assert.deepEqual(share([limited(5)], [unknown('a'), car('b', '123')]), { a: 0, b: 32 });
  });

  test('counts what others charge', () => {
    assert.deepEqual(share([limited(20, [10, 0, 0])], [car('a', '1')]), { a: 10 });
    assert.deepEqual(share([limited(20, [16, 0, 0])], [car('a', '1')]), { a: 0 });
  });
});

test('who was switched on lately is kept before who waits with a higher score', () => {
  const cars = [car('a', '1', { mustKeep: true }), car('b', '1', { admissionScore: 5 })];
  assert.deepEqual(share([circuit('main', [10, 0, 0])], cars), { a: 10, b: 0 });
});

describe('why', () => {
  const main = circuit('main', [30, 10, 20]);

  test('the phase that is full', () => {
    assert.deepEqual(chainOf([main], [car('a', '123'), car('b', '1')], 'a'), ['main L2']);
  });

  test('the rating, when nothing else binds', () => {
    assert.deepEqual(chainOf([main], [car('a', '1', { maxAmps: 16 })], 'a'), ['rated']);
  });

  test('the minimum that does not fit, and on which phase', () => {
    const cars = [car('a', '2'), car('b', '2')];
    assert.deepEqual(chainOf([main], cars, 'b'), [
      'waits: less than 6 A left on main L2',
      'main L2',
    ]);
  });

  test('of one that may have less than it accepts, also what bounds it; of nothing only that', () => {
    const least = (maxAmps: number) => chainOf([main], [car('a', '1', { maxAmps })], 'a');
    assert.deepEqual(least(5), ['less than its minimum of 6 A', 'rated']);
    assert.deepEqual(least(0), ['rated']);
  });

  test('the steps, when they leave it below its rating', () => {
    const tens = { maxAmps: 15.5, stepAmps: 10 };
    assert.deepEqual(chainOf([main], [car('a', '1', tens)], 'a'), ['steps of 10 A', 'rated']);
    const listed = { maxAmps: 15.5, stepsAmps: [6, 10, 16] };
    assert.deepEqual(chainOf([main], [car('a', '1', listed)], 'a'), ['steps 6/10/16 A', 'rated']);
  });

  test('who waits for other minimums on one row is told its own', () => {
    const cars = [car('a', '2'), car('b', '2'), car('c', '2', { minAmps: 8 }), car('d', '2')];
    const waits = (id: string) => chainOf([main], cars, id)?.[0];
    assert.deepEqual(['b', 'c', 'd'].map(waits), [
      'waits: less than 6 A left on main L2',
      'waits: less than 8 A left on main L2',
      'waits: less than 6 A left on main L2',
    ]);
  });
});
