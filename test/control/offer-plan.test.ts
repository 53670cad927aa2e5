import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fittingSteps, laterOffers, offerPlan } from '../../src/control/offers/offer-plan.ts';

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

describe('a plan for what a charger takes', () => {
  const later = plan([30_500, 20], [40_000, 6]);
  const LIFE = 120_000;

  test('several periods carry it', () => {
    assert.deepEqual(offerPlan(later, 0, LIFE, 24), { steps: later, lifeMs: LIFE });
  });

  test('with one period the offer ends before the first step', () => {
    assert.deepEqual(offerPlan(later, 0, LIFE, 1), { steps: [], lifeMs: 30_000 });
    assert.deepEqual(offerPlan([], 0, LIFE, 1), { steps: [], lifeMs: LIFE });
  });

  test('one that is about to begin counts from now on, as low as all after it', () => {
    const soon = plan([900, 20], [40_000, 6]);
    const { steps, lifeMs } = offerPlan(soon, 0, LIFE, 1);
    assert.deepEqual(laterOffers(steps, 0), [{ afterSeconds: 0, amps: 6 }]);
    assert.equal(lifeMs, LIFE);
  });

  test('an offer that does not end by itself follows none with one period', () => {
    const endless = Number.POSITIVE_INFINITY;
    assert.equal(offerPlan(later, 0, endless, 1).planless, true);
    assert.deepEqual(offerPlan(later, 0, endless, 3), { steps: later, lifeMs: endless });
  });
});
