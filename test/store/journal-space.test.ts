import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { Journal } from '../../src/store/journal.ts';
import type { EntryHeader } from '../../src/store/journal-entry.ts';

const header = (messageId: string, thinnable = false): EntryHeader => ({
  version: '1.6',
  action: thinnable ? 'MeterValues' : 'StartTransaction',
  messageId,
  takenAtWallMs: 1_000,
  thinnable,
  mayRepeat: false,
});
const message = (text: string) => Buffer.from(text);

const open = async (mostBytes: number) => {
  const store = new MemoryStore(new Medium(), new VirtualClock());
  const journal = await Journal.open(store, { mostBytes });
  return { journal, reopen: () => Journal.open(store, { mostBytes }) };
};

describe('the space of the journal', () => {
  test('a journal that cannot be thinned any further takes nothing more, and says so', async () => {
    const { journal } = await open(2_000);
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 50; i += 1) {
        await journal.append('CP_1', header(String(i)), message('x'.repeat(200)));
      }
    };
    await assert.rejects(fill(), /the journal is full/);
  });

  test('when space runs short meter values are thinned, never starts or stops, and counted', async () => {
    const { journal } = await open(40_000);
    for (let i = 0; i < 300; i += 1) {
      await journal.append('CP_1', header(String(i), i % 10 !== 0), message('x'.repeat(200)));
    }
    const entries = await journal.first('CP_1', 1_000);
    const kept = entries.filter((entry) => !entry.header.thinnable);
    assert.equal(kept.length, 30);
    const { thinned, count } = journal.backlog('CP_1');
    assert.ok(thinned > 0);
    assert.equal(count, 300 - thinned);
    assert.equal(entries.length, count);
  });

  test('what was set aside takes of the same space: its meter values go first, from the oldest', async () => {
    const { journal, reopen } = await open(40_000);
    for (let i = 0; i < 300; i += 1) {
      const seq = await journal.append(
        'CP_1',
        header(`${i}`, i % 10 !== 0),
        message('x'.repeat(200)),
      );
      const [entry] = await journal.entries('CP_1', seq - 1, 1);
      assert.ok(entry);
      await journal.park(entry, { parked: 'refused' });
    }
    await journal.append('CP_2', header('new', true), message('y'));
    assert.ok(journal.takenShare() < 1.02, `${journal.takenShare()}`);
    const aside = await journal.parked('CP_1', 0, 1_000);
    assert.equal(aside.filter(({ header: { thinnable } }) => !thinnable).length, 30);
    const left = aside.filter(({ header: { thinnable } }) => thinnable).map(({ seq }) => seq);
    const newest = Array.from({ length: 300 }, (_, i) => i + 1).filter((seq) => seq % 10 !== 1);
    assert.deepEqual(left, newest.slice(-left.length));
    assert.equal(journal.backlog('CP_1').thinned, 270 - left.length);
    assert.deepEqual([journal.backlog('CP_2').count, journal.backlog('CP_2').thinned], [1, 0]);
    const again = await reopen();
    assert.equal(again.totalBytes(), journal.totalBytes());
    assert.equal(again.backlog('CP_1').thinned, 270 - left.length);
  });

  test('starts and stops that were set aside are kept: once they fill it nothing more is taken', async () => {
    const { journal } = await open(2_000);
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 50; i += 1) {
        await journal.append('CP_1', header(String(i)), message('x'.repeat(200)));
        const [entry] = await journal.first('CP_1', 1);
        if (entry !== undefined) await journal.park(entry, { parked: 'refused' });
      }
    };
    await assert.rejects(fill(), /the journal is full/);
    assert.equal(journal.backlog('CP_1').thinned, 0);
  });
});
