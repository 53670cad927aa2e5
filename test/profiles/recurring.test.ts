// Daily and weekly schedules on days when the clock changes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compositeSchedule, limitAt } from '../../src/profiles/composite.ts';
import { Zone } from '../../src/profiles/zone.ts';
import { context, HOUR, sample } from './profile-samples.ts';

describe('recurring schedules over changes of the clock', () => {
  const changes = [
    ['Europe/Berlin', Date.UTC(2026, 2, 28)],
    ['Europe/Berlin', Date.UTC(2026, 9, 24)],
    ['America/New_York', Date.UTC(2026, 2, 7)],
    ['America/New_York', Date.UTC(2026, 9, 31)],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4)],
    ['Australia/Lord_Howe', Date.UTC(2026, 9, 3)],
  ] as const;
  for (const [name, day] of changes) {
    const date = new Date(day).toISOString().slice(0, 10);
    test(`K01.FR.91: daily ones hold local time in ${name} around ${date}`, () => {
      const zone = new Zone(name);
      const startMs = zone.toInstant(day - 240 * HOUR);
      const periods = [
        { startSeconds: 0, limit: 10 },
        { startSeconds: 8 * 3600, limit: 6 },
        { startSeconds: 18 * 3600, limit: 32 },
      ];
      const profile = sample(0, {
        kind: 'recurring',
        recurrency: 'daily',
        schedule: { startMs, periods },
      });
      for (let hour = 0; hour < 96; hour += 1) {
        const at = day + hour * HOUR;
        const local = new Date(zone.toLocal(at)).getUTCHours();
        const expected = local < 8 ? 10 : local < 18 ? 6 : 32;
        const { limitAmps } = limitAt([profile], context({ zone }), at);
        assert.equal(limitAmps, expected, `${hour} h after, local hour ${local}`);
      }
    });
  }

  test('a day of 25 hours has no hour without a limit, and the second 02:30 is one too', () => {
    const zone = new Zone('Europe/Berlin');
    const startMs = zone.toInstant(Date.UTC(2026, 9, 1));
    const night = sample(7, {
      kind: 'recurring',
      recurrency: 'daily',
      schedule: { startMs, durationSeconds: 86_400 },
    });
    const from = zone.toInstant(Date.UTC(2026, 9, 25));
    const { periods } = compositeSchedule([night], context({ zone }), from, 25 * 3600, 'A');
    assert.deepEqual(periods, [{ startSeconds: 0, limit: 7, numberPhases: 3 }]);
  });

  for (const recurrency of ['daily', 'weekly'] as const) {
    for (const localTime of [false, true]) {
      const start = localTime ? 'local time' : 'an instant';
      test(`a first ${recurrency} round that begins at ${start} in the hour that comes twice`, () => {
        const zone = new Zone('Europe/Berlin');
        const startMs = zone.toInstant(Date.UTC(2026, 9, 25, 2, 30));
        const periods = [
          { startSeconds: 0, limit: 10 },
          { startSeconds: 3600, limit: 6 },
          { startSeconds: 23 * 3600, limit: 32 },
        ];
        const profile = sample(0, {
          kind: 'recurring',
          recurrency,
          schedule: { startMs: startMs + (localTime ? 2 * HOUR : 0), localTime, periods },
        });
        const { periods: found } = compositeSchedule(
          [profile],
          context({ zone }),
          startMs - HOUR,
          4 * 3600,
          'A',
        );
        // From the first 02:30 on; its second period from 03:30, two hours later.
        assert.deepEqual(
          found.map(({ startSeconds, limit }) => [startSeconds / 3600, limit]),
          [
            [1, 10],
            [3, 6],
          ],
        );
      });
    }
  }

  test('weekly ones keep their weekday', () => {
    const zone = new Zone('Europe/Berlin');
    const friday = zone.toInstant(Date.UTC(2026, 9, 23, 18));
    const profile = sample(9, {
      kind: 'recurring',
      recurrency: 'weekly',
      schedule: { startMs: friday, durationSeconds: 3600 },
    });
    const next = zone.toInstant(Date.UTC(2026, 9, 30, 18));
    const at = (ms: number) => limitAt([profile], context({ zone }), ms).limitAmps;
    assert.deepEqual([at(next - 1), at(next), at(next + HOUR)], [undefined, 9, undefined]);
  });
});
