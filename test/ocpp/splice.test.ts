import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { findValue, replaceSpan, setMember } from '../../src/ocpp/splice.ts';

const found = (text: string, path: readonly string[]) => {
  const bytes = Buffer.from(text);
  const span = findValue(bytes, 0, path);
  return span === undefined ? undefined : bytes.toString('utf8', span.start, span.end);
};

describe('a value is found by its path', () => {
  test('whatever stands around it', () => {
    const text = ' { "a":{"transactionId":1,"x":"}]"}, "transactionId" : 17 , "b":[{"c":2}]}';
    assert.equal(found(text, ['transactionId']), '17');
    assert.equal(found(text, ['a', 'transactionId']), '1');
    assert.equal(found(text, ['b']), '[{"c":2}]');
    assert.equal(found(text, ['c']), undefined);
  });

  test('also under an escaped key, and the last of duplicates counts', () => {
    assert.equal(found('{"\\u0061":1}', ['a']), '1');
    assert.equal(found('{"a":1,"a":2}', ['a']), '2');
  });

  test('and not in what is no JSON object', () => {
    for (const text of ['', '{', '{"a"', '{"a":', '{"a":1', '[1]', '"a"', '{a:1}', '{"a":"1}']) {
      assert.equal(found(text, ['a']), undefined, text);
    }
  });
});

const key = fc.constantFrom('a', 'b', 'transactionId', 'é"\\');
const value = fc.jsonValue({ maxDepth: 3 });
const spaced = fc.constantFrom(undefined, 1, '\t');

describe('a replaced value', () => {
  test('is the only thing that changes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(key, value),
        key,
        fc.integer(),
        spaced,
        (object, name, id, space) => {
          const bytes = Buffer.from(JSON.stringify(object, null, space));
          const span = findValue(bytes, 0, [name]);
          assert.equal(span !== undefined, Object.hasOwn(object, name));
          if (span === undefined) return;
          const changed = replaceSpan(bytes, span, String(id));
          assert.deepEqual(JSON.parse(changed.toString()), {
            ...JSON.parse(bytes.toString()),
            [name]: id,
          });
          assert.ok(changed.subarray(0, span.start).equals(bytes.subarray(0, span.start)));
          const tail = bytes.subarray(span.end);
          assert.ok(changed.subarray(changed.length - tail.length).equals(tail));
        },
      ),
    );
  });

  test('is added where it was missing', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), spaced, (object, space) => {
        const bytes = Buffer.from(JSON.stringify(object, null, space));
        const changed = setMember(bytes, 0, 'offline', 'true');
        assert.deepEqual(JSON.parse(changed.toString()), {
          ...JSON.parse(bytes.toString()),
          offline: true,
        });
      }),
    );
  });
});
