// What a CSMS is answered about profiles, word by word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  profileAnswer,
  rateLimitSeconds,
  setChargingProfileCall,
} from '../../src/ocpp/charging-profile.ts';
import { compositeAnswer, profileReports, statusAnswer } from '../../src/ocpp/profile-answers.ts';
import {
  compositeLimits,
  readDynamicUpdate,
  readPriorityNotice,
  readUsePriority,
} from '../../src/ocpp/profile-requests.ts';
import { readSetChargingProfile } from '../../src/ocpp/read-profile.ts';
import { OCPP_VERSIONS } from '../../src/ocpp/version.ts';
import type { BookedProfile } from '../../src/profiles/book.ts';
import { NOW, sample } from '../profiles/profile-samples.ts';

const schedule = {
  startMs: NOW,
  durationSeconds: 600,
  unit: 'A',
  periods: [
    { startSeconds: 0, limit: 16.19, numberPhases: 1, phaseToUse: 2 },
    { startSeconds: 60.9, limit: 9.3 },
  ],
} as const;

test('a composite schedule in the form of 1.6, and of 2.x with the phase to use', () => {
  const start = '2026-06-01T12:00:00.000Z';
  const old = [
    { startPeriod: 0, limit: 16.1, numberPhases: 1 },
    { startPeriod: 60, limit: 9.3 },
  ];
  const head = { duration: 600, chargingRateUnit: 'A' };
  assert.deepEqual(compositeAnswer('1.6', 2, schedule), {
    status: 'Accepted',
    connectorId: 2,
    scheduleStart: start,
    chargingSchedule: { ...head, startSchedule: start, chargingSchedulePeriod: old },
  });
  for (const version of ['2.0.1', '2.1'] as const) {
    assert.deepEqual(compositeAnswer(version, 2, schedule), {
      status: 'Accepted',
      schedule: {
        evseId: 2,
        scheduleStart: start,
        ...head,
        chargingSchedulePeriod: [{ ...old[0], phaseToUse: 2 }, old[1]],
      },
    });
  }
  const none = { ...schedule, periods: [] };
  assert.deepEqual(compositeAnswer('1.6', 2, none), { status: 'Accepted' });
});

test('a charger that refuses has no schedule; one that is cut short is none of zero', () => {
  const period = { startPeriod: 0, limit: 6 };
  const answer = (status: string, periods: readonly object[]) => ({
    status,
    chargingSchedule: { chargingSchedulePeriod: periods },
  });
  const limits = (status: string, periods: readonly object[]) =>
    compositeLimits('1.6', answer(status, periods));
  assert.deepEqual(limits('Accepted', [period]), [{ startSeconds: 0, limit: 6 }]);
  assert.equal(limits('Rejected', [period]), undefined);
  assert.deepEqual(limits('Accepted', [{ startPeriod: 0 }, { limit: 6 }]), []);
  const newer = { status: 'Accepted', schedule: { chargingSchedulePeriod: [period] } };
  assert.deepEqual(compositeLimits('2.1', newer), [{ startSeconds: 0, limit: 6 }]);
});

test('K09.FR.01-05: reports by EVSE, ten profiles in each, all but the last to be continued', () => {
  const booked = (id: number, connector: number): BookedProfile => ({
    ...sample(6, { id, connector }),
    asSent: { id },
  });
  const many = Array.from({ length: 11 }, (_, i) => booked(i, 2));
  const reports = profileReports(5, [booked(100, 1), ...many, booked(200, 0)]) as readonly {
    readonly requestId: number;
    readonly evseId: number;
    readonly tbc?: boolean;
    readonly chargingProfile: readonly { readonly id: number }[];
  }[];
  assert.deepEqual(
    reports.map(({ evseId, tbc, chargingProfile }) => [evseId, chargingProfile.length, tbc]),
    [
      [0, 1, true],
      [1, 1, true],
      [2, 10, true],
      [2, 1, undefined],
    ],
  );
  const ids = reports.map(({ chargingProfile }) => chargingProfile.map(({ id }) => id));
  assert.deepEqual(ids, [[200], [100], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10]]);
  assert.ok(reports.every(({ requestId }) => requestId === 5));
});

test('a refusal has its reason in 2.x, in as many letters as stacks take', () => {
  const refusal = { reasonCode: 'InvalidProfile', rule: 'x'.repeat(300) } as const;
  assert.deepEqual(statusAnswer('1.6', 'Rejected', refusal), { status: 'Rejected' });
  assert.deepEqual(statusAnswer('2.1', 'Rejected', refusal), {
    status: 'Rejected',
    statusInfo: { reasonCode: 'InvalidProfile', additionalInfo: 'x'.repeat(255) },
  });
});

test('who is meant by priority and by new figures has to be said', () => {
  const missing = (what: string) => ({ fault: 'missing', problem: `no ${what}` });
  assert.deepEqual(readUsePriority({ activate: true }), missing('transactionId'));
  assert.deepEqual(readUsePriority({ transactionId: 'T' }), missing('activate'));
  assert.deepEqual(readPriorityNotice({ transactionId: 'T', activated: false }), {
    transactionId: 'T',
    activate: false,
  });
  assert.deepEqual(readDynamicUpdate({ scheduleUpdate: {} }), missing('chargingProfileId'));
});

test('only "Accepted" is a yes; a charger may ask to be left alone (K01.FR.56, FR.57)', () => {
  assert.deepEqual(profileAnswer({ status: 'Accepted' }), { accepted: true });
  assert.deepEqual(profileAnswer({}), { accepted: false, reason: 'no status' });
  const busy = (additionalInfo?: string) => ({
    status: 'Rejected',
    statusInfo: { reasonCode: 'RateLimitExceeded', additionalInfo },
  });
  assert.deepEqual(profileAnswer(busy()), {
    accepted: false,
    reason: 'Rejected (RateLimitExceeded)',
  });
  const waits = [busy('90 seconds before retry'), busy('0 s'), busy('99999 s'), busy(), {}];
  assert.deepEqual(waits.map(rateLimitSeconds), [90, 1, 3_600, 60, undefined]);
});

test('what is sent is read as what was meant, in every version', () => {
  const { profile } = sample(16, {
    purpose: 'tx',
    transactionId: '70000000001',
    validFromMs: NOW,
    validToMs: NOW + 1000,
    schedule: { durationSeconds: 600, minChargingRate: 6.5 },
  });
  const daily = { ...profile, kind: 'recurring', recurrency: 'daily' } as const;
  for (const each of [profile, daily, { ...daily, recurrency: 'weekly' } as const]) {
    for (const version of OCPP_VERSIONS) {
      const { action, payload } = setChargingProfileCall(version, 2, each);
      assert.equal(action, 'SetChargingProfile');
      assert.deepEqual(readSetChargingProfile(version, payload), { connector: 2, profile: each });
    }
  }
  const foreign = setChargingProfileCall('1.6', 2, { ...profile, transactionId: 'T7' });
  assert.doesNotMatch(JSON.stringify(foreign), /transactionId/, 'ids of 1.6 are numbers');
});
