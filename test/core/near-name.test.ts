import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, nearestName, unknownText } from '../../src/core/near-name.ts';

test('the distance is the number of letters to change, whatever their case', () => {
  const rows = [
    ['', '', 0],
    ['abc', 'ABC', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['limit', 'limits', 1],
  ] as const;
  for (const [a, b, expected] of rows) {
    assert.equal(distance(a, b), expected);
    assert.equal(distance(b, a), expected);
  }
});

test('the nearest name is near enough to have been meant, or there is none', () => {
  assert.equal(nearestName('garaeg', ['main', 'garage', 'hall']), 'garage');
  assert.equal(nearestName('ttl', ['seq', 'ttlSeconds', 'at']), 'ttlSeconds');
  assert.equal(nearestName('xy', ['ab', 'cd']), undefined);
  assert.equal(nearestName('CP_3', ['CP_1', 'CP_2']), 'CP_1', 'the first of those that are alike');
  assert.equal(nearestName('', ['a', 'b']), undefined);
  assert.equal(nearestName('kWh', []), undefined);
});

test('it is the one of least distance within a third of the name', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 9 });
  fc.assert(
    fc.property(name, fc.uniqueArray(name, { maxLength: 6 }), (asked, names) => {
      if (names.some((each) => each.startsWith(asked))) return;
      const most = Math.min(
        asked.length <= 3 ? 1 : Math.max(2, asked.length / 3),
        asked.length - 1,
      );
      const all = names.map((each) => distance(asked, each));
      const least = Math.min(...all);
      const expected = least <= most ? names[all.indexOf(least)] : undefined;
      assert.equal(nearestName(asked, names), expected);
    }),
  );
});

test('a text about an unknown name tells so many of those there are, and that there are more', () => {
  assert.equal(unknownText('meter', 'x', []), 'unknown meter "x"; known are none');
  assert.equal(
    unknownText('meter', 'x', ['grid', 'sun', 'hall'], 2),
    'unknown meter "x"; known are grid, sun, ...',
  );
  assert.equal(
    unknownText('meter', 'gird', ['grid', 'sun'], 2),
    'unknown meter "gird"; did you mean "grid"? known are grid, sun',
  );
});
