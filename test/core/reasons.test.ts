import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reserved } from '../../src/core/budget.ts';
import { decide } from '../../src/core/decide.ts';
import type { ReasonChain } from '../../src/core/reason.ts';
import { sharedReasons } from '../../src/core/shared-reasons.ts';
import { takenReasons } from '../../src/core/taken-reasons.ts';
import type { CircuitTick, ConnectorTick } from '../../src/core/tick.ts';
import { NO_AMPS, type PhaseAmps } from '../../src/core/units.ts';
import { type OneCar, seenOf } from './one-tick.ts';

const texts = (chain: ReasonChain): readonly string[] => chain.map(({ text }) => text);

describe('with how many a car shares a circuit', () => {
  const on = (phases: readonly number[]): OneCar => ({ heldAmps: 10, spec: { phases } });
  /** Cars on L1, on L1 and L2, and off on L1. */
  const cars = [on([0]), on([0, 1]), { ...on([0]), heldAmps: 0 }];
  const { below, circuits } = seenOf({ cars });
  let asked = 0;
  const isOn = ({ enforcement }: ConnectorTick): boolean => {
    asked += 1;
    return (enforcement.accepted?.amps ?? 0) > 0;
  };
  const shared = (nextCarAmps: readonly PhaseAmps[] = []) =>
    sharedReasons(below, circuits, isOn, { nextCarAmps });
  const limit = (p: 0 | 1 | 2): ReasonChain => circuits[0]?.limitReasons[p] ?? [];

  test('is told before the fuse, by phase, of those that are on', () => {
    assert.deepEqual(texts(shared()(limit(0))), ['one of 2 cars', 'main L1: fuse 63 A']);
    assert.deepEqual(texts(shared()(limit(1))), ['main L2: fuse 63 A'], 'it is the only one');
    const [first] = shared()(limit(0));
    assert.deepEqual([first?.kind, first?.id, first?.phase], ['circuit', 'main', 'L1']);
  });

  test('is told before a limit of an EMS on the same circuit', () => {
    const ems = { kind: 'ems', id: 'bms', text: 'main: 20 A from bms' } as const;
    const chain = [ems, ...limit(0)];
    assert.deepEqual(texts(shared()(chain)), ['one of 2 cars', ...texts(chain)]);
  });

  test('is told with what is kept for the next car, which none of them gets', () => {
    const explained = shared([[6, 6, 0]]);
    const [beside, alone] = [limit(0), limit(1)].map((chain) => texts(explained(chain))[0]);
    assert.equal(beside, 'one of 2 cars, 6 A kept for the next car');
    assert.equal(alone, '6 A kept for the next car');
  });

  test('is counted once for all cars', () => {
    const explained = shared();
    explained(limit(0));
    const before = asked;
    explained(limit(0));
    assert.equal(asked, before);
  });

  test('is not told where it is something else that binds', () => {
    const car = { kind: 'car', id: 'CP_1/1', text: 'the car takes less' } as const;
    const unphased = { kind: 'circuit', id: 'main', text: 'main: ordered' } as const;
    const floor = { kind: 'circuit', id: 'main', phase: 'L1', text: '99 A on a fuse' } as const;
    const other = { kind: 'circuit', id: 'barn', phase: 'L1', text: 'barn' } as const;
    for (const chain of [[car, ...limit(0)], [unphased], [floor], [other], []]) {
      assert.equal(shared()(chain), chain);
    }
  });
});

describe('what has taken the amps that a car waits for', () => {
  const circuit = (id: string, uncontrolledAmps: PhaseAmps): CircuitTick => ({
    id,
    limitAmps: [25, 25, 25],
    limitReasons: [[], [], []],
    load: {
      uncontrolledAmps,
      forRaiseAmps: NO_AMPS,
      forStartAmps: NO_AMPS,
      forStartSumAmps: 0,
      trust: 'fresh',
    },
  });
  const circuits = [circuit('main', NO_AMPS), circuit('barn', [9.4, 19.5, 0.4])];
  const reserved: Reserved = {
    unsteeredAmps: [NO_AMPS, [6, 0.49, 0]],
    nextCarAmps: [NO_AMPS, [0, 12, 0]],
    amps: [NO_AMPS, NO_AMPS],
  };
  const carsOn = (circuit: number, phase: 0 | 1 | 2): number => (circuit === 1 ? phase : 0);
  const explainedWith = (unsteered: readonly string[]) =>
    takenReasons(circuits, reserved, { cars: carsOn, unsteered: () => unsteered });
  const explained = explainedWith(['CP_8']);
  const waits = (id: string, phase: 'L1' | 'L2' | 'L3'): ReasonChain => [
    { kind: 'minimum', id, phase, text: 'waits' },
    { kind: 'circuit', id, phase, text: 'fuse' },
  ];

  test('follows the wait, by circuit and phase, in whole amps', () => {
    const taken = (phase: 'L1' | 'L2' | 'L3') => explained(waits('barn', phase))[1];
    assert.equal(
      taken('L1')?.text,
      '9 A for other loads, up to 6 A for CP_8, which is not steered',
    );
    // 25 A less 20 A of others leave 5 A of the 12 A that are wanted.
    assert.equal(
      taken('L2')?.text,
      '20 A for other loads, 5 A kept for the next car, the rest for one car that charges',
    );
    assert.equal(taken('L3')?.text, 'the rest for 2 cars that charge');
    assert.deepEqual(
      [taken('L1')?.kind, taken('L1')?.id, taken('L1')?.phase],
      ['circuit', 'barn', 'L1'],
    );
    assert.equal(explained(waits('barn', 'L1')).length, 3, 'the fuse stays');
  });

  test('names who is not steered, of many the first', () => {
    const names = (...ids: string[]) => explainedWith(ids)(waits('barn', 'L1'))[1]?.text ?? '';
    assert.match(names('A', 'B'), /up to 6 A for A, B, which are not steered$/);
    assert.match(names('A', 'B', 'C', 'D', 'E'), /for A, B, C and 2 more, which are not steered$/);
  });

  test('is left out where nothing has, or where it does not wait for a phase', () => {
    const unphased: ReasonChain = [{ kind: 'minimum', id: 'barn', text: 'waits for watts' }];
    const bound: ReasonChain = [{ kind: 'circuit', id: 'barn', phase: 'L1', text: 'fuse' }];
    const unknown = waits('shed', 'L1');
    for (const chain of [waits('main', 'L1'), unphased, bound, unknown, []]) {
      assert.equal(explained(chain), chain);
    }
  });
});

test('what is budgeted for a charger tells whether it was ever here', () => {
  const { input } = seenOf({ cars: [{ online: false }], input: { fallbackProven: new Set() } });
  const reasonOf = (changed: object) =>
    texts(decide({ ...input, ...changed }).connectors[0]?.reasons ?? []).join();
  const id = input.site.chargers[0]?.id ?? '';
  assert.equal(reasonOf({}), 'was never here: budgeted at 32 A');
  assert.equal(reasonOf({ seenBefore: new Set([id]) }), 'no proven fallback: budgeted at 32 A');
});
