// Which profile holds where and from when on: the edges of each rule, in amps per phase.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import type { ChargingSchedule } from '../../src/profiles/profile.ts';
import { Zone } from '../../src/profiles/zone.ts';
import { context, HOUR, NOW, sample, TRANSACTION } from './profile-samples.ts';

const two = [
  { startSeconds: 0, limit: 16 },
  { startSeconds: 5400, limit: 8 },
];
const tx = { purpose: 'tx', transactionId: '7' } as const;
const inTransaction = { transaction: TRANSACTION };

/** Amps at some minutes from now. */
const amps = (
  profiles: readonly InstalledProfile[],
  minutes: readonly number[],
  around: Partial<ProfileContext> = {},
) => {
  const where = context(around);
  return minutes.map((each) => limitAt(profiles, where, NOW + each * 60_000).limitAmps);
};

/** Neither kind nor purpose says when it begins. */
const startless = (changes: object = {}): InstalledProfile => {
  const { profile, ...rest } = sample(0, { receivedAtMs: NOW, ...changes });
  const { startMs: _none, ...schedule } = { ...profile.schedule, periods: two };
  return { ...rest, profile: { ...profile, schedule } };
};

describe('a schedule without a start', () => {
  test('1.6 §7.13: an absolute one counts from the start of charging', () => {
    assert.deepEqual(amps([startless()], [29, 30], inTransaction), [16, 8]);
    assert.deepEqual(amps([startless(tx)], [29, 30], inTransaction), [16, 8]);
    assert.deepEqual(amps([startless()], [0, 1000]), [16, 16], 'no car charges');
  });

  test('the maximum of the charger, and what comes from outside, begin when they are set', () => {
    const purposes = ['station-max', 'external-constraints'] as const;
    for (const purpose of purposes) {
      for (const kind of ['absolute', 'relative'] as const) {
        const profile = startless({ purpose, kind });
        assert.deepEqual(amps([profile], [0, 89, 90], inTransaction), [16, 16, 8], purpose);
      }
    }
    const generation = [sample(10), startless({ id: 2, purpose: 'local-generation' })];
    assert.deepEqual(amps(generation, [89, 90], inTransaction), [26, 18]);
  });

  test('a recurring one says nothing', () => {
    const daily = startless({ kind: 'recurring', recurrency: 'daily' });
    assert.deepEqual(amps([daily], [0, 1000], inTransaction), [undefined, undefined]);
  });
});

describe('a dynamic profile', () => {
  const dynamic = (updatedAtMs: number) =>
    sample(20, {
      kind: 'dynamic',
      receivedAtMs: NOW,
      updatedAtMs,
      schedule: { durationSeconds: 120 },
    });

  test('K28.FR.13: lives on from its last update', () => {
    assert.deepEqual(amps([dynamic(NOW)], [0, 1.9, 2]), [20, 20, undefined]);
    assert.deepEqual(amps([dynamic(NOW - 60_000)], [0, 0.9, 1]), [20, 20, undefined]);
  });

  test('holds at once, and no longer, when the clock of its CSMS is ahead of ours', () => {
    assert.deepEqual(amps([dynamic(NOW + 90_000)], [0, 1.9, 2]), [20, 20, undefined]);
  });
});

describe('where a profile applies', () => {
  test('profiles of transactions say nothing of the charger as a whole', () => {
    for (const purpose of ['tx-default', 'tx', 'priority'] as const) {
      const everywhere = sample(6, { purpose, connector: 0 });
      const station = { connector: 0, priorityActive: true, ...inTransaction };
      assert.deepEqual(amps([everywhere], [0], station), [undefined], purpose);
    }
    const whole = sample(40, { id: 2, purpose: 'station-max' });
    assert.deepEqual(amps([sample(6, { connector: 0 }), whole], [0], { connector: 0 }), [40]);
  });

  test('a TxProfile needs a transaction, its own when it names one', () => {
    const unnamed = sample(20, { purpose: 'tx' });
    assert.deepEqual(amps([unnamed, sample(10, { id: 2 })], [0]), [10]);
    assert.deepEqual(amps([unnamed], [0], inTransaction), [20]);
    const other = { transaction: { ...TRANSACTION, id: '8' } };
    assert.deepEqual(amps([sample(20, tx)], [0], other), [undefined]);
  });

  test('another connector is another matter', () => {
    assert.deepEqual(amps([sample(6, { connector: 2 })], [0]), [undefined]);
  });
});

describe('K01.FR.101: how long a profile holds without the CSMS', () => {
  const profiles = [sample(6), sample(20, { id: 2, stackLevel: 1, maxOfflineSeconds: 60 })];
  test('up to its time, to the second', () => {
    const offline = { offlineSinceMs: NOW };
    assert.deepEqual(amps(profiles, [0, 59 / 60, 1], offline), [20, 20, 6]);
    assert.deepEqual(amps(profiles, [1000]), [20], 'not offline');
  });
  test('and its last instant is known before', () => {
    const { untilMs } = limitAt(profiles, context({ offlineSinceMs: NOW - 1_000 }), NOW);
    assert.equal(untilMs, NOW + 59_000);
    const online = [sample(20, { maxOfflineSeconds: 60, validToMs: NOW + HOUR })];
    assert.equal(limitAt(online, context(), NOW).untilMs, NOW + HOUR, 'no hindrance while online');
  });
});

describe('watts become amps', () => {
  const watts = (period: object, changes: object = {}) =>
    sample(0, {
      ...changes,
      schedule: { unit: 'W', periods: [{ startSeconds: 0, limit: 11_040, ...period }] },
    });
  const rows: readonly (readonly [string, object, Partial<ProfileContext>, number])[] = [
    ['K01.FR.49: of three phases when none are named', {}, {}, 16],
    ['of two that are named', { numberPhases: 2 }, {}, 24],
    ['of one', { limit: 3680, numberPhases: 1 }, {}, 16],
    [
      'K01.FR.43: of all three where the charger cannot leave any out',
      { limit: 3680, numberPhases: 1 },
      { fixedPhases: true },
      3680 / 690,
    ],
    ['of those that the connector has', { limit: 3680 }, { phases: 1 }, 16],
    [
      'three that are named stay three: never more than was said',
      { numberPhases: 3 },
      { phases: 1 },
      16,
    ],
    ['a number of phases that is none counts as not said', { numberPhases: 0 }, {}, 16],
    ['by the configured voltage', {}, { voltageVolts: 240 }, 11_040 / 720],
    [
      'of L1, L2 and L3 each their own, the least of them',
      { limit: 3680, limitL2: 2300, limitL3: 4600 },
      {},
      10,
    ],
    ['of L3 when it is the least', { limit: 3680, limitL3: 1150 }, {}, 5],
  ];
  for (const [name, period, around, expected] of rows) {
    test(name, () => {
      const [found = Number.NaN] = amps([watts(period)], [0], around);
      assert.ok(Math.abs(found - expected) < 1e-9, `${found} A, not ${expected} A`);
    });
  }

  test('fewer phases of any of those that hold are those of all (K01.FR.140)', () => {
    const profiles = [
      sample(16),
      watts({ numberPhases: 2 }, { id: 2, purpose: 'station-max' }),
      watts({ limit: 3680, numberPhases: 1 }, { id: 3, purpose: 'external-constraints' }),
    ];
    const { limitAmps, numberPhases } = limitAt(profiles, context(), NOW);
    assert.deepEqual([limitAmps, numberPhases], [16, 1]);
  });
});

test('K01.FR.100: the cap of a charge level holds from that level on, in its unit', () => {
  const capped = (schedule: Partial<ChargingSchedule>) => sample(16, { schedule });
  const inAmps = capped({ limitAtSoc: { socPercent: 80, limit: 7 } });
  const inWatts = capped({
    unit: 'W',
    periods: [{ startSeconds: 0, limit: 11_040 }],
    limitAtSoc: { socPercent: 80, limit: 6_900 },
  });
  const at = (profile: InstalledProfile, socPercent?: number) =>
    amps([profile], [0], socPercent === undefined ? {} : { socPercent })[0];
  assert.deepEqual([at(inAmps, 79.9), at(inAmps, 80), at(inAmps)], [16, 7, 16]);
  assert.deepEqual([at(inWatts, 79.9), at(inWatts, 80)], [16, 10]);
});

test('K01.FR.34: of the schedules that a car may choose from, the least of the moment', () => {
  const schedule = (...limits: readonly number[]): ChargingSchedule => ({
    startMs: NOW,
    unit: 'A',
    periods: limits.map((limit, i) => ({ startSeconds: i * 60, limit })),
  });
  const profile = (...all: readonly ChargingSchedule[]) => {
    const [first, ...alternatives] = all;
    return sample(0, { ...tx, alternatives, schedule: first ?? {} });
  };
  for (const choice of [
    profile(schedule(6, 20), schedule(16, 10), schedule(30, 30)),
    profile(schedule(30, 30), schedule(16, 10), schedule(6, 20)),
  ]) {
    assert.deepEqual(amps([choice], [0, 1], inTransaction), [6, 10]);
  }
});

test('K01.FR.36, FR.37: until when a limit holds takes every rule in that may end it', () => {
  const until = (profiles: readonly InstalledProfile[], around: Partial<ProfileContext> = {}) =>
    (limitAt(profiles, context(around), NOW).untilMs - NOW) / 60_000;
  assert.equal(until([]), Number.POSITIVE_INFINITY);
  assert.equal(until([sample(6)]), Number.POSITIVE_INFINITY);
  assert.equal(until([sample(6, { validToMs: NOW + HOUR })]), 60);
  assert.equal(until([sample(6, { validFromMs: NOW + HOUR })]), 60);
  assert.equal(until([sample(6, { validToMs: NOW })]), Number.POSITIVE_INFINITY);
  assert.equal(until([sample(0, { schedule: { periods: two } })]), 30);
  assert.equal(until([sample(0, { schedule: { durationSeconds: 4800, periods: two } })]), 20);
  const daily = { kind: 'recurring', recurrency: 'daily' } as const;
  assert.equal(until([sample(6, { ...daily, schedule: { durationSeconds: 3600 } })]), 23 * 60);
  assert.equal(
    until([sample(6, daily), sample(5, { id: 2, ...daily, schedule: { startMs: NOW + HOUR } })]),
    60,
    'its first round is still to come',
  );
  const higher = sample(9, { id: 2, stackLevel: 3, schedule: { startMs: NOW + 60_000 } });
  assert.equal(until([sample(6, { validToMs: NOW + HOUR }), higher]), 1, 'the higher level begins');
  const berlin = { zone: new Zone('Europe/Berlin') };
  const local = sample(6, { ...daily, schedule: { localTime: true, startMs: NOW - 23 * HOUR } });
  assert.equal(until([local], berlin), 23 * 60, 'at 13:00 in Berlin, and it is 14:00 there');
});
