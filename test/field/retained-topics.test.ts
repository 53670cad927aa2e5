// What the broker keeps becomes what is wanted, whatever it forgets and whenever it is away.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RetainedTopics } from '../../src/field/retained-topics.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const bench = () => {
  const clock = new VirtualClock();
  const broker = { kept: new Map<string, string>(), up: true };
  const sent: string[] = [];
  const topics = new RetainedTopics(clock, (topic, text, qos) => {
    if (!broker.up) return false;
    sent.push(`${topic}=${text} ${qos}`);
    if (text === '') broker.kept.delete(topic);
    else broker.kept.set(topic, text);
    return true;
  });
  let asked = 0;
  const want = (state: Readonly<Record<string, string>>) =>
    topics.want(() => {
      asked += 1;
      return new Map(Object.entries(state));
    });
  /** What the broker forgets, or held all along, and tells on the new connection. */
  const reconnect = () => {
    broker.up = true;
    topics.reconnected();
    for (const topic of [...broker.kept.keys()]) topics.found(topic);
  };
  const said = () => sent.splice(0);
  return { clock, broker, topics, want, reconnect, said, asked: () => asked };
};

describe('a retained topic', () => {
  test('is sent at once, and then at most once a second: the latest counts', async () => {
    const { clock, want, said, asked } = bench();
    want({ a: '1', b: '1' });
    assert.deepEqual(said(), ['a=1 0', 'b=1 0']);
    for (let i = 2; i < 6; i += 1) want({ a: `${i}`, b: '1' });
    await clock.run(999);
    assert.deepEqual(said(), []);
    await clock.run(1);
    assert.deepEqual(said(), ['a=5 0']);
    assert.equal(asked(), 2, 'only what is sent is made');
    await clock.run(5_000);
    assert.equal(asked(), 2, 'and nothing without a change');
    want({ a: '6', b: '1' });
    assert.deepEqual(said(), ['a=6 0'], 'at once again after a pause');
  });

  test('is emptied when nobody wants it any more', async () => {
    const { clock, want, said } = bench();
    want({ a: '1', b: '1' });
    await clock.run(1_000);
    said();
    want({ b: '1' });
    assert.deepEqual(said(), ['a= 1']);
    want({ b: '2' });
    await clock.run(1_000);
    assert.deepEqual(said(), ['b=2 0'], 'once');
  });

  test('of an earlier run is emptied too, unless it is wanted', async () => {
    const { clock, want, said, topics } = bench();
    for (const topic of ['a', 'gone', 'held']) topics.found(topic);
    topics.hold('held', 'x');
    assert.deepEqual(said(), ['held=x 1']);
    want({ a: '1' });
    assert.deepEqual(said(), ['gone= 1', 'a=1 0']);
    topics.found('late');
    topics.found('a');
    topics.found('held');
    await clock.run(1_000);
    assert.deepEqual(said(), ['late= 1']);
    topics.found('b');
    want({ b: '1' });
    await clock.run(1_000);
    said();
    want({});
    await clock.run(1_000);
    assert.deepEqual(said(), ['b= 1'], 'once, although it was found and sent');
  });

  test('that is held is sent at once and kept until it is dropped', async () => {
    const { clock, want, said, topics } = bench();
    want({ a: '1' });
    topics.hold('answer', 'yes');
    assert.deepEqual(said(), ['a=1 0', 'answer=yes 1']);
    want({ a: '2' });
    await clock.run(1_000);
    assert.deepEqual(said(), ['a=2 0']);
    topics.drop('answer');
    assert.deepEqual(said(), ['answer= 1']);
    want({ a: '3' });
    await clock.run(1_000);
    assert.deepEqual(said(), ['a=3 0']);
  });

  test('that could not be sent is tried again every second', async () => {
    const { clock, want, said, topics, broker } = bench();
    want({ a: '1', b: '1' });
    topics.hold('answer', 'yes');
    await clock.run(1_000);
    said();
    broker.up = false;
    want({ a: '2' });
    topics.drop('answer');
    await clock.run(2_500);
    broker.up = true;
    await clock.run(499);
    assert.deepEqual(said(), []);
    await clock.run(1);
    assert.deepEqual(said(), ['b= 1', 'answer= 1', 'a=2 0']);
    await clock.run(5_000);
    assert.deepEqual(said(), []);
  });

  for (const [what, change, later] of [
    ['a change', ({ want }) => want({ a: '2' }), 'a=2 0'],
    ['a removal', ({ want }) => want({}), 'a= 1'],
    ['what is held no more', ({ topics }) => topics.drop('x'), 'x= 1'],
  ] as const satisfies readonly (readonly [
    string,
    (all: ReturnType<typeof bench>) => void,
    string,
  ])[]) {
    test(`of which ${what} could not be sent is tried again`, async () => {
      const all = bench();
      all.want({ a: '1' });
      all.topics.hold('x', '1');
      await all.clock.run(1_000);
      all.said();
      all.broker.up = false;
      change(all);
      await all.clock.run(3_000);
      all.broker.up = true;
      await all.clock.run(1_000);
      assert.deepEqual(all.said(), [later]);
    });
  }

  test('is sent again to a reader that started late', async () => {
    const { clock, want, said, topics } = bench();
    want({ a: '1', ours: '1' });
    topics.hold('ours/held', '1');
    await clock.run(1_000);
    said();
    topics.again((topic) => topic.startsWith('ours'));
    assert.deepEqual(said(), ['ours=1 0', 'ours/held=1 0']);
  });

  test('is left as it is after the end', async () => {
    const { clock, want, said, topics } = bench();
    want({ a: '1' });
    want({ a: '2' });
    topics.close();
    want({ a: '3' });
    await clock.run(5_000);
    assert.deepEqual(said(), ['a=1 0']);
    const idle = bench();
    idle.want({ a: '1' });
    await idle.clock.run(5_000);
    idle.topics.close();
    idle.want({ a: '2' });
    assert.deepEqual(idle.said(), ['a=1 0']);
  });
});

test('what went while the broker was away is emptied, also where it may not be read back', async () => {
  const { clock, want, broker, topics } = bench();
  want({ a: '1', b: '1' });
  topics.hold('answer', 'yes');
  await clock.run(1_000);
  broker.up = false;
  topics.drop('answer');
  want({ a: '1' });
  await clock.run(1_000);
  broker.up = true;
  topics.reconnected();
  await clock.run(2_000);
  assert.deepEqual(Object.fromEntries(broker.kept), { a: '1' });
});

test('the broker forgets everything: all is sent again, and what went meanwhile emptied', async () => {
  const { clock, want, broker, reconnect, topics } = bench();
  want({ a: '1', b: '1' });
  topics.hold('answer', 'yes');
  await clock.run(1_000);
  broker.up = false;
  topics.drop('answer');
  want({ a: '1' });
  await clock.run(1_000);
  broker.kept.clear();
  reconnect();
  await clock.run(1_000);
  assert.deepEqual(Object.fromEntries(broker.kept), { a: '1' });
});

test('whatever happens, the broker ends with what is wanted', async () => {
  const topic = fc.constantFrom('a', 'b', 'c');
  const text = fc.constantFrom('1', '2');
  const step = fc.oneof(
    fc.record({ do: fc.constant('want' as const), state: fc.dictionary(topic, text) }),
    fc.record({ do: fc.constant('hold' as const), topic: fc.constantFrom('x', 'y'), text }),
    fc.record({ do: fc.constant('drop' as const), topic: fc.constantFrom('x', 'y') }),
    fc.record({ do: fc.constant('down' as const), forgets: fc.boolean() }),
    fc.record({ do: fc.constant('up' as const) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 700, 1_000) }),
    fc.record({ do: fc.constant('again' as const), topic }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, want, broker, reconnect, topics } = bench();
      broker.kept.set('earlier', 'run');
      reconnect();
      let wanted: Record<string, string> = {};
      const held = new Map<string, string>();
      want(wanted);
      for (const each of steps) {
        if (each.do === 'want') {
          wanted = each.state;
          want(wanted);
        } else if (each.do === 'hold') {
          held.set(each.topic, each.text);
          topics.hold(each.topic, each.text);
        } else if (each.do === 'drop') {
          held.delete(each.topic);
          topics.drop(each.topic);
        } else if (each.do === 'down') {
          broker.up = false;
          if (each.forgets) broker.kept.clear();
        } else if (each.do === 'up') {
          if (!broker.up) reconnect();
        } else if (each.do === 'wait') await clock.run(each.ms);
        else topics.again((name) => name === each.topic);
      }
      if (!broker.up) reconnect();
      await clock.run(2_000);
      const kept = [...broker.kept].sort();
      assert.deepEqual(kept, [...Object.entries(wanted), ...held].sort());
      topics.close();
    }),
    { numRuns: 300 },
  );
});
