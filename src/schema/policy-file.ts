import { oneOf, type Static, Type } from './typebox.ts';

const strict = { additionalProperties: false } as const;
const NAME = { pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$' } as const;
const watts = (description: string) =>
  Type.Number({ minimum: 0, maximum: 10_000_000, description });
const share = (description: string, fallback: number) =>
  Type.Number({ minimum: 0, maximum: 3, default: fallback, description });
const seconds = (description: string, fallback: number) =>
  Type.Integer({ minimum: 0, maximum: 3_600, default: fallback, description });
const clock = (description: string) =>
  Type.String({
    pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
    description,
    errorMessage: 'must be a time of day in quotes, like "17:00"',
  });

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const ClassSchema = Type.Object(
  {
    id: Type.String(NAME),
    priority: Type.Integer({
      minimum: 0,
      maximum: 9,
      default: 0,
      description: 'Higher is admitted first; everybody else has 0',
    }),
    weight: Type.Number({ exclusiveMinimum: 0, maximum: 100, default: 1, description: 'Share' }),
    chargers: Type.Array(Type.String(), { default: [], maxItems: 5_000 }),
    idTags: Type.Array(Type.String(), { default: [], maxItems: 5_000 }),
  },
  strict,
);

const WindowSchema = Type.Object(
  {
    id: Type.String({ ...NAME, description: 'Shown in reasons' }),
    days: Type.Array(oneOf(WEEKDAYS), {
      minItems: 1,
      maxItems: 7,
      default: [...WEEKDAYS],
      description: 'Days on which it begins',
    }),
    from: clock('Local time at which it begins'),
    to: clock('Local time at which it ends; not after `from`: on the next day'),
    circuit: Type.Optional(Type.String({ description: 'Circuit that it limits; else the root' })),
    limitAmps: Type.Optional(Type.Number({ minimum: 0, maximum: 10_000 })),
    limitWatts: Type.Optional(watts('Everything on the circuit together')),
    calmAmps: Type.Optional(
      Type.Number({ minimum: 0, maximum: 10_000, description: 'For cars known to have time' }),
    ),
    calmBelow: share('A car that needs less than this share of its full power has time', 0.8),
  },
  strict,
);

/** A policy as data. What it leaves out is as in need-weighted. */
export const PolicyFileSchema = Type.Object(
  {
    title: Type.String(),
    about: Type.String({ description: 'What it does, for whom, and what it costs others' }),
    objective: Type.Union(
      [Type.Literal('fair'), Type.Literal('throughput'), Type.Literal('in-order')],
      { default: 'fair' },
    ),
    weight: Type.Union([Type.Literal('need'), Type.Literal('equal')], { default: 'need' }),
    order: Type.Union([Type.Literal('turns'), Type.Literal('first-come')], { default: 'turns' }),
    classes: Type.Array(ClassSchema, { default: [], maxItems: 64 }),
    windows: Type.Array(WindowSchema, { default: [], maxItems: 64 }),
    surplus: Type.Optional(
      Type.Object(
        {
          reserveWatts: Type.Number({
            minimum: -1_000_000,
            maximum: 1_000_000,
            default: 0,
            description: 'Surplus that is left for a battery, or import that is allowed (negative)',
          }),
          startSeconds: seconds('The surplus has to last this long before a car starts', 60),
          stopSeconds: seconds('A car keeps its minimum this long under a cloud', 180),
          minimumAlways: Type.Boolean({ default: false }),
          urgentFrom: share('A car that needs this share of its full power does not wait', 0.8),
        },
        strict,
      ),
    ),
    demand: Type.Optional(
      Type.Object(
        {
          circuit: Type.Optional(
            Type.String({ description: 'A circuit with a meter; else the root' }),
          ),
          minutes: Type.Integer({ minimum: 1, maximum: 60, default: 15 }),
          limitWatts: watts('Mean power of each window that is not exceeded'),
        },
        strict,
      ),
    ),
    dimming: Type.Optional(
      Type.Object(
        {
          source: Type.String({ description: 'EMS source through which the grid operator speaks' }),
          devices: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 10_000, description: 'Else every connector' }),
          ),
        },
        strict,
      ),
    ),
  },
  { ...strict, title: 'Busbar policy', $schema: 'http://json-schema.org/draft-07/schema#' },
);

export type PolicyFile = Static<typeof PolicyFileSchema>;
