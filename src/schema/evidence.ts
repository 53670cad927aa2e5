import { type Static, Type } from './typebox.ts';

const strict = { additionalProperties: false } as const;
const Amps = Type.Tuple([Type.Number(), Type.Number(), Type.Number()]);
const NullableNumber = Type.Union([Type.Number(), Type.Null()]);
const At = Type.String({ format: 'date-time' });

/** One minute of a case: means. */
const EvidenceMinuteSchema = Type.Object(
  {
    at: At,
    limitWatts: NullableNumber,
    limitAmps: Type.Union([Amps, Type.Null()]),
    /** Through the circuit, as far as it is metered. */
    circuitWatts: NullableNumber,
    chargersWatts: Type.Number(),
    offeredWatts: Type.Number(),
  },
  strict,
);

/** What a source limited, when, and what came of it (BK6-22-300 Anlage 1, Ziff. 7.2). */
const EvidenceSchema = Type.Object(
  {
    version: Type.Literal(1),
    id: Type.String(),
    site: Type.String(),
    source: Type.String(),
    circuit: Type.String(),
    begunAt: At,
    endedAt: Type.Union([At, Type.Null()]),
    /** The program was cut off during the case: it ended there, or went on in the next record. */
    cutOff: Type.Optional(Type.Literal(true)),
    /** First time that the power was within a limit. */
    effectAt: Type.Union([At, Type.Null()]),
    floorWatts: Type.Number({ description: 'What has to be left to the devices' }),
    /** A command below the floor was obeyed: to be reported (Ziff. 4.6). */
    belowFloor: Type.Boolean(),
    /** Each change of what was ordered, and when it was met; failsafe: nothing was heard. */
    orders: Type.Array(
      Type.Object(
        {
          at: At,
          state: Type.String(),
          watts: NullableNumber,
          amps: Type.Union([Amps, Type.Null()]),
          reason: Type.Union([Type.String(), Type.Null()]),
          effectAt: Type.Optional(At),
        },
        strict,
      ),
    ),
    minutes: Type.Array(EvidenceMinuteSchema),
  },
  strict,
);
export type Evidence = Static<typeof EvidenceSchema>;
export type EvidenceMinute = Static<typeof EvidenceMinuteSchema>;
