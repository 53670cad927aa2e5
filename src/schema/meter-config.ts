import { amps, id, identity, modbusAddress, strict } from './config-parts.ts';
import { Type } from './typebox.ts';

/** A meter of the site: where its readings come from, how it is mounted, what it may show. */
export const MeterSchema = Type.Object(
  {
    id: id('Name of the meter'),
    device: Type.Optional(
      Type.String({
        description:
          'With connect: file name in devices/meters without .yaml, or a path beside this file: ./my-meter.yaml',
      }),
    ),
    connect: Type.Optional(
      modbusAddress(
        'tcp://host:port (Modbus TCP), rtu+tcp://host:port (a serial line tunnelled as it is) or serial:///dev/ttyUSB0?baud=9600&parity=even. Meters with the same address share it: one request at a time',
      ),
    ),
    topic: Type.Optional(
      Type.String({
        pattern: '^[^#+]+$',
        description:
          'Instead of connect: MQTT topic (of the broker in ems.mqtt) with {"amps":[L1,L2,L3],"watts":..}',
        errorMessage: 'must be a topic without wildcards',
      }),
    ),
    charger: Type.Optional(identity('Instead of connect: the MeterValues of this charger')),
    sum: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^-?[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$',
          errorMessage: 'must be the id of a meter, with "-" before it to subtract',
        }),
        {
          minItems: 1,
          maxItems: 32,
          description: 'Instead of connect: sum of other meters, e.g. [grid, -workshop]',
        },
      ),
    ),
    role: Type.Union([Type.Literal('load'), Type.Literal('pv'), Type.Literal('battery')], {
      default: 'load',
      description: 'pv: feeds in (negative). battery: positive while it charges',
    }),
    unit: Type.Integer({ minimum: 0, maximum: 255, default: 1, description: 'Modbus unit id' }),
    pollMs: Type.Integer({ minimum: 200, maximum: 60_000, default: 1_000 }),
    ctRatio: Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description: 'Multiplies currents and powers',
    }),
    invert: Type.Boolean({ default: false, description: 'Current transformers mounted backwards' }),
    phaseOrder: Type.String({
      pattern: '^(L1L2L3|L1L3L2|L2L1L3|L2L3L1|L3L1L2|L3L2L1)$',
      default: 'L1L2L3',
      description: 'Meter phases that sit on site phases L1, L2, L3',
      errorMessage: 'must be an order of L1L2L3',
    }),
    offsetAmps: Type.Number({
      minimum: -100,
      maximum: 100,
      default: 0,
      description: 'Added to each current: what the transformers show too little',
    }),
    exportMostAmps: amps('Most that generation behind the meter may feed back, per phase', 0),
    frozenSeconds: Type.Integer({
      minimum: 0,
      maximum: 3_600,
      default: 60,
      description: 'Readings that do not change at all for longer are not believed; 0: never',
    }),
  },
  strict,
);
