import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadedPhases, siteDraw } from '../../src/core/meters/site-phases.ts';
import {
  NO_VOTES,
  seenPhase,
  seenWiring,
  wiringInUse,
} from '../../src/core/meters/wiring-check.ts';

/** Votes for terminals on phases, by [terminal, phase, count]. */
const votes = (...counts: readonly (readonly [number, number, number])[]): readonly number[] => {
  const all = [...NO_VOTES];
  for (const [terminal, phase, count] of counts) all[3 * terminal + phase] = count;
  return all;
};

describe('wiring that was seen', () => {
  test('a terminal is established by some steps that mostly agree', () => {
    assert.equal(seenPhase(votes([0, 1, 2]), 0), undefined);
    assert.deepEqual(seenPhase(votes([0, 1, 4], [0, 2, 1]), 0), { phase: 1, count: 4, total: 5 });
    assert.equal(seenPhase(votes([0, 1, 3], [0, 2, 2]), 0), undefined);
  });

  test('two terminals tell the third; two on one phase tell nothing', () => {
    assert.deepEqual(seenWiring(votes([0, 1, 5], [2, 0, 5])), [1, 2, 0]);
    assert.deepEqual(seenWiring(votes([0, 1, 5])), [1, -1, -1]);
    assert.deepEqual(seenWiring(votes([0, 1, 5], [1, 1, 5])), [-1, -1, -1]);
  });

  test('what is configured holds until it is contradicted; then every phase may be loaded', () => {
    assert.deepEqual(wiringInUse([0, 1, 2], undefined), [0, 1, 2]);
    assert.deepEqual(wiringInUse([0, 1, 2], votes([0, 0, 9])), [0, 1, 2]);
    assert.deepEqual(wiringInUse([0, 1, 2], votes([0, 1, 9])), [-1, -1, -1]);
    assert.deepEqual(wiringInUse([-1, -1, -1], votes([0, 1, 9])), [1, -1, -1]);
  });

  test('a terminal of unknown phase may load every phase that no other is on', () => {
    assert.deepEqual(loadedPhases([-1, -1, -1], [true, false, false]), [true, true, true]);
    assert.deepEqual(loadedPhases([1, -1, -1], [true, false, false]), [false, true, false]);
    assert.deepEqual(loadedPhases([1, -1, -1], [true, true, false]), [true, true, true]);
    assert.deepEqual(loadedPhases([1, -1, -1], [false, true, false]), [true, false, true]);
    assert.deepEqual(loadedPhases([1, 2], [false, false, true]), [false, true, true]);
  });

  test('draw on unknown phases is known only where it is the same on all of them', () => {
    assert.deepEqual(siteDraw([-1, -1, -1], [10, 10.2, 10.1]), [10.1, 10.1, 10.1]);
    assert.equal(siteDraw([-1, -1, -1], [10, 0, 0]), undefined);
    assert.deepEqual(siteDraw([1, -1, -1], [10, 0, 0]), [0, 10, 0]);
  });
});
