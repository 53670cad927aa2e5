import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { elementSpans, findValue, replaceSpan, setMember } from '../../src/ocpp/splice.ts';

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

const spaced = fc.constantFrom(undefined, 1, '\t', '\n ');

test('the elements of a list are found as JSON.parse finds them', () => {
  const elements = (text: string) => {
    const bytes = Buffer.from(text);
    const spans = elementSpans(bytes, 0);
    return spans.map(({ start, end }) => JSON.parse(bytes.toString('utf8', start, end)) as unknown);
  };
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 2 })), spaced, (list, space) => {
      assert.deepEqual(
        elements(JSON.stringify(list, null, space)),
        JSON.parse(JSON.stringify(list)),
      );
    }),
  );
  for (const text of ['', '{}', '[', '[1', '[1,', '[1 2]', '[1}'])
    assert.deepEqual(elements(text), []);
});

const key = fc.constantFrom('a', 'b', 'offline', 'transactionId', 'é"\\');
const value = fc.jsonValue({ maxDepth: 3 });

/** What JSON.parse finds at a path; undefined when there is nothing. */
const parsed = (text: string, path: readonly string[]): unknown => {
  let at: unknown = JSON.parse(text);
  for (const name of path) {
    const isObject = typeof at === 'object' && at !== null && !Array.isArray(at);
    if (!isObject || !Object.hasOwn(at as object, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
};

describe('a message that was damaged on its way', () => {
  const damaged = fc.record({
    text: fc
      .tuple(fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value))), spaced)
      .map(([object, space]) => JSON.stringify(object, null, space)),
    path: fc.array(key, { minLength: 1, maxLength: 2 }),
    at: fc.nat({ max: 200 }),
    byte: fc.constantFrom(...'"\\{}[]:, 0a'),
  });

  test('is read as JSON.parse reads it, as long as it is JSON', () => {
    fc.assert(
      fc.property(damaged, ({ text, path, at, byte }) => {
        for (const each of [text, text.slice(0, at) + byte + text.slice(at + 1)]) {
          const span = found(each, path);
          let expected: unknown;
          try {
            expected = parsed(each, path);
          } catch {
            continue;
          }
          assert.deepEqual(span === undefined ? undefined : JSON.parse(span), expected);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('and cut off has nothing in it', () => {
    fc.assert(
      fc.property(damaged, ({ text, path, at }) => {
        const cut = text.slice(0, Math.min(at, text.length - 1));
        assert.equal(found(cut, path), undefined);
      }),
      { numRuns: 500 },
    );
  });
});

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

  test('is added where it was missing, and nowhere else', () => {
    assert.equal(setMember(Buffer.from('[1]'), 0, 'a', '1').toString(), '[1]');
    assert.equal(setMember(Buffer.from(' { }'), 0, 'a', '1').toString(), ' {"a":1 }');
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
