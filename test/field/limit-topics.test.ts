// Limits of an EMS by topic: answered, and the answer kept for as long as the limit lives.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LimitAnswer, LimitCommand } from '../../src/core/limits/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Incoming } from '../../src/field/broker-port.ts';
import { LimitTopics } from '../../src/field/limit-topics.ts';
import { RetainedTopics } from '../../src/field/retained-topics.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const BASE = 'busbar/v1/garage';
const LIMIT = { circuit: 'main', amps: 16, ttlSeconds: 60 };
const DAY_MS = 86_400_000;

const incoming = (topic: string, body: unknown, more: Partial<Incoming> = {}): Incoming => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    topic: `${BASE}/${topic}`,
    bytes: text.length,
    text: () => text,
    retained: false,
    responseTopic: undefined,
    correlation: undefined,
    ...more,
  };
};

const bench = (lifeMs?: number) => {
  const clock = new VirtualClock();
  const sent: (readonly [topic: string, text: string, kept: boolean])[] = [];
  const taken: (readonly [source: string, command: LimitCommand])[] = [];
  const warned: unknown[] = [];
  const beats: string[] = [];
  const answered: string[] = [];
  const note = (topic: string, text: string, kept: boolean) =>
    sent.push([topic.slice(BASE.length + 1), text, kept]) > 0;
  const topics = new LimitTopics({
    base: BASE,
    clock,
    log: { ...SILENT_LOG, warn: (_text, data = {}) => warned.push(data) },
    retained: new RetainedTopics(clock, (topic, text) => note(topic, text, true)),
    publish: (topic, text) => note(topic, text, false),
    answer: (_message, text) => answered.push(text),
    sources: new Set(['bms', 'sun']),
    lasting: new Set(['sun']),
    heartbeat: (source) => beats.push(source),
    setLimit: (source, command): LimitAnswer => {
      taken.push([source, command]);
      if (command.circuit !== 'main') return { accepted: false, applied: null, reason: 'unknown' };
      const endsAtMs = clock.wallMs() + (lifeMs ?? command.ttlSeconds * 1000);
      const expiresAt = Number.isFinite(endsAtMs) ? new Date(endsAtMs).toISOString() : 'never';
      const applied = { circuit: 'main', amps: null, watts: null, expiresAt };
      return { accepted: true, applied, reason: 'accepted' };
    },
  });
  const set = (body: unknown, source = 'bms', more: Partial<Incoming> = {}) =>
    topics.take(incoming(`limits/${source}/set`, body, more));
  /** What was sent since, in short. */
  const said = () =>
    sent.splice(0).map(([topic, text, kept]) => {
      const word = text === '' ? 'emptied' : `${(JSON.parse(text) as LimitAnswer).accepted}`;
      return `${topic} ${word}${kept ? ' kept' : ''}`;
    });
  return { topics, clock, sent, said, set, taken, warned, beats, answered };
};

describe('the answer to a limit', () => {
  test('is kept until the limit ends, and then emptied', async () => {
    const { set, said, clock, taken, answered } = bench();
    assert.equal(set(LIMIT), true);
    assert.deepEqual(said(), ['limits/bms true kept']);
    assert.deepEqual(taken, [['bms', { circuit: 'main', amps: [16, 16, 16], ttlSeconds: 60 }]]);
    assert.match(answered.join(), /^\{"accepted":true/);
    await clock.run(59_000);
    assert.deepEqual(said(), []);
    await clock.run(1_000);
    assert.deepEqual(said(), ['limits/bms emptied kept']);
  });

  test('lives on with the next one, and through one that is refused', async () => {
    const { set, said, clock, answered } = bench();
    set(LIMIT);
    await clock.run(30_000);
    set(LIMIT);
    set({ ...LIMIT, circuit: 'attic' });
    set({ circuit: 'main' });
    assert.deepEqual(said(), [
      'limits/bms true kept',
      'limits/bms true kept',
      'limits/bms false',
      'limits/bms false',
    ]);
    assert.equal(answered.length, 4);
    await clock.run(59_000);
    assert.deepEqual(said(), []);
    await clock.run(2_000);
    assert.deepEqual(said(), ['limits/bms emptied kept']);
  });

  test('lives for the time of the message where its end is no time', async () => {
    const { set, said, clock } = bench(Number.POSITIVE_INFINITY);
    set(LIMIT);
    await clock.run(59_000);
    assert.deepEqual(said(), ['limits/bms true kept']);
    await clock.run(1_000);
    assert.deepEqual(said(), ['limits/bms emptied kept']);
  });

  test('lives as long as was applied; longer than timers can wait, it stays', async () => {
    const all = bench(24 * DAY_MS);
    all.set(LIMIT);
    await all.clock.run(24 * DAY_MS - 1);
    assert.deepEqual(all.said(), ['limits/bms true kept']);
    await all.clock.run(1);
    assert.deepEqual(all.said(), ['limits/bms emptied kept']);
    const lasting = bench(25 * DAY_MS);
    lasting.set({ circuit: 'main', amps: 16 }, 'sun');
    await lasting.clock.run(26 * DAY_MS);
    assert.deepEqual(lasting.said(), ['limits/sun true kept']);
  });

  test('goes when a source that needs no life falls silent; of another it has its own', async () => {
    const { set, said, clock, topics } = bench();
    set({ circuit: 'main', amps: 16, ttlSeconds: 60 }, 'sun');
    set(LIMIT);
    said();
    topics.silent('bms');
    assert.deepEqual(said(), []);
    topics.silent('sun');
    assert.deepEqual(said(), ['limits/sun emptied kept']);
    await clock.run(120_000);
    assert.deepEqual(said(), ['limits/bms emptied kept']);
  });

  test('is left alone after the end', async () => {
    const { set, said, clock, topics, taken } = bench();
    for (let i = 0; i < 30; i += 1) set(LIMIT);
    topics.close();
    said();
    const before = taken.length;
    await clock.run(120_000);
    assert.deepEqual([said(), taken.length], [[], before]);
  });
});

describe('a limit is refused', () => {
  test('unread where it is too large', () => {
    const { set, said, taken, warned } = bench();
    const text = JSON.stringify(LIMIT);
    set(text.padEnd(4_096));
    assert.equal(taken.length, 1);
    set(text.padEnd(4_097));
    assert.deepEqual(said(), ['limits/bms true kept', 'limits/bms false']);
    assert.deepEqual(warned, [{ source: 'bms', reason: 'larger than 4096 bytes' }]);
    assert.equal(taken.length, 1);
  });

  test('without a life, but not of a source with a heartbeat', () => {
    const { set, said } = bench();
    set({ circuit: 'main', amps: 16 });
    set({ circuit: 'main', amps: 16 }, 'sun');
    assert.deepEqual(said(), ['limits/bms false', 'limits/sun true kept']);
  });

  test('and its fault told once, until one can be read again', () => {
    const { set, warned } = bench();
    const reasons = () => warned.splice(0).map((each) => Reflect.get(each as object, 'reason'));
    set('{');
    set('{');
    set('[]');
    assert.equal(reasons().length, 2);
    set('{');
    set(LIMIT);
    set('{');
    assert.equal(reasons().length, 2);
    // One that was understood and refused is no fault of its form.
    set({ ...LIMIT, circuit: 'attic' });
    assert.deepEqual(reasons(), []);
  });

  test('when the broker kept it', async () => {
    const { set, said, taken, clock, warned } = bench();
    assert.equal(set(LIMIT, 'bms', { retained: true }), true);
    await clock.run(2_000);
    assert.deepEqual(said(), ['limits/bms false']);
    const reason = 'retained: publish limits without the retain flag';
    assert.deepEqual(warned, [{ source: 'bms', reason }]);
    assert.deepEqual(taken, []);
  });
});

test('a heartbeat is heard, unless the broker kept it', () => {
  const { topics, beats, warned, said } = bench();
  assert.equal(topics.take(incoming('limits/sun/heartbeat', '')), true);
  assert.deepEqual(beats, ['sun']);
  for (let i = 0; i < 2; i += 1) {
    assert.equal(topics.take(incoming('limits/sun/heartbeat', '', { retained: true })), true);
  }
  assert.deepEqual(beats, ['sun']);
  assert.equal(warned.length, 1);
  assert.deepEqual(said(), []);
});

test('a limit on the topic of the answers is answered once; what is none is nothing', () => {
  const { topics, said, warned, taken } = bench();
  const publish = (source: string, body: unknown) =>
    assert.equal(topics.take(incoming(`limits/${source}`, body)), false);
  publish('bms', '');
  publish('bms', ' '.repeat(4_097));
  publish('bms', { accepted: false, applied: null, reason: 'x' });
  assert.deepEqual(said(), []);
  publish('bms', JSON.stringify(LIMIT).padEnd(4_096));
  publish('bms', LIMIT);
  publish('sun', 'null');
  publish('ems', '{');
  assert.deepEqual(said(), ['limits/bms false', 'limits/sun false', 'limits/ems false']);
  publish('set', LIMIT);
  const told = 'heard on the topic of the answers: publish limits on';
  assert.deepEqual(
    warned,
    [
      ['bms', 'bms'],
      ['sun', 'sun'],
      ['ems', 'ems'],
      ['set', '<source>'],
    ].map(([source, name]) => ({ source, reason: `${told} ${BASE}/limits/${name}/set` })),
  );
  assert.deepEqual(taken, []);
});

test('what is about something else is not taken', () => {
  const { topics, said, warned } = bench();
  for (const topic of ['limits/bms/get', 'limits/a/b/set', 'request/pause', 'limit/bms/set']) {
    assert.equal(topics.take(incoming(topic, LIMIT)), false, topic);
  }
  const elsewhere = { ...incoming('', LIMIT), topic: 'busbar/v1/other/limits/bms/set' };
  assert.equal(topics.take(elsewhere), false);
  assert.deepEqual([said(), warned], [[], []]);
});
