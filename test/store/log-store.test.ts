import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cp,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/store/durable-store.ts';
import { LogStore, RETRY_AFTER_MS } from '../../src/store/log-store.ts';
import { storeConformance } from './conformance.ts';

const folder = () => mkdtemp(join(tmpdir(), 'busbar-store-'));
const openAt = (path: string, segmentBytes?: number, monotonicMs = () => performance.now()) =>
  LogStore.open(path, { monotonicMs, ...(segmentBytes === undefined ? {} : { segmentBytes }) });
const put = (key: string, text: string): Change => ({ type: 'put', key, value: Buffer.from(text) });
const gone = (key: string): Change => ({ type: 'delete', key });
const contents = async (store: LogStore): Promise<Record<string, string>> => {
  const records = await store.scan('', { limit: 10_000 });
  return Object.fromEntries(records.map(({ key, value }) => [key, Buffer.from(value).toString()]));
};
const segmentsOf = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((name) => name.endsWith('.log')).sort();
const FIRST = '000000000001.log';

storeConformance('log store', async () => {
  const path = await folder();
  const store = await openAt(path);
  return {
    store,
    reopen: async () => {
      await store.close();
      return openAt(path);
    },
  };
});

test('a second process cannot open the same store, and is told', async () => {
  const path = await folder();
  const store = await openAt(path);
  await assert.rejects(openAt(path), /cannot open .*: another process holds its lock/);
  await store.close();
  await (await openAt(path)).close();
});

test('what a process that is gone left in place of the lock does not hold', async () => {
  const path = await folder();
  const lock = join(path, 'LOCK');
  const script = `require('net').createServer().listen(${JSON.stringify(lock)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok((await lstat(lock)).isSocket(), 'its socket is still there');
  await (await openAt(path)).close();
  await writeFile(lock, 'a file');
  await (await openAt(path)).close();
});

test('a folder with a long name is locked too', async () => {
  const path = join(await folder(), 'x'.repeat(120));
  const store = await openAt(path);
  await assert.rejects(openAt(path), /another process holds/);
  await store.close();
});

/** Groups of several changes, and what the store holds after each of them. */
const SCRIPT: readonly (readonly Change[])[] = [
  [put('m/a/1', 'start'), put('t/a', 'map 1')],
  [put('m/a/2', 'values'), put('m/b/1', 'other')],
  [gone('m/a/1'), put('t/a', 'map 2')],
  [gone('m/b/1'), gone('t/a'), put('m/a/3', 'stop')],
];

const written = async () => {
  const path = await folder();
  const store = await openAt(path);
  const states = [await contents(store)];
  const ends = [(await stat(join(path, FIRST)).catch(() => ({ size: 0 }))).size];
  for (const group of SCRIPT) {
    await store.write(group);
    states.push(await contents(store));
    ends.push((await stat(join(path, FIRST))).size);
  }
  await store.close();
  return { path, states, ends };
};

test('cut off at any byte, the store holds every whole group and nothing of the one cut', async () => {
  const { path, states, ends } = await written();
  const whole = await readFile(join(path, FIRST));
  const cut = await folder();
  for (const [name, rest, step] of [
    ['cut', 0, 1],
    ['zeros behind', 64, 5],
  ] as const) {
    for (let length = 0; length <= whole.length; length += step) {
      const bytes = Buffer.concat([whole.subarray(0, length), Buffer.alloc(rest)]);
      await writeFile(join(cut, FIRST), bytes);
      const store = await openAt(cut);
      const groups = ends.findLastIndex((end) => end <= length);
      assert.deepEqual(await contents(store), states[groups] ?? {}, `${name} at ${length}`);
      await store.close();
    }
  }
});

test('what follows a group that was cut off is appended to what is whole', async () => {
  const { path, states, ends } = await written();
  await truncate(join(path, FIRST), (ends.at(-1) ?? 0) - 1);
  const store = await openAt(path);
  await store.write([put('next', 'one')]);
  await store.close();
  const again = await openAt(path);
  assert.deepEqual(await contents(again), { ...states.at(-2), next: 'one' });
  assert.deepEqual(again.damage(), []);
  await again.close();
});

test('with any byte damaged, that is told, and no value is delivered that was never written', async () => {
  const { path, ends } = await written();
  const whole = await readFile(join(path, FIRST));
  const known = new Set(SCRIPT.flat().map((change) => describe(change)));
  for (let at = ends[0] || 13; at < whole.length; at += 1) {
    const damaged = await folder();
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0x40;
    await writeFile(join(damaged, FIRST), bytes);
    const store = await openAt(damaged);
    for (const [key, value] of Object.entries(await contents(store))) {
      assert.ok(known.has(describe(put(key, value))), `${key} at byte ${at}`);
    }
    const [told] = store.damage();
    assert.match(told?.what ?? '', /bytes of .* cannot be read/, `at byte ${at}`);
    assert.deepEqual(await readFile(told?.quarantine ?? ''), bytes, 'the copy for a human');
    await store.close();
    await rm(damaged, { recursive: true });
  }
});

const describe = (change: Change): string =>
  change.type === 'put' ? `${change.key}=${Buffer.from(change.value).toString()}` : change.key;

test('a damaged record costs no other one of its group', async () => {
  const path = await folder();
  const store = await openAt(path);
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => store.write([put(`m/${i + 10}`, `payload ${i}`)])),
  );
  await store.write([put('m/99', 'last')]);
  await store.close();
  const bytes = await readFile(join(path, FIRST));
  bytes[bytes.indexOf('payload 7')] = 0x50;
  await writeFile(join(path, FIRST), bytes);
  const again = await openAt(path);
  const { 'm/17': hit, ...others } = await contents(again);
  assert.equal(hit, undefined);
  assert.equal(Object.keys(others).length, 20);
  await again.close();
});

test('a record that the medium loses while the store is open is told, the others are read', async () => {
  const path = await folder();
  const store = await openAt(path);
  await store.write([put('m/1', 'one'), put('m/2', 'two')]);
  const file = join(path, FIRST);
  const bytes = await readFile(file);
  bytes[bytes.indexOf('one')] = 0x00;
  await writeFile(file, bytes);
  assert.equal(await store.get('m/1'), undefined);
  assert.deepEqual(await contents(store), { 'm/2': 'two' });
  assert.match(store.damage()[0]?.what ?? '', /m\/1 cannot be read/);
  await store.close();
});

test('a living record that was damaged is told when its turn to move comes; the log stays small', async () => {
  const path = await folder();
  const store = await openAt(path, 1_000);
  await store.write([put('t/hit', 'damaged later'), put('t/well', 'moved')]);
  const bytes = await readFile(join(path, FIRST));
  bytes[bytes.indexOf('damaged')] = 0x00;
  await writeFile(join(path, FIRST), bytes);
  for (let n = 0; n < 300; n += 1) await store.write([put('m/1', 'x'.repeat(50))]);
  assert.ok((await segmentsOf(path)).length <= 5, (await segmentsOf(path)).join());
  assert.match(store.damage()[0]?.what ?? '', /t\/hit cannot be read/);
  assert.deepEqual(Object.keys(await contents(store)), ['m/1', 't/well']);
  await store.close();
});

test('a page of a scan is full as long as there are records, damaged ones or not', async () => {
  const path = await folder();
  const store = await openAt(path);
  for (let n = 10; n < 30; n += 1) await store.write([put(`m/${n}`, `payload ${n}`)]);
  const bytes = await readFile(join(path, FIRST));
  for (let n = 10; n < 15; n += 1) bytes[bytes.indexOf(`payload ${n}`)] = 0x00;
  await writeFile(join(path, FIRST), bytes);
  const page = await store.scan('m/', { limit: 5 });
  assert.deepEqual(
    page.map(({ key }) => key),
    ['m/15', 'm/16', 'm/17', 'm/18', 'm/19'],
  );
  await store.close();
});

test('a full disk refuses writes, keeps what was acknowledged, and works again by itself', {
  skip: process.platform !== 'linux' && 'needs /dev/full',
}, async () => {
  const path = await folder();
  let nowMs = 0;
  const store = await openAt(path, 100, () => nowMs);
  await store.write([put('m/1', 'x'.repeat(100))]);
  await symlink('/dev/full', join(path, '000000000002.log'));
  await assert.rejects(store.write([put('m/2', 'lost')]), /no space left/i);
  assert.match(store.problem() ?? '', /no space left/i);
  await rm(join(path, '000000000002.log'));
  await assert.rejects(store.write([put('m/2', 'too early')]), /no space left/i);
  nowMs += RETRY_AFTER_MS;
  await store.write([put('m/3', 'kept')]);
  assert.equal(store.problem(), undefined);
  await store.close();
  const again = await openAt(path, 100);
  assert.deepEqual(Object.keys(await contents(again)), ['m/1', 'm/3']);
  await again.close();
});

test('a drained backlog leaves no files, a living record moves on', async () => {
  const path = await folder();
  const segmentBytes = 4_096;
  const store = await openAt(path, segmentBytes);
  await store.write([put('t/living', 'map')]);
  for (let round = 0; round < 20; round += 1) {
    const keys = Array.from({ length: 50 }, (_, i) => `m/${round}/${i + 10}`);
    for (const key of keys) await store.write([put(key, 'x'.repeat(100))]);
    for (const key of keys) await store.write([gone(key)]);
  }
  assert.ok((await segmentsOf(path)).length <= 5, (await segmentsOf(path)).join());
  assert.deepEqual(await contents(store), { 't/living': 'map' });
  await store.close();
  const again = await openAt(path, segmentBytes);
  assert.deepEqual(await contents(again), { 't/living': 'map' });
  await again.close();
});

test('what is alive is not written again while nothing around it is dead', async () => {
  const path = await folder();
  const store = await openAt(path, 1_000);
  for (let n = 100; n < 300; n += 1) await store.write([put(`m/${n}`, 'x'.repeat(50))]);
  const names = await segmentsOf(path);
  assert.deepEqual(names[0], FIRST);
  assert.equal(Number(names.at(-1)?.slice(0, 12)), names.length);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
  assert.ok(sizes.reduce((a, b) => a + b, 0) < 200 * 100);
  await store.close();
});

const KEYS = ['m/a/1', 'm/a/2', 'm/ab/1', 't/a', 'h/b'] as const;
const changeArbitrary = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    key: fc.constantFrom(...KEYS),
    value: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ type: fc.constant('delete' as const), key: fc.constantFrom(...KEYS) }),
);
const stepArbitrary = fc.oneof(
  { weight: 6, arbitrary: fc.array(changeArbitrary, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom('reopen' as const, 'power cut' as const) },
);

test('whatever is written, moved, closed and cut: the store is the map that was acknowledged', async () => {
  const script = fc.array(stepArbitrary, { minLength: 20, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const segmentBytes = 150;
      const model = new Map<string, string>();
      let path = await folder();
      let store = await openAt(path, segmentBytes);
      for (const step of steps) {
        if (step === 'reopen') await store.close();
        else if (step === 'power cut') path = await cutCopy(path, store);
        if (typeof step === 'string') store = await openAt(path, segmentBytes);
        else {
          await store.write(step);
          for (const change of step) {
            if (change.type === 'put') model.set(change.key, change.value.toString('hex'));
            else model.delete(change.key);
          }
        }
      }
      const records = await store.scan('', { limit: 100 });
      assert.deepEqual(
        records.map(({ key, value }) => [key, Buffer.from(value).toString('hex')]),
        [...model].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      assert.deepEqual(
        [...store.keys('')].map(({ key, valueBytes }) => [key, valueBytes]),
        records.map(({ key, value }) => [key, value.length]),
      );
      assert.deepEqual(store.damage(), []);
      await store.close();
    }),
    { numRuns: 25 },
  );
});

/** The files as they are while a group that nobody heard of is half on the medium. */
const cutCopy = async (path: string, store: LogStore): Promise<string> => {
  const copy = await folder();
  const before = await segmentsOf(path);
  for (const name of before) await cp(join(path, name), join(copy, name));
  await store.write([put('unheard', 'of'), gone('t/a')]);
  await store.close();
  const last = (await segmentsOf(path)).at(-1) ?? '';
  await cp(join(path, last), join(copy, last));
  await truncate(join(copy, last), (await stat(join(path, last))).size - 1);
  return copy;
};

test('a key that is too long fails alone: what is written beside it is kept', async () => {
  const path = await folder();
  const store = await openAt(path);
  const long = store.write([put(`t/${'é'.repeat(40_000)}`, 'x')]);
  const beside = store.write([put('m/a/1', 'start')]);
  await assert.rejects(long, /key/);
  await beside;
  assert.equal(store.problem(), undefined);
  await store.write([put('k'.repeat(65_535), 'the longest')]);
  await store.close();
  const again = await openAt(path);
  assert.equal(Object.keys(await contents(again)).length, 2);
  await again.close();
});
