import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freeCircuits } from '../../src/core/budget.ts';
import type { Limit } from '../../src/core/limits/limit.ts';
import type { Circuit } from '../../src/core/site.ts';
import { NO_AMPS, type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { main, NOW_MS, type OneTick, seenOf } from './one-tick.ts';

const circuitOf = (given: OneTick) => {
  const [circuit] = seenOf(given).circuits;
  assert.ok(circuit);
  return circuit;
};
const bay: Circuit = {
  id: 'bay',
  parent: 'main',
  limitAmps: sameAmps(32),
  marginAmps: 0,
  assumedLoadAmps: sameAmps(2),
};
const rounded = (amps: PhaseAmps) => amps.map((value) => Math.round(value * 100) / 100);

describe('the limit of a circuit', () => {
  const limit = (changes: Partial<Limit>): Limit => ({
    source: 'bms',
    circuit: 'main',
    kind: 'ems',
    ...changes,
  });
  const of = (limits: readonly Limit[], circuit: Partial<Circuit> = {}) =>
    circuitOf({
      cars: [],
      site: { circuits: [{ ...main(63), ...circuit }, bay] },
      input: { limits },
    });
  const texts = (chain: readonly { readonly text: string }[] | undefined) =>
    chain?.map(({ text }) => text).join(' → ');

  test('is its fuse, by phase, in words too', () => {
    const { limitAmps, limitReasons, limitWatts } = of([], { limitAmps: [63, 50, 40.25] });
    assert.deepEqual(limitAmps, [63, 50, 40.25]);
    assert.deepEqual(limitReasons.map(texts), [
      'main L1: fuse 63 A',
      'main L2: fuse 50 A',
      'main L3: fuse 40.3 A',
    ]);
    assert.equal(limitWatts, undefined);
  });

  test('is the least of what was ordered for it, on each phase by itself', () => {
    const limits = [
      limit({ amps: [20, 90, 30] }),
      limit({ source: 'grid', amps: [25, 40, 10], reason: 'peak' }),
      limit({ source: 'other', circuit: 'bay', amps: sameAmps(1) }),
    ];
    const { limitAmps, limitReasons } = of(limits);
    assert.deepEqual(limitAmps, [20, 40, 10]);
    assert.equal(texts(limitReasons[0]), 'main: 20 A from bms → main L1: fuse 63 A');
    assert.equal(texts(limitReasons[2]), 'main: 10 A from grid (peak) → main L3: fuse 63 A');
  });

  test('in watts is the least of the circuit and what was ordered', () => {
    const watts = (limits: readonly Limit[], limitWatts?: number) => {
      const found = of(limits, limitWatts === undefined ? {} : { limitWatts });
      return [found.limitWatts, texts(found.wattsReasons)];
    };
    assert.deepEqual(watts([]), [undefined, undefined]);
    assert.deepEqual(watts([], 9_000), [9_000, 'main: 9000 W']);
    assert.deepEqual(watts([limit({ watts: 8_000 })]), [8_000, 'main: 8000 W from bms']);
    assert.deepEqual(watts([limit({ watts: 9_500 })], 9_000), [9_000, 'main: 9000 W']);
    const two = [limit({ watts: 5_000 }), limit({ source: 'grid', watts: 6_000 })];
    assert.deepEqual(watts(two, 9_000), [5_000, 'main: 5000 W from bms']);
    assert.deepEqual(watts([limit({ amps: sameAmps(9) })]), [undefined, undefined]);
  });
});

describe('the load of others', () => {
  test('is what the meter shows beyond the cars, by phase', () => {
    const cars = [
      { heldAmps: 16, drawnAmps: [10, 11, 12] as const },
      { heldAmps: 16, drawnAmps: [3, 0, 0] as const, spec: { phases: [2] } },
    ];
    const { load } = circuitOf({ cars, meterAmps: [20, 22, 30] });
    assert.deepEqual(load.uncontrolledAmps, [10, 11, 15]);
    assert.equal(load.trust, 'fresh');
  });

  test('of cars between two lines is told by currents that add at an angle', () => {
    const site = { circuits: [{ ...main(63), phasorSum: true }] };
    const spec = { phases: [0, 1], lineToLine: true };
    const cars = [{ heldAmps: 16, drawnAmps: [10, 10, 0] as const, spec }];
    const { load } = circuitOf({ cars, site, meterAmps: [20, 20, 20] });
    // sqrt(20^2 - 10^2 * 3 / 4) - 5: others may be 60 degrees away from the car.
    assert.deepEqual(rounded(load.uncontrolledAmps), [13.03, 13.03, 20]);
    assert.deepEqual(circuitOf({ cars, meterAmps: 20 }).load.uncontrolledAmps, [10, 10, 20]);
    // Two on different lines share the second one at 60 degrees: 17.32 A there.
    const two = [
      ...cars,
      { heldAmps: 16, drawnAmps: [10, 10, 0] as const, spec: { ...spec, phases: [1, 2] } },
    ];
    const shared = circuitOf({ cars: two, site, meterAmps: [20, 30, 20] }).load;
    assert.deepEqual(rounded(shared.uncontrolledAmps), [13.03, 17.32, 13.03]);
    // One that does not measure may draw 16 A: others are at least sqrt(20^2 - 16^2 * 3 / 4) - 8 A.
    const blind = [{ heldAmps: 16, spec }];
    const background = { amps: NO_AMPS, recent: [] };
    const least = circuitOf({ cars: blind, site, background, meterAmps: 20 }).load;
    assert.deepEqual(rounded(least.uncontrolledAmps), [6.42, 6.42, 20]);
  });

  test('moves only where no car can explain the meter', () => {
    const background = {
      amps: sameAmps(10),
      recent: [{ atMs: NOW_MS - 1_000, amps: sameAmps(10) }],
    };
    const load = (meterAmps: number) =>
      circuitOf({ cars: [{ heldAmps: 16 }], background, meterAmps }).load.uncontrolledAmps[0];
    assert.deepEqual([5, 10, 18, 26, 30].map(load), [5, 10, 10, 10, 14]);
    const cars = [{ heldAmps: 16 }, { heldAmps: 8, spec: { phases: [1] } }];
    const all = circuitOf({ cars, background, meterAmps: [27, 35, 28] }).load;
    assert.deepEqual(all.uncontrolledAmps, [11, 11, 12]);
  });

  const after = (meterAgoMs: number, input: OneTick['input'] = {}) => {
    const recent = [
      { atMs: NOW_MS - 50_000, amps: [30, 5, 5] as const },
      { atMs: NOW_MS - 14_000, amps: [20, 5, 5] as const },
      { atMs: NOW_MS - 3_000, amps: [8, 5, 5] as const },
    ];
    const background = { amps: [8, 5, 5] as const, recent };
    const { load } = circuitOf({ cars: [], background, meterAgoMs, meterAmps: [8, 5, 5], input });
    const { trust, uncontrolledAmps, forRaiseAmps, forStartAmps, problem } = load;
    return [trust, uncontrolledAmps, forRaiseAmps, forStartAmps, problem];
  };

  test('is taken as the largest of late when the meter is silent, and as the installer said', () => {
    const [now, late, long] = [[8, 5, 5] as const, [20, 5, 5] as const, [30, 5, 5] as const];
    const no = 'no fresh reading';
    assert.deepEqual(after(3_000), ['fresh', now, late, long, undefined]);
    assert.deepEqual(after(3_001), ['no-raise', now, late, long, no]);
    assert.deepEqual(after(10_000), ['no-raise', now, late, long, no]);
    assert.deepEqual(after(10_001), ['hold', late, late, long, no]);
    assert.deepEqual(after(30_000), ['hold', late, late, long, no]);
    const most = [20, 10, 10] as const;
    assert.deepEqual(after(30_001), ['lost', most, most, [30, 10, 10], no]);
  });

  test('of a meter that was never read is what the installer said, and lost after its time', () => {
    const never = (startedAgoMs: number) => {
      const input = { readings: new Map(), startedAtMs: NOW_MS - startedAgoMs };
      const { load, measuredAmps } = circuitOf({ cars: [], input });
      assert.equal(measuredAmps, undefined);
      return [load.trust, load.uncontrolledAmps, load.problem];
    };
    assert.deepEqual(never(1_000), ['no-raise', sameAmps(10), 'no reading yet']);
    assert.deepEqual(never(30_001), ['lost', sameAmps(10), 'no reading yet']);
  });

  test('of a circuit without a meter is what the installer said, at any time', () => {
    const { meter: _none, ...plain } = main(63);
    const { load } = circuitOf({ cars: [], site: { circuits: [plain] }, meterAgoMs: 999_000 });
    assert.deepEqual([load.trust, load.forStartAmps], ['fresh', sameAmps(10)]);
    assert.equal(load.problem, undefined);
  });

  test('is not shown as measured by a reading that is suspect', () => {
    const latest = {
      meter: 'grid',
      atMs: NOW_MS,
      quality: 'suspect' as const,
      amps: sameAmps(99),
      problem: 'range',
    };
    const readings = new Map([['grid', { latest }]]);
    assert.equal(circuitOf({ cars: [], input: { readings } }).measuredAmps, undefined);
    assert.deepEqual(circuitOf({ cars: [], meterAmps: 7 }).measuredAmps, sameAmps(7));
  });
});

describe('what is free for the cars', () => {
  const freeOf = (given: OneTick) => {
    const { input, below, circuits, reserved } = seenOf(given);
    return freeCircuits(input, below, circuits, reserved);
  };

  test('is the limit without margin, others, silent chargers and the next car', () => {
    const cars = [
      { heldAmps: 16 },
      { heldAmps: 9, online: false, spec: { phases: [1] } },
      { noCar: 'available' as const },
      { noCar: 'available' as const, spec: { fallbackAmps: 8, phases: [2] } },
    ];
    // The silent one explains up to 9 A of the meter on L2.
    const [free] = freeOf({ cars, meterAmps: [20, 20, 20], mainAmps: 63 });
    assert.deepEqual(free?.freeAmps, [63 - 1 - 20 - 6, 63 - 1 - 20 - 9 - 6, 63 - 1 - 20 - 8]);
    assert.equal(free?.keepOnAmps, 0.5);
    assert.equal(free?.parent, -1);
  });

  test('in watts counts all phases of others and of what is reserved', () => {
    const circuits = [{ ...main(63), limitWatts: 20_000 }];
    const cars = [{ heldAmps: 9, online: false, spec: { phases: [1] } }];
    const [free] = freeOf({ cars, site: { circuits }, meterAmps: [1, 12, 3] });
    // 1 + 12 + 3 A of others at least, 9 A of the silent one.
    assert.equal(free?.freeWatts, 20_000 - 230 * 25);
    assert.deepEqual(
      free?.wattsReason?.map(({ text }) => text),
      ['main: 20000 W'],
    );
    assert.equal(freeOf({ cars })[0]?.freeWatts, undefined);
  });

  test('tells by how much the load of others was larger a while ago', () => {
    const recent = [
      { atMs: NOW_MS - 40_000, amps: [9, 4, 4] as const },
      { atMs: NOW_MS - 10_000, amps: [6, 4, 4] as const },
      { atMs: NOW_MS - 1_000, amps: sameAmps(4) },
    ];
    const swung = { amps: sameAmps(4), recent };
    const [free] = freeOf({ cars: [], background: swung, meterAmps: 4 });
    assert.deepEqual(free?.lookAmps, { long: [5, 0, 0], short: [2, 0, 0] });
    const calm = { amps: sameAmps(4), recent: recent.slice(-1) };
    assert.equal(freeOf({ cars: [], background: calm, meterAmps: 4 })[0]?.lookAmps, undefined);
  });

  test('between phases counts what is charged already by those that are not steered', () => {
    const circuits = [{ ...main(63), unbalanceAmps: 20 }];
    const silent = { heldAmps: 9, online: false, spec: { phases: [1] } };
    const refusing = { heldAmps: 9, drawnAmps: [5, 0, 0] as const, enforcement: { refused: true } };
    const [free] = freeOf({ cars: [silent, refusing, { heldAmps: 16 }], site: { circuits } });
    assert.deepEqual(free?.unbalance?.baseAmps, [5, 9, 0]);
    assert.equal(free?.unbalance?.limitAmps, 20);
    assert.equal(freeOf({ cars: [silent] })[0]?.unbalance, undefined);
  });

  test('between phases takes no offer of a car that rests for a counterweight', () => {
    const circuits = [{ ...main(63), unbalanceAmps: 20 }];
    const apartOf = (car: OneTick['cars'][number]) =>
      freeOf({ cars: [car], site: { circuits } })[0]?.unbalance?.apartAmps;
    const onL2 = { heldAmps: 16, agoMs: 60_000, spec: { phases: [1] } };
    const none = [NO_AMPS, NO_AMPS, NO_AMPS];
    const aboveL2 = (amps: number) => [[0, amps, 0], NO_AMPS, [0, amps, 0]];
    assert.deepEqual(apartOf({ ...onL2, drawnAmps: [12, 0, 0] }), none);
    assert.deepEqual(apartOf({ ...onL2, drawnAmps: [1, 0, 0] }), aboveL2(16));
    assert.deepEqual(apartOf({ ...onL2, agoMs: 9_000, drawnAmps: [1, 0, 0] }), none, 'may follow');
    assert.deepEqual(apartOf(onL2), none, 'nobody measures it');
    assert.deepEqual(apartOf({ ...onL2, online: false }), aboveL2(16), 'silent');
    const refusing = { ...onL2, drawnAmps: [9, 0, 0] as const, enforcement: { refused: true } };
    assert.deepEqual(apartOf(refusing), none, 'counted with what it draws');
  });

  test('between phases reckons with a car that may load both and loads one', () => {
    const circuits = [{ ...main(63), unbalanceAmps: 20 }];
    const apartOf = (car: OneTick['cars'][number]) =>
      freeOf({ cars: [car], site: { circuits } })[0]?.unbalance?.apartAmps;
    const first = { heldAmps: 16, drawnAmps: [15, 0, 0] as const };
    assert.deepEqual(apartOf(first), [[0, 15, 15], NO_AMPS, NO_AMPS]);
    const even = [NO_AMPS, NO_AMPS, NO_AMPS];
    assert.deepEqual(apartOf({ heldAmps: 16, drawnAmps: 15 }), even);
    assert.deepEqual(apartOf({ heldAmps: 16 }), even);
    assert.deepEqual(apartOf({ ...first, spec: { phases: [-1, -1, -1] } }), [
      [0, 15, 15],
      [15, 0, 15],
      [15, 15, 0],
    ]);
  });

  test('between phases leaves a car on an unknown phase to the sharing, unless it is not shared', () => {
    const circuits = [{ ...main(63), unbalanceAmps: 20 }];
    const apartOf = (car: OneTick['cars'][number]) =>
      freeOf({ cars: [car], site: { circuits } })[0]?.unbalance?.apartAmps;
    const unknown = {
      heldAmps: 16,
      spec: { phases: [-1, -1, -1] },
      transaction: { activeTerminals: [true, false, false] },
    } as const;
    const every = (amps: number) => [
      [0, amps, amps],
      [amps, 0, amps],
      [amps, amps, 0],
    ];
    assert.deepEqual(apartOf({ ...unknown, drawnAmps: [15, 0, 0] }), every(0));
    assert.deepEqual(apartOf({ ...unknown, online: false }), every(16));
    const refusing = { ...unknown, drawnAmps: [9, 0, 0], enforcement: { refused: true } } as const;
    assert.deepEqual(apartOf(refusing), every(9));
  });

  test('of silent chargers between two lines takes the sum at their angle', () => {
    const between = (phases: readonly number[]) => ({
      heldAmps: 10,
      online: false,
      spec: { phases, lineToLine: true },
    });
    const cars = [between([0, 1]), between([1, 2])];
    const free = (phasorSum: boolean) => {
      const [found] = freeOf({ cars, site: { circuits: [{ ...main(63), phasorSum }] } });
      return [rounded(found?.freeAmps ?? NO_AMPS), found?.phasorSum];
    };
    assert.deepEqual(free(true), [[52, 62 - 17.32, 52].map((amps) => amps), true]);
    assert.deepEqual(free(false), [[52, 42, 52], undefined]);
  });

  test('of a circuit below another knows its parent', () => {
    const free = freeOf({ cars: [], site: { circuits: [main(63), bay] } });
    assert.deepEqual(
      free.map(({ id, parent }) => [id, parent]),
      [
        ['main', -1],
        ['bay', 0],
      ],
    );
  });
});
