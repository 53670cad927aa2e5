import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  encodeRequest,
  type ModbusRequest,
  nextReply,
  withCrc,
} from '../../src/devices/modbus-frame.ts';

const request: fc.Arbitrary<ModbusRequest> = fc.record({
  unit: fc.integer({ min: 0, max: 255 }),
  table: fc.constantFrom('holding', 'input'),
  address: fc.integer({ min: 0, max: 65_535 }),
  count: fc.integer({ min: 1, max: 125 }),
});
const transaction = fc.integer({ min: 1, max: 65_535 });

const replyTo = (
  framing: 'tcp' | 'rtu',
  { unit, table }: ModbusRequest,
  id: number,
  words: readonly number[],
): Uint8Array => {
  const data = words.flatMap((word) => [word >> 8, word & 0xff]);
  const pdu = [table === 'input' ? 4 : 3, data.length, ...data];
  if (framing === 'rtu') return withCrc([unit, ...pdu]);
  const length = pdu.length + 1;
  return Uint8Array.from([id >> 8, id & 255, 0, 0, length >> 8, length & 255, unit, ...pdu]);
};

describe('Modbus frames', () => {
  test('the request of the RTU specification has its CRC', () => {
    // Modbus over Serial Line: 02 07 gives CRC 0x1241, sent low byte first.
    assert.deepEqual([...withCrc([0x02, 0x07])], [0x02, 0x07, 0x41, 0x12]);
    const bytes = encodeRequest('rtu', { unit: 1, table: 'holding', address: 0, count: 10 }, 0);
    assert.deepEqual([...bytes], [1, 3, 0, 0, 0, 10, 0xc5, 0xcd]);
  });

  for (const framing of ['tcp', 'rtu'] as const) {
    test(`${framing}: a whole answer is read, any part of it is not`, () => {
      fc.assert(
        fc.property(request, transaction, fc.nat(), (asked, id, seed) => {
          const words = Array.from({ length: asked.count }, (_, i) => (seed + i * 7919) & 0xffff);
          const bytes = replyTo(framing, asked, id, words);
          const whole = nextReply(framing, bytes, asked, id);
          assert.deepEqual(whole, { state: 'values', values: words });
          const part = bytes.subarray(0, seed % bytes.length);
          assert.equal(nextReply(framing, part, asked, id).state, 'more');
        }),
      );
    });

    test(`${framing}: random bytes are never values`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), request, transaction, (bytes, asked, id) => {
          const step = nextReply(framing, bytes, asked, id);
          assert.notEqual(step.state, 'values');
        }),
      );
    });
  }

  test('tcp: an answer of another transaction or unit is left out', () => {
    fc.assert(
      fc.property(request, transaction, fc.integer({ min: 1, max: 200 }), (asked, id, other) => {
        const words = Array.from({ length: asked.count }, () => other);
        const late = replyTo('tcp', asked, (id + other) & 0xffff, words);
        const right = replyTo('tcp', asked, id, words);
        const step = nextReply('tcp', Buffer.concat([late, right]), asked, id);
        assert.equal(step.state, 'foreign');
        if (step.state === 'foreign') assert.deepEqual([...step.rest], [...right]);
      }),
    );
  });
});
