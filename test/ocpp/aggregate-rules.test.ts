import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { absentAnswer } from '../../src/ocpp/aggregate/absent.ts';
import { TO_CHARGER_2X } from '../../src/ocpp/aggregate/bridge-down-v2x.ts';
import { TO_CHARGER_16 } from '../../src/ocpp/aggregate/bridge-down-v16.ts';
import {
  meterValues2x,
  meterValues16,
  registersOf,
} from '../../src/ocpp/aggregate/bridge-meter.ts';
import { UP_PARTNERS } from '../../src/ocpp/aggregate/bridge-partners.ts';
import { profile2x, profile16 } from '../../src/ocpp/aggregate/bridge-profile.ts';
import {
  errorCodeIn,
  idTagInfoOf,
  idTagOf,
  idTokenInfoOf,
} from '../../src/ocpp/aggregate/bridge-words.ts';
import { combined } from '../../src/ocpp/aggregate/combine.ts';
import { edited, outletAt, transactionAt } from '../../src/ocpp/aggregate/edit.ts';
import { downRules, familyOf, upRules } from '../../src/ocpp/aggregate/rules.ts';
import { readFrame } from '../../src/ocpp/frame.ts';
import { readObject } from '../../src/ocpp/payload.ts';
import { requestNames, validators } from '../ocpp-schemas.ts';

/** A message in one direction only, not a CALL. */
const SENDS = new Set(['NotifyPeriodicEventStream']);

describe('the tables', () => {
  for (const version of ['1.6', '2.0.1', '2.1'] as const) {
    test(`know every action of ${version}`, () => {
      const family = version === '1.6' ? '1.6' : '2.x';
      const known = new Set([...Object.keys(upRules(family)), ...Object.keys(downRules(family))]);
      const actions = requestNames(version).filter((action) => !SENDS.has(action));
      assert.ok(actions.length > 35);
      assert.deepEqual(
        actions.filter((action) => !known.has(action)),
        [],
      );
    });
  }

  test('bridge a long local list whole', () => {
    const context = { outlets: 1, newRemoteStartId: () => 1 };
    const entries = <T>(entry: (tag: string) => T) =>
      Array.from({ length: 3_000 }, (_, i) => entry(`T${i}`));
    const old = { listVersion: 1, updateType: 'Full' };
    const idTags = { ...old, localAuthorizationList: entries((idTag) => ({ idTag })) };
    const now = { versionNumber: 1, updateType: 'Full' };
    const idTokens = {
      ...now,
      localAuthorizationList: entries((idToken) => ({ idToken: { idToken, type: 'ISO14443' } })),
    };
    for (const out of [
      TO_CHARGER_2X['SendLocalList']?.request(idTags, context),
      TO_CHARGER_16['SendLocalList']?.request(idTokens, context),
    ]) {
      assert.ok(out !== undefined && 'payload' in out);
      const list = out.payload['localAuthorizationList'];
      assert.equal(Array.isArray(list) && list.length, 3_000);
    }
  });

  test('bridge only what they have a rule for', () => {
    for (const [family, translators] of [
      ['2.x', TO_CHARGER_16],
      ['1.6', TO_CHARGER_2X],
    ] as const) {
      for (const [action, { to, reason }] of Object.entries(translators)) {
        const rule = downRules(family)[action]?.to;
        assert.ok(rule !== undefined && rule !== 'nobody' && rule !== 'station', action);
        assert.ok((to === undefined) !== (reason === undefined), action);
      }
    }
    for (const family of ['1.6', '2.x'] as const) {
      for (const action of Object.keys(UP_PARTNERS[family])) {
        assert.equal(upRules(family)[action]?.do, 'relay', action);
      }
    }
  });
});

describe('answers of the station alone', () => {
  for (const version of ['1.6', '2.0.1', '2.1'] as const) {
    test(`are answers of ${version}, whatever is away`, () => {
      const family = familyOf(version);
      const validate = validators(version);
      for (const action of requestNames(version)) {
        const rule = downRules(family)[action];
        const combine = rule?.to === 'outlet' || rule?.to === 'every' ? rule.combine : undefined;
        const names = rule?.to === 'outlet' || rule?.to === 'transaction';
        const answers = [
          ...(names ? [absentAnswer(family, action, 'its charger is away')] : []),
          ...(combine === undefined ? [] : [combined(combine, []), combined(combine, [undefined])]),
        ];
        for (const answer of answers) {
          const check = validate(`${action}.conf`);
          assert.ok(check(answer), `${action} ${JSON.stringify([answer, check.errors])}`);
        }
      }
    });
  }
});

describe('edits', () => {
  const rename = (_as: string, value: string | number) => Number(value) + 10;

  test('leave every other byte as it was', () => {
    const text = '[2,"a","MeterValues", {"x":1.50e1,"connectorId" : 2,"transactionId":7, "y":"é"}]';
    const frame = readFrame(Buffer.from(text));
    const edits = [outletAt('connectorId'), transactionAt('transactionId'), outletAt('evse', 'id')];
    assert.equal(
      edited(frame, edits, rename).bytes.toString(),
      '[2,"a","MeterValues", {"x":1.50e1,"connectorId" : 12,"transactionId":17, "y":"é"}]',
    );
  });

  test('reach into lists, where every other byte stays too', () => {
    const text = (one: number, two: number) =>
      '[2,"a","NotifyEvent",{"eventData":[ {"actualValue":"]}","component":{"evse":{"id" : ' +
      `${one}}},"x":9007199254740993}, {"component":{}} ,{"component":{"evse":{"id":${two}}}}],` +
      '"seqNo":1.0}]';
    const frame = readFrame(Buffer.from(text(1, 2)));
    const edit = outletAt('eventData', '*', 'component', 'evse', 'id');
    assert.equal(edited(frame, [edit], rename).bytes.toString(), text(11, 12));
    const none = readFrame(Buffer.from('[2,"a","NotifyEvent",{"eventData":[]}]'));
    assert.equal(edited(none, [edit], rename), none);
  });
});

test('errors cross in the spelling of the other family', () => {
  for (const [old, now] of [
    ['FormationViolation', 'FormatViolation'],
    ['OccurenceConstraintViolation', 'OccurrenceConstraintViolation'],
    ['InternalError', 'InternalError'],
  ] as const) {
    assert.deepEqual([errorCodeIn('2.x', old), errorCodeIn('1.6', now)], [now, old]);
  }
  assert.equal(errorCodeIn('1.6', 'RpcFrameworkError'), 'ProtocolError');
});

describe('answers of several chargers', () => {
  const order = ['Accepted', 'Scheduled', 'Rejected'];
  const of = (...statuses: readonly string[]) => statuses.map((status) => ({ status }));

  test('one no is a no, or one yes a yes', () => {
    const answers = of('Accepted', 'Scheduled');
    assert.deepEqual(combined({ by: 'worst', order }, answers), { status: 'Scheduled' });
    assert.deepEqual(combined({ by: 'best', order }, answers), { status: 'Accepted' });
    assert.deepEqual(combined({ by: 'worst', order }, [...answers, undefined]), {
      status: 'Rejected',
    });
    assert.deepEqual(combined({ by: 'best', order }, []), { status: 'Rejected' });
  });

  test('the least version is that of all', () => {
    const rule = { by: 'least', key: 'listVersion' } as const;
    assert.deepEqual(combined(rule, [{ listVersion: 4 }, { listVersion: 3 }]), { listVersion: 3 });
    assert.deepEqual(combined(rule, []), { listVersion: 0 });
  });
});

describe('words of the other version', () => {
  test('a token that does not fit is not cut', () => {
    assert.equal(idTagOf({ idToken: 'x'.repeat(20) }), 'x'.repeat(20));
    assert.equal(idTagOf({ idToken: 'x'.repeat(21) }), undefined);
  });

  test('what is said of a card comes back the same', () => {
    const info = { status: 'Blocked', expiryDate: '2030-01-01T00:00:00Z', parentIdTag: 'P' };
    assert.deepEqual(idTagInfoOf(idTokenInfoOf(info)), info);
    assert.deepEqual(idTagInfoOf({ status: 'NoCredit' }), { status: 'Invalid' });
  });

  test('meter values keep value, unit and phase', () => {
    const sampledValue = [
      { value: '16.5', measurand: 'Current.Import', unit: 'A', phase: 'L1' },
      { value: '12', measurand: 'Temperature', unit: 'Celsius' },
      { value: 'AbCd', format: 'SignedData', measurand: 'Energy.Active.Import.Register' },
    ];
    const there = meterValues2x([{ timestamp: 't', sampledValue }]);
    assert.deepEqual(meterValues16(there), [{ timestamp: 't', sampledValue: [sampledValue[0]] }]);
    const scaled = { value: 1.2345, unitOfMeasure: { unit: 'Wh', multiplier: 3 } };
    const list = [{ timestamp: 't', sampledValue: [scaled] }];
    const [back] = meterValues16(list);
    assert.deepEqual(readObject(back)['sampledValue'], [{ value: '1234.5', unit: 'Wh' }]);
    assert.deepEqual(registersOf(list), [1235]);
  });

  test('a profile comes back the same; what cannot be said has a reason', () => {
    const profile = {
      chargingProfileId: 3,
      transactionId: 9,
      stackLevel: 2,
      validFrom: '2030-01-01T00:00:00Z',
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Absolute',
      chargingSchedule: {
        startSchedule: '2030-01-01T00:00:00Z',
        chargingRateUnit: 'W',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 7000, numberPhases: 3 }],
      },
    };
    assert.deepEqual(profile16(profile2x(profile)), profile);
    const there = readObject(profile2x(profile));
    const { chargingSchedule } = there;
    assert.equal(
      typeof profile16({ ...there, chargingSchedule: [chargingSchedule, chargingSchedule] }),
      'string',
    );
    assert.equal(
      typeof profile16({ ...there, chargingProfilePurpose: 'PriorityCharging' }),
      'string',
    );
  });
});
