import { address, amps, HOST, id, modbusAddress, PORT, strict } from './config-parts.ts';
import { Type } from './typebox.ts';

const pem = (description: string) =>
  Type.String({
    // A reference is resolved before the form is looked at, except in an editor.
    pattern: '-----BEGIN |^\\$\\{',
    description,
    errorMessage: `must be the text of a PEM file: write \${file:/path/of/it}`,
  });

/** Where limits from outside come from. */
export const EmsSchema = Type.Object(
  {
    mqtt: Type.Optional(
      Type.Object(
        {
          url: Type.String({
            pattern: `^mqtts?://([^\\s/@%]+@)?${HOST}(:${PORT})?/?$`,
            errorMessage: 'must be mqtt://host:port or mqtts://host:port',
          }),
          root: Type.String({ pattern: '^[^#+]+$', default: 'busbar/v1' }),
          username: Type.Optional(Type.String()),
          password: Type.Optional(Type.String()),
          clientId: Type.Optional(Type.String({ maxLength: 64 })),
          tls: Type.Optional(
            Type.Object(
              {
                ca: Type.Optional(pem('PEM of who signed the certificate of the broker')),
                cert: Type.Optional(pem('PEM of our certificate')),
                key: Type.Optional(pem('PEM of its key')),
              },
              strict,
            ),
          ),
          scalars: Type.Boolean({
            default: false,
            description: 'One value per topic below values/ as well',
          }),
          homeAssistant: Type.Optional(
            Type.Object(
              {
                prefix: Type.String({ pattern: '^[^#+]+$', default: 'homeassistant' }),
                limitSources: Type.Array(id('Source of a limit'), {
                  default: [],
                  maxItems: 16,
                  description: 'Sources in ems.sources that Home Assistant may set, as numbers',
                }),
                policySeconds: Type.Optional(
                  Type.Integer({
                    minimum: 10,
                    maximum: 604_800,
                    description:
                      'How long a policy that is chosen there holds; absent: until another one is',
                  }),
                ),
              },
              { ...strict, description: 'Discovery by Home Assistant' },
            ),
          ),
        },
        strict,
      ),
    ),
    sources: Type.Array(
      Type.Object(
        {
          id: id('Name of the source: the topic is limits/<id>/set'),
          circuit: id('Circuit that it limits'),
          failsafeAmps: Type.Optional(amps('In force before the first and after the last limit')),
          failsafeWatts: Type.Optional(Type.Number({ minimum: 0 })),
          heartbeatSeconds: Type.Optional(
            Type.Integer({
              minimum: 10,
              maximum: 600,
              description:
                'A source with a heartbeat (as EEBUS LPC: 120): silent for longer, its failsafe holds',
            }),
          ),
          failsafeHours: Type.Number({
            minimum: 2,
            maximum: 24,
            default: 2,
            description: 'With heartbeatSeconds: how long the failsafe holds, then nothing does',
          }),
          dimming: Type.Optional(
            Type.Object(
              {
                devices: Type.Integer({
                  minimum: 1,
                  maximum: 5_000,
                  description:
                    'Charge points and storages above 4.2 kW that are not public, groups',
                }),
                heatPumpWatts: Type.Number({ minimum: 0, default: 0 }),
                coolingWatts: Type.Number({ minimum: 0, default: 0 }),
              },
              { ...strict, description: 'Dims by §14a EnWG: a record is kept of each case' },
            ),
          ),
        },
        strict,
      ),
      { default: [], maxItems: 64 },
    ),
    modbusServer: Type.Optional(
      Type.Object(
        {
          listen: address('Where a building controller connects', '127.0.0.1:1502'),
          unit: Type.Integer({ minimum: 1, maximum: 247, default: 1 }),
          allow: Type.Array(
            Type.String({
              pattern: '^[0-9A-Fa-f.:]+(/\\d{1,3})?$',
              errorMessage: 'must be an address or a network, e.g. 10.0.0.0/24',
            }),
            { default: [], maxItems: 64, description: 'Who may connect; needed beyond loopback' },
          ),
          sources: Type.Array(id('Source of a limit'), {
            default: [],
            maxItems: 64,
            description: 'Sources in ems.sources whose limits may be written, in this order',
          }),
          watchdogSeconds: Type.Integer({
            minimum: 10,
            maximum: 3_600,
            default: 60,
            description: 'A written limit expires if it is not written again in this time',
          }),
        },
        { ...strict, description: 'Modbus TCP for building controllers' },
      ),
    ),
    policies: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      default: [],
      maxItems: 16,
      description: 'Policies that may be chosen by request, as in policy',
    }),
    children: Type.Array(
      Type.Object(
        {
          id: id('Its name on this site, beside the chargers'),
          site: id('site.id of the other gateway'),
          source: id('Source in its ems.sources that this gateway is'),
          limits: id('Circuit of the other gateway that the source limits'),
          circuit: id('Circuit of this site that feeds it'),
          phases: Type.String({
            pattern: '^(L[123]){3}$',
            default: 'L1L2L3',
            description: 'Phases of this site on its L1, L2, L3',
          }),
          maxAmps: amps('Fuse of its feed'),
          failsafeAmps: amps('What it holds without us: failsafeAmps of the source there'),
          weight: Type.Number({ exclusiveMinimum: 0, maximum: 1_000, default: 1 }),
        },
        strict,
      ),
      { default: [], maxItems: 64, description: 'Gateways that take their limit from this one' },
    ),
    inputs: Type.Array(
      Type.Object(
        {
          id: id('Name of the source of the limit'),
          circuit: id('Circuit that it limits'),
          connect: modbusAddress('Input module, as meters[].connect'),
          unit: Type.Integer({ minimum: 0, maximum: 255, default: 1 }),
          table: Type.Union([Type.Literal('discrete'), Type.Literal('coil')], {
            default: 'discrete',
          }),
          address: Type.Integer({ minimum: 0, maximum: 65_535, description: '0-based' }),
          activeWhen: Type.Boolean({ default: true, description: 'false: a relay that opens' }),
          limitAmps: Type.Optional(amps('In force while active, and while it cannot be read')),
          limitWatts: Type.Optional(Type.Number({ minimum: 0 })),
        },
        strict,
      ),
      { default: [], maxItems: 16, description: 'Contacts that limit, read over Modbus' },
    ),
  },
  { ...strict, default: { sources: [], inputs: [], policies: [], children: [] } },
);
