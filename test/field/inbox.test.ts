// A flood costs little, and the last message of each kind always counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inbox } from '../../src/field/inbox.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const bench = (known?: ReadonlySet<string>) => {
  const clock = new VirtualClock();
  const inbox = new Inbox(clock, known);
  const looked: string[] = [];
  const take = (kind: string, from: number, to = from) => {
    for (let i = from; i <= to; i += 1) inbox.take(kind, () => looked.push(`${kind}${i}`));
  };
  return { clock, inbox, take, seen: () => looked.splice(0) };
};

test('twenty a second are looked at; of the others the last one, at the end of the second', async () => {
  const { clock, take, seen } = bench();
  await clock.run(300);
  take('a', 1);
  await clock.run(400);
  take('a', 2, 50);
  assert.deepEqual(seen().length, 20);
  await clock.run(599);
  take('a', 51);
  assert.deepEqual(seen(), []);
  await clock.run(1);
  assert.deepEqual(seen(), ['a51']);
  // It is the first of the next twenty.
  take('a', 100, 130);
  assert.deepEqual(seen().at(-1), 'a118');
  await clock.run(1_000);
  assert.deepEqual(seen(), ['a130']);
  await clock.run(5_000);
  assert.deepEqual(seen(), []);
});

test('a pause of a second makes room for twenty', async () => {
  const { clock, take, seen } = bench();
  take('a', 1, 20);
  await clock.run(999);
  take('a', 21);
  assert.equal(seen().length, 20);
  await clock.run(1);
  assert.deepEqual(seen(), ['a21']);
  await clock.run(1_000);
  take('a', 31, 60);
  assert.equal(seen().length, 20);
});

test('kinds do not take from each other, up to 64 at once; then one that is over gives way', async () => {
  const { clock, take, seen } = bench();
  await clock.run(700);
  take('busy', 1, 40);
  for (let i = 0; i < 63; i += 1) take(`kind-${i}-`, 1);
  assert.equal(seen().length, 20 + 63);
  take('stranger', 1);
  await clock.run(999);
  take('stranger', 2);
  assert.deepEqual(seen(), []);
  await clock.run(1);
  assert.deepEqual(seen(), ['busy40'], 'what waits is not forgotten');
  take('stranger', 3);
  assert.deepEqual(seen(), ['stranger3']);
});

test('what nobody knows is one kind together', async () => {
  const { clock, take, seen } = bench(new Set(['known']));
  for (let i = 0; i < 100; i += 1) take(`stranger-${i}-`, 1);
  take('known', 1, 20);
  const looked = seen();
  assert.equal(looked.filter((each) => each.startsWith('stranger')).length, 20);
  assert.equal(looked.filter((each) => each.startsWith('known')).length, 20);
  await clock.run(1_000);
  assert.deepEqual(seen(), ['stranger-99-1']);
});

test('nothing is looked at after the end', async () => {
  const { clock, inbox, take, seen } = bench();
  take('a', 1, 21);
  inbox.close();
  seen();
  await clock.run(5_000);
  assert.deepEqual(seen(), []);
});
