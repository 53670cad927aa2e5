// What breaks a rule breaks it wherever it stands: in the last of several periods, in the second of
// several schedules, beside profiles that have nothing to do with it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChargingProfile, ChargingSchedule } from '../../src/profiles/profile.ts';
import {
  PROFILES_KEPT_MOST,
  type ProfilePlace,
  type ReasonCode,
  refusalOf,
} from '../../src/profiles/validate.ts';
import { NOW, type SampleChanges, sample } from './profile-samples.ts';

const place: ProfilePlace = {
  version: '2.1',
  connector: 1,
  connectors: 2,
  transactionId: '7',
  phases: 3,
  maxPeriods: 3,
  installed: [],
};
const tx = { purpose: 'tx', transactionId: '7' } as const;
const refused = (
  changes: SampleChanges,
  around: Partial<ProfilePlace> = {},
): ReasonCode | undefined =>
  refusalOf(sample(16, changes).profile, { ...place, ...around })?.reasonCode;

const sound: ChargingSchedule = {
  startMs: NOW,
  unit: 'A',
  periods: [
    { startSeconds: 0, limit: 16 },
    { startSeconds: 60, limit: 10 },
  ],
};
const withLast = (changes: object): ChargingSchedule => ({
  ...sound,
  periods: [...sound.periods, { startSeconds: 120, limit: 6, ...changes }],
});

describe('one period of several', () => {
  const rows: readonly (readonly [string, object, ReasonCode, Partial<ProfilePlace>])[] = [
    ['K01.FR.35 not after the one before', { startSeconds: 60 }, 'InvalidSchedule', {}],
    ['K01.FR.35 before the one before', { startSeconds: 59 }, 'InvalidSchedule', {}],
    ['K01.FR.111 a setpoint', { operationMode: 'CentralSetpoint' }, 'InvalidOperationMode', {}],
    ['K01.FR.126 sleep', { evseSleep: true }, 'InvalidSchedule', {}],
    ['four phases', { numberPhases: 4 }, 'InvalidSchedule', {}],
    ['no phases', { numberPhases: 0 }, 'InvalidSchedule', {}],
    ['K01.FR.46 phaseToUse of three', { phaseToUse: 1 }, 'InvalidSchedule', {}],
    ['K01.FR.46 the fourth', { numberPhases: 1, phaseToUse: 4 }, 'InvalidSchedule', {}],
    ['K01.FR.43 two phases of three', { numberPhases: 2 }, 'InvalidSchedule', {}],
    ['K01.FR.44 direct current', { numberPhases: 3 }, 'NoPhaseForDC', { direct: true }],
    [
      'K01.FR.48 phaseToUse without switching',
      { numberPhases: 1, phaseToUse: 1 },
      'InvalidSchedule',
      { phases: 1 },
    ],
    ['one too many', {}, 'InvalidSchedule', { maxPeriods: 2 }],
  ];
  for (const [name, changes, expected, around] of rows) {
    test(name, () => {
      const schedule = withLast(changes);
      assert.equal(refused({ schedule }, around), expected);
      assert.equal(refused({ ...tx, schedule: sound, alternatives: [schedule] }, around), expected);
      assert.equal(refused({ schedule: sound }, around), undefined, 'without it');
    });
  }

  test('K01.FR.145 a limit of L3 alone, beside periods with limits of all', () => {
    const alone = { limit: Number.POSITIVE_INFINITY, limitL3: 6 };
    assert.equal(refused({ ...tx, schedule: withLast(alone) }), 'PhaseConflict');
    assert.equal(refused({ ...tx, schedule: withLast({ limitL2: 6, limitL3: 6 }) }), undefined);
    assert.equal(refused({ schedule: withLast({ limitL3: 6 }) }), 'PhaseConflict', 'a default');
  });

  test('direct current may be told without phases, and of a switch nobody asks then', () => {
    assert.equal(refused({ schedule: withLast({}) }, { direct: true }), undefined);
    const older = { direct: true, version: '2.0.1' } as const;
    assert.equal(refused({ schedule: withLast({ numberPhases: 1 }) }, older), undefined);
  });

  test('phases that nobody knows of are no fewer than there are', () => {
    const { phases: _unknown, ...unknown } = place;
    const { profile } = sample(16, { schedule: withLast({ numberPhases: 1 }) });
    assert.equal(refusalOf(profile, unknown), undefined);
  });

  test('a charger that tells 0 periods tells nothing', () => {
    assert.equal(refused({ schedule: sound }, { maxPeriods: 0 }), undefined);
  });
});

describe('one schedule of several', () => {
  const { startMs: _none, ...startless } = sound;
  const rows: readonly (readonly [string, SampleChanges, ChargingSchedule, ReasonCode])[] = [
    [
      'K01.FR.31 a late first period',
      tx,
      { ...sound, periods: [{ startSeconds: 1, limit: 6 }] },
      'InvalidSchedule',
    ],
    ['K01.FR.40 without a start', tx, startless, 'InvalidSchedule'],
    ['K01.FR.41 with a start', { ...tx, kind: 'relative' }, sound, 'InvalidSchedule'],
  ];
  for (const [name, changes, wrong, expected] of rows) {
    test(name, () => {
      const right = changes.kind === 'relative' ? startless : sound;
      const of = (...[schedule, ...alternatives]: readonly ChargingSchedule[]) => {
        const { profile } = sample(16, changes);
        const whole: ChargingProfile = { ...profile, schedule: schedule ?? sound, alternatives };
        return refusalOf(whole, place)?.reasonCode;
      };
      assert.equal(of(right, wrong), expected);
      assert.equal(of(wrong, right), expected);
      assert.equal(of(right, right), undefined);
    });
  }

  test('K28 a dynamic profile has one of one period', () => {
    const one = { unit: 'A', periods: [{ startSeconds: 0, limit: 6 }] } as const;
    const dynamic = (...alternatives: readonly ChargingSchedule[]) => {
      const { profile } = sample(16, { ...tx, kind: 'dynamic' });
      const more = alternatives.length === 0 ? {} : { alternatives };
      return refusalOf({ ...profile, ...more, schedule: one }, place)?.reasonCode;
    };
    assert.equal(dynamic(), undefined);
    assert.equal(dynamic(one), 'InvalidSchedule');
  });
});

describe('K01.FR.06, FR.39, FR.52, FR.53: two profiles in one place', () => {
  const beside = (first: SampleChanges, second: SampleChanges, connector = 1) =>
    refused(second, { connector, installed: [sample(10, { id: 2, ...first })] });
  const duplicate = 'DuplicateProfile';

  test('meet when their validity does, open ends included', () => {
    const [before, after] = [{ validToMs: NOW }, { validFromMs: NOW }];
    assert.equal(beside(before, after), undefined);
    assert.equal(beside(after, before), undefined);
    assert.equal(beside({ validToMs: NOW + 1 }, after), duplicate);
    assert.equal(beside(after, { validToMs: NOW + 1 }), duplicate);
    assert.equal(beside(after, {}), duplicate);
    assert.equal(beside({}, after), duplicate);
  });

  test('lie apart on two EVSEs, at two levels, for two purposes', () => {
    assert.equal(beside({ connector: 2 }, {}), undefined);
    assert.equal(beside({ stackLevel: 1 }, {}), undefined);
    assert.equal(beside(tx, {}), undefined);
    assert.equal(beside({ ...tx, connector: 2 }, tx), undefined);
    assert.equal(beside({ purpose: 'priority', connector: 0 }, { purpose: 'priority' }), undefined);
  });

  test('a station maximum is compared with that of the station', () => {
    const whole = { purpose: 'station-max' } as const;
    assert.equal(beside(whole, whole, 0), duplicate);
    assert.equal(beside({ ...whole, stackLevel: 1 }, whole, 0), undefined);
  });
});

describe('K01.FR.141: which phase to use', () => {
  const on = (...phases: readonly number[]) => ({
    schedule: {
      periods: phases.map((phaseToUse, i) => ({
        startSeconds: i * 60,
        limit: 16,
        numberPhases: 1,
        phaseToUse,
      })),
    },
  });
  const beside = (first: SampleChanges, second: SampleChanges, connector = 1) =>
    refused(second, {
      connector,
      phaseSwitching: true,
      installed: [sample(10, { id: 2, ...first })],
    });
  const conflict = 'PhaseConflict';

  test('two that hold together agree, on the EVSE and on the station', () => {
    assert.equal(beside({ ...tx, ...on(2) }, on(1)), conflict);
    assert.equal(beside({ ...tx, ...on(1) }, on(1)), undefined);
    assert.equal(beside({ ...tx, ...on(1, 2) }, on(1)), conflict, 'one of two periods');
    assert.equal(beside({ ...tx, ...on(1) }, on(1, 2)), undefined, 'all of its own are named');
    assert.equal(beside({ purpose: 'station-max', ...on(2) }, on(1)), conflict);
    assert.equal(beside({ ...tx, connector: 2, ...on(2) }, on(1)), undefined, 'another EVSE');
    assert.equal(beside({ ...tx, connector: 2, ...on(2) }, on(1), 0), conflict, 'for all of them');
  });

  test('those of one purpose follow one another, and who names none agrees', () => {
    assert.equal(beside({ stackLevel: 1, ...on(2) }, on(1)), undefined);
    assert.equal(beside({ ...tx, ...on(2) }, {}), undefined);
    assert.equal(beside(tx, on(1)), undefined);
  });
});

test('no more than are kept; one that is replaced needs no room', () => {
  const installed = Array.from({ length: PROFILES_KEPT_MOST }, (_, id) =>
    sample(6, { id, stackLevel: id }),
  );
  const full = { installed } as const;
  const free = { installed: installed.slice(1) } as const;
  assert.equal(refused({ id: 9_999, stackLevel: 999 }, full), 'OutOfStorage');
  assert.equal(refused({ id: 7, stackLevel: 999 }, full), undefined);
  assert.equal(refused({ id: 9_999, stackLevel: 999 }, free), undefined);
});
