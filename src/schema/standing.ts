import { WAITING_MOST } from '../core/limits/limit-book.ts';
import { type Static, Type } from './typebox.ts';
import { problemText, validator } from './validator.ts';

const strict = { additionalProperties: false } as const;
const At = Type.String({ format: 'date-time' });
const Amps = Type.Number({ minimum: 0 });
/** Absent: until it is changed. */
const Until = Type.Optional(At);
/** As long as what is read of a message. */
const TransactionId = Type.String({ maxLength: 255 });
/** More connectors or sources than that are not kept. */
const ENTRIES_MOST = 10_000;

const keyed = <T extends Parameters<typeof Type.Record>[1]>(each: T) =>
  Type.Record(Type.String({ maxLength: 200 }), each, { maxProperties: ENTRIES_MOST });

/**
 * What people and energy managers asked for, as it is kept over a restart. Times are wall clock;
 * connectors are named `charger/connector`.
 */
const StandingSchema = Type.Object(
  {
    savedAt: At,
    pauses: keyed(Type.Object({ by: Type.String({ maxLength: 200 }), until: Until }, strict)),
    priorities: keyed(
      Type.Object(
        {
          weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
          class: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
          until: Until,
        },
        strict,
      ),
    ),
    wishes: keyed(
      Type.Object(
        {
          at: At,
          energyWh: Type.Optional(Type.Number({ minimum: 0 })),
          departAt: Type.Optional(At),
          transaction: Type.Optional(TransactionId),
          byCar: Type.Optional(Type.Literal(true)),
        },
        strict,
      ),
    ),
    limits: keyed(
      Type.Object(
        {
          epoch: Type.Optional(Type.Integer({ minimum: 0 })),
          entries: Type.Array(
            Type.Object(
              {
                amps: Type.Optional(Type.Tuple([Amps, Amps, Amps])),
                watts: Type.Optional(Type.Number({ minimum: 0 })),
                reason: Type.Optional(Type.String({ maxLength: 200 })),
                from: At,
                until: At,
              },
              strict,
            ),
            { maxItems: WAITING_MOST + 1 },
          ),
        },
        strict,
      ),
    ),
    wakeUps: Type.Optional(
      keyed(
        Type.Object(
          {
            transaction: TransactionId,
            tries: Type.Integer({ minimum: 0, maximum: 100 }),
            rounds: Type.Integer({ minimum: 0, maximum: 100 }),
            full: Type.Optional(Type.Literal(true)),
            until: Until,
          },
          strict,
        ),
      ),
    ),
    policy: Type.Optional(
      Type.Object(
        {
          name: Type.String({ maxLength: 200, description: 'One of ems.policies' }),
          inPlaceOf: Type.String({ description: 'Policy of the site file when it was chosen' }),
          until: Until,
        },
        strict,
      ),
    ),
  },
  strict,
);

export type Standing = Static<typeof StandingSchema>;

export const NOTHING_STANDING: Standing = {
  savedAt: '1970-01-01T00:00:00.000Z',
  pauses: {},
  priorities: {},
  wishes: {},
  limits: {},
};

/** Checks what was read from disk: it may have been written by another version, or by hand. */
export const readStanding = (
  raw: unknown,
): { readonly standing: Standing; readonly problem?: string } => {
  const { value, problems } = validator(StandingSchema)(raw);
  const [first] = problems;
  if (first === undefined) return { standing: value as Standing };
  return { standing: NOTHING_STANDING, problem: problemText(first) };
};
