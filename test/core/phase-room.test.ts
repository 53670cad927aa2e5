import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AllocationCircuit } from '../../src/core/allocation/problem.ts';
import { phaseAlarms, phaseReasons, phaseUsesAfter } from '../../src/core/chargers/phase-room.ts';
import { type PhaseUse, phaseUseOf } from '../../src/core/chargers/phase-switch.ts';
import type { Contender } from '../../src/core/sharing/share.ts';
import type { PhaseAmps } from '../../src/core/units.ts';
import { NOW_MS, type OneCar, seenOf } from './one-tick.ts';
import { contender, fuse } from './sharing/contenders.ts';

const RULE = { upAfterSeconds: 0, mostPerSession: 2, mostPerDay: 20 };
const spec = { phaseSwitching: RULE, honoursNumberPhases: true };
const fresh = phaseUseOf(undefined, '1', 0);

interface Given {
  /** Free on the main circuit, and on the one below it where the car is. */
  readonly free?: PhaseAmps;
  readonly freeBelow?: PhaseAmps;
  readonly freeWatts?: number;
  readonly use?: Partial<PhaseUse>;
  readonly car?: OneCar;
  readonly own?: Partial<Contender>;
  readonly ownAmps?: number;
  /** Another car with 6 A at least, on the main circuit. */
  readonly other?: {
    readonly phases: string;
    readonly amps: number;
    readonly wattsPhases?: number;
  };
}

/** On how many phases the car is told to charge after one tick. */
const after = (given: Given): PhaseUse | undefined => {
  const { free = [40, 40, 40], freeBelow = [40, 40, 40], freeWatts, use, other } = given;
  const circuits: readonly AllocationCircuit[] = [
    { ...fuse(0), freeAmps: free, ...(freeWatts === undefined ? {} : { freeWatts }) },
    { ...fuse(0), id: 'barn', parent: 0, freeAmps: freeBelow },
  ];
  const { ticks } = seenOf({
    cars: [{ heldAmps: 0, spec, ...given.car }],
    input: { phaseUse: new Map([['CP_1/1', { ...fresh, ...use }]]) },
  });
  const own = contender('CP_1/1', '123', { circuit: 1, wiring: [0, 1, 2], ...given.own });
  const cars = [own];
  const offers = [{ id: own.id, amps: given.ownAmps ?? 0, reasons: [] }];
  if (other !== undefined) {
    const { phases, amps, wattsPhases } = other;
    cars.push(contender('CP_2/1', phases, { wattsPhases }));
    offers.push({ id: 'CP_2/1', amps, reasons: [] });
  }
  return phaseUsesAfter(ticks, circuits, cars, offers).get('CP_1/1');
};
const told = (given: Given): number | undefined => after(given)?.told;

describe('a car that may be switched', () => {
  test('goes to one phase where its minimum fits on that one only', () => {
    // Which one it will be is known of a charger that was seen on one: its second terminal, on L3.
    const own = { wiring: [0, 2, 1] };
    const use = { oneTerminal: 1 };
    assert.equal(told({ free: [6, 6, 6], own, use }), 3);
    assert.equal(told({ free: [5.9, 5.9, 6], own, use }), 1);
    assert.equal(
      told({ free: [6, 6, 5.9], own, use }),
      3,
      'there is no room on its one phase either',
    );
    for (const [terminal, phase] of [
      [0, 0],
      [2, 1],
    ] as const) {
      const free: PhaseAmps = [phase === 0 ? 6 : 0, phase === 1 ? 6 : 0, 0];
      assert.equal(told({ free, own, use: { oneTerminal: terminal } }), 1);
    }
  });

  test('needs room on any phase while nobody knows which one it is', () => {
    assert.equal(told({ free: [6, 0, 0] }), 3);
    assert.equal(
      told({ free: [6, 0, 0], own: { wiring: [-1, -1, -1] }, use: { oneTerminal: 0 } }),
      3,
    );
    assert.equal(told({ free: [6, 6, 6], freeWatts: 4_139 }), 1);
  });

  test('is reckoned in watts with three phases, or with one', () => {
    assert.equal(told({ freeWatts: 4_140 }), 3);
    assert.equal(told({ freeWatts: 4_139 }), 1);
    assert.equal(told({ freeWatts: 1_380 }), 1);
    assert.equal(told({ freeWatts: 1_379 }), 3, 'not even one');
  });

  test('stands beside the minimums of the cars that are on, on every circuit above it', () => {
    const use = { oneTerminal: 1 };
    const beside = (free: PhaseAmps, amps: number) =>
      told({ free, use, other: { phases: '1', amps } });
    assert.equal(beside([12, 6, 6], 16), 3);
    assert.equal(beside([11.9, 6, 6], 16), 1);
    assert.equal(beside([6, 6, 6], 0), 3, 'who is off takes nothing');
    const onPhase = (phases: string, free: PhaseAmps) =>
      told({ free, use: { oneTerminal: 0 }, other: { phases, amps: 16 } });
    assert.equal(onPhase('2', [6, 12, 6]), 3);
    assert.equal(onPhase('2', [6, 11.9, 6]), 1, 'another on L2 takes from L2');
    assert.equal(onPhase('3', [6, 6, 12]), 3);
    assert.equal(onPhase('3', [6, 6, 11.9]), 1, 'and on L3 from L3');
    assert.equal(told({ freeBelow: [5.9, 6, 5.9], use }), 1);
    // 6 A on three phases, or on the one that it is told to use.
    assert.equal(told({ freeWatts: 8_279, other: { phases: '123', amps: 6 } }), 1);
    assert.equal(told({ freeWatts: 8_280, other: { phases: '123', amps: 6 } }), 3);
    const single = { phases: '123', amps: 6, wattsPhases: 1 };
    assert.equal(told({ freeWatts: 5_520, other: single }), 3);
    assert.equal(told({ freeWatts: 5_519, other: single }), 1);
  });

  test('on one phase needs an amp to spare for three, beside what it has itself', () => {
    const use = { told: 1, chosen: true, sinceMs: NOW_MS - 600_000, oneTerminal: 0 } as const;
    assert.equal(told({ free: [7, 7, 7], use }), 3);
    assert.equal(told({ free: [7, 6.9, 7], use }), 1);
    // While it charges it is brought to a stop first.
    const car = { heldAmps: 8, lease: { numberPhases: 1 as const } };
    const charging = {
      use: { ...use, hasCharged: true },
      car,
      own: { phases: [true, false, false] as const },
      ownAmps: 8,
    };
    assert.equal(after({ ...charging, free: [7, 7, 7] })?.changing, true);
    assert.equal(after({ ...charging, free: [6.9, 7, 7] })?.changing, false);
  });

  test('stays as it is without a car, and where nobody shares with it', () => {
    const free: PhaseAmps = [6, 6, 6];
    const down = { free, freeWatts: 4_139 };
    assert.equal(told(down), 1);
    assert.equal(told({ ...down, own: { id: 'another' } }), 3);
    assert.equal(told({ ...down, car: { noCar: 'available' } }), 3);
    assert.equal(after({ ...down, car: { spec: {} } }), undefined, 'it cannot be switched');
  });
});

test('why a car is on one phase, or pauses, is told with its offer', () => {
  const reasons = (use: Partial<PhaseUse>) => {
    const { ticks } = seenOf({
      cars: [{ heldAmps: 8, spec }],
      input: { phaseUse: new Map([['CP_1/1', { ...fresh, ...use }]]) },
    });
    return ticks.flatMap((tick) => phaseReasons(tick).map(({ kind, text }) => [kind, text]));
  };
  assert.deepEqual(reasons({}), []);
  assert.deepEqual(reasons({ told: 1 }), [
    ['phases', 'on one phase: less than its minimum on three'],
  ]);
  assert.deepEqual(reasons({ told: 1, changing: true }), [
    ['phases', 'pauses to change to three phases'],
  ]);
});

test('a charger that uses more phases than it is told is an alarm', () => {
  const uses = new Map([
    ['CP_1/1', { ...fresh, refuted: true }],
    ['CP_2/1', fresh],
  ]);
  assert.deepEqual(phaseAlarms(uses), [
    'CP_1/1 charges on more phases than it is told: it is not switched any more',
  ]);
});
