import assert from 'node:assert/strict';
import { type FileHandle, mkdtemp, open, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/store/durable-store.ts';
import { LogStore, RETRY_AFTER_MS } from '../../src/store/log-store.ts';

type Call = 'write' | 'read' | 'datasync' | 'truncate';

/** The operating system's calls on open files; `fault` says what happens to one of them. */
const probe = await open(tmpdir(), 'r');
const handles = Object.getPrototypeOf(probe) as Record<
  Call,
  (...args: never[]) => Promise<unknown>
>;
await probe.close();
const real = { ...pick(handles) };
let fault: (call: Call) => Error | 'half' | undefined = () => undefined;

function pick({ write, read, datasync, truncate }: typeof handles): typeof handles {
  return { write, read, datasync, truncate };
}

const fail = (): void => {
  for (const call of ['write', 'read', 'datasync', 'truncate'] as const) {
    handles[call] = async function (this: FileHandle, ...args: never[]) {
      const what = fault(call);
      if (what === 'half') {
        const [bytes, offset, length, at] = args as unknown as [Buffer, number, number, number];
        await real.write.apply(this, [bytes, offset, Math.floor(length / 2), at] as never);
        throw errorOf('ENOSPC');
      }
      if (what !== undefined) throw what;
      return real[call].apply(this, args);
    };
  }
};

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });
const folder = () => mkdtemp(join(tmpdir(), 'busbar-failing-'));
const put = (key: string, text: string): Change => ({ type: 'put', key, value: Buffer.from(text) });
const contents = async (store: LogStore): Promise<Record<string, string>> => {
  const records = await store.scan('', { limit: 10_000 });
  return Object.fromEntries(records.map(({ key, value }) => [key, Buffer.from(value).toString()]));
};

const FAULTS: readonly (readonly [Call, Error | 'half'])[] = [
  ['write', 'half'],
  ['write', errorOf('ENOSPC')],
  ['datasync', errorOf('EIO')],
  ['truncate', errorOf('EROFS')],
];
const change = fc.record({
  key: fc.constantFrom('m/a/1', 'm/a/2', 't/a'),
  text: fc.string({ maxLength: 40 }),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom(...FAULTS) },
  { weight: 1, arbitrary: fc.constant('reopen' as const) },
);

const isFault = (each: unknown): each is (typeof FAULTS)[number] =>
  Array.isArray(each) && typeof each[0] === 'string';
const same = (a: Record<string, string>, b: Record<string, string>): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

describe('a medium that fails', () => {
  before(fail);
  afterEach(() => {
    fault = () => undefined;
  });
  after(() => {
    Object.assign(handles, real);
  });

  test('a file system that is gone for a while costs nothing that was held', async () => {
    const path = join(await folder(), 'journal');
    const store = await LogStore.open(path, { monotonicMs: () => 0 });
    await store.write([put('m/1', 'one'), put('m/2', 'two')]);
    fault = (call) => (call === 'read' ? errorOf('EIO') : undefined);
    await rename(path, `${path}.away`);
    await assert.rejects(store.scan('m/', { limit: 9 }), /cannot be read/);
    await rename(`${path}.away`, path);
    fault = () => undefined;
    assert.deepEqual(await contents(store), { 'm/1': 'one', 'm/2': 'two' });
    assert.deepEqual(store.damage(), []);
    await store.close();
  });

  test('a handle that has gone stale is opened anew', async () => {
    const store = await LogStore.open(await folder(), { monotonicMs: () => 0 });
    await store.write([put('m/1', 'one')]);
    let stale = 2;
    fault = (call) => {
      stale -= call === 'read' ? 1 : 0;
      return call === 'read' && stale >= 0 ? errorOf('ESTALE') : undefined;
    };
    assert.equal((await store.get('m/1'))?.toString(), 'one');
    assert.deepEqual(store.damage(), []);
    await store.close();
  });

  test('nothing of a write that failed lies behind the next one', async () => {
    const path = await folder();
    let nowMs = 0;
    const store = await LogStore.open(path, { monotonicMs: () => nowMs });
    await store.write([put('m/1', 'one')]);
    fault = (call) => (call === 'datasync' ? errorOf('EIO') : undefined);
    await assert.rejects(store.write([put('m/2', 'x'.repeat(200)), put('m/3', 'y')]), /EIO/);
    fault = () => undefined;
    nowMs += RETRY_AFTER_MS;
    await store.write([put('m/4', 'four')]);
    await store.close();
    const again = await LogStore.open(path, { monotonicMs: () => nowMs });
    assert.deepEqual(await contents(again), { 'm/1': 'one', 'm/4': 'four' });
    assert.deepEqual(again.damage(), []);
    await again.close();
  });

  test('whatever call of the system fails: what was acknowledged is there, the rest whole or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const path = await folder();
        let nowMs = 0;
        const openStore = () =>
          LogStore.open(path, { monotonicMs: () => nowMs, segmentBytes: 200 });
        let store = await openStore();
        /** What may be there: with each refused write until the next one that succeeds. */
        let states: Record<string, string>[] = [{}];
        let pending: (typeof FAULTS)[number] | undefined;
        fault = (call) => {
          if (pending?.[0] !== call) return undefined;
          const [, what] = pending;
          pending = undefined;
          return what;
        };
        for (const each of steps) {
          nowMs += RETRY_AFTER_MS;
          if (each === 'reopen') {
            pending = undefined;
            await store.close();
            store = await openStore();
            const now = await contents(store);
            assert.ok(
              states.some((state) => same(state, now)),
              JSON.stringify({ now, states }),
            );
            states = [now];
          } else if (isFault(each)) pending = each;
          else {
            const before = states[0] ?? {};
            const next = {
              ...before,
              ...Object.fromEntries(each.map(({ key, text }) => [key, text])),
            };
            const written = await store.write(each.map(({ key, text }) => put(key, text))).then(
              () => true,
              () => false,
            );
            states = written ? [next] : [...states, next];
            assert.deepEqual(await contents(store), written ? next : before);
          }
        }
        pending = undefined;
        assert.deepEqual(store.damage(), []);
        await store.close();
      }),
      { numRuns: 60 },
    );
  });
});
