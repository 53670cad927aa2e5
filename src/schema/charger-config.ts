import { amps, id, identity, strict } from './config-parts.ts';
import { Type } from './typebox.ts';

const PhaseSwitchingSchema = Type.Object(
  {
    upAfterSeconds: Type.Integer({
      minimum: 60,
      maximum: 86_400,
      default: 600,
      description: 'Three phases have to fit for this long before a car on one is moved up',
    }),
    mostPerSession: Type.Integer({
      minimum: 0,
      maximum: 100,
      default: 4,
      description: 'Switches of a car that has charged: many may harm it',
    }),
    mostPerDay: Type.Integer({ minimum: 0, maximum: 1_000, default: 20 }),
    phaseToUse: Type.Optional(
      Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3)], {
        description: 'OCPP 2.x: terminal for one phase; absent: the charger chooses',
      }),
    ),
  },
  {
    ...strict,
    description:
      'The charger may be told to charge on one phase where three do not fit, if it can; {} for the defaults; absent: never',
  },
);

/** One charger of the site file. */
export const ChargerSchema = Type.Object(
  {
    id: identity('Identity: the last part of the URL that the charger connects to'),
    circuit: id('Circuit that feeds the charger'),
    phases: Type.String({
      pattern: '^((L[123]){1,3}|L[123]-L[123]|unknown)$',
      default: 'L1L2L3',
      description:
        'Site phases at its terminals in order, e.g. L2L3L1 or L3; L1-L2 is between two lines, ' +
        'without neutral; unknown: three, in an order that is learned from the meter; cars count ' +
        'on all phases until then',
      errorMessage:
        'must be like L1L2L3, L2L3L1 or L1, or between two lines like L1-L2, or unknown',
    }),
    maxAmps: amps('Rating of each connector', 32),
    minAmps: amps('Least current that its cars accept', 6),
    fallbackAmps: amps('What each connector does by itself when it no longer hears us', 6),
    fallbackTrusted: Type.Boolean({
      default: false,
      description: 'The charger holds its fallback by its own settings, before we ever spoke to it',
    }),
    stepAmps: Type.Number({
      minimum: 0.1,
      maximum: 10,
      default: 1,
      description: 'Smallest change of current that it follows',
    }),
    dc: Type.Optional(
      Type.Object(
        {
          maxWatts: Type.Number({
            exclusiveMinimum: 0,
            maximum: 2_000_000,
            description: 'Rated output of each connector; replaces maxAmps',
          }),
          minWatts: Type.Number({
            minimum: 0,
            maximum: 2_000_000,
            default: 5_000,
            description: 'Least output that is worth charging with; replaces minAmps',
          }),
          fallbackWatts: Type.Number({
            minimum: 0,
            maximum: 2_000_000,
            default: 5_000,
            description: 'Replaces fallbackAmps',
          }),
          efficiency: Type.Number({
            minimum: 0.5,
            maximum: 1,
            default: 0.93,
            description: 'Output over input at worst',
          }),
        },
        { ...strict, description: 'A DC charger on three phases, told its limit in watts' },
      ),
    ),
    stepsAmps: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 10_000 }), {
        minItems: 1,
        maxItems: 64,
        description: 'It knows only these values, e.g. [6, 8, 10, 13, 16]; replaces stepAmps',
      }),
    ),
    phaseSwitching: Type.Optional(PhaseSwitchingSchema),
    weight: Type.Number({ exclusiveMinimum: 0, maximum: 100, default: 1, description: 'Share' }),
    connectors: Type.Integer({ minimum: 1, maximum: 16, default: 1 }),
    upstream: Type.Optional(
      Type.String({
        pattern: '^wss?://',
        description: 'Its CSMS, when it is not upstream.url',
      }),
    ),
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description:
          'upstream.mode aggregate: it has to show this one; else the CSMS looks after passwords',
      }),
    ),
    upstreamConnector: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 9_999,
        description:
          'upstream.mode aggregate: number of its first connector or EVSE towards the CSMS; absent: the next free one',
      }),
    ),
    outage: Type.Optional(
      Type.Union([Type.Literal('answer'), Type.Literal('close')], {
        description: 'Overrides upstream.outage for this charger',
      }),
    ),
    csmsProfiles: Type.Optional(
      Type.Union([Type.Literal('virtualised'), Type.Literal('overlay')], {
        description: 'Overrides enforcement.csmsProfiles for this charger',
      }),
    ),
  },
  strict,
);
