import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransactionLedger } from '../../src/gateway/aggregate/transaction-ledger.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const entry = (ledger: TransactionLedger, upstreamId: string) => ({
  charger: 'CP_1',
  localId: String(ledger.newInteger()),
  upstreamId,
  outlet: 1,
  start: 'start',
  seqNo: 1,
});

test('an id that did not reach the disk is not known: nobody is told of it', async () => {
  const medium = new Medium();
  const store = new MemoryStore(medium, new VirtualClock());
  const ledger = await TransactionLedger.open(store);
  medium.conduct.full = true;
  await assert.rejects(ledger.put(entry(ledger, 'first')));
  assert.equal(ledger.byStart('CP_1', 'start'), undefined);
  assert.equal(ledger.byUpstream('first'), undefined);
  medium.conduct.full = false;
  const saved = await ledger.put(entry(ledger, 'second'));
  const again = await TransactionLedger.open(new MemoryStore(medium, new VirtualClock()));
  assert.deepEqual(again.byStart('CP_1', 'start'), saved);
});

test('a change that did not reach the disk leaves what was known', async () => {
  const medium = new Medium();
  const ledger = await TransactionLedger.open(new MemoryStore(medium, new VirtualClock()));
  const saved = await ledger.put(entry(ledger, 'first'));
  medium.conduct.full = true;
  await assert.rejects(ledger.put({ ...saved, seqNo: 2 }));
  assert.deepEqual(ledger.find('CP_1', saved.localId), saved);
  assert.deepEqual(ledger.byUpstream('first'), saved);
});

test('what the CSMS has taken is known although the disk is full', async () => {
  const medium = new Medium();
  const ledger = await TransactionLedger.open(new MemoryStore(medium, new VirtualClock()));
  const saved = await ledger.put(entry(ledger, 'first'));
  medium.conduct.full = true;
  await ledger.taken({ ...saved, ended: true });
  assert.equal(ledger.find('CP_1', saved.localId)?.ended, true);
});

const opened = (medium: Medium) =>
  TransactionLedger.open(new MemoryStore(medium, new VirtualClock()));
const session = (localId: string, outlet = 1, more: object = {}) => ({
  ...{ charger: 'CP_1', localId, outlet, start: `start ${localId}`, seqNo: 0 },
  ...more,
});

test('ids are counted on, over a restart and past the largest, and none is given that is in use', async () => {
  const medium = new Medium();
  const ledger = await opened(medium);
  assert.deepEqual([ledger.newInteger(), ledger.newInteger()], [1, 2]);
  await ledger.put(session('4'));
  const again = await opened(medium);
  assert.deepEqual([again.newInteger(), again.newInteger()], [3, 5]);
  medium.records.set('g/i', Buffer.from('1499999998'));
  const late = await opened(medium);
  const ids = [1, 2, 3, 4, 5, 6].map(() => late.newInteger());
  assert.deepEqual(ids, [1_499_999_998, 1_499_999_999, 1, 2, 3, 5]);
});

test('a start is known again while its transaction goes on, and no other', async () => {
  const ledger = await opened(new Medium());
  const one = await ledger.put(session('1'));
  await ledger.put(session('2'));
  assert.equal(ledger.byStart('CP_1', 'start 1'), one);
  assert.equal(ledger.byStart('CP_2', 'start 1'), undefined);
  await ledger.put({ ...one, ended: true });
  assert.equal(ledger.byStart('CP_1', 'start 1'), undefined);
  assert.equal(ledger.byStart('CP_1', 'start 3'), undefined);
});

test('what goes on at an outlet is what began there last, also after a restart', async () => {
  const medium = new Medium();
  const ledger = await opened(medium);
  for (const [id, outlet] of [
    ['10', 1],
    ['9', 1],
    ['8', 2],
  ] as const) {
    await ledger.put(session(id, outlet));
  }
  const running = async () => {
    const it = await opened(medium);
    return [1, 2, 3].map((outlet) => it.running('CP_1', outlet)?.localId);
  };
  assert.deepEqual(await running(), ['9', '8', undefined]);
  await ledger.put(session('9', 1, { ended: true }));
  assert.deepEqual(await running(), [undefined, '8', undefined], 'the one before it is over');
  const later = await opened(medium);
  await later.put(session('10', 1, { ended: true }));
  await later.put(session('10', 1));
  assert.deepEqual(await running(), ['10', '8', undefined], 'an id that is used again');
  assert.equal(later.running('CP_1', 1)?.localId, '10');
});

test('an id that the CSMS gives twice means the newer one', async () => {
  const ledger = await opened(new Medium());
  const old = await ledger.put(session('1', 1, { upstreamId: '7' }));
  const newer = await ledger.put(session('2', 2, { upstreamId: '7' }));
  await ledger.put({ ...old, seqNo: 9 });
  assert.equal(ledger.byUpstream('7'), newer);
  await ledger.put(session('3', 2));
  assert.equal(ledger.byUpstream(''), undefined);
});

test('what is over is remembered for a while, and who ends late not the least', async () => {
  const medium = new Medium();
  const ledger = await opened(medium);
  const long = await ledger.put(session('long', 1, { upstreamId: 'L' }));
  for (let n = 1; n <= 12; n += 1) {
    const entry = await ledger.put(session(`${n}`, 2, { upstreamId: `u${n}` }));
    await ledger.put({ ...entry, ended: true });
  }
  const kept = async () => {
    const it = await opened(medium);
    const ids = Array.from({ length: 12 }, (_, i) => `${i + 1}`);
    return ids.filter((id) => it.find('CP_1', id) !== undefined);
  };
  assert.deepEqual(await kept(), ['4', '5', '6', '7', '8', '9', '10', '11', '12']);
  assert.deepEqual([ledger.byUpstream('u3'), ledger.byUpstream('u4')?.localId], [undefined, '4']);
  const ended = await ledger.put({ ...long, ended: true });
  assert.equal(ledger.byUpstream('L'), ended, 'its stop may be said again');
  assert.equal((await opened(medium)).find('CP_1', 'long')?.ended, true);
});

test('transactions that never end are bounded', async () => {
  const medium = new Medium();
  const ledger = await opened(medium);
  for (let n = 1; n <= 70; n += 1) await ledger.put(session(`${n}`));
  const kept = [...medium.records.keys()].filter((key) => key.startsWith('g/t/'));
  assert.deepEqual(
    [kept.length, ledger.find('CP_1', '6'), ledger.find('CP_1', '7')?.localId],
    [64, undefined, '7'],
  );
});
