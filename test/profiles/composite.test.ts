import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fallbackProfile, leaseProfile } from '../../src/profiles/build.ts';
import {
  compositeSchedule,
  limitAt,
  type ProfileContext,
  stationSchedule,
} from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import { context, HOUR, NOW, sample, TRANSACTION } from './profile-samples.ts';

const transaction = TRANSACTION;
const amps = (
  profiles: readonly InstalledProfile[],
  at = NOW,
  changes: Partial<ProfileContext> = {},
) => limitAt(profiles, context(changes), at).limitAmps;

describe('composite schedules', () => {
  test('K08: a gap is the rating of the connector, never the limit before it', () => {
    const short = sample(10, { schedule: { startMs: NOW, durationSeconds: 600 } });
    const later = sample(12, { id: 2, validFromMs: NOW + HOUR, schedule: { startMs: NOW } });
    const { periods } = compositeSchedule(
      [short, later],
      context({ ratedAmps: 32 }),
      NOW,
      7200,
      'A',
    );
    assert.deepEqual(
      periods.map(({ startSeconds, limit }) => [startSeconds, limit]),
      [
        [0, 10],
        [600, 32],
        [3600, 12],
      ],
    );
  });

  test('starts of periods are whole seconds', () => {
    const odd = sample(10, { validToMs: NOW + 1_500 });
    const { periods } = compositeSchedule([odd], context({ ratedAmps: 20 }), NOW, 60, 'A');
    assert.deepEqual(
      periods.map(({ startSeconds }) => startSeconds),
      [0, 2],
    );
  });

  test('one that would be too long is cut, and says so', () => {
    const periods = Array.from({ length: 5_000 }, (_, i) => ({
      startSeconds: i * 10,
      limit: i % 2 === 0 ? 6 : 16,
    }));
    const long = sample(0, { schedule: { startMs: NOW, periods } });
    const schedule = compositeSchedule([long], context(), NOW, 86_400, 'A');
    assert.equal(schedule.periods.length, 1_024);
    assert.equal(schedule.durationSeconds, 10_240);
  });

  test('one of which nothing is seen is not looked at for ever', () => {
    const periods = Array.from({ length: 25_000 }, (_, i) => ({
      startSeconds: i,
      limit: i % 2 === 0 ? 20 : 30,
    }));
    const busy = sample(0, { schedule: { startMs: NOW, periods } });
    const schedule = compositeSchedule([busy], context(), NOW, 25_000, 'A', [{ amps: 9 }]);
    assert.deepEqual([schedule.periods.length, schedule.durationSeconds], [1, 20_000]);
  });

  test('in watts is that of all phases', () => {
    const { periods } = compositeSchedule([sample(16)], context(), NOW, 60, 'W');
    assert.deepEqual(
      periods.map(({ limit }) => limit),
      [16 * 230 * 3],
    );
  });

  test('SC.04: what the site leaves caps it, for as long as that is known', () => {
    const caps = [{ amps: 9, untilMs: NOW + 120_000 }, { amps: 20 }];
    const { periods } = compositeSchedule([sample(16)], context(), NOW, 600, 'A', caps);
    assert.deepEqual(
      periods.map(({ startSeconds, limit }) => [startSeconds, limit]),
      [
        [0, 9],
        [120, 16],
      ],
    );
  });

  test('a cap that begins later holds from then on', () => {
    const caps = [{ amps: 9, fromMs: NOW + 60_000, untilMs: NOW + 120_000 }];
    const { periods } = compositeSchedule([sample(16)], context(), NOW, 600, 'A', caps);
    assert.deepEqual(
      periods.map(({ startSeconds, limit }) => [startSeconds, limit]),
      [
        [0, 16],
        [60, 9],
        [120, 16],
      ],
    );
  });

  test('without a rating it begins with its first limit, and says then where there is none', () => {
    const later = sample(12, { validFromMs: NOW + 60_000, validToMs: NOW + 120_000 });
    const { periods } = compositeSchedule([later], context(), NOW, 600, 'A');
    assert.deepEqual(
      periods.map(({ startSeconds, limit }) => [startSeconds, limit]),
      [
        [60, 12],
        [120, 999_999],
      ],
    );
  });

  test('of the station changes when one of its connectors does; without any it is its own', () => {
    const later = sample(8, {
      connector: 2,
      validFromMs: NOW + 60_000,
      schedule: { startMs: NOW },
    });
    const connectors = [1, 2].map((connector) => ({
      context: context({ connector, ratedAmps: 16 }),
      caps: connector === 1 ? [{ amps: 10, fromMs: NOW + 120_000 }] : [],
    }));
    const window = { fromMs: NOW, durationSeconds: 300, unit: 'A' } as const;
    const of = (profiles: readonly InstalledProfile[], parts = connectors) =>
      stationSchedule(profiles, context({ connector: 0 }), parts, window).periods.map(
        ({ startSeconds, limit }) => [startSeconds, limit],
      );
    assert.deepEqual(of([later]), [
      [0, 32],
      [60, 24],
      [120, 18],
    ]);
    assert.deepEqual(of([sample(40, { purpose: 'station-max' })], []), [[0, 40]]);
  });

  test('K08.FR.03: EVSE 0 is the station maximum, at most the sum of its connectors', () => {
    const profiles = [sample(40, { purpose: 'station-max' }), sample(10, { id: 2, connector: 1 })];
    const connectors = [1, 2].map((connector) => ({
      context: context({ connector, ratedAmps: 16 }),
      caps: [],
    }));
    const station = context({ connector: 0 });
    const window = { fromMs: NOW, durationSeconds: 60, unit: 'A' } as const;
    const { periods } = stationSchedule(profiles, station, connectors, window);
    assert.deepEqual(
      periods.map(({ limit }) => limit),
      [26],
    );
  });

  test('K01.FR.140: the lowest numberPhases, with the phase that was named (K01.FR.46)', () => {
    const single = sample(0, {
      schedule: { periods: [{ startSeconds: 0, limit: 16, numberPhases: 1, phaseToUse: 2 }] },
    });
    const max = sample(20, { id: 2, purpose: 'station-max' });
    assert.deepEqual(compositeSchedule([single, max], context(), NOW, 60, 'W').periods, [
      { startSeconds: 0, limit: 3680, numberPhases: 1, phaseToUse: 2 },
    ]);
  });
});

test('the phase is named by the profile of the car, else by that of the station, or from outside', () => {
  const named = (phaseToUse: number, changes = {}) =>
    sample(0, {
      ...changes,
      schedule: { periods: [{ startSeconds: 0, limit: 16, numberPhases: 1, phaseToUse }] },
    });
  const phaseOf = (...profiles: readonly InstalledProfile[]) =>
    limitAt(profiles, context(), NOW).phaseToUse;
  const station = named(2, { id: 2, purpose: 'station-max' });
  const external = named(3, { id: 3, purpose: 'external-constraints' });
  assert.equal(phaseOf(named(1), station, external), 1);
  assert.equal(phaseOf(sample(20), station, external), 2);
  assert.equal(phaseOf(sample(20), external), 3);
  assert.equal(phaseOf(sample(20)), undefined);
});

test('K01.FR.47: which phase is left to the charger when none is named', () => {
  const single = sample(0, {
    schedule: { periods: [{ startSeconds: 0, limit: 16, numberPhases: 1 }] },
  });
  const { numberPhases, phaseToUse } = limitAt([single], context(), NOW);
  assert.deepEqual([numberPhases, phaseToUse], [1, undefined]);
});

describe('what the gateway sends', () => {
  const own = {
    id: 1,
    amps: 12,
    stackLevel: 0,
    unit: 'A',
    volts: 230,
    phases: 3,
    nowMs: NOW,
  } as const;

  test('a fallback has no end', () => {
    const profiles = [
      { connector: 0, profile: fallbackProfile({ ...own, amps: 6 }), receivedAtMs: NOW },
    ];
    assert.equal(amps(profiles, NOW + 1e12), 6);
  });

  test('a lease ends after its life, and the fallback holds', () => {
    const lease = leaseProfile({ ...own, transactionId: '7', lifeSeconds: 120 });
    const profiles = [
      { connector: 0, profile: fallbackProfile({ ...own, amps: 6 }), receivedAtMs: NOW },
      { connector: 1, profile: lease, receivedAtMs: NOW },
    ];
    assert.equal(amps(profiles, NOW + 119_000, { transaction }), 12);
    assert.equal(amps(profiles, NOW + 120_000, { transaction }), 6);
  });

  test('an offer whose future is known follows the plan without us', () => {
    const lease = leaseProfile({
      ...own,
      transactionId: '7',
      lifeSeconds: 120,
      later: [{ afterSeconds: 30, amps: 7 }],
    });
    const profiles = [{ connector: 1, profile: lease, receivedAtMs: NOW }];
    const at = (seconds: number) => amps(profiles, NOW + seconds * 1000, { transaction });
    assert.deepEqual([at(0), at(29), at(30), at(119), at(120)], [12, 12, 7, 7, undefined]);
  });

  test('a step within a second counts from now on, in relative schedules too', () => {
    const later = [{ afterSeconds: 0, amps: 7 }];
    const lease = { ...own, transactionId: '7', lifeSeconds: 120, later };
    for (const kind of [{}, { relativeAfterSeconds: 30 }]) {
      const { periods } = leaseProfile({ ...lease, ...kind }).schedule;
      assert.deepEqual(periods, [{ startSeconds: 0, limit: 7 }]);
    }
  });

  test('watts name their phases, or a charger would divide them by three (K01.FR.49)', () => {
    const single = fallbackProfile({ ...own, unit: 'W', phases: 1 });
    assert.deepEqual(single.schedule.periods, [{ startSeconds: 0, limit: 2760, numberPhases: 1 }]);
  });
});
