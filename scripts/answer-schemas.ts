import { Type } from '../src/schema/typebox.ts';

const strict = { additionalProperties: false } as const;
const Amps = Type.Tuple([Type.Number(), Type.Number(), Type.Number()]);

/** The answer on `limits/<source>`: retained for as long as the limit lives. */
export const LimitAnswerSchema = Type.Object(
  {
    accepted: Type.Boolean(),
    applied: Type.Union([
      Type.Null(),
      Type.Object(
        {
          circuit: Type.String(),
          amps: Type.Union([Amps, Type.Null()]),
          watts: Type.Union([Type.Number(), Type.Null()]),
          startsAt: Type.Optional(Type.String({ format: 'date-time' })),
          expiresAt: Type.String({ format: 'date-time' }),
        },
        strict,
      ),
    ]),
    reason: Type.String(),
    seq: Type.Optional(Type.Integer()),
    epoch: Type.Optional(Type.Integer()),
  },
  strict,
);

export const InfoSchema = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    apiVersion: Type.Integer(),
    circuits: Type.Array(Type.String()),
    meters: Type.Array(Type.String()),
    chargers: Type.Array(Type.String()),
    sources: Type.Array(Type.String()),
    policies: Type.Array(Type.String({ description: 'That may be chosen by request' })),
    verbs: Type.Array(Type.String()),
  },
  strict,
);

export const EventSchema = Type.Object(
  {
    at: Type.String({ format: 'date-time' }),
    type: Type.String({ description: 'alarm, alarm-over, charger-online, session-started, ...' }),
    subject: Type.String({ description: 'Id of what it is about' }),
    text: Type.String(),
  },
  strict,
);
