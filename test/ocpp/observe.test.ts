import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { foldCharger, newCharger } from '../../src/core/chargers/charger-fold.ts';
import {
  observeAnswer,
  observeRequest,
  observesAnswer,
  observesRequest,
} from '../../src/ocpp/observe.ts';

describe('1.6', () => {
  const request = (action: string, payload: object) => observeRequest('1.6', action, payload, 5);

  test('a boot tells what the charger is', () => {
    const payload = {
      chargePointVendor: 'ACME',
      chargePointModel: 'One',
      firmwareVersion: '1.2.3',
      chargeBoxSerialNumber: 'S1',
    };
    assert.deepEqual(request('BootNotification', payload), [
      { type: 'booted', vendor: 'ACME', model: 'One', firmware: '1.2.3', serial: 'S1' },
    ]);
  });

  for (const [word, status] of [
    ['Available', 'available'],
    ['Preparing', 'preparing'],
    ['Charging', 'charging'],
    ['SuspendedEV', 'suspended-ev'],
    ['SuspendedEVSE', 'suspended-evse'],
    ['Finishing', 'finishing'],
    ['Reserved', 'reserved'],
    ['Unavailable', 'unavailable'],
    ['Faulted', 'faulted'],
  ]) {
    test(`status ${word}`, () => {
      const payload = { connectorId: '1', errorCode: 'NoError', status: word };
      assert.deepEqual(request('StatusNotification', payload), [
        { type: 'status', connector: 1, status },
      ]);
    });
  }

  test('an error comes with the status', () => {
    const payload = { connectorId: 2, errorCode: 'GroundFailure', status: 'Faulted' };
    assert.deepEqual(request('StatusNotification', payload), [
      { type: 'status', connector: 2, status: 'faulted', errorCode: 'GroundFailure' },
    ]);
  });

  for (const status of ['Occupied', 'constructor', '__proto__', 7, null]) {
    test(`a status that does not exist is none: ${status}`, () => {
      assert.deepEqual(request('StatusNotification', { connectorId: 1, status }), []);
    });
  }

  test('the transaction id is in the answer of the CSMS', () => {
    const asked = { connectorId: 2, idTag: 'CARD', meterStart: '100 ' };
    assert.ok(observesAnswer('1.6', 'StartTransaction'));
    assert.deepEqual(observeAnswer('1.6', 'StartTransaction', asked, { transactionId: 7 }), [
      {
        type: 'transaction-started',
        connector: 2,
        transactionId: '7',
        idToken: 'CARD',
        meterStartWh: 100,
      },
    ]);
  });

  test('a transaction that the CSMS did not number is none', () => {
    assert.deepEqual(observeAnswer('1.6', 'StartTransaction', { connectorId: 2 }, {}), []);
  });

  test('the data of a stopped transaction are history, its id and counter are not', () => {
    const payload = {
      transactionId: 7,
      meterStop: 4200,
      reason: 'EVDisconnected',
      transactionData: [{ sampledValue: [{ value: '16', measurand: 'Current.Import' }] }],
    };
    assert.deepEqual(request('StopTransaction', payload), [
      {
        type: 'transaction-ended',
        transactionId: '7',
        reason: 'EVDisconnected',
        meterStopWh: 4200,
      },
    ]);
  });

  test('messages that say nothing of the site are not parsed', () => {
    for (const action of ['Heartbeat', 'Authorize', 'DataTransfer', 'toString']) {
      assert.equal(observesRequest('1.6', action), false);
    }
    assert.equal(observesAnswer('2.0.1', 'TransactionEvent'), false);
  });
});

describe('2.x', () => {
  const event = (changes: object) =>
    observeRequest('2.0.1', 'TransactionEvent', { evse: { id: 1 }, ...changes }, 5);
  const updated = (changes: object, chargingState = 'Charging') =>
    event({
      eventType: 'Updated',
      transactionInfo: { transactionId: 'abc', chargingState },
      ...changes,
    });
  const meterValue = [{ sampledValue: [{ value: 7.4, measurand: 'SoC' }] }];

  test('a boot tells what the charger is', () => {
    const chargingStation = { vendorName: 'ACME', model: 'Two', serialNumber: 'S2' };
    const payload = { reason: 'PowerUp', chargingStation };
    assert.deepEqual(observeRequest('2.1', 'BootNotification', payload, 5), [
      { type: 'booted', vendor: 'ACME', model: 'Two', serial: 'S2' },
    ]);
  });

  test('a transaction begins with its own id', () => {
    const events = event({
      eventType: 'Started',
      transactionInfo: { transactionId: 'abc', chargingState: 'Charging' },
      idToken: { idToken: 'CARD', type: 'ISO14443' },
    });
    assert.deepEqual(events, [
      { type: 'transaction-started', connector: 1, transactionId: 'abc', idToken: 'CARD' },
      { type: 'charging-state', transactionId: 'abc', status: 'charging', connector: 1 },
    ]);
  });

  for (const [word, status] of [
    ['Charging', 'charging'],
    ['EVConnected', 'preparing'],
    ['SuspendedEV', 'suspended-ev'],
    ['SuspendedEVSE', 'suspended-evse'],
    ['Idle', 'finishing'],
  ] as const) {
    test(`charging state ${word}`, () => {
      assert.deepEqual(updated({}, word), [
        { type: 'charging-state', transactionId: 'abc', status, connector: 1 },
      ]);
    });
  }

  test('an event need not repeat the EVSE', () => {
    assert.deepEqual(updated({ evse: undefined, meterValue }), [
      { type: 'charging-state', transactionId: 'abc', status: 'charging' },
      { type: 'measured', connector: 0, atMs: 5, transactionId: 'abc', socPercent: 7.4 },
    ]);
  });

  test('what was measured while offline is not the present draw', () => {
    assert.deepEqual(
      updated({ offline: true, meterValue }).map(({ type }) => type),
      ['charging-state'],
    );
  });

  test('a transaction ends', () => {
    const transactionInfo = { transactionId: 'abc', stoppedReason: 'Local' };
    const ended = event({ eventType: 'Ended', transactionInfo, evse: undefined });
    assert.deepEqual(ended, [{ type: 'transaction-ended', transactionId: 'abc', reason: 'Local' }]);
  });

  for (const [name, variable, actualValue, status] of [
    ['availability', 'AvailabilityState', 'Faulted', 'faulted'],
    ['availability, in other letters', 'availabilitystate', 'Occupied', 'preparing'],
    ['the state of charging', 'ChargingState', 'SuspendedEV', 'suspended-ev'],
  ] as const) {
    test(`${name} may come as an event`, () => {
      const component = { name: 'Connector', evse: { id: 2, connectorId: 1 } };
      const eventData = [{ component, variable: { name: variable }, actualValue }];
      assert.deepEqual(observeRequest('2.1', 'NotifyEvent', { eventData }, 5), [
        { type: 'status', connector: 2, status },
      ]);
    });
  }

  test('events of other variables, or of no EVSE, say nothing', () => {
    const eventData = [
      { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Power' } },
      { component: { name: 'X' }, variable: { name: 'AvailabilityState' }, actualValue: 'Faulted' },
    ];
    assert.deepEqual(observeRequest('2.1', 'NotifyEvent', { eventData }, 5), []);
  });
});

test('no payload whatsoever throws or leaves something strange behind', () => {
  const actions = [
    'BootNotification',
    'StatusNotification',
    'MeterValues',
    'TransactionEvent',
    'StopTransaction',
    'NotifyEvent',
  ];
  /** Payloads with the right keys and any values under them. */
  const keyed = fc.dictionary(
    fc.constantFrom(
      'connectorId',
      'evseId',
      'evse',
      'status',
      'transactionId',
      'transactionInfo',
      'eventType',
      'meterValue',
      'eventData',
      'offline',
    ),
    fc.oneof(fc.jsonValue(), fc.array(fc.object()), fc.object()),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('1.6', '2.0.1', '2.1'),
      fc.constantFrom(...actions),
      fc.oneof(fc.jsonValue(), keyed),
      (version, action, payload) => {
        const events = observeRequest(version, action, payload, 1);
        const answered = observeAnswer(version, 'StartTransaction', payload, payload);
        let charger = newCharger('CP_1', 1, 0);
        for (const seen of [...events, ...answered]) charger = foldCharger(charger, seen, 1);
        for (const { status, terminalAmps } of charger.connectors.values()) {
          assert.equal(typeof status, 'string');
          assert.ok((terminalAmps ?? []).every((amps) => amps >= 0 && amps <= 1_000));
        }
      },
    ),
  );
});
