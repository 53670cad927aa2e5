import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallTable } from '../../src/gateway/call-table.ts';

const LIFE_MS = 1_000;

test('an answer is expected once, then a duplicate, and late after its life', () => {
  const table = new CallTable<string>(LIFE_MS);
  table.sent('a', 'first', 0);
  table.sent('b', 'second', 0);
  assert.deepEqual(table.answer('a', 10), { verdict: 'expected', call: 'first' });
  assert.deepEqual(table.answer('a', 11), { verdict: 'duplicate' });
  assert.deepEqual(table.answer('b', LIFE_MS + 1), { verdict: 'late' });
  assert.deepEqual(table.answer('c', 10), { verdict: 'foreign' });
});

test('a retry under the same id is the newer call', () => {
  const table = new CallTable<string>(LIFE_MS);
  table.sent('a', 'old', 0);
  table.sent('b', 'other', 0);
  table.sent('a', 'new', 5);
  assert.deepEqual(table.open(), ['other', 'new']);
  assert.deepEqual(table.answer('a', 6), { verdict: 'expected', call: 'new' });
});

test('of many calls the last ones are known, a bounded number of them', () => {
  const table = new CallTable<string>(LIFE_MS);
  for (let n = 0; n < 1_000; n += 1) {
    table.sent(`${n}`, `call ${n}`, 0);
    table.answer(`${n}`, 1);
  }
  assert.equal(table.answer(`${1_000 - 64}`, 2).verdict, 'duplicate');
  assert.equal(table.answer(`${1_000 - 129}`, 2).verdict, 'foreign');
});
