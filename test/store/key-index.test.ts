import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyIndex, type Place } from '../../src/store/key-index.ts';
import type { Segment } from '../../src/store/log-segment.ts';

const place = (segment: Segment, offset: number): Place => ({ segment, offset, length: 1 });

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);
const byFolder = (a: string, b: string): number => {
  const [left, right] = folderOf(a) === folderOf(b) ? [a, b] : [folderOf(a), folderOf(b)];
  return left < right ? -1 : 1;
};

const keys = fc
  .tuple(fc.constantFrom('', 'm/', 'm/A/', 'm/B/', 'k/'), fc.integer({ min: 0, max: 250 }))
  .map(([folder, n]) => `${folder}${String(n).padStart(3, '0')}`);

test('an index holds what a map holds, in order, and knows what is alive', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 1_500, size: 'max' }),
      fc.constantFrom('', 'm/', 'm/A/', 'm/A/1', 'x'),
      keys,
      (steps, prefix, after) => {
        const segment = { liveBytes: 0 } as Segment;
        const index = new KeyIndex();
        const model = new Map<string, number>();
        steps.forEach(([key, isPut], at) => {
          if (isPut) {
            index.put(key, place(segment, at));
            model.set(key, at);
          } else {
            index.delete(key);
            model.delete(key);
          }
        });
        const expected = [...model.keys()].filter((key) => key.startsWith(prefix)).sort(byFolder);
        const under = [...index.under(prefix)];
        assert.deepEqual(
          under.map(([key, { offset }]) => [key, offset]),
          expected.map((key) => [key, model.get(key)]),
        );
        assert.equal(segment.liveBytes, model.size);
        for (const [key] of steps) assert.equal(index.get(key)?.offset, model.get(key));
        if (!after.startsWith(prefix)) return;
        assert.deepEqual(
          [...index.under(prefix, after)].map(([key]) => key),
          expected.filter((key) => key !== after && byFolder(after, key) < 0),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('a queue of which the front was taken is read from its front', () => {
  const index = new KeyIndex();
  const segment = { liveBytes: 0 } as Segment;
  const key = (n: number): string => `m/A/${String(n).padStart(4, '0')}`;
  for (let n = 0; n < 1_000; n += 1) index.put(key(n), place(segment, n));
  for (let n = 0; n < 999; n += 1) {
    index.delete(key(n));
    const [first] = index.under('m/A/');
    assert.equal(first?.[0], key(n + 1));
  }
  index.put(key(5), place(segment, 5));
  assert.deepEqual(
    [...index.under('m/')].map(([name]) => name),
    [key(5), key(999)],
  );
});

test('folders that come and go between two readings are seen', () => {
  const index = new KeyIndex();
  const segment = { liveBytes: 0 } as Segment;
  const all = (): readonly string[] => [...index.under('')].map(([key]) => key);
  index.put('m/B/1', place(segment, 0));
  assert.deepEqual(all(), ['m/B/1']);
  index.put('m/A/1', place(segment, 1));
  assert.deepEqual(all(), ['m/A/1', 'm/B/1']);
  index.delete('m/A/1');
  index.put('m/C/1', place(segment, 2));
  index.put('m/A/2', place(segment, 3));
  assert.deepEqual(all(), ['m/A/2', 'm/B/1', 'm/C/1']);
});
