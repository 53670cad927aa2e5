import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profile16 } from '../../src/ocpp/aggregate/bridge-profile.ts';
import { narrowed, ONLY_IN_21, tooNew } from '../../src/ocpp/aggregate/narrow-v21.ts';
import { downRules, upRules } from '../../src/ocpp/aggregate/rules.ts';
import { parsePayload, readFrame } from '../../src/ocpp/frame.ts';
import { readObject } from '../../src/ocpp/payload.ts';
import { fullSampleOf, sampleOf } from '../ocpp-samples.ts';
import { requestNames, validators } from '../ocpp-schemas.ts';

const AT = '2026-06-01T00:00:00Z';
const frameOf = (payload: unknown) =>
  readFrame(Buffer.from(`[2, "1","X", ${JSON.stringify(payload)} ]`));
const narrow = (payload: unknown) => readObject(parsePayload(narrowed(frameOf(payload))));

test('what only 2.1 has is listed, and nothing else', () => {
  const old = new Set(requestNames('2.0.1'));
  const added = requestNames('2.1').filter((action) => !old.has(action));
  assert.deepEqual([...ONLY_IN_21].sort(), added.sort());
});

describe('what is passed on between 2.1 and 2.0.1, with everything in it,', () => {
  const validate = validators('2.0.1');
  const passed = [
    ...Object.entries(upRules('2.x')).flatMap(([action, rule]) =>
      rule.do === 'relay' ? [action] : [],
    ),
    ...Object.entries(downRules('2.x')).flatMap(([action, { to }]) =>
      to === 'station' || to === 'nobody' ? [] : [action],
    ),
  ].filter((action) => !ONLY_IN_21.has(action));
  for (const action of passed) {
    for (const name of [`${action}.req`, `${action}.conf`]) {
      test(name, () => {
        const check = validate(name);
        // Values that all are new leave nothing to tell: the station takes them.
        const nothing = name === 'MeterValues.req';
        for (const sample of nothing
          ? [sampleOf('2.1', name, AT)]
          : [fullSampleOf('2.1', name, AT), sampleOf('2.1', name, AT)]) {
          if (tooNew(action, sample) !== undefined) continue;
          assert.ok(check(narrow(sample)), JSON.stringify([check.errors, narrow(sample)]));
        }
      });
    }
  }
});

test('what is known in 2.0.1 keeps its bytes; what vendors say is theirs', () => {
  const payload = fullSampleOf('2.0.1', 'TransactionEvent.req', AT);
  const customData = { vendorId: 'V', setpoint: 1 };
  const frame = frameOf({ ...payload, customData });
  assert.equal(narrowed(frame), frame);
});

test('a profile that 2.0.1 cannot say is refused, not cut', () => {
  const asked = (more: object, period: object = { limit: 6 }) => ({
    chargingProfile: {
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: [{ chargingSchedulePeriod: [{ startPeriod: 0, ...period }] }],
      ...more,
    },
  });
  assert.equal(tooNew('SetChargingProfile', asked({})), undefined);
  assert.equal(
    tooNew('SetChargingProfile', asked({}, { limit: 6, operationMode: 'ChargingOnly' })),
    undefined,
  );
  assert.equal(tooNew('SetChargingProfile', {}), undefined);
  assert.match(String(tooNew('UsePriorityCharging', {})), /no partner in OCPP 2.0.1/);
  assert.match(String(tooNew('TriggerMessage', { requestedMessage: 'CustomTrigger' })), /2.0.1/);
  for (const more of [
    { chargingProfilePurpose: 'LocalGeneration' },
    { chargingProfileKind: 'Dynamic' },
    { chargingSchedule: [{ chargingSchedulePeriod: [{ startPeriod: 0, setpoint: 5 }] }] },
  ]) {
    assert.match(String(tooNew('SetChargingProfile', asked(more))), /2\.0\.1/);
  }
});

test('a profile is refused where a limit of it would be another one, under both older versions', () => {
  const asked = ({ profile, schedule, period }: Readonly<Record<string, object>>) => ({
    id: 1,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: [
      {
        id: 1,
        chargingRateUnit: 'A',
        startSchedule: AT,
        chargingSchedulePeriod: [
          { startPeriod: 0, limit: 16 },
          { startPeriod: 60, limit: 16, ...period },
        ],
        ...schedule,
      },
    ],
    ...profile,
  });
  const rows: readonly (readonly [RegExp, Readonly<Record<string, object>>])[] = [
    [/limit_L2/, { period: { limit_L2: 6 } }],
    [/limit_L3/, { period: { limit_L3: 0 } }],
    [/periods without a limit/, { period: { limit: undefined as never } }],
    [/operationMode Idle/, { period: { operationMode: 'Idle' } }],
    [/useLocalTime/, { schedule: { useLocalTime: true } }],
    [/limitAtSoC/, { schedule: { limitAtSoC: { soc: 80, limit: 6 } } }],
    [/maxOfflineDuration/, { profile: { maxOfflineDuration: 60 } }],
  ];
  for (const [why, changes] of rows) {
    const profile = asked(changes);
    assert.match(String(tooNew('SetChargingProfile', { chargingProfile: profile })), why);
    assert.match(String(profile16(profile)), why);
  }
  const plain = { schedule: { useLocalTime: false, randomizedDelay: 60 } };
  for (const changes of [{}, plain]) {
    const profile = asked(changes);
    assert.equal(tooNew('RequestStartTransaction', { chargingProfile: profile }), undefined);
    assert.equal(typeof profile16(profile), 'object');
  }
});
