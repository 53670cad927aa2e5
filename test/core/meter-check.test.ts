import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeReading, type MeterSurroundings } from '../../src/core/meters/meter-check.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import type { MeterState } from '../../src/core/tick.ts';
import { type PhaseAmps, sameAmps } from '../../src/core/units.ts';

const AROUND: MeterSurroundings = {
  nominalVolts: 230,
  fuseAmps: sameAmps(63),
  exportMostAmps: 0,
  frozenMs: 60_000,
  draws: [],
};

/** Readings one second apart, each judged after the one before. */
const judge = (
  readings: readonly (Partial<Reading> & { readonly amps: PhaseAmps })[],
  around: Partial<MeterSurroundings> | ((second: number) => Partial<MeterSurroundings>) = {},
): MeterState => {
  let state: MeterState | undefined;
  readings.forEach((reading, second) => {
    const changes = typeof around === 'function' ? around(second) : around;
    state = judgeReading(
      state,
      { meter: 'grid', atMs: second * 1000, quality: 'good', ...reading },
      { ...AROUND, ...changes },
    );
  });
  assert.ok(state);
  return state;
};
const times = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const STEADY = { amps: [40, 38, 41] } as const;

describe('a single reading is suspect when', () => {
  for (const [why, reading, problem] of [
    ['it is no number', { amps: [40, Number.NaN, 41] }, /L2: not a number/],
    ['it is endless', { amps: [Number.POSITIVE_INFINITY, 1, 1] }, /L1: not a number/],
    ['it is ten times too high', { amps: [400, 380, 410] }, /range: 400 A on L1/],
    ['its words are swapped', { amps: [2.3e-41, 5, 5] }, /check the word order/],
    ['transformers are backwards', { amps: [40, -38, 41] }, /sign: 38 A fed back on L2/],
    ['a phase is gone', { ...STEADY, volts: [230, 12, 231] }, /L2 has 12 V: phase lost/],
    ['volts are those between phases', { ...STEADY, volts: [400, 400, 400] }, /range: 400 V/],
    [
      'currents are a tenth of what the power says',
      { amps: [4, 3.8, 4.1], phaseWatts: [9200, 8740, 9430], volts: [230, 230, 230] },
      /9200 W do not fit 4 A/,
    ],
  ] as const) {
    test(why, () => {
      const state = judge([STEADY, reading]);
      assert.equal(state.latest.quality, 'suspect');
      assert.match(state.latest.problem ?? '', problem);
      // The last good one goes on ageing.
      assert.equal(state.lastGood?.atMs, 0);
    });
  }

  test('but power that fits its current is no fault, with or without volts', () => {
    const fits = { amps: [50, 48, 51], phaseWatts: [11_600, 11_000, 11_700] } as const;
    assert.equal(judge([fits]).latest.quality, 'good');
    assert.equal(judge([{ ...fits, volts: [231, 229, 230] }]).latest.quality, 'good');
    const far = { ...fits, phaseWatts: [11_600, 11_000, 17_000] } as const;
    assert.match(judge([far]).latest.problem ?? '', /^L3: 17000 W do not fit 51 A/);
  });

  test('but generation that is stated may feed back', () => {
    const state = judge([{ amps: [4, 2, 3] }, { amps: [2, -1, 0] }, { amps: [0, -12, -11] }], {
      exportMostAmps: 16,
    });
    assert.equal(state.latest.quality, 'good');
  });
});

describe('the bounds of a single reading', () => {
  const none = { fuseAmps: undefined };
  const export16 = { exportMostAmps: 16 };
  for (const [what, inside, outside, around] of [
    ['three times the fuse', { amps: [0, 189, 0] }, { amps: [0, 189.1, 0] }, {}],
    ['what any box carries', { amps: [1, 1, 10_000] }, { amps: [1, 1, 10_000.1] }, none],
    ['the same, fed back', { amps: [1, 1, -10_000] }, { amps: [1, 1, -10_000.1] }, none],
    ['noise that looks like export', { amps: [-2, 5, 5] }, { amps: [-2.1, 5, 5] }, {}],
    ['generation with its noise', { amps: [5, 5, -18] }, { amps: [5, 5, -18.1] }, export16],
    [
      'half the volts',
      { ...STEADY, volts: [230, 230, 116] },
      { ...STEADY, volts: [230, 230, 115] },
      {},
    ],
    [
      'half more volts',
      { ...STEADY, volts: [345, 230, 230] },
      { ...STEADY, volts: [346, 230, 230] },
      {},
    ],
    [
      'power without a current',
      { amps: [0, 0, 0], phaseWatts: [0, 300, 0] },
      { amps: [0, 0, 0], phaseWatts: [0, 301, 0] },
      {},
    ],
    [
      'power that is fed back',
      { amps: [10, 0, -10], phaseWatts: [0, 0, -3_290] },
      { amps: [10, 0, -10], phaseWatts: [0, 0, -3_291] },
      export16,
    ],
  ] as const) {
    test(what, () => {
      assert.equal(judge([inside], around).latest.problem, undefined);
      assert.equal(judge([outside], around).latest.quality, 'suspect');
    });
  }
});

test('a poll that failed stays what it is, and the last good reading goes on ageing', () => {
  for (const fuseAmps of [AROUND.fuseAmps, undefined]) {
    const around = { ...AROUND, fuseAmps };
    const good = { meter: 'grid', atMs: 0, quality: 'good', ...STEADY } as const;
    const failed = { meter: 'grid', atMs: 1_000, quality: 'absent', problem: 'no answer' } as const;
    const state = judgeReading(judgeReading(undefined, good, around), failed, around);
    assert.deepEqual(state.latest, failed);
    assert.deepEqual(state.lastGood, good);
    assert.deepEqual(judgeReading(undefined, failed, around).latest, failed);
  }
});

describe('a fall', () => {
  test('by more than half the fuse has to be seen three times', () => {
    const falls = (count: number) =>
      judge([STEADY, ...times(count, () => ({ amps: sameAmps(2) }))]);
    assert.match(falls(1).latest.problem ?? '', /rate: fell from 40\/38\/41 to 2\/2\/2 A at once/);
    assert.equal(falls(2).latest.quality, 'suspect');
    assert.equal(falls(3).latest.quality, 'good');
  });

  test('that is over at once is never believed', () => {
    const state = judge([STEADY, { amps: sameAmps(2) }, STEADY]);
    assert.equal(state.latest.quality, 'good');
    assert.deepEqual(state.lastGood?.amps, STEADY.amps);
  });

  test('is one also after a reading that was no number', () => {
    const gone = { amps: [40, Number.NaN, 41] } as const;
    const low = { amps: [40, 2, 41] } as const;
    const falls = (...readings: Parameters<typeof judge>[0]) => judge([STEADY, ...readings]).latest;
    assert.match(falls(gone, low).problem ?? '', /seen 1 times/);
    assert.match(falls(low, gone, low).problem ?? '', /seen 2 times/);
    assert.equal(falls(gone, low, low, low).quality, 'good');
  });

  test('on one phase is enough, and one of less than 10 A is none under a small fuse', () => {
    const last = (amps: PhaseAmps, fuse: number) =>
      judge([STEADY, { amps }], { fuseAmps: sameAmps(fuse) }).latest.quality;
    assert.equal(last([40, 38, 9], 63), 'suspect');
    assert.equal(last([40, 38, 10], 63), 'good');
    assert.equal(last([40, 6, 41], 63), 'suspect');
    assert.equal(last([30, 38, 41], 16), 'good');
    assert.equal(last([29, 38, 41], 16), 'suspect');
  });

  test('is counted from the reading before, also where that had fallen or risen itself', () => {
    const down = [40, 25, 10, 0].map((amps) => ({ amps: sameAmps(amps) }));
    assert.equal(judge(down).latest.quality, 'good');
    const up = [10, 45, 12].map((amps) => ({ amps: sameAmps(amps) }));
    assert.match(judge(up).latest.problem ?? '', /fell from 45/);
  });

  test('a rise is believed at once: it only takes', () => {
    assert.equal(judge([{ amps: sameAmps(2) }, { amps: sameAmps(60) }]).latest.quality, 'good');
  });
});

describe('a frozen meter', () => {
  test('is found out after its time, and was not fresh since it froze', () => {
    const state = judge(times(62, () => STEADY));
    assert.equal(state.latest.quality, 'suspect');
    assert.match(state.latest.problem ?? '', /frozen: no number changed for 6\d s/);
    assert.equal(state.lastGood?.atMs, 0);
  });

  test('is so for as long as nothing changed, on whatever phase something flows', () => {
    const after = (seconds: number, amps: PhaseAmps) =>
      judge([...times(5, () => STEADY), ...times(seconds + 1, () => ({ amps }))]);
    assert.equal(after(59, [30, 38, 41]).latest.quality, 'good');
    assert.match(after(60, [30, 38, 41]).latest.problem ?? '', /changed for 60 s$/);
    assert.equal(after(60, [30, 38, 41]).lastGood?.atMs, 5_000);
    assert.match(after(62, [0, 0.5, 0]).latest.problem ?? '', /frozen/);
    assert.equal(after(62, [0, 0.4, 0]).latest.quality, 'good');
  });

  test('that never showed anything possible was never good', () => {
    const state = judge(times(70, () => ({ amps: [40, -38, 41] })));
    assert.match(state.latest.problem ?? '', /sign/);
    assert.equal(state.lastGood, undefined);
  });

  test('is one that does not see what the chargers do', () => {
    const after = (seconds: number, moved: number) =>
      judge(
        times(15 + seconds + 1, () => STEADY),
        (second) => ({
          draws: [{ amps: [8, second < 15 ? 8 : 8 + moved, 8], atMs: second * 1000 }],
        }),
      ).latest;
    assert.equal(after(9, 8).quality, 'good');
    assert.match(after(10, 8).problem ?? '', /frozen/);
    assert.match(after(10, -3).problem ?? '', /frozen/);
    assert.equal(after(40, 2.9).quality, 'good');
  });

  test('is not one while a charger has yet to say what it drew when the meter stood still', () => {
    const state = judge(
      times(40, () => STEADY),
      (second) => ({
        draws: [
          { amps: sameAmps(8), atMs: second * 1000 },
          second < 20
            ? { amps: sameAmps(16), atMs: 0 }
            : { amps: sameAmps(8), atMs: second * 1000 },
        ],
      }),
    );
    assert.equal(state.latest.quality, 'good');
  });

  test('is not looked for where the site file says so', () => {
    const state = judge(
      times(200, () => STEADY),
      (second) => ({
        frozenMs: 0,
        draws: [{ amps: sameAmps(second < 15 ? 8 : 16), atMs: second * 1000 }],
      }),
    );
    assert.equal(state.latest.quality, 'good');
  });

  test('is not one of a building in which nothing is switched on', () => {
    assert.equal(judge(times(200, () => ({ amps: sameAmps(0) }))).latest.quality, 'good');
  });

  test('is not one whose energy counts on', () => {
    const state = judge(times(200, (i) => ({ ...STEADY, importWh: i * 3 })));
    assert.equal(state.latest.quality, 'good');
  });

  test('is believed again with the first change', () => {
    const state = judge([...times(80, () => STEADY), { amps: [40.1, 38, 41] }]);
    assert.equal(state.latest.quality, 'good');
  });
});

describe('Kirchhoff: less than the chargers draw', () => {
  const LOW = { amps: [3, 12, 12] } as const;
  const draws = (atMs: number) => ({ draws: [{ amps: sameAmps(16), atMs }] });

  test('is suspect once they say so after the meter showed it', () => {
    const state = judge(
      times(10, () => LOW),
      (second) => draws(second * 1000),
    );
    assert.match(state.latest.problem ?? '', /L1: 3 A, but the chargers below draw 16 A/);
  });

  test('by what each phase carries, within the error of both', () => {
    const last = (draw: PhaseAmps, amps: PhaseAmps, exportMostAmps = 0) =>
      judge(
        times(10, () => ({ amps })),
        (second) => ({ exportMostAmps, draws: [{ amps: draw, atMs: second * 1000 }] }),
      ).latest.problem;
    // 15 % and 3 A: of 20 A at least 14 A have to be seen.
    assert.equal(last([20, 0, 0], [14, 0, 0]), undefined);
    assert.match(last([20, 0, 0], [13.9, 0, 0]) ?? '', /^L1/);
    assert.match(last([0, 20, 0], [20, 13.9, 20]) ?? '', /^L2/);
    assert.match(last([0, 0, 20], [20, 20, 13.9]) ?? '', /^L3/);
    assert.equal(last([0, 0, 20], [20, 20, 8], 6), undefined, 'generation may feed 6 A');
  });

  test('is no fault while their report is older: the car may just have stopped', () => {
    for (const reportMs of [0, 3_000]) {
      const state = judge(
        times(10, () => LOW),
        () => draws(reportMs),
      );
      assert.equal(state.latest.quality, 'good');
    }
    const told = judge(
      times(10, () => LOW),
      () => draws(3_001),
    );
    assert.equal(told.latest.quality, 'suspect');
    assert.equal(told.lastGood, undefined);
  });

  test('is counted from when the meter showed it last, not from an earlier stop', () => {
    const full = { amps: sameAmps(20) } as const;
    const stops = [LOW, LOW, ...times(8, () => full), LOW];
    const state = judge(stops, (second) => draws(Math.min(second, 9) * 1000));
    assert.equal(state.latest.problem, undefined);
  });

  test('does not put back the last good reading: only what stood still was not fresh', () => {
    const state = judge(
      times(10, () => LOW),
      (second) => (second < 5 ? {} : draws(second * 1000)),
    );
    assert.equal(state.latest.quality, 'suspect');
    assert.equal(state.lastGood?.atMs, 8_000);
  });

  test('is none of a meter that no circuit depends on', () => {
    const state = judge(
      times(10, () => ({ amps: sameAmps(1) })),
      (second) => ({ fuseAmps: undefined, ...draws(second * 1000) }),
    );
    assert.equal(state.latest.quality, 'good');
  });
});

describe('power without currents', () => {
  const power = (watts: number, around: Partial<MeterSurroundings>) =>
    judgeReading(
      undefined,
      { meter: 'sun', atMs: 0, quality: 'good', watts },
      { ...AROUND, ...around },
    );

  test('serves where no circuit depends on it', () => {
    const state = power(-4_200, { fuseAmps: undefined });
    assert.equal(state.latest.quality, 'good');
    assert.equal(state.lastGood?.watts, -4_200);
  });

  test('cannot protect a circuit', () => {
    const state = power(4_200, {});
    assert.equal(state.latest.quality, 'absent');
    assert.match(state.latest.problem ?? '', /cannot protect a circuit/);
    assert.equal(state.lastGood, undefined);
  });

  test('is suspect when no site has it', () => {
    assert.match(power(1e9, { fuseAmps: undefined }).latest.problem ?? '', /range: 1000000000 W/);
    assert.equal(power(-1e9, { fuseAmps: undefined }).latest.quality, 'suspect');
  });
});
