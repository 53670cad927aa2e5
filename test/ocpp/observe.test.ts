import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { foldCharger, newCharger } from '../../src/core/charger-fold.ts';
import { abilityCalls, readAbilities } from '../../src/ocpp/abilities.ts';
import { observeAnswer, observeRequest, observesRequest } from '../../src/ocpp/observe.ts';

const sampled = (...samples: object[]) => [{ timestamp: 'x', sampledValue: samples }];
const measured16 = (...samples: object[]) =>
  observeRequest('1.6', 'MeterValues', { connectorId: 1, meterValue: sampled(...samples) }, 5)[0];

describe('1.6', () => {
  test('the transaction id is in the answer of the CSMS', () => {
    const request = { connectorId: 2, idTag: 'CARD', meterStart: 100 };
    assert.deepEqual(observeAnswer('1.6', 'StartTransaction', request, { transactionId: 7 }), [
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

  for (const [name, samples, expected] of [
    [
      'currents by phase, as text',
      [
        { value: '15.2', measurand: 'Current.Import', phase: 'L1', unit: 'A' },
        { value: ' 14.0 ', measurand: 'Current.Import', phase: 'L2' },
      ],
      { terminalAmps: [15.2, 14, 0] },
    ],
    [
      'the phase in the name',
      [{ value: 3, measurand: 'Current.Import.L3' }],
      { terminalAmps: [0, 0, 3] },
    ],
    [
      'phase to neutral',
      [{ value: 3, measurand: 'Current.Import', phase: 'L1-N' }],
      { terminalAmps: [3, 0, 0] },
    ],
    [
      'a current without phase tells nothing by phase',
      [{ value: 3, measurand: 'Current.Import' }],
      {},
    ],
    [
      'kilowatts',
      [{ value: '7.4', measurand: 'Power.Active.Import', unit: 'kW' }],
      { watts: 7400 },
    ],
    ['no measurand is energy', [{ value: '1234' }], { energyWh: 1234 }],
    ['kilowatt hours', [{ value: '1.5', unit: 'kWh' }], { energyWh: 1500 }],
    ['state of charge', [{ value: '71', measurand: 'SoC', unit: 'Percent' }], { socPercent: 71 }],
    ['nonsense', [{ value: 'abc', measurand: 'SoC' }, null, 7], {}],
  ] as const) {
    test(`meter values: ${name}`, () => {
      const event = measured16(...(samples as unknown as object[]));
      assert.deepEqual(event, { type: 'measured', connector: 1, atMs: 5, ...expected });
    });
  }
});

describe('2.x', () => {
  const event = (changes: object) =>
    observeRequest('2.0.1', 'TransactionEvent', { evse: { id: 1 }, ...changes }, 5);

  test('a transaction begins with its own id', () => {
    const events = event({
      eventType: 'Started',
      transactionInfo: { transactionId: 'abc', chargingState: 'Charging' },
      idToken: { idToken: 'CARD', type: 'ISO14443' },
    });
    assert.deepEqual(events[0], {
      type: 'transaction-started',
      connector: 1,
      transactionId: 'abc',
      idToken: 'CARD',
    });
    assert.deepEqual(events[1], {
      type: 'charging-state',
      transactionId: 'abc',
      status: 'charging',
      connector: 1,
    });
  });

  test('a power of ten may come with the unit', () => {
    const [, measured] = event({
      eventType: 'Updated',
      transactionInfo: { transactionId: 'abc', chargingState: 'Charging' },
      meterValue: sampled({
        value: 7.4,
        measurand: 'Power.Active.Import',
        unitOfMeasure: { unit: 'W', multiplier: 3 },
      }),
    });
    assert.equal((measured as { watts?: number }).watts, 7400);
  });

  test('availability may come as an event', () => {
    const eventData = [
      {
        component: { name: 'Connector', evse: { id: 2, connectorId: 1 } },
        variable: { name: 'AvailabilityState' },
        actualValue: 'Faulted',
      },
    ];
    assert.deepEqual(observeRequest('2.1', 'NotifyEvent', { eventData }, 5), [
      { type: 'status', connector: 2, status: 'faulted' },
    ]);
  });
});

test('no payload whatsoever throws', () => {
  const actions = [
    'BootNotification',
    'StatusNotification',
    'MeterValues',
    'TransactionEvent',
    'StopTransaction',
    'NotifyEvent',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom('1.6', '2.0.1', '2.1'),
      fc.constantFrom(...actions),
      fc.jsonValue(),
      (version, action, payload) => {
        if (!observesRequest(version, action)) return;
        const charger = newCharger('CP_1', 1, 0);
        for (const seen of observeRequest(version, action, payload, 1))
          foldCharger(charger, seen, 1);
      },
    ),
  );
});

describe('abilities', () => {
  for (const [value, units] of [
    ['Current', ['A']],
    ['Power', ['W']],
    ['Current,Power', ['A', 'W']],
    [' "A" , W ', ['A', 'W']],
    ['?', ['A']],
  ] as const) {
    test(`rate units written as ${value}`, () => {
      const configurationKey = [{ key: 'chargingscheduleallowedchargingrateunit', value }];
      assert.deepEqual(readAbilities('1.6', [{ configurationKey }]).rateUnits, units);
    });
  }

  test('a charger that does not answer is taken for a simple one', () => {
    assert.deepEqual(readAbilities('2.0.1', [undefined]), { rateUnits: ['A'], known: false });
    assert.equal(abilityCalls('2.1')[0]?.action, 'GetVariables');
  });
});

describe('what is known of a charger', () => {
  const started = {
    type: 'transaction-started',
    connector: 1,
    transactionId: '7',
  } as const;
  const measuredAt = (atMs: number, terminalAmps: readonly [number, number, number]) =>
    ({ type: 'measured', connector: 0, transactionId: '7', atMs, terminalAmps }) as const;

  test('phases of a car are believed unused only after a minute of charging', () => {
    let charger = foldCharger(newCharger('CP_1', 1, 0), started, 0);
    const active = () => charger.connectors.get(1)?.transaction?.activeTerminals;
    charger = foldCharger(charger, measuredAt(1_000, [10, 0, 0]), 1_000);
    assert.equal(active(), undefined);
    charger = foldCharger(charger, measuredAt(61_000, [10, 0, 0]), 61_000);
    assert.deepEqual(active(), [true, false, false]);
    charger = foldCharger(charger, measuredAt(62_000, [10, 8, 0]), 62_000);
    assert.deepEqual(active(), [true, true, false]);
  });

  test('a transaction ends with its message, or when its connector is free again', () => {
    const charging = foldCharger(newCharger('CP_1', 1, 0), started, 0);
    const ended = foldCharger(charging, { type: 'transaction-ended', transactionId: '7' }, 1);
    assert.equal(ended.connectors.get(1)?.transaction, undefined);
    const free = foldCharger(charging, { type: 'status', connector: 1, status: 'available' }, 1);
    assert.equal(free.connectors.get(1)?.transaction, undefined);
  });

  test('the end of a transaction that is not known leaves the one that is', () => {
    const charging = foldCharger(newCharger('CP_1', 1, 0), started, 0);
    const event = { type: 'transaction-ended', transactionId: '6', connector: 1 } as const;
    assert.equal(foldCharger(charging, event, 1).connectors.get(1)?.transaction?.id, '7');
  });
});
