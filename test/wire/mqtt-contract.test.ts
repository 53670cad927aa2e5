import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { eventsBetween } from '../../src/field/site-events.ts';
import { scalarTopics, stateTopics } from '../../src/schema/state-topics.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';

interface Document {
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

/** The payload that the document states for a topic. */
const payloadOf = (topic: string): object | undefined => {
  const found = Object.values(document.channels).find(({ address }) => {
    if (address === null) return false;
    const pattern = address.replace('{root}/{site}/', '').replace(/\{path\}/, '.+');
    return new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(topic);
  });
  return found && Object.values(found.messages)[0]?.payload;
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

  test('on events', async () => {
    const view = (await site()).view();
    const [event] = eventsBetween(view, { ...view, alarms: ['smoke'] });
    const validate = ajv.compile(payloadOf('events') ?? {});
    assert.ok(validate(event), ajv.errorsText(validate.errors));
  });
});
