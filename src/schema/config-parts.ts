import { Type } from './typebox.ts';

export const strict = { additionalProperties: false } as const;
const BYTE = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
/** A name, an IPv4 address (what is of digits and points only is meant as one) or [IPv6]. */
export const HOST = `((?![\\d.]+(?:[:/]|$))[\\w.-]+|(${BYTE}\\.){3}${BYTE}|\\[[0-9a-fA-F:.]+\\])`;
/** 1 to 65535. */
export const PORT =
  '0*([1-9]\\d{0,3}|[1-5]\\d{4}|6([0-4]\\d{3}|5([0-4]\\d{2}|5([0-2]\\d|3[0-5]))))';
/** Where something on Modbus is. */
export const modbusAddress = (description: string) =>
  Type.String({
    pattern: `^(rtu\\+)?tcp://${HOST}(:${PORT})?$|^serial:///\\S+$`,
    description,
    errorMessage:
      'must be tcp://host:port, rtu+tcp://host:port or serial:///device (port 1 to 65535)',
  });
const ID = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$';
export const id = (description: string) =>
  Type.String({
    pattern: ID,
    description,
    errorMessage: 'must be letters, digits, "_", "-" or ".", at most 48',
  });
const IDENTITY_ENDS = '[A-Za-z0-9*+=|@._-]';
/**
 * How a station calls itself, at the end of its URL: identifierString without ":", at most 48 (OCPP-J
 * 2.1 §3.1.1), e.g. an EVSE id with "*"; 1.6 has spaces within ("RDAM 123").
 */
export const IDENTITY = `^(?![.]{1,2}$)${IDENTITY_ENDS}([A-Za-z0-9*+=|@._ -]{0,46}${IDENTITY_ENDS})?$`;
export const identity = (description: string) =>
  Type.String({
    pattern: IDENTITY,
    description,
    errorMessage: 'must be letters, digits, spaces within, and *+=|@._- only, at most 48',
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
    pattern: `^${HOST}:(0|${PORT})$`,
    description,
    default: fallback,
    errorMessage: 'must be host:port, e.g. 0.0.0.0:9000 (port at most 65535)',
  });
