import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStepTrial } from '../../src/sim/step-trial.ts';

/**
 * A few of the seeds of `npm run bench -- steps`. The last three have a charger that says Accepted
 * and goes on as before: its transaction is stopped.
 */
for (const seed of [3, 4, 5, 80, 124, 266]) {
  test(`a step of the building ends within the times of the breaker (seed ${seed})`, async () => {
    const trial = await runStepTrial(seed);
    assert.ok(trial.longestOverMs > 0, 'the step never exceeded the fuse: nothing was tried');
    assert.ok(trial.longestOverMs <= 30_000, JSON.stringify(trial));
    assert.ok(trial.longestOver113Ms <= 15_000, JSON.stringify(trial));
    assert.equal(trial.tripped, false);
  });
}
