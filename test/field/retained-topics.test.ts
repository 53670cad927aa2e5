import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RetainedTopics } from '../../src/field/retained-topics.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

/** A broker that keeps what it gets, and loses the connection when told to. */
const atBroker = () => {
  const clock = new VirtualClock();
  const kept = new Map<string, string>();
  const line = { up: true };
  const topics = new RetainedTopics(clock, (topic, text) => {
    if (!line.up) return false;
    if (text === '') kept.delete(topic);
    else kept.set(topic, text);
    return true;
  });
  return { clock, kept, line, topics };
};

describe('retained topics, while a broker was away', () => {
  test('that nobody wants any more are emptied when it is back', async () => {
    const { clock, kept, line, topics } = atBroker();
    topics.want(
      () =>
        new Map([
          ['chargers/CP_1', '1'],
          ['chargers/CP_2', '1'],
        ]),
    );
    await clock.run(2_000);
    line.up = false;
    topics.want(() => new Map([['chargers/CP_1', '2']]));
    await clock.run(5_000);
    line.up = true;
    topics.reconnected();
    await clock.run(2_000);
    assert.deepEqual([...kept], [['chargers/CP_1', '2']]);
  });

  test('so is the answer to a limit that expired', async () => {
    const { clock, kept, line, topics } = atBroker();
    topics.want(() => new Map());
    topics.hold('limits/ems', '{"accepted":true}');
    line.up = false;
    topics.drop('limits/ems');
    await clock.run(5_000);
    line.up = true;
    topics.reconnected();
    await clock.run(2_000);
    assert.deepEqual([...kept], []);
  });
});
