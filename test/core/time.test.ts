import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repeat } from '../../src/core/time.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

test('work is repeated after it was done, also when it fails, until it is cancelled', async () => {
  const clock = new VirtualClock();
  const begun: number[] = [];
  const told: unknown[] = [];
  const work = async (): Promise<void> => {
    begun.push(clock.monotonicMs());
    await new Promise<void>((resolve) => clock.after(300, resolve));
    if (begun.length === 2) throw new Error('full');
  };
  const cancel = repeat(clock, 1_000, work, (error) => told.push(String(error)));
  await clock.run(3_900);
  assert.deepEqual(begun, [1_000, 2_300, 3_600]);
  assert.deepEqual(told, ['Error: full']);
  // In the midst of the third time.
  cancel();
  await clock.run(5_000);
  assert.equal(begun.length, 3);
});
