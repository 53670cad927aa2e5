import { address, id, identity, strict } from './config-parts.ts';
import { Type } from './typebox.ts';

export const MirrorSchema = Type.Object(
  {
    id: id('Name of the mirror, for the log'),
    url: Type.String({
      pattern: '^wss?://',
      description: 'Gets every message of the chargers; the identity is appended',
    }),
    password: Type.Optional(Type.String({ maxLength: 255 })),
    chargers: Type.Optional(Type.Array(Type.String(), { description: 'All when absent' })),
  },
  { ...strict, description: 'An upstream that only reads: its answers and calls have no effect' },
);

const actions = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), { minItems: 1, description }),
  );

export const RuleSchema = Type.Object(
  {
    deny: actions('Actions that the CSMS may not call, e.g. Reset'),
    allow: actions('The only actions that the CSMS may call'),
    chargers: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Identities, that of the controller or station too; all when absent',
      }),
    ),
    upstream: Type.Optional(
      Type.String({ pattern: '^wss?://', description: 'URL of the CSMS meant; each when absent' }),
    ),
  },
  { ...strict, description: 'What a CSMS may call; refused by one rule is refused' },
);

export const LimitReportsSchema = Type.Object(
  {
    significancePercent: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 10,
      description: 'Smaller changes are not told, unless the charger says what is significant',
    }),
    everySeconds: Type.Integer({
      minimum: 10,
      maximum: 86_400,
      default: 60,
      description: 'Least time between two reports of one charger',
    }),
    dataTransferVendorId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'OCPP 1.6 has no message for it: a DataTransfer of this vendor; absent: none',
      }),
    ),
  },
  {
    ...strict,
    description: 'Tells the CSMS, in the name of its chargers, what the site leaves them',
  },
);

export const ControllerSchema = Type.Object(
  {
    identity: identity('Identity of the controller itself: a station without connectors'),
    url: Type.Optional(
      Type.String({ pattern: '^wss?://', description: 'Its CSMS, when it is not upstream.url' }),
    ),
    password: Type.Optional(Type.String({ maxLength: 255 })),
    version: Type.Union([Type.Literal('1.6'), Type.Literal('2.0.1'), Type.Literal('2.1')], {
      default: '2.0.1',
      description: 'OCPP version that it speaks',
    }),
    vendor: Type.String({ default: 'Busbar', maxLength: 50 }),
    model: Type.String({ default: 'Site gateway', maxLength: 20 }),
    serial: Type.Optional(Type.String({ maxLength: 25 })),
    circuit: Type.Optional(id('Circuit that its charging profiles limit; the first when absent')),
    firmwareCache: Type.Optional(
      Type.Object(
        {
          listen: address('Where chargers get the files', '0.0.0.0:9080'),
          url: Type.String({
            pattern: '^http://',
            description: 'How chargers reach it, e.g. http://10.0.0.2:9080',
          }),
          mostMegabytes: Type.Integer({ minimum: 1, maximum: 65_536, default: 512 }),
        },
        {
          ...strict,
          description: 'PublishFirmware: firmware of chargers is downloaded once and served here',
        },
      ),
    ),
  },
  { ...strict, description: 'The identity of the gateway itself at the CSMS' },
);

export const StationSchema = Type.Object(
  {
    identity: identity('Identity towards the CSMS: appended to upstream.url'),
    version: Type.Union([Type.Literal('1.6'), Type.Literal('2.0.1'), Type.Literal('2.1')], {
      description: 'OCPP version towards the CSMS; chargers may speak others',
    }),
    vendor: Type.String({ minLength: 1, maxLength: 20, default: 'Busbar' }),
    model: Type.String({ minLength: 1, maxLength: 20, default: 'Site gateway' }),
    serial: Type.Optional(Type.String({ minLength: 1, maxLength: 25 })),
    password: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Basic authentication' }),
    ),
    circuit: Type.Optional(id('Circuit that its profiles of connector 0 limit; else the first')),
  },
  { ...strict, description: 'upstream.mode aggregate: the one station that the CSMS sees' },
);
