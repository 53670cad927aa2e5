import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseMended } from '../../src/ocpp/mended-json.ts';

describe('what is almost JSON is read', () => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['a leading comma (ZJ Beny)', '{,"a":1}', { a: 1 }],
    ['a trailing comma', '{"a":[1,2,],}', { a: [1, 2] }],
    ['two commas', '[1,,2]', [1, 2]],
    ['brackets that are not closed (Grizzl-E)', '{"configurationKey":[', { configurationKey: [] }],
    ['one bracket too many', '{"a":1}}', { a: 1 }],
    ['a line break in a string', '{"a":"x\ny"}', { a: 'x y' }],
    ['brackets and commas in strings stay', '{"a":",}[\\",",}', { a: ',}[",' }],
  ];
  for (const [what, text, value] of cases) {
    test(what, () => assert.deepEqual(parseMended(text), value));
  }
});

test('JSON is what it was', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.deepEqual(parseMended(text), JSON.parse(text));
    }),
  );
});

test('what cannot be mended throws as JSON.parse does, and costs no time', () => {
  for (const text of [
    '',
    'hello',
    '{"a"}',
    '{"a":}',
    '"',
    '{'.repeat(100_000),
    '[,'.repeat(40_000),
  ]) {
    assert.throws(() => parseMended(text), SyntaxError);
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'{}[],:"\\ \n1a'), maxLength: 40 }),
      (text) => {
        try {
          parseMended(text);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      },
    ),
  );
});
