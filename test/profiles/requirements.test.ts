// One row per rule of the standard: the amps per phase that hold at some instants.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import { Zone } from '../../src/profiles/zone.ts';
import { context, HOUR, NOW, type SampleChanges, sample, TRANSACTION } from './profile-samples.ts';

interface Row {
  readonly rule: string;
  readonly profiles: readonly InstalledProfile[];
  readonly around?: Partial<ProfileContext>;
  /** Minutes from now to amps; undefined: no limit. */
  readonly expect: readonly (readonly [minutes: number, amps: number | undefined])[];
}

const tx = { purpose: 'tx', transactionId: '7' } as const;
const two = [
  { startSeconds: 0, limit: 16 },
  { startSeconds: 5400, limit: 8 },
];

const ROWS: readonly Row[] = [
  { rule: 'no profile: no limit', profiles: [], expect: [[0, undefined]] },
  {
    rule: '1.6 §3.13.2, K01.FR.17: the highest stack level that has a period now',
    profiles: [
      sample(10),
      sample(16, { id: 2, stackLevel: 2, schedule: { durationSeconds: 7200 } }),
    ],
    expect: [
      [0, 16],
      [59, 16],
      [60, 10],
    ],
  },
  {
    rule: 'K01.FR.36, FR.37: valid from validFrom up to, not including, validTo',
    profiles: [
      sample(20),
      sample(8, { id: 2, stackLevel: 1, validFromMs: NOW, validToMs: NOW + HOUR }),
    ],
    expect: [
      [-1, 20],
      [0, 8],
      [59, 8],
      [60, 20],
    ],
  },
  {
    rule: 'K01.FR.11, FR.12: the duration cuts off periods',
    profiles: [sample(0, { schedule: { durationSeconds: 7200, periods: two } })],
    expect: [
      [0, 16],
      [30, 8],
      [60, undefined],
    ],
  },
  {
    rule: '1.6 §3.13.2: a top level without duration never falls back to a lower one',
    profiles: [sample(10, { stackLevel: 0 }), sample(16, { id: 2, stackLevel: 1 })],
    expect: [
      [0, 16],
      [1_000_000, 16],
    ],
  },
  {
    rule: 'K01.FR.13: after a short recurring duration a lower level holds',
    profiles: [
      sample(12),
      sample(6, {
        id: 2,
        stackLevel: 1,
        kind: 'recurring',
        recurrency: 'daily',
        schedule: { durationSeconds: 5400 },
      }),
    ],
    expect: [
      [0, 6],
      [30, 12],
      [23 * 60, 6],
      [24 * 60 + 30, 12],
    ],
  },
  {
    rule: 'K01.FR.16: a TxProfile leads in its transaction, and only there',
    profiles: [sample(6), sample(20, { id: 2, ...tx })],
    around: { transaction: TRANSACTION },
    expect: [[0, 20]],
  },
  {
    rule: 'K01.FR.16: not in another transaction',
    profiles: [sample(6), sample(20, { id: 2, ...tx })],
    around: { transaction: { ...TRANSACTION, id: '8' } },
    expect: [[0, 6]],
  },
  {
    rule: 'K02.FR.08: a TxProfile that ended leaves the default',
    profiles: [sample(6), sample(20, { id: 2, ...tx, schedule: { durationSeconds: 3660 } })],
    around: { transaction: TRANSACTION },
    expect: [
      [0, 20],
      [1, 6],
    ],
  },
  {
    rule: '1.6 §3.13.1: a default of the connector replaces that of connector 0, whatever its level',
    profiles: [sample(30, { stackLevel: 5, connector: 0 }), sample(10, { id: 2 })],
    expect: [[0, 10]],
  },
  {
    rule: 'K01.FR.14: a default of connector 0 holds for all of them',
    profiles: [sample(30, { connector: 0 }), sample(10, { id: 2 })],
    around: { connector: 2 },
    expect: [[0, 30]],
  },
  {
    rule: 'K01.FR.14 (2.x): defaults of EVSE 0 and of the EVSE compete by stack level',
    profiles: [sample(30, { stackLevel: 5, connector: 0 }), sample(10, { id: 2 })],
    around: { defaultsByLevel: true },
    expect: [[0, 30]],
  },
  {
    rule: 'SC.01: the least of station maximum, external constraints and transaction',
    profiles: [
      sample(16),
      sample(12, { id: 2, purpose: 'station-max', schedule: { durationSeconds: 7200 } }),
      sample(9, { id: 3, purpose: 'external-constraints', validToMs: NOW + HOUR / 2 }),
    ],
    expect: [
      [0, 9],
      [30, 12],
      [60, 16],
    ],
  },
  {
    rule: 'K27: local generation comes on top of the minimum',
    profiles: [
      sample(16),
      sample(10, { id: 2, purpose: 'station-max' }),
      sample(9, { id: 3, purpose: 'local-generation' }),
    ],
    expect: [[0, 19]],
  },
  {
    rule: 'K21.FR.04: priority charging replaces transaction profiles, the maximum stays',
    profiles: [
      sample(6, tx),
      sample(32, { id: 2, purpose: 'priority' }),
      sample(20, { id: 3, purpose: 'station-max' }),
    ],
    around: { transaction: TRANSACTION, priorityActive: true },
    expect: [[0, 20]],
  },
  {
    rule: 'K21: without UsePriorityCharging a priority profile says nothing',
    profiles: [sample(6, tx), sample(32, { id: 2, purpose: 'priority' })],
    around: { transaction: TRANSACTION },
    expect: [[0, 6]],
  },
  {
    rule: 'K01.FR.50: amps are watts over nominal voltage and three phases',
    profiles: [sample(11_040, { schedule: { unit: 'W' } })],
    expect: [[0, 16]],
  },
  {
    rule: 'K01.FR.49, FR.50: numberPhases of the period divides',
    profiles: [
      sample(0, {
        schedule: { unit: 'W', periods: [{ startSeconds: 0, limit: 3680, numberPhases: 1 }] },
      }),
    ],
    expect: [[0, 16]],
  },
  {
    rule: 'K01.FR.43: a charger that keeps three phases must not draw three times the watts',
    profiles: [
      sample(0, {
        schedule: { unit: 'W', periods: [{ startSeconds: 0, limit: 3680, numberPhases: 1 }] },
      }),
    ],
    around: { fixedPhases: true },
    expect: [[0, 3680 / 690]],
  },
  {
    rule: 'K01.FR.45: of more phases than there are the total stays',
    profiles: [
      sample(0, {
        schedule: { unit: 'W', periods: [{ startSeconds: 0, limit: 3680, numberPhases: 3 }] },
      }),
    ],
    around: { phases: 1, fixedPhases: true },
    expect: [[0, 16]],
  },
  {
    rule: 'K01.FR.30: a schedule that starts later limits nothing before',
    profiles: [sample(20), sample(8, { id: 2, stackLevel: 1, schedule: { startMs: NOW + HOUR } })],
    expect: [
      [0, 20],
      [59, 20],
      [60, 8],
    ],
  },
  {
    rule: 'K01.FR.10: without validFrom and validTo it is valid for good',
    profiles: [sample(9)],
    expect: [[10_000_000, 9]],
  },
  {
    rule: 'K01.FR.51: a limit in amps is per phase, however many phases there are',
    profiles: [
      sample(0, { schedule: { periods: [{ startSeconds: 0, limit: 10, numberPhases: 1 }] } }),
    ],
    expect: [[0, 10]],
  },
  {
    rule: '1.6 §3.13.2: of a higher level that is not valid yet nothing holds, and the lower one does',
    profiles: [
      sample(10),
      sample(16, { id: 2, stackLevel: 2, validFromMs: NOW + HOUR, schedule: { startMs: NOW } }),
    ],
    expect: [
      [0, 10],
      [59, 10],
      [60, 16],
    ],
  },
  {
    rule: 'K01.FR.90: useLocalTime reads the start as a clock on the wall shows it',
    profiles: [sample(9, { schedule: { startMs: NOW, localTime: true } })],
    around: { zone: new Zone('Europe/Berlin') },
    expect: [
      [-121, undefined],
      [-120, 9],
    ],
  },
  {
    rule: 'K01.FR.147: of limits per phase the lowest',
    profiles: [
      sample(0, {
        schedule: { periods: [{ startSeconds: 0, limit: 16, limitL2: 10, limitL3: 20 }] },
      }),
    ],
    expect: [[0, 10]],
  },
  {
    rule: 'K01.FR.100: a cap from a state of charge on',
    profiles: [sample(16, { schedule: { limitAtSoc: { socPercent: 80, limit: 7 } } })],
    around: { socPercent: 81 },
    expect: [[0, 7]],
  },
  {
    rule: 'K01.FR.101: invalid after its longest offline time, the lower level takes over',
    profiles: [sample(6), sample(20, { id: 2, stackLevel: 1, maxOfflineSeconds: 60 })],
    around: { offlineSinceMs: NOW },
    expect: [
      [0, 20],
      [1, 6],
    ],
  },
  {
    rule: 'K01.FR.41, FR.42: relative counts from the transaction',
    profiles: [sample(0, { ...tx, kind: 'relative', schedule: { periods: two } })],
    around: { transaction: TRANSACTION },
    expect: [
      [0, 16],
      [29, 16],
      [30, 8],
    ],
  },
  {
    rule: 'K28.FR.13 to FR.15: duration after the last update of a dynamic profile ends it',
    profiles: [
      sample(6),
      sample(20, {
        id: 2,
        stackLevel: 1,
        kind: 'dynamic',
        receivedAtMs: NOW,
        updatedAtMs: NOW,
        schedule: { durationSeconds: 120 },
      }),
    ],
    expect: [
      [0, 20],
      [1, 20],
      [2, 6],
    ],
  },
];

for (const { rule, profiles, around, expect } of ROWS) {
  test(rule, () => {
    const found = expect.map(([minutes]) => [
      minutes,
      limitAt(profiles, context(around), NOW + minutes * 60_000).limitAmps,
    ]);
    assert.deepEqual(found, expect);
    assert.deepEqual(
      expect.map(([minutes]) => [
        minutes,
        limitAt(profiles.toReversed(), context(around), NOW + minutes * 60_000).limitAmps,
      ]),
      expect,
      'in another order',
    );
  });
}

test('K01.FR.21: minChargingRate (1.6 §7.13, 2.x §2.13) of the profile that leads, in amps per phase', () => {
  const rate = (minChargingRate: number, changes: SampleChanges = {}) =>
    sample(16, { ...changes, schedule: { minChargingRate, ...changes.schedule } });
  const min = (...profiles: readonly InstalledProfile[]) =>
    limitAt(profiles, context({ transaction: TRANSACTION }), NOW).minAmps;
  assert.equal(min(sample(16)), undefined);
  assert.equal(min(rate(8)), 8);
  const watts = { unit: 'W', periods: [{ startSeconds: 0, limit: 11_040 }] } as const;
  assert.equal(min(rate(5_520, { schedule: watts })), 8, 'over three phases of 230 V');
  assert.equal(min(rate(8), rate(10, { id: 2, ...tx })), 10, 'a TxProfile before the default');
  assert.equal(min(rate(9, { purpose: 'station-max' }), sample(12, { id: 2 })), undefined);
});
