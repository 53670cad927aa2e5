import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClearProfile } from '../../src/ocpp/profile-requests.ts';
import {
  type BookedProfile,
  endedByOffline,
  matching,
  ofEndedTransactions,
  replacedBy,
} from '../../src/profiles/book.ts';
import { type SampleChanges, sample } from './profile-samples.ts';

const booked = (id: number, changes: SampleChanges = {}): BookedProfile => ({
  ...sample(10, { id, ...changes }),
  asSent: { id },
});
const ids = (book: readonly BookedProfile[]): readonly number[] =>
  book.map(({ profile }) => profile.id);

test('K01.FR.05 the same id replaces; 1.6 §3.13.2 so do the same purpose, level and connector', () => {
  const book = [booked(1), booked(2, { stackLevel: 1 })];
  assert.deepEqual(ids(replacedBy(book, booked(1), '2.0.1')), [1]);
  assert.deepEqual(ids(replacedBy(book, booked(3), '2.0.1')), []);
  assert.deepEqual(ids(replacedBy(book, booked(3), '1.6')), [1]);
  assert.deepEqual(ids(replacedBy(book, booked(3, { connector: 0 }), '1.6')), []);
});

test('1.6 §3.13.2 the same purpose and level replaces, though it is valid only later', () => {
  const later = booked(3, { validFromMs: 9e12 });
  assert.deepEqual(ids(replacedBy([booked(1)], later, '1.6')), [1]);
});

test('K10.FR.06, FR.08, FR.09 what is not of the CSMS is not there to clear: Unknown', () => {
  const book = [booked(1), booked(2, { purpose: 'station-max', connector: 0 })];
  for (const chargingProfilePurpose of ['ChargingStationExternalConstraints', 'LocalGeneration']) {
    const payload = { chargingProfileCriteria: { chargingProfilePurpose } };
    const criteria = readClearProfile('2.1', payload);
    assert.ok(!('problem' in criteria));
    assert.deepEqual(matching(book, criteria), []);
  }
});

test('K10.FR.02, FR.04, 1.6 §5.5 what a request means', () => {
  const max = booked(3, { purpose: 'station-max' });
  const book = [booked(1), booked(2, { stackLevel: 1, connector: 2 }), max];
  assert.deepEqual(ids(matching(book, {})), [1, 2, 3]);
  assert.deepEqual(ids(matching(book, { ids: [2] })), [2]);
  assert.deepEqual(ids(matching(book, { purpose: 'tx-default' })), [1, 2]);
  assert.deepEqual(ids(matching(book, { purpose: 'tx-default', stackLevel: 1 })), [2]);
  assert.deepEqual(ids(matching(book, { connector: 1, stackLevel: 1 })), []);
  assert.deepEqual(ids(matching(book, { connector: 0 })), [3]);
});

test('K02.FR.05 TxProfiles go with their transaction', () => {
  const tx = { purpose: 'tx' } as const;
  const book = [
    booked(1),
    booked(2, { ...tx, transactionId: '7' }),
    booked(3, { ...tx, transactionId: '8' }),
    booked(4, { ...tx, transactionId: '7', connector: 2 }),
  ];
  assert.deepEqual(ids(ofEndedTransactions(book, 1, undefined)), [2, 3]);
  assert.deepEqual(ids(ofEndedTransactions(book, 1, '8')), [2]);
});

test('K01.FR.102, FR.103 after its longest absence of the CSMS a profile is over for good', () => {
  const book = [
    booked(1, { maxOfflineSeconds: 60 }),
    booked(2, { maxOfflineSeconds: 60, invalidAfterOffline: true }),
    booked(3, { invalidAfterOffline: true }),
  ];
  assert.deepEqual(ids(endedByOffline(book, 60_000)), []);
  assert.deepEqual(ids(endedByOffline(book, 60_001)), [2]);
});
