import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  authorizeOffline,
  type OfflineSwitches,
  type TokenVerdict,
} from '../../src/ocpp/authorization.ts';
import { type LocalContext, localAnswer } from '../../src/ocpp/local-answer.ts';
import { isQueued, isThinnable, transactionOf } from '../../src/ocpp/transaction-message.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';
import { validators } from '../ocpp-schemas.ts';

const NOW = Date.UTC(2026, 5, 1, 12);

const context = (changes: Partial<LocalContext> = {}): LocalContext => ({
  nowWallMs: NOW,
  clockTrusted: true,
  acceptedIntervalSeconds: 300,
  unknownBoot: 'pending',
  verdict: () => ({ status: 'Accepted', group: 'FLEET', expiresAtWallMs: NOW + 1_000 }),
  newTransactionId: () => 1_500_000_000,
  ...changes,
});

const ID_TOKEN = { idToken: 'CARD', type: 'ISO14443' };
const REQUESTS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  '1.6': {
    BootNotification: {},
    Heartbeat: {},
    Authorize: { idTag: 'CARD' },
    StartTransaction: { connectorId: 1, idTag: 'CARD' },
    StopTransaction: { transactionId: 7, idTag: 'CARD' },
    MeterValues: { transactionId: 7 },
    StatusNotification: { connectorId: 1 },
    DataTransfer: {},
    DiagnosticsStatusNotification: {},
    FirmwareStatusNotification: {},
    SecurityEventNotification: {},
    SignCertificate: {},
    LogStatusNotification: {},
    SignedFirmwareStatusNotification: {},
  },
  '2.x': {
    BootNotification: {},
    Heartbeat: {},
    Authorize: { idToken: ID_TOKEN },
    TransactionEvent: { eventType: 'Started', idToken: ID_TOKEN },
    MeterValues: {},
    StatusNotification: { evseId: 1, connectorId: 1 },
    NotifyEvent: {},
    DataTransfer: {},
    FirmwareStatusNotification: {},
    LogStatusNotification: {},
    SecurityEventNotification: {},
    SignCertificate: {},
    Get15118EVCertificate: {},
    GetCertificateStatus: {},
    NotifyEVChargingNeeds: {},
    NotifyEVChargingSchedule: {},
    ReservationStatusUpdate: { reservationId: 1 },
    PublishFirmwareStatusNotification: {},
    NotifyChargingLimit: { chargingLimit: { chargingLimitSource: 'EMS' } },
    ClearedChargingLimit: { chargingLimitSource: 'EMS' },
  },
};
const requestsOf = (version: OcppVersion): Readonly<Record<string, object>> => ({
  ...REQUESTS[version === '1.6' ? '1.6' : '2.x'],
  ...(version === '2.1' ? { NotifySettlement: { transactionId: 'T1' }, BatterySwap: {} } : {}),
});

describe('a local answer', () => {
  for (const version of OCPP_VERSIONS) {
    test(`${version}: every one conforms to the schema of its message`, () => {
      const validate = validators(version);
      const requests = requestsOf(version);
      for (const [action, request] of Object.entries(requests)) {
        const answer = localAnswer(version, action, request, context());
        assert.notEqual(answer.keep, 'error', action);
        if (answer.keep === 'error') continue;
        const check = validate(`${action}.conf`);
        assert.ok(check(answer.payload), `${action}: ${JSON.stringify(check.errors)}`);
      }
    });

    test(`${version}: exactly the messages that are queued are kept on disk`, () => {
      for (const [action, request] of Object.entries(requestsOf(version))) {
        const answer = localAnswer(version, action, request, context());
        assert.equal(answer.keep === 'queue', isQueued(version, action), action);
      }
    });

    test(`${version}: what only the CSMS can know fails honestly`, () => {
      for (const action of ['TransactionEvent-Signed', 'NotifyReport', 'VendorThing', 'toString']) {
        assert.equal(localAnswer(version, action, {}, context()).keep, 'error', action);
      }
      for (const action of ['DataTransfer', 'SignCertificate']) {
        const answer = localAnswer(version, action, {}, context());
        assert.deepEqual(answer, { keep: 'nothing', payload: { status: 'Rejected' } });
      }
    });
  }

  test('a limit from outside is replaced by one of the same source and EVSE', () => {
    const keyOf = (action: string, payload: object) => {
      const answer = localAnswer('2.1', action, payload, context());
      return answer.keep === 'latest' ? answer.key : answer.keep;
    };
    const told = (evseId: number, source: string) =>
      keyOf('NotifyChargingLimit', { evseId, chargingLimit: { chargingLimitSource: source } });
    assert.equal(told(1, 'EMS'), told(1, 'EMS'));
    assert.equal(new Set([told(1, 'EMS'), told(1, 'SO'), told(2, 'EMS')]).size, 3);
    const over = { evseId: 1, chargingLimitSource: 'EMS' };
    assert.notEqual(keyOf('ClearedChargingLimit', over), told(1, 'EMS'), 'both are heard');
  });

  test('an event is replaced by one of the same variables, and by no other', () => {
    const keyOf = (...variables: readonly string[]) => {
      const eventData = variables.map((name) => ({
        component: { name: 'EVSE', evse: { id: 1 } },
        variable: { name },
      }));
      const answer = localAnswer('2.0.1', 'NotifyEvent', { eventData }, context());
      return answer.keep === 'latest' ? answer.key : answer.keep;
    };
    assert.equal(keyOf('Problem', 'Power'), keyOf('Problem', 'Power'));
    assert.notEqual(keyOf('Problem'), keyOf('Problem', 'Power'));
    assert.notEqual(keyOf('Problem'), keyOf('Power'));
  });

  test('to a stop says of a card only where there is one', () => {
    const said = (request: object) => localAnswer('1.6', 'StopTransaction', request, context());
    assert.deepEqual(said({ transactionId: 7 }), { keep: 'queue', payload: {} });
    const { payload } = said({ transactionId: 7, idTag: 'CARD' }) as { payload: object };
    assert.deepEqual(Object.keys(payload), ['idTagInfo']);
  });

  test('in 2.1 keeps payments and swapped batteries, which 2.0.1 does not know', () => {
    for (const action of ['NotifySettlement', 'BatterySwap']) {
      assert.deepEqual(localAnswer('2.1', action, {}, context()), { keep: 'queue', payload: {} });
      assert.equal(localAnswer('2.0.1', action, {}, context()).keep, 'error');
      assert.equal(isThinnable('2.1', action, { eventType: 'Updated' }), false);
    }
    assert.equal(transactionOf('2.1', { transactionId: 'T1', pspRef: '1' }), 'T1');
    assert.equal(transactionOf('2.1', { transactionInfo: { transactionId: 'T2' } }), 'T2');
  });

  const bootStatus = (version: OcppVersion, changes: Partial<LocalContext>) => {
    const { acceptedIntervalSeconds: _known, ...unknown } = context();
    const base = 'unknownBoot' in changes ? unknown : context();
    const answer = localAnswer(version, 'BootNotification', {}, { ...base, ...changes });
    return answer.keep === 'nothing' ? (answer.payload as { status: string }).status : answer.keep;
  };

  test('to a boot is Accepted only for a charger that was accepted before, with a trusted clock', () => {
    assert.equal(bootStatus('1.6', {}), 'Accepted');
    assert.equal(bootStatus('2.1', { clockTrusted: false }), 'Pending');
    assert.equal(bootStatus('1.6', { unknownBoot: 'pending' }), 'Pending');
    assert.equal(bootStatus('2.0.1', { unknownBoot: 'reject' }), 'Rejected');
  });

  test('to a heartbeat carries the true time, or is none', () => {
    const answer = localAnswer('1.6', 'Heartbeat', {}, context());
    assert.deepEqual(answer, {
      keep: 'nothing',
      payload: { currentTime: '2026-06-01T12:00:00.000Z' },
    });
    const lost = localAnswer('1.6', 'Heartbeat', {}, context({ clockTrusted: false }));
    assert.equal(lost.keep, 'error');
  });

  test('to a certificate is a failure, never accepted', () => {
    for (const certificate of [{ certificate: 'PEM' }, { iso15118CertificateHashData: [] }]) {
      const request = { idToken: ID_TOKEN, ...certificate };
      assert.equal(localAnswer('2.0.1', 'Authorize', request, context()).keep, 'error');
    }
  });

  test('to a boot that has to wait asks for the next one in a minute', () => {
    const answer = localAnswer('1.6', 'BootNotification', {}, context({ clockTrusted: false }));
    const currentTime = new Date(NOW).toISOString();
    const payload = { status: 'Pending', currentTime, interval: 60 };
    assert.deepEqual(answer, { keep: 'nothing', payload });
  });

  test('asks for a verdict on the card that there is, or on none', () => {
    const asked: unknown[] = [];
    const verdict = (token: unknown): TokenVerdict => {
      asked.push(token);
      return { status: 'Invalid' };
    };
    localAnswer('1.6', 'Authorize', { idTag: 'CARD' }, context({ verdict }));
    localAnswer('2.1', 'Authorize', { idToken: ID_TOKEN }, context({ verdict }));
    localAnswer('1.6', 'StartTransaction', { connectorId: 1 }, context({ verdict }));
    assert.deepEqual(asked, [{ id: 'CARD' }, { id: 'CARD', type: 'ISO14443' }, { id: '' }]);
  });

  test('to an event of a transaction says of a card only where there is one', () => {
    const said = (request: object) => localAnswer('2.0.1', 'TransactionEvent', request, context());
    assert.deepEqual(said({ eventType: 'Updated' }), { keep: 'queue', payload: {} });
    assert.deepEqual(said({ eventType: 'Updated', idToken: null }), { keep: 'queue', payload: {} });
    const { payload } = said({ eventType: 'Started', idToken: ID_TOKEN }) as { payload: object };
    assert.deepEqual(Object.keys(payload), ['idTokenInfo']);
  });

  const event = (evse: object, name?: string) => ({
    eventData: [{ component: { name: 'EVSE', ...evse }, variable: { name } }],
  });
  for (const [what, version, action, one, other, replaces] of [
    ['of a connector', '1.6', 'StatusNotification', { connectorId: 2 }, { connectorId: 2 }, true],
    ['of another one', '1.6', 'StatusNotification', { connectorId: 2 }, { connectorId: 1 }, false],
    ['of the charger', '1.6', 'StatusNotification', {}, { connectorId: 0 }, true],
    [
      'of another EVSE',
      '2.0.1',
      'StatusNotification',
      { evseId: 2, connectorId: 1 },
      { evseId: 1, connectorId: 1 },
      false,
    ],
    [
      'of another connector of an EVSE',
      '2.1',
      'StatusNotification',
      { evseId: 1, connectorId: 2 },
      { evseId: 1, connectorId: 1 },
      false,
    ],
    ['that names no place', '2.1', 'StatusNotification', {}, { evseId: 0, connectorId: 0 }, true],
    ['of a variable', '2.1', 'NotifyEvent', event({}, 'A'), event({ evse: { id: 0 } }, 'A'), true],
    [
      'of a variable elsewhere',
      '2.1',
      'NotifyEvent',
      event({ evse: { id: 2 } }, 'A'),
      event({ evse: { id: 1 } }, 'A'),
      false,
    ],
    ['of another component', '2.1', 'NotifyEvent', event({ name: 'X' }), event({}), false],
    [
      'of another reservation',
      '2.1',
      'ReservationStatusUpdate',
      { reservationId: 7 },
      { reservationId: 8 },
      false,
    ],
    ['of the firmware', '1.6', 'FirmwareStatusNotification', {}, { status: 'Installed' }, true],
  ] as const) {
    test(`${version} ${action} ${what}: ${replaces ? 'the newest is' : 'each is'} delivered later`, () => {
      const [first, second] = [one, other].map((request) =>
        localAnswer(version, action, request, context()),
      );
      assert.equal(first?.keep, 'latest');
      assert[replaces ? 'deepEqual' : 'notDeepEqual'](first, second);
    });
  }
});

describe('authorising without the CSMS', () => {
  const accepted: TokenVerdict = { status: 'Accepted' };
  const decide = (
    known: { list?: TokenVerdict; cache?: TokenVerdict },
    switches: OfflineSwitches = {},
    unknown: 'charger' | 'accept' | 'reject' = 'charger',
  ) => authorizeOffline({ id: 'CARD' }, known, switches, unknown, NOW).status;

  const cases: readonly (readonly [string, string, string])[] = [
    ['a cached card', decide({ cache: accepted }), 'Accepted'],
    [
      'the list beats the cache',
      decide({ list: { status: 'Blocked' }, cache: accepted }),
      'Blocked',
    ],
    ['a list that is switched off', decide({ list: accepted }, { listEnabled: false }), 'Invalid'],
    [
      'a cache that is switched off',
      decide({ cache: accepted }, { cacheEnabled: false }),
      'Invalid',
    ],
    ['an expired card', decide({ cache: { ...accepted, expiresAtWallMs: NOW } }), 'Expired'],
    ['nobody knows it', decide({}), 'Invalid'],
    ['nobody knows it, and that is allowed', decide({}, { acceptUnknown: true }), 'Accepted'],
    ['the site refuses strangers', decide({}, { acceptUnknown: true }, 'reject'), 'Invalid'],
    ['the site accepts strangers', decide({}, {}, 'accept'), 'Accepted'],
    [
      'a blocked one is no stranger',
      decide({ cache: { status: 'Blocked' } }, {}, 'accept'),
      'Blocked',
    ],
    [
      'offline authorisation is switched off',
      decide({ cache: accepted }, { authorizeOffline: false }),
      'Invalid',
    ],
  ];
  for (const [name, status, expected] of cases) {
    test(`1.6 §3.5.2-4: ${name}: ${expected}`, () => assert.equal(status, expected));
  }

  test('C06: a start without a token is accepted', () => {
    const token = { id: '', type: 'NoAuthorization' };
    assert.equal(authorizeOffline(token, {}, {}, 'reject', NOW).status, 'Accepted');
  });
});

describe('what may be thinned when space runs short', () => {
  const updated = { eventType: 'Updated', triggerReason: 'MeterValuePeriodic' };
  const cases: readonly (readonly [string, OcppVersion, string, object, boolean])[] = [
    ['meter values', '1.6', 'MeterValues', {}, true],
    ['a start', '1.6', 'StartTransaction', {}, false],
    ['a stop', '1.6', 'StopTransaction', {}, false],
    ['E11.FR.04 an update', '2.0.1', 'TransactionEvent', updated, true],
    ['J02.FR.13 a start', '2.0.1', 'TransactionEvent', { eventType: 'Started' }, false],
    ['J02.FR.13 an end', '2.1', 'TransactionEvent', { eventType: 'Ended' }, false],
    [
      'an update with a card',
      '2.0.1',
      'TransactionEvent',
      { ...updated, idToken: ID_TOKEN },
      false,
    ],
    [
      'E12.FR.04 a reached limit',
      '2.1',
      'TransactionEvent',
      { ...updated, triggerReason: 'CostLimitReached' },
      false,
    ],
    ['a security event', '2.1', 'SecurityEventNotification', {}, false],
  ];
  for (const [name, version, action, payload, expected] of cases) {
    test(`${name}: ${expected ? 'yes' : 'never'}`, () =>
      assert.equal(isThinnable(version, action, payload), expected));
  }
});
