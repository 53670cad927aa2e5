import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from '../../src/core/allocation/allocate.ts';
import { magnitude, reach } from '../../src/core/allocation/phasor.ts';
import type { AllocationProblem, RankedDemand } from '../../src/core/allocation/problem.ts';
import { LineSum } from '../../src/core/line-currents.ts';
import type { PhaseAmps } from '../../src/core/units.ts';

const RUNS = { numRuns: 300 };
const TOLERANCE_AMPS = 1e-5;
type Complex = readonly [number, number];
const polar = (length: number, degrees: number): Complex => {
  const angle = (degrees * Math.PI) / 180;
  return [length * Math.cos(angle), length * Math.sin(angle)];
};
const plus = (a: Complex, b: Complex): Complex => [a[0] + b[0], a[1] + b[1]];
const minus = (a: Complex, b: Complex): Complex => [a[0] - b[0], a[1] - b[1]];
/** L1, L2, L3 against neutral, counted clockwise: L2 lags L1. */
const VOLTAGES = [polar(1, 0), polar(1, -120), polar(1, 120)] as const;

/** Line currents from first principles: each current is in phase with the voltage that drives it. */
const lineCurrents = (
  cars: readonly { readonly demand: RankedDemand; readonly amps: number }[],
) => {
  const lines: Complex[] = [
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  for (const { demand, amps } of cars) {
    const on = [0, 1, 2].filter((p) => demand.phases[p as 0 | 1 | 2]);
    const [from, to] = on;
    if (demand.lineToLine === true && from !== undefined && to !== undefined) {
      const [re, im] = minus(VOLTAGES[from as 0 | 1 | 2], VOLTAGES[to as 0 | 1 | 2]);
      const current: Complex = [(amps * re) / Math.hypot(re, im), (amps * im) / Math.hypot(re, im)];
      lines[from] = plus(lines[from]!, current);
      lines[to] = minus(lines[to]!, current);
      continue;
    }
    for (const p of on) {
      const [re, im] = VOLTAGES[p as 0 | 1 | 2];
      lines[p] = plus(lines[p]!, [amps * re, amps * im]);
    }
  }
  return lines.map(([re, im]) => Math.hypot(re, im)) as unknown as PhaseAmps;
};

const WIRINGS = [
  { phases: [true, true, false], lineToLine: true },
  { phases: [false, true, true], lineToLine: true },
  { phases: [true, false, true], lineToLine: true },
  { phases: [true, false, false], lineToLine: false },
  { phases: [true, true, true], lineToLine: false },
] as const;

const demand = fc.record({
  wiring: fc.constantFrom(...WIRINGS),
  pod: fc.boolean(),
  coarse: fc.boolean(),
  maxAmps: fc.integer({ min: 6, max: 40 }),
  weight: fc.double({ min: 0.2, max: 3, noNaN: true }),
  score: fc.integer({ min: 0, max: 5 }),
  on: fc.boolean(),
});
const garage = fc
  .record({
    main: fc.integer({ min: 0, max: 200 }),
    pod: fc.integer({ min: 10, max: 90 }),
    objective: fc.constantFrom('fair', 'throughput', 'in-order'),
    cars: fc.array(demand, { maxLength: 16 }),
  })
  .map(({ main, pod, objective, cars }): AllocationProblem => {
    const reason = [{ kind: 'circuit', id: 'x', text: 'x' }] as const;
    const reasons = [reason, reason, reason] as const;
    const same = (amps: number): PhaseAmps => [amps, amps, amps];
    return {
      objective: objective as 'fair' | 'throughput' | 'in-order',
      circuits: [
        { id: 'main', parent: -1, freeAmps: same(main), reasons, phasorSum: true },
        { id: 'pod', parent: 0, freeAmps: same(pod), reasons, phasorSum: true },
      ],
      demands: cars.map((car, i) => ({
        ...car.wiring,
        id: `car-${String(i).padStart(2, '0')}`,
        circuit: car.pod ? 1 : 0,
        volts: 104,
        minAmps: car.coarse ? 8 : 6,
        maxAmps: car.maxAmps,
        maxReason: { kind: 'charger', id: 'x', text: 'rated' },
        stepAmps: 1,
        stepsAmps: car.coarse ? [8, 16, 24, 32] : undefined,
        weight: car.weight,
        priorityClass: 0,
        admissionScore: car.score,
        previousAmps: car.on ? 6 : 0,
      })),
    };
  });

test('cars of a kind share alike, whatever else loads their lines', () => {
  const cars = fc.record({
    main: fc.integer({ min: 60, max: 200 }),
    kinds: fc.array(fc.constantFrom(...WIRINGS), { minLength: 1, maxLength: 5 }),
  });
  fc.assert(
    fc.property(garage, cars, ({ circuits: [circuit], demands: [sample] }, { main, kinds }) => {
      if (circuit === undefined || sample === undefined) return;
      const only = { ...circuit, freeAmps: [main, main, main] as const };
      const demands = [...kinds, ...kinds].map((wiring, i) => ({
        ...sample,
        ...wiring,
        id: `car-${i}`,
        circuit: 0,
        minAmps: 0,
        maxAmps: 80,
        stepsAmps: undefined,
        stepAmps: 0.1,
        weight: 1,
      }));
      const { offers } = allocate({ circuits: [only], demands });
      kinds.forEach((_wiring, i) => {
        const [one, other] = [offers[i]?.amps ?? 0, offers[i + kinds.length]?.amps ?? 0];
        assert.ok(Math.abs(one - other) < 0.5, `${one} A and ${other} A`);
      });
    }),
    { numRuns: 100 },
  );
});

const below = ({ demands }: AllocationProblem, amps: readonly number[], circuit: number) =>
  demands.flatMap((each, i) =>
    circuit === 0 || each.circuit === circuit ? [{ demand: each, amps: amps[i] ?? 0 }] : [],
  );

test('the phasor sum of no line is above its limit, whatever part of its offer each car draws', () => {
  const drawn = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 16,
    maxLength: 16,
  });
  fc.assert(
    fc.property(garage, drawn, (problem, parts) => {
      const offers = allocate(problem).offers.map(({ amps }) => amps);
      const draws = offers.map((amps, i) => amps * (parts[i] ?? 1));
      problem.circuits.forEach(({ freeAmps }, circuit) => {
        for (const amps of [offers, draws]) {
          for (const line of lineCurrents(below(problem, amps, circuit))) {
            assert.ok(line <= freeAmps[0] + TOLERANCE_AMPS, `${line} A of ${freeAmps[0]} A`);
          }
        }
      });
    }),
    RUNS,
  );
});

test('a car that is left short stands at a line that is full but for a step', () => {
  fc.assert(
    fc.property(garage, (problem) => {
      const fine = problem.demands.filter(({ stepsAmps }) => stepsAmps === undefined);
      const only = { ...problem, demands: fine, objective: 'fair' as const };
      const offers = allocate(only).offers.map(({ amps }) => amps);
      fine.forEach(({ circuit, maxAmps, minAmps }, i) => {
        const more = offers[i] === 0 ? minAmps : (offers[i] ?? 0) + 1;
        if (more > maxAmps) return;
        const tried = offers.map((amps, k) => (k === i ? more : amps));
        const over = only.circuits.some(
          ({ freeAmps }, c) =>
            (c === 0 || c === circuit) &&
            lineCurrents(below(only, tried, c)).some((line) => line > freeAmps[0] - TOLERANCE_AMPS),
        );
        assert.ok(over, `car ${i} could have ${more} A`);
      });
    }),
    RUNS,
  );
});

test('line sums of the core are those of first principles', () => {
  fc.assert(
    fc.property(garage, (problem) => {
      const sum = new LineSum();
      const cars = below(
        problem,
        problem.demands.map(({ maxAmps }) => maxAmps),
        0,
      );
      for (const { demand: each, amps } of cars) {
        const on = (p: 0 | 1 | 2) => (each.phases[p] ? amps : 0);
        sum.add([on(0), on(1), on(2)], each.phases, each.lineToLine === true);
      }
      const exact = lineCurrents(cars);
      sum.amps.forEach((amps, p) => {
        assert.ok(Math.abs(amps - (exact[p as 0 | 1 | 2] ?? 0)) < 1e-9);
      });
    }),
    RUNS,
  );
});

test('a current that grows by what it may reaches its limit, and one beyond it has none to grow', () => {
  const most = fc.double({ min: 0, max: 100, noNaN: true });
  const amps = fc.double({ min: 0, max: 30, noNaN: true });
  const growth = fc.double({ min: 0.7, max: 300, noNaN: true });
  fc.assert(
    fc.property(most, amps, amps, growth, growth, (limit, ahead, behind, more, later) => {
      const grown = reach(limit, ahead, behind, more, later);
      if (magnitude(ahead, behind) >= limit) {
        assert.ok(grown <= 0);
        return;
      }
      const after = magnitude(ahead + grown * more, behind + grown * later);
      assert.ok(grown >= 0 && Math.abs(after - limit) < 1e-6, `${after} of ${limit} A`);
    }),
    RUNS,
  );
});

test('between two lines more fits than by adding up amps', () => {
  const car = (id: string, phases: RankedDemand['phases']): RankedDemand => ({
    id,
    circuit: 0,
    phases,
    lineToLine: true,
    volts: 104,
    minAmps: 6,
    maxAmps: 80,
    maxReason: { kind: 'charger', id, text: 'rated' },
    stepAmps: 1,
    weight: 1,
    priorityClass: 0,
    admissionScore: 0,
    previousAmps: 0,
  });
  const cars = [
    car('a', [true, true, false]),
    car('b', [false, true, true]),
    car('c', [true, false, true]),
  ];
  const main = {
    id: 'main',
    parent: -1,
    freeAmps: [80, 80, 80] as const,
    reasons: [[], [], []] as const,
  };
  const offers = (phasorSum: boolean) =>
    allocate({ circuits: [{ ...main, phasorSum }], demands: cars }).offers.map(({ amps }) => amps);
  assert.deepEqual(offers(false), [40, 40, 40]);
  // 80 / sqrt(3) = 46.2
  assert.deepEqual(offers(true), [46, 46, 46]);
});
