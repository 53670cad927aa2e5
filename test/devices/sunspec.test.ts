import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sunspecStep } from '../../src/devices/sunspec.ts';

const MARK = [0x5375, 0x6e53] as const;
const COMMON = [1, 66] as const;
const METER = [203, 105] as const;
const END = [0xffff, 0] as const;

/** Walks through a device with these words, as pairs by address; elsewhere it has no registers. */
const walk = (wanted: readonly number[], pairs: Readonly<Record<number, readonly number[]>>) => {
  const read: number[] = [];
  let step = sunspecStep(wanted);
  while (step.state === 'read') {
    assert.equal(step.count, 2);
    read.push(step.address);
    step = step.next(pairs[step.address] ?? []);
  }
  return { read, end: step.state === 'found' ? step.address : step.problem };
};

describe('a SunSpec model is found', () => {
  for (const [start, read] of [
    [40_000, [40_000, 40_002, 40_070]],
    [0, [40_000, 0, 2, 70]],
    [50_000, [40_000, 0, 50_000, 50_002, 50_070]],
  ] as const) {
    test(`behind the mark at ${start}`, () => {
      const chain = { [start]: MARK, [start + 2]: COMMON, [start + 70]: METER };
      assert.deepEqual(walk([201, 203], chain), { read, end: start + 70 });
    });
  }

  test('as the first of those wanted in the chain, also where another follows', () => {
    const chain = { 40000: MARK, 40002: METER, 40109: [213, 124] };
    assert.equal(walk([213, 203], chain).end, 40_002);
    assert.equal(walk([213], chain).end, 40_109);
  });
});

describe('no SunSpec model is found', () => {
  const unmarked = 'no SunSpec device: no "SunS" mark';
  const failed = 'no SunSpec model 203';
  for (const [name, pairs, end] of [
    ['without registers', {}, unmarked],
    ['behind half a mark', { 0: [MARK[0], 0], 40000: [0, MARK[1]], 2: METER }, unmarked],
    ['behind the end of the chain', { 0: MARK, 2: COMMON, 70: END, 72: METER }, failed],
    ['where the chain breaks off', { 0: MARK, 2: COMMON }, failed],
    ['where a length is missing', { 0: MARK, 2: [203] }, failed],
    ['beyond the last register', { 0: MARK, 2: [99, 65_531], 65535: METER }, failed],
    ['that would not fit before the last register', { 0: MARK, 2: [203, 65_531] }, failed],
  ] as const) {
    test(name, () => assert.equal(walk([203], pairs).end, end));
  }

  test('that would not end: a chain of empty models is left at last', () => {
    const empty = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [2 + 2 * i, [7, 0]]));
    const { read, end } = walk([203, 204], { 0: MARK, ...empty });
    assert.equal(end, 'no SunSpec model 203 or 204');
    assert.ok(read.length < 100, `${read.length} requests`);
  });
});
