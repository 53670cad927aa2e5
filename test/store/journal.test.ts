import assert from 'node:assert/strict';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { Journal, NO_BACKLOG, STUCK_AFTER_TIMES } from '../../src/store/journal.ts';
import type { EntryHeader } from '../../src/store/journal-entry.ts';
import { READ_AHEAD } from '../../src/store/journal-thinning.ts';
import { segmentName } from '../../src/store/log-segment.ts';
import { LogStore } from '../../src/store/log-store.ts';

const clock = () => performance.now();
const header = (messageId: string, thinnable = false): EntryHeader => ({
  version: '1.6',
  action: thinnable ? 'MeterValues' : 'StartTransaction',
  messageId,
  takenAtWallMs: 1_000,
  thinnable,
  mayRepeat: false,
});
const message = (text: string) => Buffer.from(text);

const open = async (mostBytes?: number) => {
  const path = await mkdtemp(join(tmpdir(), 'busbar-journal-'));
  const store = await LogStore.open(path, { monotonicMs: clock });
  const options = mostBytes === undefined ? {} : { mostBytes };
  return {
    path,
    store,
    journal: await Journal.open(store, options),
    reopen: async () => {
      await store.close();
      const again = await LogStore.open(path, { monotonicMs: clock });
      return { journal: await Journal.open(again, options), store: again };
    },
  };
};

describe('the journal', () => {
  test('keeps the messages of each charger in order, as the bytes they were', async () => {
    const { journal, reopen } = await open();
    const odd = '[2,"1","X",{"v":20000.0,"é":"\\u00e9"}]';
    await Promise.all([
      journal.append('CP_1', header('1'), message(odd)),
      journal.append('CP_2', header('2'), message('other')),
      journal.append('CP_1', header('3'), message('second')),
    ]);
    const { journal: again, store } = await reopen();
    const entries = await again.first('CP_1', 10);
    assert.deepEqual(
      entries.map((entry) => entry.message.toString()),
      [odd, 'second'],
    );
    assert.equal(again.backlog('CP_1').count, 2);
    assert.deepEqual([...again.chargers()].sort(), ['CP_1', 'CP_2']);
    await store.close();
  });

  test('a delivered message is gone, and numbers are never used again', async () => {
    const { journal, reopen } = await open();
    await journal.append('CP_1', header('1'), message('one'));
    const [first] = await journal.first('CP_1', 1);
    assert.ok(first);
    await journal.remove(first);
    const { journal: again, store } = await reopen();
    assert.equal(again.backlog('CP_1').count, 0);
    assert.ok((await again.append('CP_1', header('2'), message('two'))) > first.seq);
    await store.close();
  });

  test('after a restart it knows what it held, and what the last message was answered with', async () => {
    const { journal, reopen } = await open();
    const last = { digest: 'abc', answer: { transactionId: 7 } };
    await journal.append('CP_1', { ...header('1'), takenAtWallMs: 5_000 }, message('one'));
    await journal.append('CP_1', { ...header('2'), takenAtWallMs: 6_000, last }, message('two'));
    const before = journal.backlog('CP_1');
    assert.equal(before.oldestAtWallMs, 5_000);
    const { journal: again, store } = await reopen();
    assert.deepEqual(again.backlog('CP_1'), before);
    assert.equal(again.totalBytes(), journal.totalBytes());
    assert.deepEqual(again.lastAnswer('CP_1'), last);
    again.movedOn('CP_1');
    assert.equal(again.lastAnswer('CP_1'), undefined);
    await store.close();
  });

  test('nothing waits for what the medium has lost', async () => {
    const { journal, store } = await open();
    for (const id of ['1', '2', '3']) await journal.append('CP_1', header(id), message(id));
    await journal.append('CP_2', header('4'), message('4'));
    const keys = [...store.keys('m/CP_1/')].map(({ key }) => key);
    await store.write(keys.map((key) => ({ type: 'delete', key })));
    assert.equal(journal.backlog('CP_1').count, 3);
    assert.deepEqual(await journal.first('CP_1', 10), []);
    assert.equal(journal.backlog('CP_1').count, 0);
    assert.equal(journal.totalBytes(), journal.backlog('CP_2').bytes);
  });

  test('meter values are dropped when they are too old, starts and stops never', async () => {
    const { journal } = await open();
    for (let i = 0; i < 200; i += 1) {
      const old = { ...header(String(i), i % 10 !== 0), takenAtWallMs: i };
      await journal.append('CP_1', old, message('x'));
    }
    await journal.dropOlderThan(150);
    const left = await journal.first('CP_1', 1_000);
    // The next ones to be delivered may be on their way already.
    const tooOld = left
      .slice(READ_AHEAD)
      .filter(({ header: { takenAtWallMs } }) => takenAtWallMs < 150);
    assert.ok(tooOld.every(({ header: { thinnable } }) => !thinnable));
    assert.equal(left.filter(({ header: { thinnable } }) => !thinnable).length, 20);
    assert.equal(left.length + journal.backlog('CP_1').thinned, 200);
  });

  test('a message set aside stays until it is dropped, also after reopening', async () => {
    const { journal, reopen } = await open();
    await journal.append('CP_1', header('1'), message('one'));
    await journal.append('CP_1', header('2'), message('two'));
    const [first] = await journal.first('CP_1', 1);
    assert.ok(first);
    await journal.park(first, { parked: 'refused' });
    const { journal: again, store } = await reopen();
    assert.equal(again.backlog('CP_1').parked, 1);
    assert.equal(again.backlog('CP_1').count, 1);
    const [aside] = await again.parked('CP_1', 0, 10);
    assert.equal(aside?.header.parked, 'refused');
    assert.equal(aside?.message.toString(), 'one');
    if (aside)
      await Promise.all([again.dropParked('CP_1', [aside]), again.dropParked('CP_1', [aside])]);
    assert.equal(again.backlog('CP_1').parked, 0);
    await store.close();
  });

  test('what waits again is in its old place, also after reopening', async () => {
    const { journal, reopen } = await open();
    const last = { digest: 'abc', answer: {} };
    for (const id of ['1', '2', '3'])
      await journal.append(
        'CP_1',
        { ...header(id, true), last, takenAtWallMs: Number(id) },
        message(id),
      );
    for (const entry of await journal.first('CP_1', 2)) {
      await journal.park(entry, { parked: 'refused', csmsTransactionId: 9 });
    }
    assert.equal(journal.requeued('CP_1'), 0);
    const requeue = async () =>
      journal.requeue('CP_1', await journal.parked('CP_1', 0, 9), [
        { type: 'put', key: 'x/1', value: message('also') },
      ]);
    await journal.alone('CP_1', requeue);
    assert.equal(journal.requeued('CP_1'), 1);
    const before = journal.backlog('CP_1');
    assert.deepEqual([before.count, before.parked, before.oldestAtWallMs], [3, 0, 1]);
    assert.equal(journal.totalBytes(), before.bytes);
    const { journal: again, store } = await reopen();
    assert.deepEqual(again.backlog('CP_1'), before);
    assert.deepEqual(again.lastAnswer('CP_1'), last);
    assert.equal((await store.get('x/1'))?.toString(), 'also');
    const entries = await again.first('CP_1', 9);
    assert.deepEqual(
      entries.map((entry) => [entry.seq, entry.message.toString()]),
      [1, 2, 3].map((seq) => [seq, String(seq)]),
    );
    const { parked, thinnable, resent, csmsTransactionId } = entries[0]?.header ?? header('');
    assert.deepEqual([parked, thinnable, resent, csmsTransactionId], [undefined, false, 1, 9]);
    await store.close();
  });

  test('what waits again is there whole or set aside, wherever its record breaks off', async () => {
    const { journal, store, path } = await open();
    for (const id of ['1', '2']) await journal.append('CP_1', header(id), message(id));
    for (const entry of await journal.first('CP_1', 2)) await journal.park(entry, { parked: 'no' });
    const file = join(path, segmentName(1));
    const { size: from } = await stat(file);
    await journal.requeue('CP_1', await journal.parked('CP_1', 0, 9));
    await store.close();
    const { size } = await stat(file);
    const whole = await readFile(file);
    for (let end = from; end <= size; end += end < size - 20 ? 7 : 1) {
      await writeFile(file, whole.subarray(0, end));
      const part = await LogStore.open(path, { monotonicMs: clock });
      const { count, parked } = (await Journal.open(part)).backlog('CP_1');
      assert.deepEqual([count, parked], end < size ? [0, 2] : [2, 0], `broken off at ${end}`);
      await part.close();
    }
  });

  test('what comes to wait again while another one leaves is not passed over', async () => {
    const medium = new Medium();
    const journal = await Journal.open(new MemoryStore(medium, new VirtualClock()));
    for (const id of ['1', '2', '3']) await journal.append('CP_1', header(id), message(id));
    const [one, two] = await journal.first('CP_1', 2);
    assert.ok(one && two);
    await journal.park(one, { parked: 'refused' });
    const aside = await journal.parked('CP_1', 0, 9);
    await Promise.all([journal.remove(two), journal.requeue('CP_1', aside)]);
    const left = await journal.first('CP_1', 9);
    assert.deepEqual(
      left.map(({ seq }) => seq),
      [1, 3],
    );
    assert.equal(journal.backlog('CP_1').count, 2);
  });

  test('the number of what was set aside stays taken, although the counters are lost', async () => {
    const { journal, store, reopen } = await open();
    for (const id of ['1', '2']) await journal.append('CP_1', header(id), message(id));
    for (const entry of await journal.first('CP_1', 2)) await journal.park(entry, { parked: 'no' });
    await store.write([{ type: 'delete', key: 'h/CP_1' }]);
    const { journal: again, store: reopened } = await reopen();
    assert.equal(await again.append('CP_1', header('3'), message('3')), 3);
    await reopened.close();
  });

  test('work on what was set aside goes one after the other, and what waits is given out after', async () => {
    const { journal, store } = await open();
    await journal.append('CP_1', header('1'), message('1'));
    const story: string[] = [];
    const work = (name: string) => async () => {
      story.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      story.push(`${name} ends`);
      if (name === 'a') throw new Error('failed');
    };
    const working = [journal.alone('CP_1', work('a')), journal.alone('CP_1', work('b'))];
    const read = journal.first('CP_1', 1).then(() => story.push('read'));
    const [a] = await Promise.allSettled([...working, read]);
    assert.equal(a?.status, 'rejected');
    assert.deepEqual(story, ['a begins', 'a ends', 'b begins', 'b ends', 'read']);
    await journal.alone('CP_9', work('c'));
    await store.close();
  });

  test('what leaves twice is counted once, whoever let go of it', async () => {
    const { journal, reopen } = await open();
    for (const id of ['1', '2', '3']) await journal.append('CP_1', header(id), message(id));
    const [first, second] = await journal.first('CP_1', 2);
    assert.ok(first && second);
    await Promise.all([journal.remove(first), journal.remove(first)]);
    await journal.park(second, { parked: 'refused' });
    await Promise.all([journal.park(second, { parked: 'again' }), journal.remove(second)]);
    const left = { count: 1, parked: 1, thinned: 0 };
    const { bytes: _bytes, oldestAtWallMs: _at, ...counted } = journal.backlog('CP_1');
    assert.deepEqual(counted, left);
    assert.deepEqual([journal.holds(first), journal.holds(second)], [false, false]);
    const before = journal.backlog('CP_1');
    const { journal: again, store } = await reopen();
    assert.deepEqual(again.backlog('CP_1'), before);
    await store.close();
  });

  test('what could not be removed is not given out again, and removed when it can be', async () => {
    const clock = new VirtualClock();
    const medium = new Medium();
    const journal = await Journal.open(new MemoryStore(medium, clock));
    for (const id of ['1', '2']) await journal.append('CP_1', header(id), message(id));
    const [first] = await journal.first('CP_1', 1);
    assert.ok(first);
    medium.conduct.full = true;
    const also = [{ type: 'put', key: 'x/1', value: message('map') }] as const;
    await assert.rejects(journal.remove(first, also), /no space/);
    await assert.rejects(journal.first('CP_1', 1), /no space/);
    assert.equal(journal.holds(first), false);
    medium.conduct.full = false;
    assert.deepEqual(
      (await journal.first('CP_1', 9)).map(({ seq }) => seq),
      [first.seq + 1],
    );
    assert.equal(medium.records.get('x/1')?.toString(), 'map');
    assert.equal(journal.backlog('CP_1').count, 1);
  });

  test('many chargers at once at the bound: every meter value is dropped and counted once', async () => {
    const { journal, store } = await open(60_000);
    const fill = async (charger: string): Promise<void> => {
      for (let i = 0; i < 60; i += 1) {
        await journal.append(charger, header(String(i), true), message('x'.repeat(200)));
      }
    };
    const chargers = ['CP_1', 'CP_2', 'CP_3', 'CP_4'];
    await Promise.all(chargers.map(fill));
    for (const charger of chargers) {
      const { count, thinned } = journal.backlog(charger);
      assert.equal(count, [...store.keys(`m/${charger}/`)].length);
      assert.equal(count + thinned, 60);
    }
    await store.close();
  });

  test('a charger of which nothing may be dropped does not keep others from being thinned', async () => {
    const { journal } = await open(60_000);
    for (let i = 0; i < 100; i += 1) {
      await journal.append('CP_1', header(String(i)), message('x'.repeat(200)));
    }
    for (let i = 0; i < 200; i += 1) {
      await journal.append('CP_2', header(String(i), true), message('x'.repeat(100)));
    }
    assert.equal(journal.backlog('CP_1').count, 100);
    assert.ok(journal.backlog('CP_2').thinned > 0);
    assert.ok(journal.totalBytes() < 61_000);
  });

  test('nothing is thinned before it is full, and then neither the next ones nor the newest', async () => {
    const { journal } = await open(100_000);
    const fill = async (from: number, to: number) => {
      for (let i = from; i <= to; i += 1) {
        await journal.append('CP_1', header(String(i), true), message('x'.repeat(200)));
      }
      return (await journal.first('CP_1', 1_000)).map(({ seq }) => seq);
    };
    assert.equal((await fill(1, 250)).length, 250);
    const left = await fill(251, 500);
    const all = Array.from({ length: READ_AHEAD }, (_, i) => i + 1);
    assert.deepEqual(left.slice(0, READ_AHEAD), all);
    assert.ok(left.length < 400 && left.length > 200, `${left.length} are left`);
    assert.equal(left.at(-1), 500);
  });

  test('a message that is sent again and again without an answer is told, until it is gone', async () => {
    const { journal } = await open();
    for (const id of ['1', '2']) await journal.append('CP_1', header(id), message(id));
    const [first, second] = await journal.first('CP_1', 2);
    assert.ok(first && second);
    for (let times = 1; times < STUCK_AFTER_TIMES; times += 1) journal.unanswered(first);
    assert.deepEqual(journal.stuckChargers(), []);
    journal.unanswered(first);
    assert.deepEqual(journal.stuckChargers(), ['CP_1']);
    await journal.remove(first);
    assert.deepEqual(journal.stuckChargers(), []);
    journal.unanswered(second);
    assert.deepEqual(journal.stuckChargers(), [], 'each message counts for itself');
  });

  test('who has nothing held or set aside is not named', async () => {
    const { journal } = await open();
    for (const charger of ['CP_1', 'CP_2']) {
      await journal.append(charger, header('1'), message('one'));
    }
    const [one] = await journal.first('CP_1', 1);
    const [two] = await journal.first('CP_2', 1);
    assert.ok(one && two);
    await journal.remove(one);
    assert.deepEqual([journal.chargers(), journal.parkedChargers()], [['CP_2'], []]);
    await journal.park(two, { parked: 'refused' });
    assert.deepEqual([journal.chargers(), journal.parkedChargers()], [[], ['CP_2']]);
    assert.deepEqual(journal.backlog('CP_1'), { ...NO_BACKLOG });
    assert.equal(journal.backlog('CP_9'), NO_BACKLOG);
    assert.deepEqual(NO_BACKLOG, { count: 0, bytes: 0, thinned: 0, parked: 0 });
  });
});
