import { stringify } from 'yaml';
import { LimitMessageSchema } from '../src/schema/limit-message.ts';
import { MeterMessageSchema } from '../src/schema/meter-message.ts';
import { RequestSchemas, ResponseSchema, VERBS } from '../src/schema/request-messages.ts';
import { MQTT_API_VERSION } from '../src/schema/state-topics.ts';
import {
  ChargerViewSchema,
  CircuitViewSchema,
  ConnectorViewSchema,
  LimitViewSchema,
  MeterViewSchema,
} from '../src/schema/view.ts';
import { EventSchema, InfoSchema, LimitAnswerSchema } from './answer-schemas.ts';

interface Channel {
  readonly address: string;
  readonly summary: string;
  readonly payload: unknown;
  /** send: Busbar publishes. receive: Busbar listens. */
  readonly action: 'send' | 'receive';
  readonly retained?: boolean;
  /** 1: it matters that it arrives. */
  readonly qos?: 0 | 1;
  readonly reply?: string;
  /** Without the root of the site: the whole topic. */
  readonly elsewhere?: true;
}

const without = (schema: { properties: object }, ...names: readonly string[]) => {
  const properties = Object.entries(schema.properties).filter(([name]) => !names.includes(name));
  const required = (schema as { required?: readonly string[] }).required ?? [];
  return {
    ...schema,
    properties: Object.fromEntries(properties),
    required: required.filter((name) => !names.includes(name)),
  };
};

const SITE_PROPERTIES = {
  id: { type: 'string' },
  alarms: { type: 'array', items: { type: 'string' } },
  policy: { type: ['string', 'null'], description: 'How power is shared now' },
  chosenPolicy: {
    type: ['string', 'null'],
    description: 'The one of ems.policies that was chosen by request',
  },
  surplusWatts: { type: ['number', 'null'] },
  limits: { type: 'array', items: without(LimitViewSchema, 'expiresInSeconds') },
};
const SITE = {
  type: 'object',
  properties: SITE_PROPERTIES,
  required: Object.keys(SITE_PROPERTIES),
  additionalProperties: false,
};

/** A default is filled in: the sender may leave it out. */
const asSent = (schema: { properties: object }): unknown => {
  const given = Object.entries(schema.properties).filter(([, each]) => 'default' in each);
  return { ...schema, required: without(schema, ...given.map(([name]) => name)).required };
};

const CHANNELS: Readonly<Record<string, Channel>> = {
  status: {
    address: 'status',
    summary: 'online, or offline by the last will',
    payload: { type: 'string', enum: ['online', 'offline'] },
    action: 'send',
    retained: true,
    qos: 1,
  },
  info: state('info', 'What there is', InfoSchema),
  site: state('site', 'Alarms and limits in force', SITE),
  circuit: state(
    'circuits/{circuit}',
    'Limit in force and why, measured, offered',
    CircuitViewSchema,
  ),
  meter: state('meters/{meter}', 'Quality with its reason', without(MeterViewSchema, 'ageSeconds')),
  charger: state('chargers/{charger}', 'A charger', without(ChargerViewSchema, 'connectors')),
  connector: state(
    'chargers/{charger}/connectors/{connector}',
    'Offer, draw and reasons of a connector',
    ConnectorViewSchema,
  ),
  value: state('values/{path}', 'One value per topic (ems.mqtt.scalars)', { type: 'string' }),
  events: { address: 'events', summary: 'What happened', payload: EventSchema, action: 'send' },
  setLimit: {
    address: 'limits/{source}/set',
    summary: 'A limit; QoS 1, never retained',
    payload: LimitMessageSchema,
    action: 'receive',
    reply: 'limit',
  },
  limit: {
    ...state(
      'limits/{source}',
      'The answer: retained while the limit lives, a rejection is not retained',
      LimitAnswerSchema,
    ),
    qos: 1,
  },
  heartbeat: {
    address: 'limits/{source}/heartbeat',
    summary: 'A source with heartbeatSeconds is there; any payload, never retained',
    payload: {},
    action: 'receive',
  },
  ...Object.fromEntries(
    VERBS.map((verb): [string, Channel] => [
      verb,
      {
        address: `request/${verb}`,
        summary: (RequestSchemas[verb] as { readonly description?: string }).description ?? verb,
        payload: asSent(RequestSchemas[verb]),
        action: 'receive',
        reply: 'response',
      },
    ]),
  ),
  response: {
    address: 'response/{verb}',
    summary: 'The answer to a request',
    payload: ResponseSchema,
    action: 'send',
    qos: 1,
  },
  discovery: {
    address: '{prefix}/device/{device}/config',
    elsewhere: true,
    summary: 'Discovery by Home Assistant (ems.mqtt.homeAssistant), emptied when its thing is gone',
    payload: {
      type: 'object',
      required: ['dev', 'o', 'avty', 'cmps'],
      properties: {
        dev: { type: 'object', description: 'The site, or a charger' },
        o: { type: 'object' },
        avty: {
          type: 'array',
          description: 'Status; an entity of a charger has a list of its own',
          items: { type: 'object', required: ['t'] },
        },
        cmps: {
          type: 'object',
          description: 'Entities by key; one with its platform p alone has gone',
          additionalProperties: { type: 'object', required: ['p'] },
        },
      },
    },
    action: 'send',
    retained: true,
  },
  homeAssistant: {
    address: '{prefix}/status',
    elsewhere: true,
    summary: 'Home Assistant started: discovery is sent again',
    payload: { type: 'string' },
    action: 'receive',
  },
};

function state(address: string, summary: string, payload: unknown): Channel {
  return { address, summary, payload, action: 'send', retained: true };
}

const PLACES: Readonly<Record<string, string>> = {
  root: 'ems.mqtt.root, busbar/v1 unless configured',
  site: 'site.id',
  circuit: 'Id of a circuit',
  meter: 'Id of a meter',
  charger: 'Id of a charger',
  connector: 'Number of a connector, from 1',
  source: 'Id of a source in ems.sources',
  verb: VERBS.join(', '),
  path: 'The state topic and the field, phases as /L1 to /L3',
  prefix: 'ems.mqtt.homeAssistant.prefix, homeassistant unless configured',
  device: 'busbar_<site>, and busbar_<site>__<charger>',
};

const parametersOf = (address: string) =>
  Object.fromEntries(
    [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [
      name,
      { description: PLACES[name] },
    ]),
  );

/** Where an MQTT 5 sender wants the answer as well, and what comes back with it. */
const ANSWERED_ELSEWHERE = {
  responseTopic: { type: 'string', description: 'Optional: the answer goes there too' },
  correlationData: { type: 'string', description: 'Optional: comes back with the answer' },
};

const isText = (payload: unknown): boolean => (payload as { type?: string }).type === 'string';

/** docs/asyncapi.yaml: every topic with its payload, from the schemas that check them. */
export const asyncApi = (): string => {
  const channels = Object.entries(CHANNELS).map(([name, channel]) => {
    const { address, elsewhere = false, summary, payload, reply } = channel;
    const whole = elsewhere ? address : `{root}/{site}/${address}`;
    const message = {
      contentType: isText(payload) ? 'text/plain' : 'application/json',
      ...(reply === undefined ? {} : { bindings: { mqtt: ANSWERED_ELSEWHERE } }),
      payload,
    };
    const parameters = parametersOf(whole);
    return [name, { address: whole, summary, parameters, messages: { [name]: message } }];
  });
  const operations = Object.entries(CHANNELS).map(
    ([name, { action, retained = false, qos = 0, reply }]) => [
      name,
      {
        action,
        channel: { $ref: `#/channels/${name}` },
        bindings: { mqtt: { qos: action === 'receive' ? 1 : qos, retain: retained } },
        ...(reply === undefined ? {} : { reply: { channel: { $ref: `#/channels/${reply}` } } }),
      },
    ],
  );
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Busbar over MQTT',
      version: String(MQTT_API_VERSION),
      description: 'Generated from the schemas by npm run generate. Busbar sends and receives.',
    },
    defaultContentType: 'application/json',
    channels: {
      ...Object.fromEntries(channels),
      meterReading: {
        address: null,
        summary: 'A meter read by somebody else, on the topic of the site file (meters[].topic)',
        messages: { meterReading: { payload: MeterMessageSchema } },
      },
    },
    operations: {
      ...Object.fromEntries(operations),
      meterReading: { action: 'receive', channel: { $ref: '#/channels/meterReading' } },
    },
  };
  // Through JSON: schemas carry symbols, and shared parts would become YAML anchors.
  return stringify(JSON.parse(JSON.stringify(document)), { aliasDuplicateObjects: false });
};
