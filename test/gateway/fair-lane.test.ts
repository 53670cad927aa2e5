import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairLane, WAITING_MOST } from '../../src/gateway/aggregate/fair-lane.ts';
import { callBytes, readFrame, resultBytes } from '../../src/ocpp/frame.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const call = (id: string) => readFrame(callBytes(id, 'Heartbeat', {}));

const makeLane = () => {
  const clock = new VirtualClock();
  const sent: string[] = [];
  const silences: number[] = [];
  const lane = new FairLane({
    clock,
    timeoutMs: 30_000,
    send: (message) => sent.push(readFrame(Buffer.from(message)).id),
    silent: () => silences.push(clock.monotonicMs()),
  });
  const answer = (id: string) => lane.settle(readFrame(resultBytes(id, {})));
  return { clock, lane, sent, silences, answer };
};

test('one call is outstanding, and a busy source does not keep the others waiting', () => {
  const { lane, sent, answer } = makeLane();
  for (const id of ['a1', 'a2', 'a3']) void lane.send('A', call(id));
  void lane.send('B', call('b1'));
  assert.deepEqual(sent, ['a1']);
  for (const id of ['a1', 'a2', 'b1', 'a3']) answer(id);
  assert.deepEqual(sent, ['a1', 'a2', 'b1', 'a3']);
  assert.equal(answer('a1'), false, 'an answer counts once');
});

test('who is gone sends nothing any more, and too many calls are refused', async () => {
  const { lane, sent, answer } = makeLane();
  void lane.send('A', call('a1'));
  const second = lane.send('A', call('a2'));
  void lane.send('B', call('b1'));
  lane.forget('A');
  assert.equal(await second, 'lost');
  answer('a1');
  assert.deepEqual(sent, ['a1', 'b1']);
  for (let i = 0; i < WAITING_MOST; i += 1) void lane.send('C', call(`c${i}`));
  assert.equal(await lane.send('C', call('more')), 'full');
  lane.close();
  assert.equal(await lane.send('A', call('a3')), 'lost');
});

test('silence is told, and the next call goes out', async () => {
  const { clock, lane, sent, silences } = makeLane();
  const first = lane.send('A', call('a1'));
  void lane.send('B', call('b1'));
  await clock.run(30_000);
  assert.equal(await first, 'timeout');
  assert.deepEqual(silences, [30_000]);
  assert.deepEqual(sent, ['a1', 'b1']);
});
