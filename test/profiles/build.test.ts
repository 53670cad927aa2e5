// The profiles that the gateway sends: when they begin and end, in which unit, on which phases.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fallbackProfile, leaseProfile } from '../../src/profiles/build.ts';
import { limitAt } from '../../src/profiles/composite.ts';
import type { ChargingProfile } from '../../src/profiles/profile.ts';
import { context, HOUR, NOW } from './profile-samples.ts';

/** Not at a whole second. */
const LATE = NOW + 999;
const MINUTE = 60_000;
const own = {
  id: 5,
  amps: 10,
  stackLevel: 1,
  unit: 'A',
  volts: 230,
  phases: 3,
  nowMs: LATE,
} as const;
const starts = ({ schedule }: ChargingProfile): readonly (readonly [number, number])[] =>
  schedule.periods.map(({ startSeconds, limit }) => [startSeconds, limit]);

describe('a fallback', () => {
  test('begins before any mistake about a time zone, and never ends', () => {
    assert.deepEqual(fallbackProfile(own), {
      id: 5,
      stackLevel: 1,
      purpose: 'tx-default',
      kind: 'absolute',
      schedule: { startMs: NOW - 27 * HOUR, unit: 'A', periods: [{ startSeconds: 0, limit: 10 }] },
    });
  });

  test('that holds by any clock has begun in 1970; steps need a clock all the same', () => {
    const always = { ...own, always: true };
    assert.equal(fallbackProfile(always).schedule.startMs, 0);
    const later = [{ afterSeconds: 30, amps: 8 }];
    assert.equal(fallbackProfile(always, 'absolute', later).schedule.startMs, NOW - MINUTE);
  });

  test('that is relative has no start: it is that of each transaction', () => {
    const { kind, schedule } = fallbackProfile(own, 'relative');
    assert.deepEqual([kind, Object.hasOwn(schedule, 'startMs')], ['relative', false]);
  });

  test('with steps begins a minute ago; each comes at its time, and the last one stays', () => {
    const later = [
      { afterSeconds: 30, amps: 8 },
      { afterSeconds: 90, amps: 6 },
    ];
    const profile = fallbackProfile(own, 'absolute', later);
    assert.equal(profile.schedule.startMs, NOW - MINUTE);
    assert.deepEqual(starts(profile), [
      [0, 10],
      [90, 8],
      [150, 6],
    ]);
    const at = (seconds: number) => {
      const installed = [{ connector: 1, profile, receivedAtMs: NOW }];
      return limitAt(installed, context(), NOW + seconds * 1000).limitAmps;
    };
    assert.deepEqual([at(0), at(29), at(30), at(90), at(1e7)], [10, 10, 8, 6, 6]);
  });
});

describe('an offer for a transaction', () => {
  const lease = { ...own, transactionId: '7', lifeSeconds: 120 };

  test('begins a minute ago, for clocks that are behind, and ends after its life', () => {
    assert.deepEqual(leaseProfile(lease), {
      id: 5,
      stackLevel: 1,
      purpose: 'tx',
      kind: 'absolute',
      transactionId: '7',
      schedule: {
        startMs: NOW - MINUTE,
        durationSeconds: 180,
        unit: 'A',
        periods: [{ startSeconds: 0, limit: 10 }],
      },
    });
  });

  test('takes steps within its life only; what comes at once is the least of them', () => {
    const later = [
      { afterSeconds: -1, amps: 9 },
      { afterSeconds: 0, amps: 12 },
      { afterSeconds: 1, amps: 8 },
      { afterSeconds: 119, amps: 7 },
      { afterSeconds: 120, amps: 6 },
    ];
    assert.deepEqual(starts(leaseProfile({ ...lease, later })), [
      [0, 9],
      [61, 8],
      [179, 7],
    ]);
  });

  test('that is relative ends so long after the start of the transaction, and has one step', () => {
    const later = [{ afterSeconds: 30, amps: 8 }];
    const profile = leaseProfile({ ...lease, later, relativeAfterSeconds: 600.2 });
    assert.deepEqual(profile, {
      id: 5,
      stackLevel: 1,
      purpose: 'tx',
      kind: 'relative',
      transactionId: '7',
      schedule: { durationSeconds: 721, unit: 'A', periods: [{ startSeconds: 0, limit: 10 }] },
    });
  });
});

describe('units and phases', () => {
  const period = (changes: object) => fallbackProfile({ ...own, ...changes }).schedule.periods[0];

  test('watts are those of the phases that they name, rounded down', () => {
    const watts = { unit: 'W', amps: 10.001 };
    assert.deepEqual(period(watts), { startSeconds: 0, limit: 6_900, numberPhases: 3 });
    assert.deepEqual(period({ ...watts, phases: 1 }), {
      startSeconds: 0,
      limit: 2_300,
      numberPhases: 1,
    });
    assert.deepEqual(period({ ...watts, numberPhases: 1, phaseToUse: 2 }), {
      startSeconds: 0,
      limit: 2_300,
      numberPhases: 1,
      phaseToUse: 2,
    });
  });

  test('amps name phases only when they are fewer, and one only when it is the only one', () => {
    assert.deepEqual(period({}), { startSeconds: 0, limit: 10 });
    assert.deepEqual(period({ numberPhases: 1, phaseToUse: 3 }), {
      startSeconds: 0,
      limit: 10,
      numberPhases: 1,
      phaseToUse: 3,
    });
    assert.deepEqual(period({ numberPhases: 2, phaseToUse: 3 }), {
      startSeconds: 0,
      limit: 10,
      numberPhases: 2,
    });
  });
});
