import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Background,
  backgroundForRaise,
  observeBackground,
} from '../../src/core/meters/background.ts';
import { type PhaseAmps, sameAmps } from '../../src/core/units.ts';

const WINDOW_MS = 15_000;
const all = (amps: number): PhaseAmps => sameAmps(amps);

/** Feeds one sample a second: [meter, at least drawn, at most drawn]. */
const observe = (samples: readonly (readonly [number, number, number])[]): Background => {
  let background: Background | undefined;
  samples.forEach(([meter, lower, upper], second) => {
    const draws = { lowerAmps: all(lower), upperAmps: all(upper) };
    background = observeBackground(background, all(meter), draws, second * 1000, WINDOW_MS);
  });
  return background as Background;
};

describe('load of others', () => {
  test('is the meter without the cars when their draw is known', () => {
    assert.deepEqual(observe([[30, 10, 10]]).amps, all(20));
  });

  test('a car that ramps up within its new offer is not taken for the building', () => {
    const ramping = observe([
      [30, 10, 10],
      [33, 10, 16],
      [36, 10, 16],
    ]);
    assert.deepEqual(ramping.amps, all(20));
  });

  test('a car that follows a reduction is not taken for the building', () => {
    const following = observe([
      [36, 16, 16],
      [33, 10, 16],
      [30, 10, 16],
    ]);
    assert.deepEqual(following.amps, all(20));
  });

  test('a car that its charger tells of as stopped while the meter is late is not the building', () => {
    const late = observe([
      [36, 16, 16],
      [36, 0, 0],
      [36, 0, 0],
      [20, 0, 0],
    ]);
    assert.deepEqual(late.amps, all(20));
    assert.deepEqual(backgroundForRaise(late, 60_000), all(20));
    // Not for good: then it is the building.
    const still = observe([[36, 16, 16], ...Array.from({ length: 4 }, () => [36, 0, 0] as const)]);
    assert.deepEqual(still.amps, all(36));
  });

  test('a rise of the building beyond the bounds is seen at once', () => {
    const risen = observe([
      [36, 16, 16],
      [46, 10, 16],
    ]);
    assert.deepEqual(risen.amps, all(30));
  });

  test('export is not headroom', () => {
    assert.deepEqual(observe([[-12, 0, 0]]).amps, all(0));
    assert.deepEqual(
      observe([
        [5, 0, 0],
        [-12, 0, 0],
      ]).amps,
      all(0),
    );
  });

  test('raises leave room for the largest load in the window', () => {
    const dipped = observe([
      [40, 0, 0],
      [20, 0, 0],
    ]);
    assert.deepEqual(dipped.amps, all(20));
    assert.deepEqual(backgroundForRaise(dipped), all(40));
    const later = observe([[40, 0, 0], ...Array(20).fill([20, 0, 0])]);
    assert.deepEqual(backgroundForRaise(later), all(20));
  });
});

describe('load of others that comes and goes', () => {
  const LOOK_MS = 60_000;
  const kettle = (secondsAgo: number): Background => {
    let background: Background | undefined;
    for (let second = 0; second <= 70; second += 1) {
      const meter = second === 70 - secondsAgo ? 20 : 5;
      const draws = { lowerAmps: all(0), upperAmps: all(0) };
      background = observeBackground(background, all(meter), draws, second * 1000, LOOK_MS);
    }
    return background as Background;
  };

  test('a raise leaves room for the last seconds, a start for the whole look', () => {
    assert.deepEqual(backgroundForRaise(kettle(30), WINDOW_MS), all(5));
    assert.deepEqual(backgroundForRaise(kettle(30)), all(20));
    assert.deepEqual(backgroundForRaise(kettle(10), WINDOW_MS), all(20));
    assert.deepEqual(backgroundForRaise(kettle(65)), all(5));
  });
});

describe('many readings', () => {
  const draws = { lowerAmps: all(0), upperAmps: all(0) };
  /** One reading each `everyMs`; `amps` by its number. */
  const read = (count: number, everyMs: number, amps: (i: number) => number, windowMs = 60_000) => {
    let background: Background | undefined;
    for (let i = 0; i < count; i += 1) {
      background = observeBackground(background, all(amps(i)), draws, i * everyMs, windowMs);
    }
    return background as Background;
  };

  test('within half a second are one, with the largest load among them', () => {
    const { recent } = read(4, 200, (i) => [5, 30, 7, 8][i] ?? 0);
    assert.deepEqual(
      recent.map(({ atMs, amps: [amps] }) => [atMs, amps]),
      [
        [0, 30],
        [600, 8],
      ],
    );
    const long = read(11, 200, (i) => i).recent;
    assert.deepEqual(
      long.map(({ atMs, amps: [amps] }) => [atMs, amps]),
      [
        [0, 2],
        [600, 5],
        [1_200, 8],
        [1_800, 10],
      ],
    );
  });

  test('are thinned to so many, and no peak in the window is lost', () => {
    for (const peak of [30, 31, 32]) {
      const background = read(200, 500, (i) => (i === peak ? 40 : 5), 1_000_000);
      assert.ok(background.recent.length <= 128, `${background.recent.length} kept`);
      assert.deepEqual(backgroundForRaise(background), all(40));
    }
    const times = read(200, 500, () => 5, 1_000_000).recent.map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.equal(times.at(-1), 199 * 500);
  });

  test('older than the window are gone', () => {
    const background = read(100, 1_000, () => 5, 10_000);
    assert.deepEqual([background.recent.length, background.recent[0]?.atMs], [10, 90_000]);
  });
});

test('of many samples none is forgotten: neighbours are merged into the larger one', () => {
  const feed = (peakAt: number): Background => {
    let background: Background | undefined;
    for (let i = 0; i <= 128; i += 1) {
      const draws = { lowerAmps: all(0), upperAmps: all(0) };
      const meter = all(i === peakAt ? 20 : 5);
      background = observeBackground(background, meter, draws, i * 500, 600_000);
    }
    // One sample later, when the peak is not the load of now any more.
    const later = observeBackground(
      background,
      all(5),
      { lowerAmps: all(0), upperAmps: all(0) },
      64_500,
      600_000,
    );
    assert.ok(later.recent.length <= 66, `${later.recent.length} samples`);
    return later;
  };
  for (const peakAt of [0, 1, 64, 127, 128]) {
    assert.deepEqual(backgroundForRaise(feed(peakAt)), all(20), `the peak of sample ${peakAt}`);
  }
  assert.deepEqual(backgroundForRaise(feed(-1)), all(5));
});
