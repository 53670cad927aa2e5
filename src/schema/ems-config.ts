import { amps, id, strict } from './config-parts.ts';
import { Type } from './typebox.ts';

/** Where limits from outside come from. */
export const EmsSchema = Type.Object(
  {
    mqtt: Type.Optional(
      Type.Object(
        {
          url: Type.String({
            pattern: '^(mqtt|mqtts)://',
            errorMessage: 'must be mqtt://host:port or mqtts://host:port',
          }),
          root: Type.String({ pattern: '^[^#+]+$', default: 'busbar/v1' }),
          username: Type.Optional(Type.String()),
          password: Type.Optional(Type.String()),
          clientId: Type.Optional(Type.String({ maxLength: 64 })),
          tls: Type.Optional(
            Type.Object(
              {
                ca: Type.Optional(
                  Type.String({ description: 'PEM of who signed the certificate of the broker' }),
                ),
                cert: Type.Optional(Type.String({ description: 'PEM of our certificate' })),
                key: Type.Optional(Type.String({ description: 'PEM of its key' })),
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
        },
        strict,
      ),
      { default: [], maxItems: 64 },
    ),
  },
  { ...strict, default: { sources: [] } },
);
