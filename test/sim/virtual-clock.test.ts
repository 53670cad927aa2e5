import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

describe('the virtual clock', () => {
  it('fires timers in order of time, then of creation, and moves only when told to', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push(`c${clock.monotonicMs()}`));
    clock.after(10, () => fired.push(`a${clock.monotonicMs()}`));
    clock.after(10, () => fired.push(`b${clock.monotonicMs()}`));
    clock.runSync(19);
    assert.deepEqual(fired, ['a10', 'b10']);
    assert.equal(clock.monotonicMs(), 19);
    clock.runSync(1);
    assert.deepEqual(fired, ['a10', 'b10', 'c20']);
  });

  it('lets promises settle between two timers of the same instant', async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    clock.after(5, async () => {
      order.push('timer 1');
      await Promise.resolve();
      await Promise.resolve();
      order.push('promise');
    });
    clock.after(5, () => order.push('timer 2'));
    await clock.run(5);
    assert.deepEqual(order, ['timer 1', 'promise', 'timer 2']);
  });

  it('runs timers that timers set within the same run, and none that were cancelled', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    const again = (): void => {
      fired += 1;
      clock.after(100, again);
    };
    clock.after(100, again);
    clock.after(50, () => {
      fired = -1_000;
    })();
    await clock.runUntil(1_000);
    assert.deepEqual([fired, clock.monotonicMs()], [10, 1_000]);
  });

  it('can step the wall clock without the monotonic one', () => {
    const clock = new VirtualClock(1_000);
    clock.runSync(500);
    clock.stepWall(-3_600_000);
    assert.deepEqual([clock.wallMs(), clock.monotonicMs()], [1_500 - 3_600_000, 500]);
  });
});
