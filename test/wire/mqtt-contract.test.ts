import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import type { Clock } from '../../src/core/time.ts';
import type { Broker, BrokerListener } from '../../src/field/broker-port.ts';
import { EmsLink } from '../../src/field/ems-link.ts';
import { eventsBetween } from '../../src/field/site-events.ts';
import { scalarTopics, stateTopics } from '../../src/schema/state-topics.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { linkParts } from './link-parts.ts';

interface Document {
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly action: 'send' | 'receive';
        readonly bindings: { readonly mqtt: { readonly qos: number; readonly retain: boolean } };
      }
    >
  >;
  readonly channels: Readonly<
    Record<
      string,
      {
        readonly address: string | null;
        readonly messages: Readonly<Record<string, { readonly payload: object }>>;
      }
    >
  >;
}

const document = parse(readFileSync('docs/asyncapi.yaml', 'utf8')) as Document;
const ajv = new Ajv({ strict: false, allowUnionTypes: true });
addFormats.default(ajv);

/** A link to a broker that only writes down what it is asked. */
const recordedLink = (clock: Clock) => {
  const sent: { topic: string; text: string; qos: number; retain: boolean }[] = [];
  const filters: string[] = [];
  let listener: BrokerListener | undefined;
  const broker: Broker = {
    connected: () => true,
    problem: () => '',
    publish: (topic, text, { qos = 0, retain = false } = {}) => {
      if (text !== '') sent.push({ topic, text, qos, retain });
      return true;
    },
    subscribe: (asked, done = () => {}) => {
      filters.push(...asked);
      done(true);
    },
    unsubscribe: () => {},
    close: async () => {},
  };
  const accepted = { accepted: true, reason: 'accepted' };
  const expiresAt = '2100-01-01T00:00:00.000Z';
  const link = new EmsLink({
    openBroker: (given) => {
      listener = given;
      return broker;
    },
    ...linkParts(clock),
    setLimit: (_source, { circuit }) => ({
      ...accepted,
      applied: { circuit, amps: [16, 16, 16], watts: null, expiresAt },
    }),
    policies: new Map([['equal', DEFAULT_POLICY]]),
    scalars: true,
    homeAssistant: { prefix: 'homeassistant', limitSources: ['bms'] },
  });
  listener?.connected();
  const hear = (topic: string, text: string): void =>
    listener?.message({
      topic: `busbar/v1/garage/${topic}`,
      text: () => text,
      bytes: text.length,
      retained: false,
      responseTopic: undefined,
      correlation: undefined,
    });
  const hears = (topic: string): boolean =>
    filters.some((filter) => new RegExp(`^${filter.replace(/\+/g, '[^/]+')}$`).test(topic));
  return { sent, hears, link, hear };
};

/** The channel of a topic, with its name. */
const channelOf = (topic: string) =>
  Object.entries(document.channels).find(([, { address }]) => {
    if (address === null) return false;
    const site = address.replace('{root}/{site}', 'busbar/v1/garage').replace('{path}', '.+');
    return new RegExp(`^${site.replace(/\{\w+\}/g, '[^/]+')}$`).test(topic);
  });

/** The payload that the document states for a topic. */
const payloadOf = (topic: string): object | undefined => {
  const [, channel] = channelOf(`busbar/v1/garage/${topic}`) ?? [];
  return channel && Object.values(channel.messages)[0]?.payload;
};

describe('docs/asyncapi.yaml says what is published', () => {
  const site = async (): Promise<VirtualSite> => {
    const emsSources = [{ id: 'bms', circuit: 'main', failsafeAmps: 20 }];
    const virtual = new VirtualSite({ site: garage(2, { emsSources }) });
    await virtual.run(30);
    return virtual;
  };

  test('on every state topic', async () => {
    const state = stateTopics((await site()).view(), '1');
    assert.ok(state.size >= 7);
    for (const [topic, text] of state) {
      const payload = payloadOf(topic);
      assert.ok(payload, `${topic} is not in the document`);
      const validate = ajv.compile(payload);
      assert.ok(validate(JSON.parse(text)), `${topic}: ${ajv.errorsText(validate.errors)}`);
    }
    for (const topic of scalarTopics(state).keys()) assert.ok(payloadOf(topic), topic);
  });

  test('by a link to a broker: every topic, its payload and how it is sent', async () => {
    const clock = new VirtualClock();
    const { sent, hears, link, hear } = recordedLink(clock);
    link.publish((await site()).view());
    await clock.run(2_000);
    hear('limits/bms/set', '{"circuit":"main","amps":16,"ttlSeconds":60}');
    hear('limits/bms/set', '{"circuit":"main","amps":16}');
    hear('request/pause', '{"charger":"CP_1"}');
    await link.close();
    assert.ok(sent.some(({ topic }) => topic.startsWith('homeassistant/device/')));
    for (const { topic, text, qos, retain } of sent) {
      const channel = channelOf(topic);
      assert.ok(channel, `${topic} is not in the document`);
      const [name, { messages }] = channel;
      const operation = document.operations[name];
      assert.equal(operation?.action, 'send', topic);
      const rejected = name === 'limit' && JSON.parse(text).accepted === false;
      const { mqtt } = operation.bindings;
      assert.deepEqual([mqtt.qos, mqtt.retain && !rejected], [qos, retain], topic);
      const validate = ajv.compile(Object.values(messages)[0]?.payload ?? false);
      const said = /^[{[]/.test(text) ? JSON.parse(text) : text;
      assert.ok(validate(said), `${topic}: ${ajv.errorsText(validate.errors)}`);
    }
    const received = Object.entries(document.operations)
      .filter(([name, { action }]) => action === 'receive' && name !== 'meterReading')
      .map(([name]) => name);
    for (const name of received) {
      const address = document.channels[name]?.address ?? '';
      const topic = address.replace('{root}/{site}', 'busbar/v1/garage');
      const example = topic.replace('{prefix}', 'homeassistant').replace(/\{\w+\}/g, 'x');
      assert.ok(hears(example), `${example} is not listened to`);
    }
  });

  test('on events', async () => {
    const view = (await site()).view();
    const [event] = eventsBetween(view, { ...view, alarms: ['smoke'] });
    const validate = ajv.compile(payloadOf('events') ?? {});
    assert.ok(validate(event), ajv.errorsText(validate.errors));
  });
});
