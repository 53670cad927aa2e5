// What a CSMS says about profiles, field by field: nothing that it said is overlooked, since a profile
// without its end, its transaction or its criteria holds for longer, or goes for more, than was meant.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  readClearProfile,
  readComposite,
  readDynamicUpdate,
  readGetProfiles,
} from '../../src/ocpp/profile-requests.ts';
import { readSetChargingProfile } from '../../src/ocpp/read-profile.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';

interface Changes {
  readonly profile?: object;
  readonly schedule?: object;
  readonly period?: object;
}

/** A TxDefaultProfile of 16 A on connector 1, with changes. */
const request = (version: OcppVersion, { profile, schedule, period }: Changes): object => {
  const old = version === '1.6';
  const only = {
    ...(old ? {} : { id: 1 }),
    chargingRateUnit: 'A',
    startSchedule: '2026-06-01T12:00:00Z',
    chargingSchedulePeriod: [{ startPeriod: 0, limit: 16, ...period }],
    ...schedule,
  };
  const whole = {
    [old ? 'chargingProfileId' : 'id']: 4,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: old ? only : [only],
    ...profile,
  };
  return old
    ? { connectorId: 1, csChargingProfiles: whole }
    : { evseId: 1, chargingProfile: whole };
};

const read = (version: OcppVersion, changes: Changes) =>
  readSetChargingProfile(version, request(version, changes));

/** What there is in this version, and a value that says something else. */
const UNREADABLE: readonly (readonly [OcppVersion | 'all', string, Changes])[] = [
  ['all', 'validFrom', { profile: { validFrom: 'tomorrow' } }],
  ['all', 'validTo', { profile: { validTo: 'never' } }],
  ['all', 'validTo', { profile: { validTo: 1_780_000_000 } }],
  ['1.6', 'transactionId', { profile: { transactionId: 'T7' } }],
  ['2.0.1', 'transactionId', { profile: { transactionId: 7 } }],
  ['2.1', 'maxOfflineDuration', { profile: { maxOfflineDuration: 'a day' } }],
  ['2.1', 'dynUpdateTime', { profile: { dynUpdateTime: 'now' } }],
  ['2.1', 'dynUpdateInterval', { profile: { dynUpdateInterval: 'often' } }],
  ['all', 'startSchedule', { schedule: { startSchedule: 'noon' } }],
  ['all', 'duration', { schedule: { duration: 'PT1H' } }],
  ['all', 'duration', { schedule: { duration: -1 } }],
  ['2.1', 'randomizedDelay', { schedule: { randomizedDelay: 'some' } }],
  ['2.1', 'limitAtSoC', { schedule: { limitAtSoC: { soc: 80 } } }],
  ['2.1', 'limitAtSoC', { schedule: { limitAtSoC: { soc: 80, limit: -1 } } }],
  ['all', 'numberPhases', { period: { numberPhases: 'one' } }],
  ['2.0.1', 'phaseToUse', { period: { phaseToUse: 'L1' } }],
  ['2.1', 'limit_L2', { period: { limit_L2: -6 } }],
  ['2.1', 'limit_L3', { period: { limit_L3: 'none' } }],
  ['2.1', 'operationMode', { period: { operationMode: 'Boost' } }],
  ['all', 'chargingSchedulePeriod', { period: { limit: -1 } }],
  ['all', 'chargingSchedulePeriod', { period: { startPeriod: -1 } }],
];

describe('a field that says what cannot be read', () => {
  for (const [version, name, changes] of UNREADABLE) {
    for (const each of version === 'all' ? OCPP_VERSIONS : [version]) {
      test(`${each} ${JSON.stringify(changes)}`, () => {
        const wanted = { fault: 'invalid', problem: `unusable ${name}` };
        assert.deepEqual(read(each, changes), wanted);
      });
    }
  }

  for (const nothing of [null, '']) {
    test(`${JSON.stringify(nothing)} is what some senders write for none`, () => {
      const profile = { validFrom: nothing, validTo: nothing, transactionId: nothing };
      const changes = {
        profile,
        schedule: { duration: nothing },
        period: { numberPhases: nothing },
      };
      for (const version of OCPP_VERSIONS)
        assert.deepEqual(read(version, changes), read(version, {}));
    });
  }

  test('fields of later versions say nothing in earlier ones', () => {
    const later = {
      profile: { maxOfflineDuration: 'a day', dynUpdateTime: 'now' },
      schedule: { limitAtSoC: 5, randomizedDelay: 'some', useLocalTime: true },
      period: { limit_L2: -1, operationMode: 'Boost' },
    };
    for (const version of ['1.6', '2.0.1'] as const) {
      assert.deepEqual(read(version, later), read(version, {}));
    }
  });
});

describe('a profile that lacks what it needs, or says it in words of its own,', () => {
  const rows: readonly (readonly ['missing' | 'invalid', string, Changes])[] = [
    ['missing', 'stackLevel', { profile: { stackLevel: undefined } }],
    ['missing', 'chargingProfilePurpose', { profile: { chargingProfilePurpose: undefined } }],
    ['missing', 'chargingProfileKind', { profile: { chargingProfileKind: undefined } }],
    ['missing', 'chargingSchedule', { profile: { chargingSchedule: undefined } }],
    ['missing', 'chargingRateUnit', { schedule: { chargingRateUnit: undefined } }],
    ['missing', 'chargingSchedulePeriod', { schedule: { chargingSchedulePeriod: [] } }],
    ['missing', 'startPeriod', { period: { startPeriod: undefined } }],
    ['invalid', 'stackLevel', { profile: { stackLevel: -1 } }],
    ['invalid', 'stackLevel', { profile: { stackLevel: 'top' } }],
    ['invalid', 'chargingProfilePurpose', { profile: { chargingProfilePurpose: 'Default' } }],
    ['invalid', 'chargingProfileKind', { profile: { chargingProfileKind: 'Always' } }],
    ['invalid', 'chargingRateUnit', { schedule: { chargingRateUnit: 'kW' } }],
  ];
  for (const [fault, name, changes] of rows) {
    test(`${fault} ${JSON.stringify(changes)}`, () => {
      const problem = fault === 'missing' ? `no ${name}` : `unusable ${name}`;
      for (const version of OCPP_VERSIONS)
        assert.deepEqual(read(version, changes), { fault, problem });
    });
  }

  test('is none of an older version when it is one of 2.1', () => {
    const later = [
      { chargingProfilePurpose: 'PriorityCharging' },
      { chargingProfilePurpose: 'LocalGeneration' },
      { chargingProfileKind: 'Dynamic' },
    ];
    for (const profile of later) {
      for (const version of ['1.6', '2.0.1'] as const)
        assert.ok('problem' in read(version, { profile }));
      assert.ok('profile' in read('2.1', { profile }));
    }
  });

  test('names its place', () => {
    const place = { '1.6': 'connectorId', '2.0.1': 'evseId', '2.1': 'evseId' } as const;
    for (const version of OCPP_VERSIONS) {
      const where = place[version];
      const payload = (value: unknown) => ({ ...request(version, {}), [where]: value });
      const at = (value: unknown) => readSetChargingProfile(version, payload(value));
      assert.deepEqual(at(undefined), { fault: 'missing', problem: `no ${where}` });
      assert.deepEqual(at(-1), { fault: 'invalid', problem: `unusable ${where}` });
      assert.deepEqual(readSetChargingProfile(version, { [where]: 1 }), {
        fault: 'missing',
        problem: 'no the profile',
      });
    }
  });
});

test('every field that there is comes through', () => {
  const read21 = read('2.1', {
    profile: {
      validFrom: '2026-06-01T10:00:00Z',
      validTo: '2026-06-02T10:00:00+02:00',
      transactionId: 'T7',
      maxOfflineDuration: 600,
      invalidAfterOfflineDuration: true,
      dynUpdateTime: '2026-06-01T11:00:00',
      dynUpdateInterval: 30,
    },
    schedule: {
      startSchedule: '2026-06-01T12:00:00+02:00',
      useLocalTime: true,
      duration: 3600,
      minChargingRate: 6.5,
      limitAtSoC: { soc: 80, limit: 10 },
      randomizedDelay: 60,
    },
    period: {
      limit: 16.1,
      limit_L2: 12,
      limit_L3: 0,
      numberPhases: 3,
      phaseToUse: 2,
      operationMode: 'ExternalLimits',
      evseSleep: true,
    },
  });
  assert.deepEqual(read21, {
    connector: 1,
    profile: {
      id: 4,
      stackLevel: 0,
      purpose: 'tx-default',
      kind: 'absolute',
      validFromMs: Date.UTC(2026, 5, 1, 10),
      validToMs: Date.UTC(2026, 5, 2, 8),
      transactionId: 'T7',
      maxOfflineSeconds: 600,
      invalidAfterOffline: true,
      updatedAtMs: Date.UTC(2026, 5, 1, 11),
      updateIntervalSeconds: 30,
      schedule: {
        unit: 'A',
        startMs: Date.UTC(2026, 5, 1, 12),
        localTime: true,
        durationSeconds: 3600,
        minChargingRate: 6.5,
        limitAtSoc: { socPercent: 80, limit: 10 },
        randomizedDelaySeconds: 60,
        periods: [
          {
            startSeconds: 0,
            limit: 16.1,
            limitL2: 12,
            limitL3: 0,
            numberPhases: 3,
            phaseToUse: 2,
            operationMode: 'ExternalLimits',
            evseSleep: true,
          },
        ],
      },
    },
  });
});

describe('ClearChargingProfile goes for no more than was meant', () => {
  const invalid = (name: string) => ({ fault: 'invalid', problem: `unusable ${name}` });
  const rows: readonly (readonly [OcppVersion, object, object])[] = [
    ['1.6', {}, {}],
    ['1.6', { connectorId: 0, stackLevel: 0 }, { connector: 0, stackLevel: 0 }],
    ['1.6', { connectorId: 'one' }, invalid('connectorId')],
    ['1.6', { stackLevel: 0.5 }, invalid('stackLevel')],
    ['1.6', { chargingProfilePurpose: 'txprofile' }, invalid('chargingProfilePurpose')],
    ['1.6', { id: 'x', connectorId: 1 }, invalid('id')],
    ['1.6', { id: 7, connectorId: 1 }, { ids: [7] }],
    ['2.0.1', { chargingProfileCriteria: { evseId: {} } }, invalid('evseId')],
    ['2.0.1', { chargingProfileCriteria: { evseId: 2 } }, { connector: 2 }],
    ['2.0.1', { chargingProfileCriteria: 'all' }, invalid('chargingProfileCriteria')],
    [
      '2.1',
      { chargingProfileCriteria: { chargingProfilePurpose: 'LocalGeneration' } },
      { ids: [] },
    ],
    [
      '2.0.1',
      { chargingProfileCriteria: { chargingProfilePurpose: 'ChargingStationExternalConstraints' } },
      { ids: [] },
    ],
  ];
  for (const [version, payload, expected] of rows) {
    test(`${version} ${JSON.stringify(payload)}`, () => {
      assert.deepEqual(readClearProfile(version, payload), expected);
    });
  }
});

test('GetChargingProfiles: what is asked for, and nothing else', () => {
  const ask = (chargingProfile: object, more: object = {}) =>
    readGetProfiles({ requestId: 5, chargingProfile, ...more });
  const all = { requestId: 5, ofCsms: true, criteria: {} };
  assert.deepEqual(ask({}), all);
  assert.deepEqual(ask({}, { evseId: 0 }), { ...all, criteria: { connector: 0 } });
  assert.deepEqual(ask({ chargingProfileId: [3, 4] }, { evseId: 2 }), {
    ...all,
    criteria: { ids: [3, 4], connector: 2 },
  });
  assert.deepEqual(ask({ chargingProfileId: ['x'] }), { ...all, criteria: { ids: [] } });
  assert.deepEqual(ask({ chargingLimitSource: ['EMS'] }), { ...all, ofCsms: false });
  assert.deepEqual(ask({ chargingLimitSource: ['EMS', 'CSO'] }), all);
  assert.deepEqual(ask({ stackLevel: 2 }), { ...all, criteria: { stackLevel: 2 } });
  assert.deepEqual(readGetProfiles({ chargingProfile: {} }), {
    fault: 'missing',
    problem: 'no requestId',
  });
});

test('GetCompositeSchedule: the place, the length and the unit', () => {
  const ask = (fields: object) => readComposite('1.6', { connectorId: 1, duration: 60, ...fields });
  assert.deepEqual(ask({}), { connector: 1, durationSeconds: 60 });
  assert.deepEqual(ask({ connectorId: 0, duration: 0, chargingRateUnit: 'W' }), {
    connector: 0,
    durationSeconds: 0,
    unit: 'W',
  });
  assert.deepEqual(ask({ duration: 1e9 }), { connector: 1, durationSeconds: 366 * 86_400 });
  for (const wrong of [{ connectorId: -1 }, { duration: -1 }, { chargingRateUnit: 'kW' }]) {
    const [name] = Object.keys(wrong);
    assert.deepEqual(ask(wrong), { fault: 'invalid', problem: `unusable ${name}` });
  }
});

test('UpdateDynamicSchedule: figures are read or refused, never half taken', () => {
  const update = (scheduleUpdate: unknown) =>
    readDynamicUpdate({ chargingProfileId: 3, scheduleUpdate });
  assert.deepEqual(update({ limit: 7, limit_L2: 0 }), {
    id: 3,
    figures: { limit: 7, limit_L2: 0 },
  });
  for (const wrong of [{ limit: -1 }, { limit: 'low' }, { limit: 8, limit_L3: -2 }]) {
    const name = Object.keys(wrong).at(-1);
    assert.deepEqual(update(wrong), { fault: 'invalid', problem: `unusable ${name}` });
  }
});
