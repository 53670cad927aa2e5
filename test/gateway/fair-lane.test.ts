import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FairLane, OLDEST_EVERY, WAITING_MOST } from '../../src/gateway/aggregate/fair-lane.ts';
import { type Place, placeOf } from '../../src/ocpp/aggregate/urgency.ts';
import { callBytes, readFrame, resultBytes } from '../../src/ocpp/frame.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const call = (id: string) => readFrame(callBytes(id, 'DataTransfer', {}));
/** The connection of a source. */
const LINE = {};
const OTHER: Place = { urgency: 'other' };

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
  const put = (source: string, id: string, place = OTHER, owner = LINE) =>
    lane.send(source, call(id), place, owner);
  /** Answers everything until nothing waits. */
  const drain = () => {
    for (let done = 0; done < sent.length; done += 1) answer(sent[done] ?? '');
    return sent;
  };
  return { clock, lane, sent, silences, answer, put, drain };
};

test('one call is outstanding, and a busy source does not keep the others waiting', () => {
  const { put, sent, answer } = makeLane();
  for (const id of ['a1', 'a2', 'a3']) void put('A', id);
  void put('B', 'b1');
  assert.deepEqual(sent, ['a1']);
  for (const id of ['a1', 'a2', 'b1', 'a3']) answer(id);
  assert.deepEqual(sent, ['a1', 'a2', 'b1', 'a3']);
  assert.equal(answer('a1'), false, 'an answer counts once');
});

test('who is gone sends nothing any more, and too many calls are refused', async () => {
  const { lane, put, sent, answer } = makeLane();
  void put('A', 'a1');
  const second = put('A', 'a2');
  void put('A', 'again', OTHER, {});
  void put('B', 'b1');
  lane.forget('A', LINE);
  assert.equal(await second, 'lost');
  for (const id of ['a1', 'again']) answer(id);
  assert.deepEqual(sent, ['a1', 'again', 'b1'], 'a newer connection of it is not meant');
  for (let i = 0; i < WAITING_MOST; i += 1) void put('C', `c${i}`);
  assert.equal(await put('C', 'more'), 'full');
  lane.close();
  assert.equal(await put('A', 'a3'), 'lost');
  assert.equal(lane.waiting, 0);
});

test('silence counts from the moment when a call is really sent', async () => {
  const { clock, put, sent, silences, answer } = makeLane();
  void put('A', 'a1');
  const second = put('B', 'b1');
  await clock.run(29_000);
  answer('a1');
  await clock.run(29_000);
  assert.deepEqual(silences, [], 'b1 waited 29 s and is out for 29 s');
  await clock.run(1_000);
  assert.equal(await second, 'timeout');
  assert.deepEqual(silences, [59_000]);
  assert.deepEqual(sent, ['a1', 'b1']);
});

test('after a silence the next one goes out, and the answer to the silent one counts no more', async () => {
  const { clock, put, sent, silences, answer } = makeLane();
  void put('A', 'a1');
  void put('A', 'a2');
  await clock.run(30_000);
  assert.deepEqual([sent, silences.length], [['a1', 'a2'], 1]);
  assert.equal(answer('a1'), false);
  assert.equal(answer('a2'), true);
});

test('when it closes, who is out and who waits hear of it, and it is silent for ever', async () => {
  const { clock, lane, put, sent, silences, answer } = makeLane();
  const all = [put('A', 'a1'), put('A', 'a2'), put('B', 'b1', { urgency: 'status' })];
  lane.close();
  assert.deepEqual(await Promise.all(all), ['lost', 'lost', 'lost']);
  assert.deepEqual([lane.waiting, answer('a1')], [0, false]);
  await clock.run(60_000);
  assert.deepEqual([sent, silences], [['a1'], []]);
});

describe('urgency', () => {
  test('transactions, then drivers, then progress, then statuses, then the rest', () => {
    const { put, drain } = makeLane();
    void put('first', 'out');
    for (const urgency of ['other', 'status', 'progress', 'driver', 'transaction'] as const) {
      void put(urgency, urgency, { urgency });
    }
    assert.deepEqual(drain().slice(1), ['transaction', 'driver', 'progress', 'status', 'other']);
  });

  test('nobody waits for ever: some turns are those of the longest waiting', async () => {
    const { clock, put, sent, drain } = makeLane();
    void put('old', 'out');
    void put('old', 'patient');
    await clock.run(1);
    for (let i = 0; i < 20; i += 1) void put(`T${i}`, `t${i}`, { urgency: 'transaction' });
    drain();
    assert.ok(sent.indexOf('patient') <= OLDEST_EVERY, `${sent}`);
    assert.ok(sent.indexOf('patient') > OLDEST_EVERY / 2, 'the others go first most of the time');
  });

  test('a newer status takes the place of the one that waits', async () => {
    const { lane, put, drain } = makeLane();
    void put('A', 'out');
    const older = put('A', 'old', { urgency: 'status', subject: 'status 1' });
    void put('A', 'else', { urgency: 'status', subject: 'status 2' });
    void put('A', 'new', { urgency: 'status', subject: 'status 1' });
    assert.equal(await older, 'superseded');
    assert.equal(lane.superseded, 1);
    assert.deepEqual(drain(), ['out', 'new', 'else']);
    assert.equal(lane.waiting, 0);
  });

  test('what is kept elsewhere is withdrawn; a status is not', () => {
    const { lane, put, drain } = makeLane();
    void put('A', 'out');
    void put('A', 'values', { urgency: 'progress' });
    void put('A', 'status', { urgency: 'status', subject: 'status 1' });
    void put('A', 'of no transaction', { urgency: 'progress', subject: 'meter 1' });
    assert.equal(lane.keeps('A'), true);
    assert.equal(lane.keeps('B'), false);
    lane.withdraw('A');
    assert.equal(lane.keeps('A'), false);
    assert.deepEqual(drain(), ['out', 'of no transaction', 'status']);
  });

  test('is read from the message of either family', () => {
    const place = (action: string, payload: object) =>
      placeOf(readFrame(callBytes('x', action, payload)));
    assert.equal(place('StartTransaction', {}).urgency, 'transaction');
    assert.equal(place('TransactionEvent', { eventType: 'Ended' }).urgency, 'transaction');
    assert.equal(place('TransactionEvent', { eventType: 'Updated' }).urgency, 'progress');
    const card = { eventType: 'Updated', idToken: { idToken: 'A', type: 'ISO14443' } };
    assert.equal(place('TransactionEvent', card).urgency, 'transaction');
    assert.equal(place('MeterValues', { connectorId: 1, transactionId: 4 }).urgency, 'progress');
    assert.equal(place('MeterValues', { connectorId: 1, transactionId: 4 }).subject, undefined);
    assert.equal(place('MeterValues', { connectorId: 1 }).subject, 'meter 1');
    assert.equal(place('StatusNotification', { evseId: 3, connectorId: 1 }).subject, 'status 3');
    assert.equal(place('StatusNotification', { connectorId: 2 }).subject, 'status 2');
  });
});
