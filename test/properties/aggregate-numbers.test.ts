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
      const before = new Map<string, number>();
      for (const [file, seen] of runs) {
        const store = new MemoryStore(medium, new VirtualClock());
        const numbers = await OutletNumbers.open(store, file, SILENT_LOG);
        const pinned = new Map(
          file.map(({ charger: id, first, outlets }) => [id, first ? outlets : 0]),
        );
        for (const [outlet, number] of before) {
          const [id = '', local] = outlet.split('/');
          if (Number(local) <= (pinned.get(id) ?? 0)) continue;
          assert.equal(numbers.numberOf(id, Number(local)), number, `${outlet} keeps its number`);
        }
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
          before.set(`${id}/${local}`, number);
        }
        for (const number of numbers.retired()) assert.equal(numbers.outletOf(number), undefined);
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

/** What happens to transactions: a start under an id of the CSMS's, a stop, a restart. */
interface Deed {
  readonly charger: string;
  readonly local: number;
  readonly upstream: number;
  readonly outlet: number;
  readonly does: 'start' | 'stop' | 'restart';
}
const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    charger,
    local: fc.integer({ min: 1, max: 6 }),
    upstream: fc.integer({ min: 1, max: 40 }),
    outlet: fc.integer({ min: 1, max: 2 }),
    does: fc.constantFrom<Deed['does'][]>('start', 'start', 'start', 'stop', 'restart'),
  }),
  { maxLength: 120 },
);

/** The older one ends after the newer one began. */
const SAME_ID_TWICE: Deed[] = [
  { charger: 'D', local: 2, upstream: 2, outlet: 1, does: 'start' },
  { charger: 'A', local: 1, upstream: 2, outlet: 1, does: 'start' },
  { charger: 'D', local: 2, upstream: 1, outlet: 1, does: 'stop' },
];

test('an id of the CSMS means its newest transaction, of one charger, whatever is used again', async () => {
  await fc.assert(
    fc.asyncProperty(deeds, async (list) => {
      const medium = new Medium();
      const open = () => TransactionLedger.open(new MemoryStore(medium, new VirtualClock()));
      let ledger = await open();
      const newest = new Map<number, string>();
      const running = new Map<string, string>();
      for (const { charger: id, local, upstream, outlet, does } of list) {
        const localId = String(local);
        const known = ledger.find(id, localId);
        const place = `${id}/${outlet}`;
        if (does === 'restart') ledger = await open();
        else if (does === 'stop' && known !== undefined) {
          await ledger.put({ ...known, ended: true });
          if (running.get(`${id}/${known.outlet}`) === localId)
            running.delete(`${id}/${known.outlet}`);
        } else if (does === 'start' && (known === undefined || known.ended === true)) {
          for (const [other, runs] of running) {
            if (other.startsWith(`${id}/`) && runs === localId) running.delete(other);
          }
          await ledger.put({
            charger: id,
            localId,
            upstreamId: String(upstream),
            outlet,
            seqNo: 0,
          });
          newest.set(upstream, `${id} ${localId}`);
          running.set(place, localId);
        }
        for (const [number, owner] of newest) {
          const found = ledger.byUpstream(String(number));
          // What was over long ago may be forgotten; it is never somebody else's.
          if (found !== undefined) assert.equal(`${found.charger} ${found.localId}`, owner);
        }
        for (const [at, runs] of running) {
          const [who = '', where] = at.split('/');
          assert.equal(ledger.running(who, Number(where))?.localId, runs, at);
        }
      }
    }),
    { numRuns: 200, examples: [[SAME_ID_TWICE]] },
  );
});
