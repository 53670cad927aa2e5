import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  ChargerEvent,
  ConnectorStatus,
  Measurement,
} from '../../src/core/chargers/charger-event.ts';
import {
  foldCharger,
  newCharger,
  STALE_TRANSACTION_AFTER_MS,
  withAbilities,
  withOnline,
  withoutStaleTransactions,
} from '../../src/core/chargers/charger-fold.ts';
import type { ChargerState } from '../../src/core/chargers/charger-state.ts';
import type { PhaseAmps } from '../../src/core/units.ts';

const fresh = (connectors = 1) => withOnline(newCharger('CP_1', connectors, 0), true, 0, '1.6');
const fold = (charger: ChargerState, ...events: readonly (ChargerEvent & { at?: number })[]) =>
  events.reduce(
    (state, { at = 0, ...event }) => foldCharger(state, event as ChargerEvent, at),
    charger,
  );
const started = (transactionId: string, connector = 1) =>
  ({ type: 'transaction-started', connector, transactionId }) as const;
const ended = (transactionId: string, connector?: number) =>
  ({
    type: 'transaction-ended',
    transactionId,
    ...(connector === undefined ? {} : { connector }),
  }) as const;
const status = (to: ConnectorStatus, at = 0, connector = 1) =>
  ({ type: 'status', connector, status: to, at }) as const;
const state = (to: ConnectorStatus, transactionId: string, connector?: number) =>
  ({
    type: 'charging-state',
    transactionId,
    status: to,
    ...(connector === undefined ? {} : { connector }),
  }) as const;
const measured = (at: number, terminalAmps: PhaseAmps, more: Partial<Measurement> = {}) =>
  ({ type: 'measured', connector: 1, atMs: at, at, terminalAmps, ...more }) as const;
const connector = (charger: ChargerState, number = 1) => charger.connectors.get(number);
const transactionOf = (charger: ChargerState, number = 1) =>
  connector(charger, number)?.transaction;

describe('a charger', () => {
  test('begins offline, with its connectors free and nothing known of it', () => {
    const charger = newCharger('CP_1', 2, 7);
    assert.equal(charger.online, false);
    assert.deepEqual([...charger.connectors.keys()], [1, 2]);
    assert.equal(connector(charger, 2)?.status, 'available');
    assert.deepEqual(charger.abilities, { rateUnits: ['A'], known: false });
  });

  test('keeps what a later boot leaves out', () => {
    const booted = { type: 'booted', vendor: 'ACME', model: 'One' } as const;
    const charger = fold(fresh(), { ...booted, firmware: '1.0', serial: 'S' }, booted);
    assert.equal(charger.firmware, '1.0');
    assert.equal(charger.serial, 'S');
  });

  test('is never changed in place', () => {
    const before = fresh(2);
    const connectors = before.connectors;
    fold(before, started('7'), measured(1, [6, 6, 6]), status('faulted'), ended('7'));
    withAbilities(before, { rateUnits: ['W'], known: true });
    assert.equal(before.connectors, connectors);
    assert.equal(transactionOf(before), undefined);
  });

  test('keeps the state of its other connectors as it is', () => {
    const before = fresh(2);
    const after = fold(before, started('7'));
    assert.equal(connector(after, 2), connector(before, 2));
  });

  test('is the same object when nothing changed', () => {
    const charger = fold(fresh(), status('preparing'));
    assert.equal(fold(charger, status('preparing', 9)), charger);
    assert.equal(fold(charger, status('faulted', 9, 0), status('faulted', 9, 65)), charger);
  });

  test('has a connector once it speaks of it', () => {
    assert.equal(connector(fold(fresh(), status('charging', 0, 2)), 2)?.status, 'charging');
  });
});

describe('a transaction', () => {
  test('ends with its message, and with it the draw', () => {
    const charging = fold(fresh(), started('7'), status('charging'), measured(1, [6, 6, 6]));
    const free = connector(fold(charging, ended('7')));
    assert.equal(free?.transaction, undefined);
    assert.equal(free?.terminalAmps, undefined);
    assert.equal(free?.status, 'finishing');
  });

  test('that is not known leaves the one that is', () => {
    assert.equal(transactionOf(fold(fresh(), started('7'), ended('6', 1)))?.id, '7');
  });

  test('gives way to the next one', () => {
    const charger = fold(fresh(), started('7'), measured(1, [6, 6, 6]), started('8'));
    assert.equal(transactionOf(charger)?.id, '8');
    assert.equal(connector(charger)?.terminalAmps, undefined);
  });

  test('that is told of twice goes on', () => {
    const charger = fold(fresh(), started('7'), measured(5, [9, 0, 0]), { ...started('7'), at: 9 });
    assert.deepEqual(connector(charger)?.terminalAmps, [9, 0, 0]);
    assert.equal(transactionOf(charger)?.startedAtMs, 0);
  });

  test('is taken up when it is first heard of in its course', () => {
    const measurement = measured(3, [9, 0, 0], { transactionId: '7' });
    assert.equal(transactionOf(fold(fresh(), measurement))?.id, '7');
    assert.equal(transactionOf(fold(fresh(), state('charging', 'abc', 1)))?.id, 'abc');
  });

  test('is not taken up again by what is said of it after its end', () => {
    const charger = fold(fresh(), started('7'), ended('7'));
    const late = [measured(3, [16, 0, 0], { transactionId: '7' }), state('charging', '7', 1)];
    for (const event of late) assert.equal(fold(charger, event), charger);
    assert.equal(transactionOf(fold(charger, started('7')))?.id, '7');
  });

  test('is not replaced by a measurement that names another one', () => {
    const charger = fold(fresh(), started('7'), measured(3, [9, 0, 0], { transactionId: '6' }));
    assert.equal(transactionOf(charger)?.id, '7');
    assert.deepEqual(connector(charger)?.terminalAmps, [9, 0, 0]);
  });

  test('is found by its id where the EVSE is not named (2.x)', () => {
    const charger = fold(fresh(2), started('abc', 2), state('charging', 'abc'));
    assert.equal(connector(charger, 2)?.status, 'charging');
    const drawing = fold(charger, measured(1, [6, 0, 0], { connector: 0, transactionId: 'abc' }));
    assert.deepEqual(connector(drawing, 2)?.terminalAmps, [6, 0, 0]);
    assert.equal(transactionOf(fold(drawing, ended('abc')), 2), undefined);
  });

  test('that nobody placed is on the only connector, or nowhere', () => {
    assert.equal(transactionOf(fold(fresh(1), state('charging', 'abc')))?.id, 'abc');
    const two = fresh(2);
    assert.equal(fold(two, state('charging', 'abc')), two);
  });

  test('is not needed to charge', () => {
    const free = fold(fresh(), status('charging'), measured(1, [16, 16, 16]));
    assert.equal(connector(free)?.status, 'charging');
    assert.deepEqual(connector(free)?.terminalAmps, [16, 16, 16]);
    assert.equal(transactionOf(free), undefined);
  });

  test('is not hidden by "occupied", which says less', () => {
    const charger = fold(
      fresh(),
      started('abc'),
      state('suspended-ev', 'abc'),
      status('preparing'),
    );
    assert.equal(connector(charger)?.status, 'suspended-ev');
  });
});

describe('a charger that says it is free', () => {
  const free = fold(fresh(), started('7'), status('available', 1_000));
  const later = (charger: ChargerState, ms: number) =>
    transactionOf(withoutStaleTransactions(charger, ms))?.id;

  test('keeps its transaction for a while, then it is gone', () => {
    assert.equal(later(free, 1_000), '7');
    assert.equal(later(free, 1_000 + STALE_TRANSACTION_AFTER_MS - 1), '7');
    assert.equal(later(free, 1_000 + STALE_TRANSACTION_AFTER_MS), undefined);
  });

  test('does not put this off by saying it again', () => {
    const again = fold(free, status('available', 60_000));
    assert.equal(later(again, 1_000 + STALE_TRANSACTION_AFTER_MS), undefined);
  });

  for (const [name, event] of [
    ['current flows', measured(60_000, [9, 0, 0])],
    ['its meter names the transaction', measured(60_000, [0, 0, 0], { transactionId: '7' })],
  ] as const) {
    test(`keeps it as long as ${name}`, () => {
      const charging = fold(free, event);
      assert.equal(later(charging, 1_000 + STALE_TRANSACTION_AFTER_MS), '7');
      assert.equal(later(charging, 60_000 + STALE_TRANSACTION_AFTER_MS), undefined);
    });
  }

  test('keeps it while it cannot be heard', () => {
    assert.equal(later(withOnline(free, false, 2_000), 10 * STALE_TRANSACTION_AFTER_MS), '7');
    const back = withOnline(free, true, 500_000);
    assert.equal(later(back, 500_000), '7');
    assert.equal(later(back, 500_000 + STALE_TRANSACTION_AFTER_MS), undefined);
  });

  test('had said so before the transaction began: that is no reason', () => {
    const charging = fold(fresh(), started('7'));
    assert.equal(connector(charging)?.status, 'preparing');
    assert.equal(later(charging, 10 * STALE_TRANSACTION_AFTER_MS), '7');
    const heard = fold(fresh(), measured(3, [9, 0, 0], { transactionId: '7' }));
    assert.equal(later(heard, 10 * STALE_TRANSACTION_AFTER_MS), '7');
  });

  test('loses nothing else', () => {
    const charging = fold(fresh(), started('7'), status('charging'));
    assert.equal(withoutStaleTransactions(charging, 10 * STALE_TRANSACTION_AFTER_MS), charging);
  });
});

describe('the phases of a car', () => {
  const charging = fold(fresh(), started('7'));
  const active = (...events: readonly (ChargerEvent & { at?: number })[]) =>
    transactionOf(fold(charging, ...events))?.activeTerminals;

  test('are believed unused only after a minute of charging', () => {
    assert.equal(active(measured(1_000, [10, 0, 0])), undefined);
    const minute = [measured(1_000, [10, 0, 0]), measured(61_000, [10, 0, 0])];
    assert.deepEqual(active(...minute), [true, false, false]);
    assert.deepEqual(active(...minute, measured(62_000, [10, 8, 0])), [true, true, false]);
    assert.deepEqual(active(...minute, measured(62_000, [0, 0, 0])), [true, false, false]);
  });

  test('are not learned while the car pauses or only trickles', () => {
    assert.equal(active(measured(0, [10, 0, 0]), measured(50_000, [0, 0, 0])), undefined);
    const resumed = [measured(50_000, [0, 0, 0]), measured(61_000, [10, 0, 0])];
    assert.equal(active(measured(0, [10, 0, 0]), ...resumed), undefined);
    assert.equal(active(measured(0, [2, 0, 0]), measured(61_000, [2, 0, 0])), undefined);
  });

  test('that carried current once in the transaction are used', () => {
    const events = [
      measured(0, [3, 3, 3]),
      measured(10_000, [10, 0, 0]),
      measured(70_000, [10, 0, 0]),
    ];
    assert.deepEqual(active(...events), [true, true, true]);
  });

  test('that the charger does not measure are not believed unused', () => {
    const terminalsTold = [true, false, false];
    const events = [0, 61_000].map((at) => measured(at, [10, 0, 0], { terminalsTold }));
    assert.deepEqual(active(...events), [true, true, true]);
  });

  test('are learned anew in the next transaction', () => {
    const learned = fold(charging, measured(0, [10, 0, 0]), measured(61_000, [10, 0, 0]));
    assert.equal(transactionOf(fold(learned, started('8')))?.activeTerminals, undefined);
  });
});

describe('a measurement', () => {
  test('of currents is dated; one of power or energy alone makes no current newer', () => {
    const charger = fold(fresh(), started('7'), measured(1_000, [9, 9, 9]));
    assert.equal(connector(charger)?.measuredAtMs, 1_000);
    const power = {
      type: 'measured',
      connector: 1,
      atMs: 9_000,
      watts: 6_000,
      energyWh: 5,
    } as const;
    const later = connector(fold(charger, power));
    assert.deepEqual([later?.measuredAtMs, later?.terminalAmps], [1_000, [9, 9, 9]]);
    assert.deepEqual([later?.watts, later?.energyWh], [6_000, 5]);
  });

  test('goes to the connector that it names, on a charger of several', () => {
    const charger = fold(fresh(2), { ...measured(5, [8, 8, 8]), connector: 2 });
    assert.equal(connector(charger, 2)?.measuredAtMs, 5);
    assert.equal(connector(charger, 1)?.measuredAtMs, undefined);
  });

  test('goes where its transaction is, whatever connector it names', () => {
    const charger = fold(fresh(2), started('7', 2), measured(5, [8, 8, 8], { transactionId: '7' }));
    assert.equal(connector(charger, 2)?.measuredAtMs, 5);
    assert.equal(connector(charger, 1)?.measuredAtMs, undefined);
  });

  test('without current in another name is no sign of life of the transaction', () => {
    const seenAt = (amps: PhaseAmps, transactionId?: string) =>
      transactionOf(
        fold(
          fresh(),
          started('7'),
          measured(5_000, amps, transactionId === undefined ? {} : { transactionId }),
        ),
      )?.seenAtMs;
    assert.equal(seenAt([0, 0, 0]), 0);
    assert.equal(seenAt([0, 0, 0], '8'), 0);
    assert.equal(seenAt([0, 9, 0]), 5_000);
    assert.equal(seenAt([0, 0, 0], '7'), 5_000);
  });
});

describe('what is known of a transaction', () => {
  test('stays when its state is told, and when it is told of again', () => {
    const start = { ...started('7'), meterStartWh: 120, idToken: 'T' };
    const charger = fold(fresh(), start, { ...state('charging', '7', 1), at: 40_000 });
    const { startedAtMs, seenAtMs, meterStartWh } = transactionOf(charger) ?? {};
    assert.deepEqual([startedAtMs, seenAtMs, meterStartWh], [0, 40_000, 120]);
    const again = transactionOf(fold(charger, { ...started('7'), at: 50_000 }));
    assert.deepEqual([again?.startedAtMs, again?.meterStartWh], [0, 120]);
    const next = transactionOf(fold(charger, { ...state('charging', '8', 1), at: 60_000 }));
    assert.deepEqual([next?.id, next?.startedAtMs, next?.meterStartWh], ['8', 60_000, undefined]);
  });

  test('a charge level that is not told leaves the one that is known', () => {
    const needs = { type: 'car-needs', connector: 1 } as const;
    const charger = fold(fresh(), started('7'), { ...needs, socPercent: 55 }, needs);
    assert.equal(connector(charger)?.socPercent, 55);
  });
});
