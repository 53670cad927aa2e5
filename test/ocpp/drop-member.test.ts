import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { dropMember } from '../../src/ocpp/drop-member.ts';

const without = (text: string, key = 'p') => dropMember(Buffer.from(text), 0, key)?.toString();

describe('a member is taken out', () => {
  test('wherever it stands, with its comma', () => {
    assert.equal(without('{"p":{"x":[1,2]},"a":1.50}'), '{"a":1.50}');
    assert.equal(without('{"a":1.50 , "p" : {"x":"}"} , "b":2}'), '{"a":1.50  , "b":2}');
    assert.equal(without('{"a":1e3, "p":null}'), '{"a":1e3}');
    assert.equal(without('{ "p":1 }'), '{  }');
  });

  test('also under an escaped key, and every time it comes', () => {
    assert.equal(without('{"a":1,"\\u0070":2}'), '{"a":1}');
    assert.equal(without('{"p":1,"a":1,"p":2}'), '{"a":1}');
  });

  test('but not from inside other members, and not when it is not there', () => {
    assert.equal(without('{"a":{"p":1}}'), undefined);
    assert.equal(without('{"a":"p"}'), undefined);
    assert.equal(without('{"p":1'), undefined);
    assert.equal(without(`{${'"p":1,'.repeat(17)}"a":1}`), undefined);
    assert.equal(without(`{${'"p":1,'.repeat(16)}"a":1}`), '{"a":1}');
  });

  test('and the rest is what it was, for any object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 }),
        fc.jsonValue(),
        fc.constantFrom(undefined, 1, '\t'),
        (rest, value, space) => {
          const { p: _taken, ...others } = rest;
          const text = JSON.stringify({ ...others, p: value }, null, space);
          assert.deepEqual(JSON.parse(without(text) ?? ''), JSON.parse(JSON.stringify(others)));
        },
      ),
    );
  });
});
