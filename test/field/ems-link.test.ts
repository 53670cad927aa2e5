// The link to the broker: what is heard and said on each connection, and to whom answers go.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Broker, BrokerListener, Incoming, Note } from '../../src/field/broker-port.ts';
import { EmsLink, type EmsLinkOptions } from '../../src/field/ems-link.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { emptyView } from '../wire/empty-view.ts';
import { linkParts } from '../wire/link-parts.ts';

const BASE = 'busbar/v1/garage';
const DISCOVERY = 'homeassistant/device/busbar_garage/config';
const HOME = { prefix: 'homeassistant', limitSources: [] };

const bench = (changes: Partial<EmsLinkOptions> = {}) => {
  const clock = new VirtualClock();
  let listener: BrokerListener | undefined;
  let will: Note | undefined;
  let up = false;
  const sent: { topic: string; text: string; retain: boolean; correlation: unknown }[] = [];
  const heard: string[] = [];
  const quiet: string[] = [];
  const farewells: Note[] = [];
  const grants: (() => void)[] = [];
  const broker: Broker = {
    connected: () => up,
    problem: () => '',
    publish: (topic, text, { retain = false, correlation } = {}) =>
      up && sent.push({ topic, text, retain, correlation }) > 0,
    subscribe: (filters, done, options) => {
      heard.push(...filters);
      if (options?.quiet) quiet.push(...filters);
      if (done !== undefined)
        grants.push(
          () => done(true),
          () => done(false),
        );
    },
    unsubscribe: (filters) => {
      for (const filter of filters) heard.splice(heard.indexOf(filter), 1);
    },
    close: async (farewell) => {
      farewells.push(farewell);
    },
  };
  const link = new EmsLink({
    ...linkParts(clock),
    openBroker: (given, note) => {
      listener = given;
      will = note;
      return broker;
    },
    setLimit: () => ({ accepted: false, applied: null, reason: 'no' }),
    ...changes,
  });
  const connect = () => {
    up = true;
    heard.length = 0;
    listener?.connected();
  };
  const disconnect = () => {
    up = false;
    listener?.disconnected?.();
  };
  const say = (topic: string, text: string, more: Partial<Incoming> = {}) =>
    listener?.message({
      topic,
      bytes: text.length,
      text: () => text,
      retained: false,
      responseTopic: undefined,
      correlation: undefined,
      ...more,
    });
  const grant = (granted: boolean) => grants.splice(0)[granted ? 0 : 1]?.();
  /** Texts of a topic, in order. */
  const on = (topic: string) => sent.filter((each) => each.topic === topic).map(({ text }) => text);
  return { link, clock, sent, heard, quiet, on, connect, disconnect, say, grant, farewells, will };
};

describe('on each connection', () => {
  test('it is online once it may hear what it is told, and not before', () => {
    const { connect, grant, on, heard, link, will, sent } = bench();
    assert.deepEqual(will, { topic: `${BASE}/status`, text: 'offline' });
    assert.equal(link.connected(), false);
    connect();
    assert.equal(link.connected(), true);
    for (const filter of ['limits/+/set', 'limits/+/heartbeat', 'request/+']) {
      assert.ok(heard.includes(`${BASE}/${filter}`), filter);
    }
    assert.ok(!heard.includes('homeassistant/status'), 'nobody asked for Home Assistant');
    grant(false);
    assert.deepEqual(on(`${BASE}/status`), []);
    connect();
    grant(true);
    assert.deepEqual(on(`${BASE}/status`), ['online']);
    assert.deepEqual(
      sent.map(({ retain }) => retain),
      [true],
    );
  });

  test('leftovers of an earlier run are heard for three seconds, misplaced limits for ever', async () => {
    const { connect, disconnect, heard, quiet, clock } = bench();
    const leftovers = ['circuits/+', 'meters/+', 'chargers/#', 'values/#'].map(
      (filter) => `${BASE}/${filter}`,
    );
    const all = [...leftovers, 'homeassistant/device/+/config'];
    const listening = () => all.filter((filter) => heard.includes(filter));
    connect();
    assert.deepEqual(
      quiet,
      ['homeassistant/device/+/config'],
      'who may not look there is not warned',
    );
    await clock.run(2_000);
    disconnect();
    connect();
    await clock.run(2_999);
    assert.deepEqual(listening(), all);
    await clock.run(1);
    assert.deepEqual(listening(), []);
    assert.ok(heard.includes(`${BASE}/limits/+`));
  });

  test('everything is said again', async () => {
    const { connect, disconnect, link, on, clock } = bench();
    link.publish(emptyView());
    connect();
    await clock.run(1_000);
    disconnect();
    await clock.run(10_000);
    connect();
    await clock.run(1_000);
    assert.equal(on(`${BASE}/circuits/main`).length, 2);
    assert.ok(!on(`${BASE}/circuits/main`).includes(''));
  });

  test('what the broker kept of this site and nobody wants is emptied', async () => {
    const { connect, link, on, say, clock, sent } = bench();
    connect();
    link.publish(emptyView());
    for (const [topic, more] of [
      [`${BASE}/meters/gone`, { retained: true }],
      [`${BASE}/meters/live`, { retained: false }],
      [`${BASE}/meters/none`, { retained: true, bytes: 0 }],
      ['busbar/v1/garage2/meters/gone', { retained: true }],
      [`${BASE}/circuits/main`, { retained: true }],
    ] as const) {
      say(topic, '{}', more);
    }
    await clock.run(2_000);
    assert.deepEqual(
      sent.filter(({ text }) => text === '').map(({ topic }) => topic),
      [`${BASE}/meters/gone`],
    );
    assert.equal(on(`${BASE}/circuits/main`).length, 1);
  });
});

describe('an answer', () => {
  const ask = (responseTopic: string | undefined) => {
    const all = bench();
    all.connect();
    const correlation = Uint8Array.of(4, 2);
    all.say(`${BASE}/limits/bms/set`, '{}', { responseTopic, correlation });
    return all.sent.map(({ topic, correlation: back }) => [topic, back]);
  };

  test('goes to where its sender wants it, with what it sent', () => {
    assert.deepEqual(ask('ems/answers'), [
      [`${BASE}/limits/bms`, undefined],
      ['ems/answers', Uint8Array.of(4, 2)],
    ]);
  });

  test('goes nowhere else where that is no topic', () => {
    for (const topic of [undefined, '', 'ems/#', 'ems/+/answers'])
      assert.equal(ask(topic).length, 1);
  });
});

test('the state is kept by the broker; what happens and what is answered is not', async () => {
  const { connect, link, sent, say, clock } = bench({ scalars: true });
  connect();
  link.publish({ ...emptyView(), alarms: ['one'] });
  link.publish(emptyView());
  say(`${BASE}/request/pause`, '{"charger":"CP_1"}');
  await clock.run(1_000);
  const passing = new Set(sent.filter(({ retain }) => !retain).map(({ topic }) => topic));
  assert.deepEqual([...passing], [`${BASE}/events`, `${BASE}/response/pause`]);
  const kept = sent.filter(({ retain }) => retain).map(({ topic }) => topic.slice(BASE.length + 1));
  for (const topic of ['site', 'circuits/main', 'values/chargers/CP_1/online']) {
    assert.ok(kept.includes(topic), topic);
  }
  link.publish({ ...emptyView(), circuits: [] });
  await clock.run(1_000);
  assert.ok(sent.some(({ topic, text }) => topic === `${BASE}/circuits/main` && text === ''));
});

test('without the broker its handlers hear nobody', () => {
  let losses = 0;
  let ends = 0;
  const handler = {
    filters: ['elsewhere'],
    take: () => false,
    disconnected: () => {
      losses += 1;
    },
    close: () => {
      ends += 1;
    },
  };
  const { connect, disconnect, heard, link } = bench({ handlers: () => [handler] });
  connect();
  assert.ok(heard.includes('elsewhere'));
  disconnect();
  assert.equal(losses, 1);
  void link.close();
  assert.equal(ends, 1);
});

test('what happens is told, from the second view on', () => {
  const { connect, link, on } = bench();
  connect();
  link.publish({ ...emptyView(), alarms: ['one'] });
  assert.deepEqual(on(`${BASE}/events`), []);
  link.publish(emptyView());
  assert.match(on(`${BASE}/events`).join(), /"alarm-over"/);
});

test('the end is told once, and nothing after it', async () => {
  const { connect, link, clock, sent, heard, farewells } = bench({ homeAssistant: HOME });
  connect();
  link.publish(emptyView());
  await link.close();
  await link.close();
  assert.deepEqual(farewells, [{ topic: `${BASE}/status`, text: 'offline' }]);
  const [before, listening] = [sent.length, heard.length];
  link.publish({ ...emptyView(), circuits: [] });
  await clock.run(10_000);
  assert.deepEqual([sent.length, heard.length], [before, listening]);
});

describe('Home Assistant', () => {
  const begun = (changes: Partial<EmsLinkOptions> = {}) => {
    const all = bench({ homeAssistant: HOME, ...changes });
    all.connect();
    all.link.publish(emptyView());
    return all;
  };

  test('is told after a second in which an earlier run is heard of', async () => {
    const { on, clock, heard, say } = begun();
    assert.ok(heard.includes('homeassistant/status'));
    say(DISCOVERY, '{"cmps":{"old":{"p":"sensor"}}}', { retained: true });
    await clock.run(999);
    assert.deepEqual(on(DISCOVERY), []);
    await clock.run(1_001);
    assert.match(on(DISCOVERY).join(), /"old":\{"p":"sensor"\}/);
    assert.ok(!on(DISCOVERY).includes(''));
  });

  test('is told everything again when it starts, and of nothing else', async () => {
    const { on, clock, say } = begun();
    await clock.run(3_000);
    assert.equal(on(DISCOVERY).length, 1);
    say('homeassistant/status', 'online');
    await clock.run(1_000);
    assert.equal(on(DISCOVERY).length, 2);
    assert.equal(on(`${BASE}/circuits/main`).length, 1);
  });

  test('is told of what has gone, also where that is heard of late; not of others', async () => {
    const { on, clock, say } = begun();
    const gone = DISCOVERY.replace('garage/', 'garage__CP_9/');
    const late = DISCOVERY.replace('garage/', 'garage__CP_8/');
    const other = DISCOVERY.replace('garage/', 'garage2/');
    say(gone, '{}', { retained: true });
    say(other, '{}', { retained: true });
    await clock.run(3_000);
    say(late, '{}', { retained: true });
    say(late, '', { retained: true });
    say(gone, '{}', { retained: false });
    await clock.run(2_000);
    assert.deepEqual([on(gone), on(late), on(other)], [[''], [''], []]);
  });

  test('a message of a megabyte is read, a larger one only known to be there', async () => {
    const text = '{"cmps":{"old":{"p":"sensor"}}}';
    for (const [bytes, isRead] of [
      [1_048_576, true],
      [1_048_577, false],
    ] as const) {
      const { on, clock, say } = begun();
      say(DISCOVERY, text, { retained: true, bytes });
      await clock.run(2_000);
      assert.equal(on(DISCOVERY).join().includes('"old"'), isRead);
    }
  });

  test('is told nothing where it is not wanted, and forgets what it was told', async () => {
    const { on, clock, say, heard } = begun({ homeAssistant: undefined });
    assert.ok(!heard.includes('homeassistant/status'));
    say(DISCOVERY, '{}', { retained: true });
    await clock.run(3_000);
    assert.deepEqual(on(DISCOVERY), ['']);
  });
});
