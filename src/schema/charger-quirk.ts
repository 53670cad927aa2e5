import { oneOf, type Static, Type } from './typebox.ts';

const strict = { additionalProperties: false } as const;

const VendorLimitSchema = Type.Union([
  Type.Object(
    {
      by: Type.Literal('data-transfer'),
      vendorId: Type.String({ minLength: 1 }),
      messageId: Type.String({ minLength: 1 }),
      data: Type.String({ description: '{connector}, {amps} and {watts} are filled in' }),
    },
    strict,
  ),
  Type.Object(
    {
      by: Type.Literal('configuration'),
      key: Type.String({ minLength: 1 }),
      value: Type.String({ description: '{connector}, {amps} and {watts} are filled in' }),
    },
    strict,
  ),
]);

/** A make of charger that departs from the standard. What is left out is as the standard says. */
export const ChargerQuirkSchema = Type.Object(
  {
    name: Type.String(),
    match: Type.Object(
      {
        vendor: Type.String({
          minLength: 1,
          description: 'As in BootNotification; upper case or not; * stands for anything',
        }),
        models: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
        firmware: Type.Optional(
          Type.String({
            pattern: '^((<|<=|>|>=)?[0-9]+(\\.[0-9]+)*)( (<|<=|>|>=)?[0-9]+(\\.[0-9]+)*)*$',
            description: 'Bounds with spaces between: ">=56.2 <57"; all have to hold',
          }),
        ),
      },
      strict,
    ),
    why: Type.String({ minLength: 10, description: 'What the charger does, in one sentence' }),
    source: Type.String({ minLength: 3, description: 'Where it was reported' }),
    confidence: oneOf(['A', 'B', 'C'], {
      description: 'A: several reports agree. B: one good report. C: seen once, verify',
    }),
    advice: Type.Optional(Type.String({ description: 'What an installer has to do about it' })),
    maxStackLevel: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 99, description: 'Highest level that works' }),
    ),
    rateUnit: Type.Optional(Type.Union([Type.Literal('A'), Type.Literal('W')])),
    purposes: Type.Optional(
      Type.Array(Type.Union([Type.Literal('tx'), Type.Literal('tx-default')]), {
        description: 'Purposes in which it takes offers, best first; empty: it takes none',
      }),
    ),
    profileKind: Type.Optional(Type.Union([Type.Literal('absolute'), Type.Literal('relative')])),
    defaultPerConnector: Type.Optional(
      Type.Boolean({ description: 'Profiles for connector 0 fail' }),
    ),
    keepsProfilesOffline: Type.Optional(
      Type.Boolean({ description: 'false: it forgets its profiles with its connection' }),
    ),
    honoursDuration: Type.Optional(
      Type.Boolean({ description: 'false: a profile does not end by its duration' }),
    ),
    resendOnResume: Type.Optional(Type.Boolean({ description: 'The limit is lost on a resume' })),
    asked: Type.Optional(
      Type.Boolean({ description: 'false: it is not asked for its configuration' }),
    ),
    triggered: Type.Optional(Type.Boolean({ description: 'false: it gets no TriggerMessage' })),
    pingSeconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 3_600,
        description: 'It hangs up when pings come less often; in force from its next connection on',
      }),
    ),
    closeStyle: Type.Optional(
      Type.Union([Type.Literal('frame'), Type.Literal('drop')], {
        description: 'drop: after a close frame it does not come back, so it gets none',
      }),
    ),
    needsRemoteStart: Type.Optional(
      Type.Boolean({
        description: '1.6: it starts only when told to; while the CSMS is away the gateway does',
      }),
    ),
    vendorLimit: Type.Optional(VendorLimitSchema),
    honoursNumberPhases: Type.Optional(
      Type.Boolean({
        description: 'true: told numberPhases 1 in a profile it charges on one phase (OCPP 1.6)',
      }),
    ),
    zeroAmpPause: Type.Optional(
      Type.Literal('unsafe', {
        description: 'A pause of 0 A can end in an error: it is paused last of all, never in turns',
      }),
    ),
    minAmps: Type.Optional(Type.Number({ minimum: 0, maximum: 32 })),
    stepAmps: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 32 })),
    stepsAmps: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 1_000 }), {
        minItems: 1,
        maxItems: 64,
        description: 'It knows only these values, ascending; replaces stepAmps',
      }),
    ),
  },
  { ...strict, $schema: 'http://json-schema.org/draft-07/schema#', title: 'Quirk of a charger' },
);

export type ChargerQuirk = Static<typeof ChargerQuirkSchema>;
