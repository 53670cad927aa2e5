import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PAGE_MOST } from '../../src/gateway/outage/queue-desk.ts';
import type { EntryHeader } from '../../src/store/journal-entry.ts';
import { outage } from './replay-scene.ts';

const AT_MS = Date.UTC(2026, 5, 1);
const header = (seq: number): EntryHeader => ({
  version: '2.0.1',
  action: 'MeterValues',
  messageId: String(seq),
  takenAtWallMs: AT_MS + seq,
  thinnable: true,
  mayRepeat: false,
});
const desk = async () => {
  const scene = await outage();
  const hold = async (charger: string, seq: number): Promise<void> => {
    await scene.journal.append(charger, header(seq), Buffer.from(`[2,"${seq}"]`));
  };
  const page = async (parked: boolean, after: number, limit: number) => {
    const found = await scene.desk.messages('CP_1', { parked, after, limit });
    return found.map(({ seq }) => seq);
  };
  return { ...scene, hold, page };
};

describe('the desk of held messages', () => {
  test('lists who has something waiting or set aside, by name', async () => {
    const { desk: it, hold, journal } = await desk();
    for (const charger of ['CP_2', 'CP_1', 'CP_3']) await hold(charger, 5);
    for (const charger of ['CP_1', 'CP_3']) {
      const [entry] = await journal.first(charger, 1);
      if (entry === undefined) assert.fail();
      if (charger === 'CP_1') await journal.park(entry, { parked: 'refused' });
      else await journal.remove(entry);
    }
    const oldestAt = '2026-06-01T00:00:00.005Z';
    const { bytes } = it.summary('CP_2');
    assert.ok(bytes > 0);
    assert.deepEqual(it.list(), [
      { charger: 'CP_1', held: 0, bytes: 0, oldestAt: null, thinned: 0, parked: 1 },
      { charger: 'CP_2', held: 1, bytes, oldestAt, thinned: 0, parked: 0 },
    ]);
    assert.deepEqual(await it.messages('CP_1', { parked: true, after: 0, limit: 1 }), [
      {
        charger: 'CP_1',
        seq: 1,
        takenAt: oldestAt,
        version: '2.0.1',
        action: 'MeterValues',
        transactionId: null,
        parked: 'refused',
        resent: 0,
        message: '[2,"5"]',
      },
    ]);
  });

  test('gives messages out in pages', async () => {
    const { hold, page, journal } = await desk();
    for (let seq = 1; seq <= PAGE_MOST + 2; seq += 1) await hold('CP_1', seq);
    assert.deepEqual(await page(false, 2, 3), [3, 4, 5]);
    assert.equal((await page(false, 0, PAGE_MOST + 9)).length, PAGE_MOST);
    assert.deepEqual(await page(true, 0, 9), []);
    for (const entry of await journal.first('CP_1', 2)) await journal.park(entry, { parked: 'x' });
    assert.deepEqual([await page(true, 1, 9), await page(false, 0, 1)], [[2], [3]]);
  });

  test('lets go of the very message, waiting or set aside, and keeps who did it', async () => {
    const { desk: it, hold, page, journal, medium } = await desk();
    for (const seq of [1, 2, 3, 4, 5]) await hold('CP_1', seq);
    for (const entry of await journal.first('CP_1', 2)) await journal.park(entry, { parked: 'x' });
    const drop = (seq: number) => it.drop('CP_1', seq, 'eve', AT_MS);
    assert.deepEqual(
      [await drop(6), await drop(0), await it.drop('CP_9', 1, 'eve', 0)],
      [false, false, false],
    );
    assert.deepEqual([await drop(2), await drop(4), await drop(4)], [true, true, false]);
    assert.deepEqual([await page(true, 0, 9), await page(false, 0, 9)], [[1], [3, 5]]);
    const kept = [...medium.records].filter(([key]) => key.startsWith('d/'));
    assert.deepEqual(
      kept.map(([key, value]) => {
        const { by, message, droppedAt } = JSON.parse(Buffer.from(value).toString());
        return [key, by, message, droppedAt];
      }),
      [2, 4].map((seq) => {
        const at = '2026-06-01T00:00:00.000Z';
        return [`d/${at}/CP_1/${seq}`, 'eve', `[2,"${seq}"]`, at];
      }),
    );
  });

  test('lets go also of what is set aside while it does', async () => {
    const { desk: it, hold, journal, medium, clock } = await desk();
    await hold('CP_1', 1);
    for (const laterMs of [0, 3, 7]) {
      medium.conduct.syncMs = 0;
      const seq = await journal.append('CP_1', header(1), Buffer.from('x'));
      const [waiting] = await journal.entries('CP_1', seq - 1, 1);
      if (waiting === undefined) assert.fail();
      medium.conduct.syncMs = 5;
      const dropping = it.drop('CP_1', seq, 'eve', AT_MS);
      await clock.run(laterMs);
      const parking = journal.park(waiting, { parked: 'refused' });
      await clock.run(100);
      await parking;
      assert.equal(await dropping, true);
      const { count, parked } = journal.backlog('CP_1');
      assert.deepEqual([count, parked], [1, 0], `set aside after ${laterMs} ms`);
    }
  });

  test('keeps a bounded number of those it let go of: the newest ones', async () => {
    const { desk: it, hold, medium } = await desk();
    const key = (n: number): string => `d/2026-01-01T00:00:00.${String(n).padStart(4, '0')}/CP_1/1`;
    for (let n = 1; n < 1_000; n += 1) medium.records.set(key(n), Buffer.from('{}'));
    const kept = () => [...medium.records.keys()].filter((each) => each.startsWith('d/'));
    for (const seq of [1, 2]) await hold('CP_1', seq);
    await it.drop('CP_1', 1, 'eve', AT_MS);
    assert.deepEqual([kept().length, medium.records.has(key(1))], [1_000, true]);
    await it.drop('CP_1', 2, 'eve', AT_MS);
    assert.deepEqual([kept().length, medium.records.has(key(1))], [1_000, false]);
  });
});
