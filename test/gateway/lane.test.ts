import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_LANE_LIMITS, Lane, type LaneLimits } from '../../src/gateway/lane.ts';
import { callBytes, type Frame, readFrame, resultBytes } from '../../src/ocpp/frame.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

/** A lane of which a test sees the ids that go out, and the ends of our own calls. */
const open = (limits: Partial<LaneLimits> = {}) => {
  const clock = new VirtualClock();
  const sent: string[] = [];
  const ends: string[] = [];
  const lane = new Lane((message) => sent.push(readFrame(Buffer.from(message)).id), clock, {
    ...DEFAULT_LANE_LIMITS,
    ...limits,
  });
  const relay = (id: string, action = 'MeterValues') => lane.relay(callOf(id, action));
  const own = (id: string, priority: 'safety' | 'housekeeping' = 'housekeeping') =>
    lane.own(id, callBytes(id, 'TriggerMessage', {}), priority, 5_000, ({ outcome }) =>
      ends.push(`${id} ${outcome}`),
    );
  const answer = (id: string) => {
    const settled = lane.settle(readFrame(resultBytes(id, {})));
    return settled.to === 'nobody' ? settled.verdict : settled.to;
  };
  return { lane, clock, sent, ends, relay, own, answer };
};

const callOf = (id: string, action: string): Frame => readFrame(callBytes(id, action, { id }));
const idsOf = (calls: readonly Frame[]) => calls.map(({ id }) => id);

describe('one call is out at a time', () => {
  test('and of those that wait a reduction goes first, housekeeping last', () => {
    const { sent, own, relay, answer } = open();
    relay('1');
    own('trigger');
    relay('2');
    own('less', 'safety');
    assert.deepEqual(sent, ['1']);
    for (const id of ['1', 'less', '2', 'trigger']) answer(id);
    assert.deepEqual(sent, ['1', 'less', '2', 'trigger']);
  });

  test('a call of the other side gives way after ten seconds, only to one that waits', async () => {
    const { sent, relay, clock, answer } = open();
    relay('1');
    await clock.run(60_000);
    assert.equal(answer('1'), 'relayed', 'its answer may take long');
    relay('2');
    await clock.run(4_000);
    relay('3');
    await clock.run(5_999);
    assert.deepEqual(sent, ['1', '2']);
    await clock.run(1);
    assert.deepEqual(sent, ['1', '2', '3']);
    assert.equal(answer('2'), 'relayed', 'it is passed on although it is late');
    relay('4');
    assert.deepEqual(sent, ['1', '2', '3'], 'its answer did not free the lane for another');
  });

  test('a call of ours ends at its time, and its answer is late then', async () => {
    const { sent, ends, own, relay, clock, answer } = open();
    own('a');
    relay('1');
    await clock.run(4_999);
    assert.deepEqual([sent, ends], [['a'], []]);
    await clock.run(1);
    assert.deepEqual([sent, ends], [['a', '1'], ['a timeout']]);
    assert.equal(answer('a'), 'late');
    assert.equal(answer('1'), 'relayed');
    assert.equal(answer('1'), 'duplicate');
    assert.equal(answer('x'), 'foreign');
    own('b');
    assert.equal(answer('b'), 'own');
    await clock.run(10_000);
    assert.deepEqual(ends, ['a timeout', 'b answered']);
  });

  test('each call of ours has its own time', async () => {
    const { ends, own, clock, answer } = open();
    own('a');
    own('b');
    await clock.run(1_000);
    answer('a');
    await clock.run(4_999);
    assert.deepEqual(ends, ['a answered']);
    await clock.run(1);
    assert.deepEqual(ends, ['a answered', 'b timeout']);
    own('c');
    await clock.run(5_000);
    assert.deepEqual(ends.slice(2), ['c timeout']);
  });

  test('too many that wait are not taken, of ours neither', () => {
    const { relay, own, ends, lane } = open({ waitingMost: 2 });
    assert.deepEqual([relay('1'), relay('2'), relay('3'), relay('4')], [true, true, true, false]);
    own('a', 'safety');
    assert.deepEqual(ends, ['a offline']);
    assert.equal(lane.waiting(), 2);
  });
});

describe('what was not answered', () => {
  test('is told by its age, without calls of our own', async () => {
    const { lane, relay, own, clock } = open();
    relay('1');
    await clock.run(10_000);
    own('a');
    await clock.run(5_000);
    relay('2');
    await clock.run(15_000);
    assert.deepEqual(idsOf(lane.unanswered(30_000)), ['1']);
    assert.deepEqual(idsOf(lane.unanswered(30_001)), []);
    assert.deepEqual(idsOf(lane.unanswered(0)), ['1', '2']);
  });

  test('comes back in its order when the connection is gone, and ours ends', async () => {
    const { lane, ends, relay, own, clock } = open();
    relay('1');
    relay('2');
    own('a', 'safety');
    relay('3');
    await clock.run(10_000);
    const unanswered = lane.close().map(({ call, sent }) => `${call.id} ${sent}`);
    assert.deepEqual(unanswered, ['1 true', '2 false', '3 false']);
    assert.deepEqual(ends, ['a offline']);
    assert.equal(relay('4'), false);
    own('b');
    assert.deepEqual(ends, ['a offline', 'b offline']);
    await clock.run(60_000);
    assert.deepEqual(ends, ['a offline', 'b offline'], 'each ends once');
  });

  test('is that which was said last, where the same was said again under another id', async () => {
    const { lane, clock, answer } = open();
    const say = (id: string, value: number) =>
      lane.relay(readFrame(callBytes(id, 'StartTransaction', { value })));
    say('a', 1);
    await clock.run(5_000);
    say('a again', 1);
    await clock.run(10_000);
    say('b', 2);
    await clock.run(10_000);
    say('a once more', 1);
    await clock.run(10_000);
    answer('a once more');
    assert.deepEqual(idsOf(lane.unanswered(0)), ['b']);
    assert.equal(answer('a'), 'relayed', 'its answer is passed on all the same');
    assert.deepEqual(idsOf(lane.close().map(({ call }) => call)), ['b']);
  });

  test('and not waited for any more does not come back: what was said since counts', async () => {
    const { lane, relay, clock, answer } = open();
    relay('old', 'StatusNotification');
    await clock.run(1_000);
    relay('new', 'StatusNotification');
    await clock.run(60_000);
    answer('new');
    relay('out');
    await clock.run(59_001);
    const left = lane.close();
    assert.deepEqual(
      left.map(({ call }) => call.id),
      ['out'],
    );
  });

  test('is dropped when the side that asked is gone; ours goes on', () => {
    const { lane, sent, relay, own, answer } = open();
    relay('1');
    relay('2');
    own('a');
    lane.dropRelayed();
    assert.deepEqual(sent, ['1', 'a']);
    assert.equal(answer('1'), 'late');
    relay('3');
    assert.equal(answer('a'), 'own');
    assert.deepEqual(sent, ['1', 'a', '3']);
    lane.dropRelayed();
    own('b');
    own('c');
    lane.dropRelayed();
    assert.deepEqual(sent, ['1', 'a', '3', 'b'], 'a call of ours keeps the lane');
    assert.equal(answer('b'), 'own');
  });
});

describe('calls that are taken back', () => {
  const fit = ({ action }: Frame): boolean => action !== 'Heartbeat';

  test('are that one and those after it, as far as they are fit; the rest goes on', () => {
    const { lane, sent, relay, answer } = open();
    relay('1');
    relay('2');
    relay('beat', 'Heartbeat');
    relay('3');
    assert.deepEqual(idsOf(lane.withdrawFrom('1', fit)), ['1', '2', '3']);
    assert.deepEqual(sent, ['1', 'beat']);
    assert.equal(answer('1'), 'late');
    assert.equal(answer('beat'), 'relayed');
    assert.equal(lane.waiting(), 0);
  });

  test('leave those before them, also where those still wait for their answer', async () => {
    const { lane, sent, relay, answer, clock } = open();
    relay('1');
    relay('2');
    await clock.run(10_000);
    relay('3');
    assert.deepEqual(sent, ['1', '2']);
    assert.deepEqual(idsOf(lane.withdrawFrom('2', fit)), ['2', '3']);
    assert.equal(answer('1'), 'relayed');
  });

  test('leave the lane to one that is out and not fit', async () => {
    const { lane, sent, relay, answer, clock } = open();
    relay('1');
    relay('beat', 'Heartbeat');
    relay('3');
    await clock.run(10_000);
    assert.deepEqual(idsOf(lane.withdrawFrom('1', fit)), ['1', '3']);
    relay('4');
    assert.deepEqual(sent, ['1', 'beat']);
    assert.equal(answer('beat'), 'relayed');
    assert.deepEqual(sent, ['1', 'beat', '4']);
  });

  test('are none where the call is not fit, waits, is ours, or is not known', () => {
    const { lane, relay, own, answer } = open();
    relay('beat', 'Heartbeat');
    relay('2');
    assert.deepEqual(lane.withdrawFrom('beat', fit), []);
    assert.deepEqual(lane.withdrawFrom('2', fit), []);
    assert.deepEqual(lane.withdrawFrom('x', fit), []);
    answer('beat');
    answer('2');
    own('a');
    assert.deepEqual(
      lane.withdrawFrom('a', () => true),
      [],
    );
  });
});

test('an id is known while it waits, is out, or was answered a short while ago', () => {
  const { lane, relay, answer } = open();
  assert.equal(lane.knows('1'), false);
  relay('1');
  relay('2');
  assert.deepEqual(
    ['1', '2', '3'].map((id) => lane.knows(id)),
    [true, true, false],
  );
  answer('1');
  assert.equal(lane.knows('1'), true);
});

test('an answer that comes after two minutes is late', async () => {
  const { relay, clock, answer } = open();
  relay('1');
  await clock.run(120_000);
  assert.equal(answer('1'), 'relayed');
  relay('2');
  await clock.run(120_001);
  assert.equal(answer('2'), 'late');
});
