import type { Reading } from '../core/meters/reading.ts';
import type { MeterSpec } from '../core/site.ts';
import { mapPhases } from '../core/units.ts';
import { type Static, Type } from './typebox.ts';
import { problemText, validator } from './validator.ts';

const Amps = Type.Number({ minimum: -100_000, maximum: 100_000 });

/** What somebody publishes for a meter that is read over MQTT. Further keys are left alone. */
export const MeterMessageSchema = Type.Object(
  {
    amps: Type.Optional(
      Type.Tuple([Amps, Amps, Amps], {
        description: 'L1, L2, L3; import is positive. Needed by a meter that protects a circuit',
      }),
    ),
    watts: Type.Optional(Type.Number()),
    importWh: Type.Optional(Type.Number({ minimum: 0 })),
    exportWh: Type.Optional(Type.Number({ minimum: 0 })),
    at: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When it was measured; a repeat is no news',
      }),
    ),
  },
  { additionalProperties: true, title: 'Reading of a meter' },
);

export const METER_MESSAGE_MOST_BYTES = 4_096;

export interface MeterMessage {
  readonly reading: Reading;
  /** As sent: two messages with the same one are the same measurement. */
  readonly at: string | undefined;
}

/** Reads meter messages; the validator is compiled once. */
export const meterReader = (): ((
  spec: MeterSpec,
  text: string,
  atMs: number,
) => MeterMessage | { readonly problem: string }) => {
  const validate = validator(MeterMessageSchema);
  return (spec, text, atMs) => {
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      return { problem: 'not JSON: publish e.g. {"amps":[12.1,3,7.5],"watts":5200}' };
    }
    const { value, problems } = validate(raw);
    const [first] = problems;
    if (first !== undefined) return { problem: problemText(first) };
    const message = value as Static<typeof MeterMessageSchema>;
    if (message.amps === undefined && message.watts === undefined) {
      return { problem: 'needs "amps": [L1, L2, L3], or "watts" where no circuit depends on it' };
    }
    return { at: message.at, reading: readingOf(spec, message, atMs) };
  };
};

const readingOf = (
  spec: MeterSpec,
  { amps, watts, importWh, exportWh }: Static<typeof MeterMessageSchema>,
  atMs: number,
): Reading => {
  const factor = spec.ctRatio * (spec.invert ? -1 : 1);
  return {
    meter: spec.id,
    atMs,
    quality: 'good',
    ...(amps === undefined
      ? {}
      : {
          amps: mapPhases((p) => (amps[spec.phaseOrder[p]] ?? 0) * factor + (spec.offsetAmps ?? 0)),
        }),
    ...(watts === undefined ? {} : { watts: watts * factor }),
    ...(importWh === undefined ? {} : { importWh: importWh * spec.ctRatio }),
    ...(exportWh === undefined ? {} : { exportWh: exportWh * spec.ctRatio }),
  };
};
