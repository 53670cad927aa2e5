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
