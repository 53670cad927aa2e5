import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SILENT_LOG } from '../../src/core/log.ts';
import { OutletNumbers, type OutletSpec } from '../../src/gateway/aggregate/outlet-numbers.ts';
import { TransactionLedger } from '../../src/gateway/aggregate/transaction-ledger.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const CHARGERS = ['A', 'B', 'C', 'D'] as const;
const charger = fc.constantFrom(...CHARGERS);

const specs: fc.Arbitrary<readonly OutletSpec[]> = fc.uniqueArray(
  fc.record(
    { charger, outlets: fc.integer({ min: 1, max: 3 }), first: fc.integer({ min: 1, max: 8 }) },
    { requiredKeys: ['charger', 'outlets'] },
  ),
  { selector: (spec) => spec.charger },
);
const sights = fc.array(fc.tuple(charger, fc.integer({ min: -1, max: 4 })), { maxLength: 8 });
/** Runs of the gateway, each with its own site file and what it saw. */
const lives = fc.array(fc.tuple(specs, sights), { minLength: 1, maxLength: 6 });

test('numbers are a bijection through restarts and changed files, and never cross chargers', async () => {
  await fc.assert(
    fc.asyncProperty(lives, async (runs) => {
      const medium = new Medium();
      const ownerOf = new Map<number, string>();
      for (const [file, seen] of runs) {
        const store = new MemoryStore(medium, new VirtualClock());
        const numbers = await OutletNumbers.open(store, file, SILENT_LOG);
        for (const [id, local] of seen) {
          const known = numbers.numberOf(id, local);
          assert.equal(await numbers.ensure(id, local), local >= 1, `${id} ${local}`);
          if (known !== undefined) assert.equal(numbers.numberOf(id, local), known);
        }
        const all = numbers.all();
        assert.equal(new Set(all.map(({ number }) => number)).size, all.length);
        assert.equal(
          new Set(all.map(({ charger: id, local }) => `${id}/${local}`)).size,
          all.length,
        );
        for (const { number, charger: id, local } of all) {
          assert.equal(numbers.numberOf(id, local), number);
          assert.deepEqual(
            [numbers.outletOf(number)?.charger, numbers.outletOf(number)?.local],
            [id, local],
          );
          assert.equal(ownerOf.get(number) ?? `${id}/${local}`, `${id}/${local}`);
          ownerOf.set(number, `${id}/${local}`);
        }
        for (const { charger: id, outlets } of file) {
          for (let local = 1; local <= outlets; local += 1) {
            assert.ok(numbers.numberOf(id, local) !== undefined, `${id}/${local} has a number`);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a transaction of the station is one of one charger, also after a restart', async () => {
  const begun = fc.array(fc.tuple(charger, fc.boolean()), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(begun, async (transactions) => {
      const medium = new Medium();
      const given = new Map<string, string>();
      for (const [id, restarts] of transactions) {
        const ledger = await TransactionLedger.open(new MemoryStore(medium, new VirtualClock()));
        const localId = String(ledger.newInteger());
        const upstreamId = `up-${given.size}`;
        await ledger.put({ charger: id, localId, upstreamId, outlet: 1, seqNo: 0 });
        assert.ok(!given.has(`${localId}`), 'no number twice');
        given.set(localId, `${id} ${upstreamId}`);
        const store = new MemoryStore(medium, new VirtualClock());
        const after = restarts ? await TransactionLedger.open(store) : ledger;
        for (const [local, owner] of given) {
          const [by, up] = owner.split(' ');
          assert.equal(after.byUpstream(up ?? '')?.charger, by);
          assert.equal(after.find(by ?? '', local)?.upstreamId, up);
        }
      }
    }),
    { numRuns: 50 },
  );
});
