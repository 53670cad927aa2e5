import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePayload, readFrame, readPayload } from '../../src/ocpp/frame.ts';

const KIND: Readonly<Record<number, string>> = {
  2: 'call',
  3: 'result',
  4: 'error',
  5: 'result-error',
  6: 'send',
};
const spaces = fc.constantFrom('', ' ', '\n', '\t ', '\r\n');
const id = fc.string({ minLength: 1, maxLength: 36 });

test('the header of a call is what JSON.parse would say, whatever the spaces and escapes', () => {
  fc.assert(
    fc.property(
      id,
      id,
      fc.jsonValue(),
      fc.constantFrom(2, 6),
      spaces,
      spaces,
      (id, action, payload, type, a, b) => {
        const text = `${a}[${b}${type}${a},${b}${JSON.stringify(id)}${a},${b}${JSON.stringify(action)}${a},${b}${JSON.stringify(payload)}${a}]${b}`;
        const frame = readFrame(Buffer.from(text));
        assert.deepEqual([frame.kind, frame.id, frame.action], [KIND[type], id, action]);
        assert.deepEqual(parsePayload(frame), JSON.parse(JSON.stringify(payload)));
      },
    ),
  );
});

test('the header of an answer is what JSON.parse would say', () => {
  fc.assert(
    fc.property(id, fc.jsonValue(), spaces, (id, payload, a) => {
      const frame = readFrame(
        Buffer.from(`[3,${a}${JSON.stringify(id)},${JSON.stringify(payload)}]${a}`),
      );
      assert.deepEqual([frame.kind, frame.id], ['result', id]);
      assert.deepEqual(parsePayload(frame), JSON.parse(JSON.stringify(payload)));
    }),
  );
});

test('no bytes whatsoever throw, and what is not OCPP is malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readFrame(Buffer.from(bytes));
    }),
    { numRuns: 2_000 },
  );
  for (const text of [
    '',
    '[',
    '[2',
    '[2,"',
    '{}',
    '[2,5,"X",{}]',
    '[2,"1","X" x',
    '[3,"1"{}]',
    'null',
  ]) {
    const { kind } = readFrame(Buffer.from(text));
    assert.ok(kind === 'malformed', `${text} is ${kind}`);
  }
});

test('whose message it is shows without a payload, or a bracket that closes it', () => {
  for (const [text, kind, payload] of [
    ['[2,"1","X"]', 'call', {}],
    ['[2,"1","X",{"a":[1]}', 'call', { a: [1] }],
    ['[2,"1","X"', 'call', {}],
    ['[3,"1"]', 'result', {}],
    ['[3,"1",{"a":{"b":[1]', 'result', { a: { b: [1] } }],
    ['[3,"1",]', 'result', {}],
    ['[4,"1","InternalError"]', 'error', undefined],
    ['[4,"-1","FormatViolation","",{}]', 'stray-error', undefined],
  ] as const) {
    const frame = readFrame(Buffer.from(text));
    assert.deepEqual([frame.kind, frame.action], [kind, kind === 'call' ? 'X' : ''], text);
    if (payload !== undefined) assert.deepEqual(readPayload(frame), payload, text);
  }
});

test('an id of absurd length is refused without reading it all', () => {
  assert.equal(
    readFrame(Buffer.from(`[2,"${'x'.repeat(20_000)}","Heartbeat",{}]`)).kind,
    'malformed',
  );
});

test('spaces after a message are looked at a few times each, however many there are', () => {
  let looks = 0;
  const counted = (text: string): Buffer =>
    new Proxy(Buffer.from(text), {
      get: (bytes, key) => {
        looks += 1;
        const value: unknown = Reflect.get(bytes, key, bytes);
        return typeof value === 'function' ? value.bind(bytes) : value;
      },
    });
  const spaces = ' '.repeat(2_000);
  assert.equal(readFrame(counted(`[2,"a","Heartbeat",{}]${spaces}`)).kind, 'call');
  assert.equal(readFrame(counted(`[3,"a",{}${spaces}`)).kind, 'result', 'it is not closed');
  assert.equal(readFrame(counted(spaces)).kind, 'malformed');
  assert.ok(looks < 50_000, `${looks} looks at 6000 spaces`);
});
