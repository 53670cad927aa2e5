import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CarNeeds, WishBook, wishOf } from '../../src/control/wish-book.ts';
import { connectorKey } from '../../src/core/tick.ts';
import { observeRequest } from '../../src/ocpp/observe.ts';

const KEY = connectorKey('CP_1', 1);
const NOW = Date.UTC(2026, 5, 1, 12);

test('what a driver says goes before what the car says, in either order', () => {
  const book = new WishBook();
  book.setByCar(KEY, { energyWh: 1 }, NOW);
  book.setByCar(KEY, { energyWh: 2 }, NOW);
  assert.equal(book.all().get(KEY)?.energyWh, 2, 'the car may think again');
  book.set(KEY, { energyWh: 3 }, NOW);
  book.setByCar(KEY, { energyWh: 4 }, NOW);
  assert.equal(book.all().get(KEY)?.energyWh, 3);
});

test('a restart does not make a driver of a car', () => {
  const before = new WishBook();
  before.setByCar(KEY, { energyWh: 5 }, NOW);
  before.follow(KEY, undefined, '7');
  const after = new WishBook();
  after.restore(
    before.standing(() => '7'),
    new Set([KEY]),
    NOW + 1000,
  );
  assert.equal(after.all().get(KEY)?.energyWh, 5);
  after.follow(KEY, undefined, '7');
  after.setByCar(KEY, { energyWh: 6 }, NOW);
  assert.equal(after.all().get(KEY)?.energyWh, 6);
  after.follow(KEY, '7', undefined);
  assert.equal(after.all().size, 0, 'it left');
});

test('what a car asks for counts from now on, and a departure that is over says nothing', () => {
  const needs: CarNeeds = {
    type: 'car-needs',
    connector: 1,
    energyWh: 10_000,
    departsAtWallMs: NOW - 1,
  };
  const state = { connector: 1, status: 'charging', statusAtMs: 0, energyWh: 7_500 } as const;
  const transaction = { id: '7', startedAtMs: 0, meterStartWh: 5_000 };
  assert.deepEqual(wishOf(needs, { ...state, transaction }, NOW), { energyWh: 12_500 });
  assert.deepEqual(wishOf({ ...needs, departsAtWallMs: NOW + 1 }, state, NOW), {
    energyWh: 10_000,
    departsAtWallMs: NOW + 1,
  });
});

test('needs are read by AC, by DC with a charge level, and of cars that can give back', () => {
  const read = (version: '2.0.1' | '2.1', chargingNeeds: object, evseId: unknown = 1) =>
    observeRequest(version, 'NotifyEVChargingNeeds', { evseId, chargingNeeds }, 5);
  const departureTime = '2026-06-01T14:00:00Z';
  const base = { type: 'car-needs', connector: 1 };
  const energyAmount = 9_000;
  assert.deepEqual(read('2.0.1', { departureTime, acChargingParameters: { energyAmount } }), [
    { ...base, energyWh: 9_000, departsAtWallMs: NOW + 7_200_000 },
  ]);
  const dc = { energyAmount, stateOfCharge: 35 };
  assert.deepEqual(read('2.0.1', { dcChargingParameters: dc }), [
    { ...base, energyWh: 9_000, socPercent: 35 },
  ]);
  assert.deepEqual(read('2.1', { v2xChargingParameters: { evTargetEnergyRequest: 8_000.5 } }), [
    { ...base, energyWh: 8_000.5 },
  ]);
  const odd = {
    departureTime: 'soon',
    dcChargingParameters: { energyAmount: -1, stateOfCharge: 101 },
  };
  assert.deepEqual(read('2.1', odd), [base]);
  assert.deepEqual(read('2.1', {}, 0), []);
  assert.deepEqual(observeRequest('1.6', 'NotifyEVChargingNeeds', { evseId: 1 }, 5), []);
});
