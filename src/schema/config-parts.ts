import { Type } from './typebox.ts';

export const strict = { additionalProperties: false } as const;
const ID = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$';
export const id = (description: string) =>
  Type.String({
    pattern: ID,
    description,
    errorMessage: 'must be letters, digits, "_", "-" or ".", at most 48',
  });
export const amps = (description: string, fallback?: number) =>
  Type.Number({
    minimum: 0,
    maximum: 10_000,
    description,
    ...(fallback === undefined ? {} : { default: fallback }),
  });
export const perPhase = (description: string) =>
  Type.Union(
    [
      Type.Number({ minimum: 0, maximum: 10_000 }),
      Type.Tuple([
        Type.Number({ minimum: 0, maximum: 10_000 }),
        Type.Number({ minimum: 0, maximum: 10_000 }),
        Type.Number({ minimum: 0, maximum: 10_000 }),
      ]),
    ],
    { description },
  );
export const address = (description: string, fallback: string) =>
  Type.String({
    pattern: '^[^\\s:]+:\\d{1,5}$|^\\[[0-9a-fA-F:]+\\]:\\d{1,5}$',
    description,
    default: fallback,
    errorMessage: 'must be host:port, e.g. 0.0.0.0:9000',
  });
