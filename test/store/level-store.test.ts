import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LevelStore } from '../../src/store/level-store.ts';
import { storeConformance } from './conformance.ts';

const folder = () => mkdtemp(join(tmpdir(), 'busbar-store-'));
const clock = () => performance.now();

storeConformance('level store', async () => {
  const path = await folder();
  const store = await LevelStore.open(path, clock);
  return {
    store,
    reopen: async () => {
      await store.close();
      return LevelStore.open(path, clock);
    },
  };
});

test('a second process cannot open the same store, and is told why', async () => {
  const path = await folder();
  const store = await LevelStore.open(path, clock);
  await assert.rejects(LevelStore.open(path, clock), /cannot open .*lock/i);
  await store.close();
});

test('a damaged record is set aside and told, the others are delivered', async () => {
  const path = await folder();
  const store = await LevelStore.open(path, clock);
  const count = 50;
  for (let i = 0; i < count; i += 1) {
    const key = `m/${String(i).padStart(3, '0')}`;
    await store.write([{ type: 'put', key, value: Buffer.from(`payload-${i}-`.repeat(20)) }]);
  }
  await store.close();
  await damageOneByte(path);
  const again = await LevelStore.open(path, clock);
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
