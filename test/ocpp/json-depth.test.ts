import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseError, parsePayload, readFrame, readPayload } from '../../src/ocpp/frame.ts';
import { DEPTH_MOST, refuseDeep } from '../../src/ocpp/json-depth.ts';

const deep = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
const refused = (text: string): boolean => {
  const bytes = Buffer.from(text);
  try {
    refuseDeep(bytes, 0, bytes.length);
    return false;
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return true;
  }
};

describe('what is nested deeper than anything that is meant', () => {
  test('is not read, whatever its brackets are', () => {
    assert.equal(refused(deep(DEPTH_MOST)), false);
    assert.equal(refused(deep(DEPTH_MOST + 2)), true);
    const frame = readFrame(Buffer.from(`[2,"1","StatusNotification",${deep(400_000)}]`));
    assert.equal(frame.action, 'StatusNotification');
    assert.throws(() => parsePayload(frame), /nested deeper than 64/);
    assert.throws(() => readPayload(frame), /nested deeper than 64/);
    const error = readFrame(Buffer.from(`[4,"1","GenericError","",${deep(400_000)}]`));
    assert.equal(parseError(error).code, 'GenericError');
  });

  test('is told from what is wide, and from brackets in strings', () => {
    assert.equal(refused(`[${'[],{},'.repeat(1_000)}1]`), false);
    assert.equal(refused(JSON.stringify({ text: `${'[{'.repeat(1_000)}"\\` })), false);
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        assert.equal(refused(text), false);
        assert.equal(
          refused(`${'['.repeat(DEPTH_MOST + 1)}${text}${']'.repeat(DEPTH_MOST + 1)}`),
          true,
        );
      }),
    );
  });
});
