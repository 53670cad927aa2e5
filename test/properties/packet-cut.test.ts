import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketCut } from '../../src/field/packet-cut.ts';

const MOST = 70_000;

const lengthBytes = (length: number): number[] =>
  length < 128 ? [length] : [(length % 128) + 128, ...lengthBytes(Math.floor(length / 128))];

/** A packet as a broker sends it, `length` bytes after its head. */
const packet = (type: number, length: number, filler: number): Buffer =>
  Buffer.concat([Uint8Array.of(type << 4, ...lengthBytes(length)), Buffer.alloc(length, filler)]);

const packets = fc.array(
  fc.record({
    type: fc.integer({ min: 2, max: 14 }),
    length: fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom(127, 128, 16_383, 16_384, MOST, MOST + 1, 300_000),
    ),
  }),
  { maxLength: 8 },
);

test('however a stream is split, only messages that are too long are cut', () => {
  fc.assert(
    fc.property(packets, fc.array(fc.integer({ min: 1, max: 100_000 })), (list, cuts) => {
      const all = (lengthOf: (type: number, length: number) => number): Buffer =>
        Buffer.concat(list.map(({ type, length }, i) => packet(type, lengthOf(type, length), i)));
      const stream = all((_type, length) => length);
      const expected = all((type, length) => (type === 3 ? Math.min(MOST, length) : length));
      const cut = new PacketCut(MOST);
      const passed: Uint8Array[] = [];
      let at = 0;
      for (const size of [...cuts, stream.length]) {
        passed.push(...cut.take(stream.subarray(at, at + size)));
        at += size;
      }
      assert.ok(Buffer.concat(passed).equals(expected));
    }),
    { numRuns: 60 },
  );
});
