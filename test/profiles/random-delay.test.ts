// K01.FR.92 to FR.97: periods that begin later at random, so that not all chargers move at once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compositeSchedule, limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import { context, NOW, sample, TRANSACTION } from './profile-samples.ts';

describe('random delays (2.1)', () => {
  const steps = Array.from({ length: 12 }, (_, i) => ({ startSeconds: i * 600, limit: 10 + i }));
  const delayed = (randomizedDelaySeconds: number, durationSeconds = 7_200) =>
    sample(0, {
      schedule: { startMs: NOW, randomizedDelaySeconds, durationSeconds, periods: steps },
    });
  const of = (charger: string, id = '7') =>
    context({ charger, transaction: { ...TRANSACTION, id } });
  const starts = (profile: InstalledProfile, around: ProfileContext, seconds = 7_200) =>
    compositeSchedule([profile], around, NOW, seconds, 'A').periods.map((period) => [
      period.limit - 10,
      period.startSeconds,
    ]);

  test('K01.FR.92 each period but the first begins later, by at most the delay', () => {
    const found = starts(delayed(300), of('CP_1'));
    assert.deepEqual(found[0], [0, 0]);
    assert.equal(found.length, steps.length);
    const delays = found.slice(1).map(([index = 0, at = 0]) => at - index * 600);
    assert.ok(
      delays.every((delay) => delay >= 0 && delay <= 300),
      `${delays}`,
    );
    assert.ok(new Set(delays).size > 6, `each has its own: ${delays}`);
  });

  test('K01.FR.92 chargers do not all move at the same time', () => {
    const seconds = Array.from(
      { length: 40 },
      (_, i) => starts(delayed(300), of(`CP_${i}`))[1]?.[1],
    );
    assert.ok(new Set(seconds).size > 30, `${seconds}`);
  });

  test('K01.FR.93 they are drawn once in a transaction, and anew in the next one', () => {
    assert.deepEqual(starts(delayed(300), of('CP_1')), starts(delayed(300), of('CP_1')));
    assert.notDeepEqual(starts(delayed(300), of('CP_1')), starts(delayed(300), of('CP_1', '8')));
    for (const [index = 0, at = 0] of starts(delayed(300), of('CP_1'))) {
      const { limitAmps, untilMs } = limitAt([delayed(300)], of('CP_1'), NOW + at * 1000);
      assert.equal(limitAmps, 10 + index, 'sampled as in the composite');
      const next = starts(delayed(300), of('CP_1'))[index + 1]?.[1] ?? 7_200;
      assert.equal(untilMs, NOW + next * 1000, 'and for as long');
    }
  });

  test('K01.FR.94 start and duration of the schedule stay', () => {
    const profile = delayed(300);
    assert.equal(limitAt([profile], of('CP_1'), NOW - 1).limitAmps, undefined);
    assert.equal(limitAt([profile], of('CP_1'), NOW).limitAmps, 10);
    assert.equal(limitAt([profile], of('CP_1'), NOW + 7_200_000).limitAmps, undefined);
  });

  test('K01.FR.97 a period that would begin after the next one, or after the end, is skipped', () => {
    const found = starts(delayed(3_000), of('CP_1'));
    assert.ok(found.length < steps.length, `${found.length} of ${steps.length}`);
    const order = found.map(([index = 0]) => index);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });
});
