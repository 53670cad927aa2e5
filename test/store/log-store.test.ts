import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogStore } from '../../src/store/log-store.ts';
import { storeConformance } from './conformance.ts';

const folder = () => mkdtemp(join(tmpdir(), 'busbar-store-'));
const clock = () => performance.now();

storeConformance('log store', async () => {
  const path = await folder();
  const store = await LogStore.open(path, { monotonicMs: clock });
  return {
    store,
    reopen: async () => {
      await store.close();
      return LogStore.open(path, { monotonicMs: clock });
    },
  };
});

test('a second process cannot open the same store, and is told why', async () => {
  const path = await folder();
  const store = await LogStore.open(path, { monotonicMs: clock });
  await assert.rejects(LogStore.open(path, { monotonicMs: clock }), /cannot open .*lock/i);
  await store.close();
});

test('a damaged record is set aside and told, the others are delivered', async () => {
  const path = await folder();
  const store = await LogStore.open(path, { monotonicMs: clock });
  const count = 50;
  for (let i = 0; i < count; i += 1) {
    const key = `m/${String(i).padStart(3, '0')}`;
    await store.write([{ type: 'put', key, value: Buffer.from(`payload-${i}-`.repeat(20)) }]);
  }
  await store.close();
  await damageOneByte(path);
  const again = await LogStore.open(path, { monotonicMs: clock });
  const left = await again.scan('m/', { limit: 1000 });
  assert.ok(left.length < count, 'the damaged record is not delivered');
  for (const { value } of left) assert.match(Buffer.from(value).toString(), /^(payload-\d+-)+$/);
  await again.close();
});

/** Flips one byte in the middle of the write-ahead log. */
const damageOneByte = async (path: string): Promise<void> => {
  for (const name of (await readdir(path)).filter((file) => file.endsWith('.log'))) {
    const file = join(path, name);
    const content = await readFile(file);
    if (content.length === 0) continue;
    content[Math.floor(content.length / 2)]! ^= 0xff;
    await writeFile(file, content);
  }
};
