import { oneOf, type Static, Type } from './typebox.ts';

const strict = { additionalProperties: false } as const;

const QUANTITIES = [
  'ampsL1',
  'ampsL2',
  'ampsL3',
  'wattsL1',
  'wattsL2',
  'wattsL3',
  'watts',
  'voltsL1',
  'voltsL2',
  'voltsL3',
  'importWh',
  'exportWh',
  'frequencyHz',
] as const;
export type Quantity = (typeof QUANTITIES)[number];

const TYPES = ['i16', 'u16', 'i32', 'u32', 'acc32', 'i64', 'u64', 'f32', 'f64'] as const;

const RegisterSchema = Type.Object(
  {
    address: Type.Integer({ minimum: 0, maximum: 65_535, description: '0-based, as on the wire' }),
    type: oneOf(TYPES, { description: 'acc32: a counter of SunSpec, 0 is not available' }),
    scale: Type.Number({ default: 1, description: 'Raw value times this is the unit in the name' }),
    /** Register (same function) that holds a power of ten to apply as well (SunSpec sunssf). */
    scaleAddress: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
    minus: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description: 'Register of the same form to subtract: export beside import',
      }),
    ),
  },
  strict,
);

/** A meter as data. Addresses are 0-based; with `sunspec` they count from the model's ID register. */
export const MeterDeviceSchema = Type.Object(
  {
    name: Type.String(),
    models: Type.Array(Type.String(), { minItems: 1 }),
    like: Type.Optional(
      Type.String({
        description: 'Another file of the folder: what is not said here is as there',
      }),
    ),
    note: Type.Optional(Type.String({ description: 'What an installer has to know or to set' })),
    source: Type.String({ description: 'Where the register map comes from' }),
    confidence: oneOf(['A', 'B', 'C'], {
      description: 'A: two independent sources agree. B: one. C: verify with a real device',
    }),
    function: Type.Union([Type.Literal('holding'), Type.Literal('input')]),
    wordOrder: Type.Union([Type.Literal('high-first'), Type.Literal('low-first')], {
      default: 'high-first',
    }),
    readMost: Type.Integer({
      minimum: 2,
      maximum: 125,
      default: 80,
      description: 'Registers per request',
    }),
    gapMost: Type.Integer({
      minimum: 0,
      maximum: 125,
      default: 40,
      description: 'Registers in between that are read along to save a request',
    }),
    notAvailable: Type.Optional(
      Type.Array(Type.String({ pattern: '^[0-9A-F]{4}( [0-9A-F]{4})*$' }), {
        description:
          'Words for "not available" besides the usual ones (all ones, most negative, NaN), as on the wire',
      }),
    ),
    expects: Type.Optional(
      Type.Array(
        Type.Object(
          {
            address: Type.Integer({ minimum: 0, maximum: 65_535 }),
            value: Type.Array(Type.Integer({ minimum: 0, maximum: 65_535 }), { minItems: 1 }),
            why: Type.String({ description: 'Told when it is another: what to set' }),
          },
          strict,
        ),
        { description: 'Registers that tell whether the map holds; read before the meter is used' },
      ),
    ),
    phases: Type.Integer({
      minimum: 1,
      maximum: 3,
      default: 3,
      description: 'Of fewer than three, nothing flows on the others',
    }),
    sunspec: Type.Optional(
      Type.Object(
        {
          models: Type.Array(Type.Integer(), { minItems: 1 }),
          length: Type.Integer({ minimum: 1 }),
        },
        strict,
      ),
    ),
    unsignedAmps: Type.Boolean({
      default: false,
      description: 'Currents have no direction: they take the sign of the power of their phase',
    }),
    registers: Type.Object(
      Object.fromEntries(QUANTITIES.map((quantity) => [quantity, Type.Optional(RegisterSchema)])),
      strict,
    ),
  },
  strict,
);

export type Register = Static<typeof RegisterSchema>;
export type MeterDevice = Omit<Static<typeof MeterDeviceSchema>, 'registers'> & {
  readonly registers: Readonly<Partial<Record<Quantity, Register>>>;
};
