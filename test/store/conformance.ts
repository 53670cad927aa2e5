import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DurableStore } from '../../src/store/durable-store.ts';

const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : Buffer.from(value).toString();

/** What every durable store must do. `reopen` closes the store and opens it again. */
export const storeConformance = (
  name: string,
  open: () => Promise<{ store: DurableStore; reopen: () => Promise<DurableStore> }>,
): void => {
  test(`${name}: a written record is there, also after reopening`, async () => {
    const { store, reopen } = await open();
    await store.write([{ type: 'put', key: 'm/a/1', value: bytes('one') }]);
    assert.equal(text(await store.get('m/a/1')), 'one');
    const again = await reopen();
    assert.equal(text(await again.get('m/a/1')), 'one');
    await again.close();
  });

  test(`${name}: a batch moves several records at once`, async () => {
    const { store, reopen } = await open();
    await store.write([{ type: 'put', key: 'a', value: bytes('1') }]);
    await store.write([
      { type: 'delete', key: 'a' },
      { type: 'put', key: 'b', value: bytes('2') },
      { type: 'put', key: 'c', value: bytes('') },
    ]);
    const again = await reopen();
    assert.equal(await again.get('a'), undefined);
    assert.deepEqual([again.has('a'), again.has('b')], [false, true]);
    assert.equal(text(await again.get('b')), '2');
    assert.equal(text(await again.get('c')), '');
    await again.close();
  });

  test(`${name}: scan gives one prefix in key order, bounded, after a key`, async () => {
    const { store, reopen } = await open();
    const keys = ['m/a/03', 'm/a/01', 'm/b/01', 'm/a/02', 'n/a/01'];
    await Promise.all(keys.map((key) => store.write([{ type: 'put', key, value: bytes(key) }])));
    const first = await store.scan('m/a/', { limit: 2 });
    assert.deepEqual(
      first.map((record) => record.key),
      ['m/a/01', 'm/a/02'],
    );
    const rest = await store.scan('m/a/', { after: 'm/a/02', limit: 10 });
    assert.deepEqual(
      rest.map((record) => record.key),
      ['m/a/03'],
    );
    await (await reopen()).close();
  });

  test(`${name}: writes asked for together keep their order`, async () => {
    const { store, reopen } = await open();
    const writes = Array.from({ length: 200 }, (_, i) =>
      store.write([{ type: 'put', key: 'same', value: bytes(String(i)) }]),
    );
    await Promise.all(writes);
    assert.equal(text(await store.get('same')), '199');
    await (await reopen()).close();
  });

  test(`${name}: nothing is written after close`, async () => {
    const { store, reopen } = await open();
    const again = await reopen();
    await again.close();
    await assert.rejects(store.write([{ type: 'put', key: 'x', value: bytes('x') }]));
  });
};
