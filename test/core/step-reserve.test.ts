import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Background, observeBackground, stepUp } from '../../src/core/meters/background.ts';
import {
  observeStep,
  quantileOf,
  type StepHistory,
  stepReserveText,
} from '../../src/core/meters/step-reserve.ts';
import { NO_AMPS, type PhaseAmps, sameAmps } from '../../src/core/units.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/** One step a minute; `stepOf` tells the amps of all phases. */
const learn = (
  minutes: number,
  stepOf: (minute: number) => number,
  quantile = 1,
  before?: StepHistory,
): StepHistory => {
  let history = before;
  for (let minute = 0; minute < minutes; minute += 1) {
    history = observeStep(history, sameAmps(stepOf(minute)), quantile, minute * MINUTE_MS);
  }
  return history as StepHistory;
};

describe('quantile by nearest rank', () => {
  const cases: readonly (readonly [string, readonly number[], number, number])[] = [
    ['of nothing', [], 0.9, 0],
    ['of one', [7], 0.5, 7],
    ['the median of four is the second', [4, 1, 3, 2], 0.5, 2],
    ['the median of five is the third', [5, 1, 4, 2, 3], 0.5, 3],
    ['nine tenths of ten is the ninth', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9, 9],
    ['just above is the tenth', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.91, 10],
    ['all of them is the largest', [2, 9, 4], 1, 9],
  ];
  for (const [name, values, quantile, expected] of cases) {
    test(name, () => assert.equal(quantileOf(values, quantile), expected));
  }
});

describe('steps of the building in a day', () => {
  test('nothing is kept free until an hour was seen', () => {
    assert.deepEqual(learn(60, () => 7).reserveAmps, NO_AMPS);
    assert.deepEqual(learn(66, () => 7).reserveAmps, sameAmps(7));
  });

  test('one maximum counts for each five minutes, however often a step comes in them', () => {
    const often = learn(100, (minute) => (minute < 10 ? 12 : 2), 0.9);
    assert.equal(often.periods.length, 20);
    assert.deepEqual(often.reserveAmps, sameAmps(2));
    assert.deepEqual(
      learn(100, (minute) => (minute % 5 === 3 ? 12 : 2), 0.9).reserveAmps,
      [12, 12, 12],
    );
  });

  test('the worst of all is kept for 24 h, and not longer', () => {
    const once = (minute: number): number => (minute === 2 ? 20 : 3);
    assert.deepEqual(learn(DAY_MINUTES, once).reserveAmps, sameAmps(20));
    const later = learn(DAY_MINUTES + 1, once);
    assert.deepEqual(later.reserveAmps, sameAmps(3));
    assert.equal(later.periods.length, 288);
  });

  test('phases are learned apart', () => {
    let history: StepHistory | undefined;
    const steps: PhaseAmps = [1, 9, 0];
    for (let minute = 0; minute < 70; minute += 1) {
      history = observeStep(history, steps, 0.95, minute * MINUTE_MS);
    }
    assert.deepEqual(history?.reserveAmps, steps);
  });

  test('a step that is no worse than the last changes nothing', () => {
    const history = learn(70, () => 7);
    assert.equal(observeStep(history, sameAmps(6), 1, 69 * MINUTE_MS), history);
  });

  test('is said in one phrase, of the worst phase', () => {
    assert.equal(stepReserveText([3, 7, 0.04]), 'reserve for building steps 7 A');
    assert.equal(stepReserveText(NO_AMPS), undefined);
    assert.equal(stepReserveText(undefined), undefined);
  });
});

describe('a step of the load of others', () => {
  const rise = (meters: readonly number[], apartMs: number): PhaseAmps => {
    let background: Background | undefined;
    const draws = { lowerAmps: NO_AMPS, upperAmps: NO_AMPS };
    meters.forEach((amps, i) => {
      background = observeBackground(background, sameAmps(amps), draws, i * apartMs, MINUTE_MS);
    });
    return stepUp(background as Background, (meters.length - 1) * apartMs);
  };
  const cases: readonly (readonly [string, readonly number[], number, number])[] = [
    ['the first reading is none', [20], 1_000, 0],
    ['from one reading to the next', [5, 20], 1_000, 15],
    ['in several readings', [5, 8, 12, 20], 1_000, 15],
    ['a fall is none', [20, 5], 1_000, 0],
    ['a fall and a rise count from the bottom', [20, 5, 12], 1_000, 7],
    ['what rises slowly is followed, not kept free', [5, 10, 15, 20], 9_000, 5],
    ['a gap between readings says nothing', [5, 20], 11_000, 0],
  ];
  for (const [name, meters, apartMs, expected] of cases) {
    test(name, () => assert.deepEqual(rise(meters, apartMs), sameAmps(expected)));
  }
});
