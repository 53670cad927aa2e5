import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import { FLOOR_RELEASE_MS, type Floors, floorsAfter } from '../../src/core/overload-floor.ts';
import type { Circuit } from '../../src/core/site.ts';
import type { CircuitTick, Decision, MeterState, TickInput } from '../../src/core/tick.ts';
import { NO_AMPS, type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { plainCharger } from '../../src/sim/plain-site.ts';
import { inputOf, main, NOW_MS, type OneCar, type OneTick } from './one-tick.ts';

const fuse = main(100);
const circuit = (
  measuredAmps: PhaseAmps | undefined,
  trust: CircuitTick['load']['trust'] = 'fresh',
): CircuitTick => ({
  id: 'main',
  // An EMS allows less: that is no fuse.
  limitAmps: sameAmps(40),
  limitReasons: [[], [], []],
  load: {
    uncontrolledAmps: NO_AMPS,
    forRaiseAmps: NO_AMPS,
    forStartAmps: NO_AMPS,
    forStartSumAmps: 0,
    trust,
  },
  ...(measuredAmps === undefined ? {} : { measuredAmps }),
});
type Seen = readonly [second: number, ...Parameters<typeof circuit>];
/** The floors after what was seen of `main`, each at its second. */
const after = (...seen: readonly Seen[]): Floors =>
  seen.reduce<Floors>(
    (floors, [second, ...args]) => floorsAfter(floors, [circuit(...args)], [fuse], second * 1000),
    new Map(),
  );
const within = sameAmps(90);
const far: PhaseAmps = [10, 146, 10];
const RELEASE = FLOOR_RELEASE_MS / 1000;

describe('a circuit is at the floor', () => {
  test('above 1.45 of its fuse, on any one phase, by one sample', () => {
    assert.equal(after([0, [145, 145, 145]]).size, 0);
    assert.deepEqual(after([0, [10, 145.1, 10]]).get('main')?.peakAmps, [0, 145.1, 0]);
  });

  test('not by limits of others, nor without a sample that can be relied on', () => {
    assert.equal(after([0, sameAmps(90)]).size, 0);
    assert.equal(after([0, undefined]).size, 0);
    for (const trust of ['no-raise', 'hold', 'lost'] as const) {
      assert.equal(after([0, far, trust]).size, 0, trust);
    }
  });

  test('nor on a phase that it does not have', () => {
    const single = { ...fuse, limitAmps: [100, 0, 0] as const };
    assert.equal(floorsAfter(new Map(), [circuit([90, 1, 0])], [single], 0).size, 0);
  });

  test('until it has been within its fuse for the time of a release', () => {
    const before: readonly Seen[] = [
      [0, far],
      [5, within],
    ];
    assert.equal(after(...before, [5 + RELEASE - 1, within]).size, 1);
    assert.equal(after(...before, [5 + RELEASE, within]).size, 0);
    assert.equal(after(...before, [20, [10, 10, 101]], [5 + RELEASE, within]).size, 1);
    const again: readonly Seen[] = [...before, [20, [10, 10, 101]], [21, within]];
    assert.equal(after(...again, [20 + RELEASE, within]).size, 1);
    assert.equal(after(...again, [21 + RELEASE, within]).size, 0);
  });

  test('while nobody knows what flows, but not longer than its meter is waited for', () => {
    const released: Seen = [5 + RELEASE, within];
    const before: readonly Seen[] = [
      [0, far],
      [5, within],
    ];
    assert.equal(after(...before, [5 + RELEASE, undefined]).size, 1, 'a suspect reading');
    assert.equal(after(...before, [10, undefined], released).size, 0);
    assert.equal(after(...before, [10, within, 'no-raise'], released).size, 0);
    assert.equal(after(...before, [10, within, 'hold'], released).size, 1);
    assert.equal(after(...before, [40, within, 'lost']).size, 0);
  });

  test('by every phase that was far above since, at its largest', () => {
    const floors = after([0, far], [1, [150, 120, 10]], [2, [140, 160, 99]]);
    assert.deepEqual(floors.get('main')?.peakAmps, [150, 160, 0]);
  });
});

const CAR: OneCar = { heldAmps: 20, drawnAmps: 20 };
const decided = (given: Partial<OneTick>): Decision =>
  decide(inputOf({ mainAmps: 63, cars: [CAR, CAR], ...given }));
const told = ({ commands }: Decision): readonly string[] =>
  commands.map(({ charger, kind, amps }) => `${charger} ${kind} ${amps}`);
const targets = ({ connectors }: Decision): readonly number[] =>
  connectors.map(({ targetAmps }) => targetAmps);
const ONE_PHASE = (phase: number, heldAmps = 20): OneCar => ({
  heldAmps,
  drawnAmps: [heldAmps, 0, 0],
  spec: { phases: [phase] },
});

describe('below a circuit at the floor', () => {
  test('everybody who is on goes to the minimum at once, with the reason, and it is an alarm', () => {
    // By fairness there would be 10 A for each.
    const roomy = decided({ meterAmps: [92, 80, 80], mainAmps: 63, cars: [CAR, CAR, CAR] });
    assert.deepEqual(told(roomy), ['CP_1 reduce 6', 'CP_2 reduce 6', 'CP_3 reduce 6']);
    for (const { reasons } of roomy.connectors) {
      assert.equal(reasons[0]?.text, 'main L1: 92 A on a fuse of 63 A: everybody at the minimum');
    }
    assert.ok(
      roomy.alarms.includes(
        'circuit main L1: 92 A on a fuse of 63 A: what is below it is at the minimum until that has passed',
      ),
      roomy.alarms.join('\n'),
    );
  });

  test('who finds no room for a minimum gets nothing, and is told why', () => {
    const decision = decided({ meterAmps: 92, cars: [CAR, CAR] });
    assert.deepEqual(targets(decision), [6, 0]);
    const texts = decision.connectors[1]?.reasons.map(({ text }) => text) ?? [];
    assert.ok(texts.includes('main L1: 92 A on a fuse of 63 A: everybody at the minimum'));
  });

  test('one step or less than the dead band is not too little', () => {
    const floor = { peakAmps: sameAmps(92), fuseAmps: sameAmps(63), withinSinceMs: NOW_MS - 1_000 };
    const cars = [6.5, 7].map((amps) => ({ heldAmps: amps, drawnAmps: amps }));
    const input = { floors: new Map([['main', floor]]) };
    assert.deepEqual(told(decided({ meterAmps: 20, cars, input })), [
      'CP_1 reduce 6',
      'CP_2 reduce 6',
    ]);
  });

  test('cars on other phases keep what they have, and nobody is raised or started', () => {
    const cars = [
      ONE_PHASE(0),
      ONE_PHASE(1),
      ONE_PHASE(2, 6),
      { heldAmps: 0, drawnAmps: 0, spec: { phases: [2] } },
      { heldAmps: 0, drawnAmps: 0, spec: { phases: [0] } },
    ];
    const decision = decided({ meterAmps: [92, 20, 6], mainAmps: 63, cars });
    assert.deepEqual(targets(decision).slice(1), [20, 6, 0, 0]);
    assert.deepEqual(told(decision), ['CP_1 reduce 0']);
    const reason = decision.connectors[2]?.reasons[0]?.text;
    assert.equal(reason, 'main L1: 92 A on a fuse of 63 A: nothing is raised');
    // Without it all of them would charge.
    const calm = decided({ meterAmps: [20, 20, 6], mainAmps: 63, cars });
    assert.ok(targets(calm).every((amps) => amps >= 6));
  });

  test('a car of which the phase is not known counts', () => {
    const unknown = {
      heldAmps: 20,
      drawnAmps: [20, 0, 0],
      spec: { phases: [-1, -1, -1] },
    } as const;
    const cars = [unknown, CAR, CAR, CAR];
    assert.deepEqual(
      targets(decided({ meterAmps: [30, 30, 92], cars, mainAmps: 63 })).slice(0, 1),
      [6],
    );
  });

  test('so does one that was not seen on any phase', () => {
    const transaction = { activeTerminals: [false, false, false] } as const;
    const cars = [{ heldAmps: 20, transaction }, CAR, CAR, CAR];
    assert.equal(targets(decided({ meterAmps: [92, 60, 60], cars }))[0], 6);
  });

  test('a charger that knows only certain currents goes to the least of them', () => {
    const listed = { ...CAR, spec: { stepsAmps: [8, 10, 16, 20] } };
    assert.deepEqual(told(decided({ meterAmps: 92, cars: [listed, CAR, CAR] })), [
      'CP_1 reduce 8',
      'CP_2 reduce 6',
      'CP_3 reduce 6',
    ]);
  });

  test('a car that has just come, and may draw by itself, is offered its minimum', () => {
    const cars = [{ drawnAmps: 20 }, CAR, CAR];
    assert.equal(targets(decided({ meterAmps: 92, cars }))[0], 6);
  });

  test('a car that was just told to stop is not told to go on, though it still draws', () => {
    const recent = [{ amps: 20, untilMs: NOW_MS - 1_000 }];
    const full = { heldAmps: 32, drawnAmps: 32 };
    const stopped: OneCar = { heldAmps: 0, agoMs: 1_000, enforcement: { recent } };
    const decision = decided({ mainAmps: 50, meterAmps: 75, cars: [full, stopped, full] });
    assert.equal(decision.carried.floors.size, 1);
    assert.deepEqual(targets(decision), [6, 0, 6]);
    assert.deepEqual(told(decision), ['CP_1 reduce 6', 'CP_3 reduce 6']);
  });

  test('a suspect reading changes nothing', () => {
    const suspect = (readings: TickInput['readings']): TickInput['readings'] => {
      const { latest, lastGood } = readings.get('grid') as MeterState & { lastGood: object };
      const state: MeterState = {
        latest: { ...latest, amps: sameAmps(92), quality: 'suspect', problem: 'range' },
        lastGood,
      };
      return new Map([['grid', state]]);
    };
    const input = inputOf({ cars: [CAR, CAR], meterAmps: 62 });
    const decision = decide({ ...input, readings: suspect(input.readings) });
    assert.equal(decision.carried.floors.size, 0);
    assert.deepEqual(told(decision), []);
  });

  test('it lasts until the release, then the cars are raised again', () => {
    const cars = [{ heldAmps: 6, drawnAmps: 6 }];
    const floor = { peakAmps: sameAmps(92), fuseAmps: sameAmps(63) };
    const at = (withinSinceMs: number) =>
      decided({
        meterAmps: 20,
        cars,
        input: { floors: new Map([['main', { ...floor, withinSinceMs }]]) },
      });
    const still = at(NOW_MS - FLOOR_RELEASE_MS + 1);
    assert.deepEqual([targets(still), told(still), still.carried.floors.size], [[6], [], 1]);
    const over = at(NOW_MS - FLOOR_RELEASE_MS);
    assert.deepEqual(
      [targets(over), told(over), over.carried.floors.size],
      [[32], ['CP_1 raise 19'], 0],
    );
  });
});

describe('of two branches', () => {
  const hall: Circuit = { ...main(40), id: 'hall', parent: 'main', meter: 'hall' };
  const yard: Circuit = { ...hall, id: 'yard', meter: 'yard' };
  const seen = (amps: { readonly main: number; readonly hall: number; readonly yard: number }) => {
    const input = inputOf({
      cars: [CAR, CAR],
      site: {
        circuits: [main(80), hall, yard],
        chargers: [plainCharger('CP_1', 'hall'), plainCharger('CP_2', 'yard')],
      },
    });
    const reading = (meter: string, value: number) => {
      const latest = { meter, atMs: NOW_MS, quality: 'good', amps: sameAmps(value) } as const;
      return [meter, { latest, lastGood: latest }] as const;
    };
    const readings = new Map([
      reading('grid', amps.main),
      reading('hall', amps.hall),
      reading('yard', amps.yard),
    ]);
    return decide({ ...input, readings });
  };

  test('only the one that is far over goes to its floor', () => {
    const decision = seen({ main: 79, hall: 59, yard: 20 });
    assert.deepEqual(told(decision), ['CP_1 reduce 0']);
    assert.deepEqual([...decision.carried.floors.keys()], ['hall']);
  });

  test('both do when the circuit above them is', () => {
    const decision = seen({ main: 117, hall: 20, yard: 20 });
    assert.deepEqual([...decision.carried.floors.keys()], ['main']);
    assert.deepEqual(targets(decision), [0, 0]);
  });
});
