import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Background } from '../../src/core/meters/background.ts';
import { sameAmps } from '../../src/core/units.ts';
import { main, NOW_MS, type OneCar, toldIn } from './one-tick.ts';

/** Told of 6 A a moment ago: it may still draw the 20 A of before. */
const FOLLOWING = {
  heldAmps: 6,
  agoMs: 1_000,
  enforcement: { recent: [{ amps: 20, untilMs: NOW_MS - 1_000 }] },
};

describe('a raise', () => {
  test('leaves room for the current that another car has not given up yet', () => {
    const cars = [FOLLOWING, { heldAmps: 6, targetAmps: 25 }];
    // 32 A less 1 A of margin, 20 A that may still flow, 6 A of its own.
    assert.deepEqual(toldIn({ mainAmps: 32, cars }), ['CP_2 raise 11']);
  });

  test('is not for one that was measured above its offer since that was lowered', () => {
    const told = (drawnAmps: number, drawnAgoMs: number) =>
      toldIn({
        cars: [
          {
            heldAmps: 6,
            targetAmps: 16,
            agoMs: 12_000,
            drawnAmps,
            drawnAgoMs,
            // Until 15 s after the change it may be the current of before, and is no disobedience.
            enforcement: { recent: [{ amps: 12, untilMs: NOW_MS - 12_000 }] },
          },
        ],
      });
    assert.deepEqual(told(12, 4_000), []);
    assert.deepEqual(told(7, 4_000), ['CP_1 raise 11']);
    // A measurement of before the change says nothing.
    assert.deepEqual(told(12, 13_000), ['CP_1 raise 11']);
  });

  test('of two cars at once comes to the room that both have together', () => {
    const cars = [
      { heldAmps: 8, targetAmps: 12 },
      { heldAmps: 6, targetAmps: 12 },
    ];
    // 4 A are free: the one with less comes first, with half of its gap.
    assert.deepEqual(toldIn({ mainAmps: 19, cars }), ['CP_2 raise 9', 'CP_1 raise 9']);
    const same = cars.map((car) => ({ ...car, heldAmps: 7 }));
    assert.deepEqual(toldIn({ mainAmps: 18, cars: same }), ['CP_1 raise 10']);
  });

  test('gives back what was taken away lately only where it is free; not so after a stop', () => {
    const lately = (heldAmps: number, amps: number, targetAmps: number): OneCar => ({
      heldAmps,
      targetAmps,
      agoMs: 12_000,
      enforcement: { recent: [{ amps, untilMs: NOW_MS - 12_000 }] },
    });
    // It is still budgeted at 16 A, which are 6 A too many: half of the gap would be 12 A.
    assert.deepEqual(toldIn({ mainAmps: 11, cars: [lately(8, 16, 16)] }), ['CP_1 raise 10']);
    assert.deepEqual(toldIn({ mainAmps: 30, cars: [lately(8, 16, 16)] }), ['CP_1 raise 12']);
    assert.deepEqual(toldIn({ mainAmps: 6.5, cars: [lately(0, 6, 6)] }), ['CP_1 raise 6']);
  });

  test('counts the load of others, by phase of the car', () => {
    const told = (phase: number) => {
      const spec = { phases: [phase] };
      const cars = [{ heldAmps: 6, targetAmps: 16, drawnAmps: 0, spec }];
      return toldIn({ mainAmps: 21, meterAmps: [18, 10, 2], cars });
    };
    assert.deepEqual(told(0), []);
    assert.deepEqual(told(1), ['CP_1 raise 10']);
    assert.deepEqual(told(2), ['CP_1 raise 11']);
  });

  test('leaves room for what a silent charger may draw, and for the next car to start', () => {
    const cars = [{ heldAmps: 6, targetAmps: 20 }];
    const silent = { heldAmps: 10, online: false };
    assert.deepEqual(toldIn({ mainAmps: 21, cars: [...cars, silent] }), ['CP_1 raise 10']);
    const free = { noCar: 'available' as const };
    assert.deepEqual(toldIn({ mainAmps: 17, cars: [...cars, free, free] }), ['CP_1 raise 10']);
  });

  test('leaves room for what the gateway may have promised before it was started again', () => {
    const inherited = { amps: 10, untilMs: NOW_MS + 60_000 };
    const cars = [
      { heldAmps: 6, enforcement: { inherited } },
      { heldAmps: 6, targetAmps: 20 },
    ];
    assert.deepEqual(toldIn({ mainAmps: 21, cars }), ['CP_2 raise 10']);
    const refused = [{ heldAmps: 6, enforcement: { inherited, refused: true } }, ...cars.slice(1)];
    assert.deepEqual(toldIn({ mainAmps: 21, cars: refused }), ['CP_2 raise 10']);
  });

  test('leaves of what the CSMS allows a charger what its other connector may draw', () => {
    const reason = { kind: 'csms-profile' as const, id: '17', text: 'CSMS profile 17' };
    const stations = new Map([['CP_1', { amps: 20, reason }]]);
    const told = (first: OneCar, phases = [0, 1, 2]) =>
      toldIn({
        cars: [
          { ...first, spec: { phases } },
          { heldAmps: 6, targetAmps: 30, second: true },
        ],
        input: { profiles: { connectors: new Map(), stations } },
      });
    assert.deepEqual(told({ heldAmps: 10 }), ['CP_1 2 raise 10']);
    assert.deepEqual(told({ heldAmps: 10 }, [2]), ['CP_1 2 raise 10']);
    assert.deepEqual(told({ heldAmps: 10, enforcement: { refused: true } }), ['CP_1 2 raise 10']);
    assert.deepEqual(told({ noCar: 'available' }), ['CP_1 2 raise 18']);
    assert.deepEqual(told({ heldAmps: 6, targetAmps: 12 }), ['CP_1 raise 9', 'CP_1 2 raise 11']);
  });

  test('of cars between two lines counts currents as they add: 120 degrees apart or 60', () => {
    const circuits = [{ ...main(31), phasorSum: true }];
    const between = (phases: readonly number[]) => ({ phases, lineToLine: true });
    const told = (phases: readonly number[], targetAmps = 32) =>
      toldIn({
        site: { circuits },
        cars: [
          { heldAmps: 18, spec: between([0, 1]) },
          { heldAmps: 10, targetAmps, spec: between(phases) },
        ],
      });
    // On the same lines 12 A are left. On one line of two, x^2 + 18x + 18^2 <= 30^2 gives 16.6 A.
    assert.deepEqual(told([0, 1]), ['CP_2 raise 12']);
    assert.deepEqual(told([1, 2]), ['CP_2 raise 16']);
    // With the neutral its current is 30 degrees away: x^2 + 18 sqrt(3) x + 18^2 <= 30^2.
    const plain = toldIn({
      site: { circuits },
      cars: [
        { heldAmps: 18, spec: between([0, 1]) },
        { heldAmps: 6, targetAmps: 32, spec: { phases: [1] } },
      ],
    });
    assert.deepEqual(plain, ['CP_2 raise 13']);
  });

  test('leaves room for the largest load of others of the last moments', () => {
    const recent = [
      { atMs: NOW_MS - 10_000, amps: sameAmps(15) },
      { atMs: NOW_MS - 1_000, amps: sameAmps(0) },
    ];
    const background = { amps: sameAmps(0), recent };
    const cars = [{ heldAmps: 8, targetAmps: 20, drawnAmps: 0 }];
    assert.deepEqual(toldIn({ mainAmps: 26, background, cars }), ['CP_1 raise 10']);
  });

  test('stays within the watts of a circuit, on as many phases as the car loads', () => {
    const circuits = [{ ...main(63), limitWatts: 6_900 }];
    const cars = (phases: readonly number[]) => [{ heldAmps: 6, targetAmps: 30, spec: { phases } }];
    assert.deepEqual(toldIn({ site: { circuits }, cars: cars([0, 1, 2]) }), ['CP_1 raise 10']);
    assert.deepEqual(toldIn({ site: { circuits }, cars: cars([0]) }), ['CP_1 raise 18']);
    const loaded = { site: { circuits }, meterAmps: [10, 5, 6] as const };
    // 4830 W are others, 690 W are free.
    assert.deepEqual(
      toldIn({
        ...loaded,
        cars: [{ heldAmps: 6, targetAmps: 30, drawnAmps: 0, spec: { phases: [2] } }],
      }),
      ['CP_1 raise 9'],
    );
  });

  test('into watts that it gave up a moment ago leaves some to spare', () => {
    const told = (limitWatts: number, minutesAgo: number, fromAmps: number) =>
      toldIn({
        site: { circuits: [{ ...main(63), limitWatts }] },
        cars: [
          {
            heldAmps: 9,
            targetAmps: 10,
            enforcement: { changed: { atMs: NOW_MS - minutesAgo * 60_000, fromAmps, toAmps: 9 } },
          },
        ],
      });
    // Half of the margin of 1 A, on three phases: 345 W.
    assert.deepEqual(told(7_244, 9, 10), []);
    assert.deepEqual(told(7_246, 9, 10), ['CP_1 raise 10']);
    assert.deepEqual(told(6_900, 11, 10), ['CP_1 raise 10']);
    assert.deepEqual(told(6_900, 9, 6), ['CP_1 raise 10']);
    // Whoever was stopped needs none of it to start.
    const stopped = { changed: { atMs: NOW_MS - 400_000, fromAmps: 6, toAmps: 0 } };
    const cars = [{ heldAmps: 0, targetAmps: 6, enforcement: stopped }];
    const circuits = [{ ...main(63), limitWatts: 4_200 }];
    assert.deepEqual(toldIn({ site: { circuits }, cars }), ['CP_1 raise 6']);
  });

  test('to start leaves free also the watts that the load of others had a minute ago', () => {
    const recent = [
      { atMs: NOW_MS - 40_000, amps: [3, 4, 5] as const },
      { atMs: NOW_MS - 1_000, amps: sameAmps(0) },
    ];
    const told = (limitWatts: number) =>
      toldIn({
        site: { circuits: [{ ...main(63), limitWatts }] },
        background: { amps: sameAmps(0), recent },
        cars: [{ heldAmps: 0, targetAmps: 6, drawnAmps: 0 }],
      });
    // 12 A of others and 18 A of the car, at 230 V.
    assert.deepEqual(told(6_899), []);
    assert.deepEqual(told(6_901), ['CP_1 raise 6']);
  });

  test('is for every circuit above the car, the tightest one counts', () => {
    const bay = {
      id: 'bay',
      parent: 'main',
      limitAmps: sameAmps(16),
      marginAmps: 0,
      assumedLoadAmps: sameAmps(2),
    };
    const spec = { circuit: 'bay' };
    const cars = [
      { heldAmps: 6, spec },
      { heldAmps: 6, targetAmps: 20, spec },
    ];
    const told = (mainAmps: number) => toldIn({ site: { circuits: [main(mainAmps), bay] }, cars });
    assert.deepEqual(told(63), ['CP_2 raise 8']);
    assert.deepEqual(told(14), ['CP_2 raise 7']);
  });

  test('waits while the meter says too little, and goes on when it is back', () => {
    const cars = [{ heldAmps: 6, targetAmps: 16 }];
    const after = (meterAgoMs: number) => toldIn({ cars, meterAgoMs });
    assert.deepEqual(after(1_000), ['CP_1 raise 11']);
    assert.deepEqual(after(8_000), []);
    assert.deepEqual(after(20_000), []);
    const bay = { id: 'bay', parent: 'main', limitAmps: sameAmps(40), marginAmps: 0 };
    const behind = [{ heldAmps: 6, targetAmps: 16, spec: { circuit: 'bay' } }];
    const site = { circuits: [main(63), { ...bay, assumedLoadAmps: sameAmps(0) }] };
    assert.deepEqual(toldIn({ site, cars: behind, meterAgoMs: 8_000 }), []);
  });

  test('follows the one before after ten seconds, but a start never waits for that', () => {
    const after = (heldAmps: number, agoMs: number) => {
      const enforcement = { lastRaiseAtMs: NOW_MS - agoMs };
      return toldIn({ cars: [{ heldAmps, targetAmps: 16, enforcement }] });
    };
    assert.deepEqual(after(6, 9_999), []);
    assert.deepEqual(after(6, 10_000), ['CP_1 raise 11']);
    assert.deepEqual(after(0, 1), ['CP_1 raise 6']);
  });

  test('is half of the gap, at least 3 A, and at least a step of the charger', () => {
    const to = (targetAmps: number, spec = {}) =>
      toldIn({ cars: [{ heldAmps: 6, targetAmps, spec }] });
    assert.deepEqual(to(26), ['CP_1 raise 16']);
    assert.deepEqual(to(10), ['CP_1 raise 9']);
    assert.deepEqual(to(8), ['CP_1 raise 8']);
    assert.deepEqual(to(20, { stepsAmps: [6, 20, 32] }), ['CP_1 raise 20']);
    assert.deepEqual(to(6.9, { stepAmps: 0.1 }), [], 'below the dead band');
    assert.deepEqual(to(7), ['CP_1 raise 7']);
  });

  test('to less than a car can use is no raise', () => {
    assert.deepEqual(toldIn({ cars: [{ heldAmps: 0, targetAmps: 5 }] }), []);
    const cars = [{ heldAmps: 6 }, { heldAmps: 0, targetAmps: 6 }];
    assert.deepEqual(toldIn({ mainAmps: 12, cars }), [], '5 A are free');
    assert.deepEqual(toldIn({ mainAmps: 13, cars }), ['CP_2 raise 6']);
  });

  test('never goes to a charger that is silent, has no car, has not answered, or failed just now', () => {
    const told = (changes: object) =>
      toldIn({ cars: [{ heldAmps: 6, targetAmps: 16, ...changes }] });
    assert.deepEqual(told({ online: false }), []);
    assert.deepEqual(told({ noCar: 'available' }), []);
    const pending = { amps: 8, sentAtMs: NOW_MS - 500, endsAtMs: NOW_MS + 119_500 };
    assert.deepEqual(told({ enforcement: { pending } }), []);
    assert.deepEqual(told({ enforcement: { retryAtMs: NOW_MS + 1 } }), []);
    assert.deepEqual(told({ enforcement: { retryAtMs: NOW_MS } }), ['CP_1 raise 11']);
    assert.deepEqual(told({ enforcement: { refused: true } }), []);
  });
});

describe('room that is kept free', () => {
  const swung = (agoMs: number) => ({
    amps: sameAmps(0),
    recent: [
      { atMs: NOW_MS - agoMs, amps: sameAmps(10) },
      { atMs: NOW_MS - 1_000, amps: sameAmps(0) },
    ],
  });

  test('a start looks further back than a raise', () => {
    const told = (heldAmps: number, agoMs: number) =>
      toldIn({
        mainAmps: 15,
        background: swung(agoMs),
        cars: [{ heldAmps, targetAmps: 13, drawnAmps: 0 }],
      });
    assert.deepEqual(told(0, 40_000), []);
    assert.deepEqual(told(6, 40_000), ['CP_1 raise 9']);
    assert.deepEqual(told(6, 10_000), []);
    assert.deepEqual(told(0, 70_000), ['CP_1 raise 6']);
  });

  test('a start looks back too where currents add at an angle', () => {
    const told = (amps: number) =>
      toldIn({
        site: { circuits: [{ ...main(amps), phasorSum: true }] },
        background: swung(40_000),
        cars: [{ heldAmps: 0, targetAmps: 6, drawnAmps: 0 }],
      });
    assert.deepEqual(told(16), []);
    assert.deepEqual(told(17), ['CP_1 raise 6']);
  });

  test('a load that never changes is left free once', () => {
    const cars = [{ heldAmps: 0, targetAmps: 6, drawnAmps: 0 }];
    assert.deepEqual(toldIn({ mainAmps: 15, meterAmps: 8, cars }), ['CP_1 raise 6']);
    assert.deepEqual(toldIn({ mainAmps: 15, meterAmps: 9, cars }), []);
  });

  test('for steps of the building keeps no car waiting, but holds back those that are on', () => {
    const period = Math.floor(NOW_MS / 300_000);
    const periods = Array.from({ length: 24 }, (_, i) => ({
      period: period - 24 + i,
      worstAmps: sameAmps(8),
    }));
    const { amps, recent } = swung(90_000);
    const before = { amps, recent, steps: { periods, reserveAmps: sameAmps(8) } };
    const circuits = [{ ...main(20), stepReserveQuantile: 0.9 }];
    const told = (heldAmps: number, background: Background = before) =>
      toldIn({
        site: { circuits },
        background,
        cars: [{ heldAmps, targetAmps: 19, drawnAmps: 0 }],
      });
    assert.deepEqual(told(0), ['CP_1 raise 6']);
    assert.deepEqual(told(6), ['CP_1 raise 11']);
    // 5 A that have just gone are that room already: 3 A more are kept free, not 8 A.
    const gone = {
      ...before,
      recent: [{ atMs: NOW_MS - 5_000, amps: sameAmps(5) }, ...recent.slice(-1)],
    };
    assert.deepEqual(told(6, gone), ['CP_1 raise 11']);
  });
});
