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
