import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_LOCAL_ID, TransactionIds } from '../../src/gateway/outage/transaction-ids.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { Change } from '../../src/store/durable-store.ts';

/** Ids on a disk: what was written is there after `again`. */
const open = async (medium = new Medium()) => {
  const store = new MemoryStore(medium, new VirtualClock());
  const ids = await TransactionIds.open(store);
  const written = async (changes: readonly Change[]): Promise<void> => {
    await store.write(changes);
  };
  return { ids, written, again: () => open(medium) };
};

describe('ids of transactions that began while the CSMS was away', () => {
  test('are never given twice, also after a restart', async () => {
    const { ids, written, again } = await open();
    const first = ids.allocate('CP_1');
    await written(first.changes);
    const second = ids.allocate('CP_2');
    await written(second.changes);
    assert.deepEqual([first.localId, second.localId], [FIRST_LOCAL_ID, FIRST_LOCAL_ID + 1]);
    const { ids: later } = await again();
    assert.equal(later.allocate('CP_1').localId, FIRST_LOCAL_ID + 2);
    assert.equal(later.mapsAny('CP_2'), true);
    assert.equal(later.mapsAny('CP_3'), false);
  });

  test('keep clear of those that the CSMS gave', async () => {
    const { ids } = await open();
    assert.equal(ids.collides('CP_1', FIRST_LOCAL_ID), false);
    assert.equal(ids.collides('CP_1', 17), false);
    assert.equal(ids.allocate('CP_1').localId, FIRST_LOCAL_ID + 1);
    assert.equal(ids.collides('CP_1', FIRST_LOCAL_ID + 1), true);
    assert.equal(ids.collides('CP_2', FIRST_LOCAL_ID + 1), false, 'another charger has it');
  });

  test('keep clear of those of a CSMS that has given many small ones before', async () => {
    const { ids } = await open();
    for (let id = 1; id <= 10_000; id += 1) ids.collides('CP_1', id);
    ids.collides('CP_1', FIRST_LOCAL_ID);
    assert.equal(ids.allocate('CP_1').localId, FIRST_LOCAL_ID + 1);
  });

  test('begin anew at their end, without those that are still in use', async () => {
    const medium = new Medium();
    medium.records.set('n/transaction-id', Buffer.from('2147483647'));
    const held = { localId: FIRST_LOCAL_ID };
    medium.records.set(`x/CP_9/${FIRST_LOCAL_ID}`, Buffer.from(JSON.stringify(held)));
    const { ids } = await open(medium);
    assert.equal(ids.allocate('CP_1').localId, 2_147_483_647);
    assert.equal(ids.allocate('CP_1').localId, FIRST_LOCAL_ID + 1);
  });

  test('are translated both ways until the stop is acknowledged, and for a repeated stop after', async () => {
    const { ids, written, again } = await open();
    const { localId, changes } = ids.allocate('CP_1');
    await written([...changes, ...ids.learn('CP_1', localId, 42)]);
    const { ids: later } = await again();
    assert.equal(later.find('CP_1', localId)?.csmsId, 42);
    assert.equal(later.localIdOf('CP_1', 42), localId);
    assert.equal(later.localIdOf('CP_2', 42), undefined);
    assert.equal(later.csmsName('CP_1')(String(localId)), '42');
    assert.equal(later.csmsName('CP_1')('7'), '7');
    await written(later.stopped('CP_1', localId));
    assert.equal(later.localIdOf('CP_1', 42), undefined, 'the CSMS may give 42 again');
    const { ids: last } = await again();
    assert.equal(last.localIdOf('CP_1', 42), undefined);
    assert.equal(last.find('CP_1', localId)?.csmsId, 42);
    assert.deepEqual(last.stopped('CP_1', localId), [], 'it was stopped before');
    assert.deepEqual(last.stopped('CP_1', 7), [], 'an id of the CSMS');
  });

  test('that are over are kept four at a time for each charger', async () => {
    const { ids, written, again } = await open();
    const given: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const { localId, changes } = ids.allocate('CP_1');
      given.push(localId);
      await written([...changes, ...ids.learn('CP_1', localId, i)]);
      await written(ids.stopped('CP_1', localId));
    }
    for (const each of [ids, (await again()).ids]) {
      const known = given.map((localId) => each.find('CP_1', localId) !== undefined);
      assert.deepEqual(known, [false, false, true, true, true, true]);
    }
  });

  test('of a start that the CSMS never took stay set aside, after a restart too', async () => {
    const { ids, written, again } = await open();
    const { localId, changes } = ids.allocate('CP_1');
    await written([...changes, ...ids.park('CP_1', localId)]);
    assert.equal((await again()).ids.find('CP_1', localId)?.parked, true);
  });

  test('of a charger are a thousand at most: the oldest one goes, on disk too', async () => {
    const { ids, written, again } = await open();
    for (let i = 0; i <= 1_000; i += 1) await written(ids.allocate('CP_1').changes);
    for (const each of [ids, (await again()).ids]) {
      assert.equal(each.find('CP_1', FIRST_LOCAL_ID), undefined);
      assert.ok(each.find('CP_1', FIRST_LOCAL_ID + 1));
    }
  });

  test('of a long transaction are known for its repeated stop, whatever stopped since it began', async () => {
    const { ids } = await open();
    const long = ids.allocate('CP_1').localId;
    ids.learn('CP_1', long, 7);
    const short = Array.from({ length: 6 }, () => ids.allocate('CP_1').localId);
    for (const id of short) {
      ids.learn('CP_1', id, 10);
      ids.stopped('CP_1', id);
    }
    ids.stopped('CP_1', long);
    assert.equal(ids.find('CP_1', long)?.csmsId, 7);
    const kept = short.filter((id) => ids.find('CP_1', id) !== undefined);
    assert.deepEqual(kept, short.slice(3));
  });

  test('that were not written are free of traces, and leave others alone', async () => {
    const { ids } = await open();
    const [one, two] = [ids.allocate('CP_1').localId, ids.allocate('CP_1').localId];
    ids.release('CP_1', one);
    assert.deepEqual([ids.find('CP_1', one), ids.find('CP_1', two)?.localId], [undefined, two]);
    assert.equal(ids.mapsAny('CP_1'), true);
    ids.release('CP_1', two);
    assert.equal(ids.mapsAny('CP_1'), false);
  });
});
