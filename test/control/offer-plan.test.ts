import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fittingSteps } from '../../src/control/offer-plan.ts';

const plan = (...steps: readonly (readonly [number, number])[]) =>
  steps.map(([atMs, amps]) => ({ atMs, amps }));

describe('the steps of a plan that a charger has periods for', () => {
  test('the last one takes the lowest of those that do not fit', () => {
    const steps = plan([10_000, 20], [20_000, 6], [30_000, 12]);
    assert.deepEqual(fittingSteps(steps, 0, 1), plan([10_000, 6]));
    assert.deepEqual(fittingSteps(steps, 0, 2), plan([10_000, 20], [20_000, 6]));
    assert.deepEqual(fittingSteps(steps, 0, 3), steps);
  });

  test('of those in one second the lowest counts', () => {
    const steps = plan([10_100, 20], [10_900, 6], [11_100, 8]);
    assert.deepEqual(fittingSteps(steps, 0, 5), plan([10_100, 6], [11_100, 8]));
  });

  test('a schedule of one period carries none', () => {
    assert.deepEqual(fittingSteps(plan([10_000, 20]), 0, 0), []);
  });
});
