/**
 * Tolerant readers for what chargers send. Payloads are hostile or sloppy: numbers come as text,
 * fields are missing, keys differ in case. What cannot be read is absent, never an exception.
 */
export type Payload = Readonly<Record<string, unknown>>;

/** A CALL that has no id yet. */
export interface OcppCall {
  readonly action: string;
  readonly payload: object;
}

export const isPayload = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const readObject = (value: unknown): Payload => (isPayload(value) ? value : {});

/** At most this many elements of a list are looked at, where nothing else is said. */
const LIST_MOST = 2_000;

export const readList = (value: unknown, most = LIST_MOST): readonly unknown[] =>
  Array.isArray(value) ? value.slice(0, most) : [];

const TEXT_MOST = 255;

export const readText = (value: unknown, lengthMost = TEXT_MOST): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, lengthMost) : undefined;

/** A finite number, also when it was sent as text with spaces around it. */
export const readNumber = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

export const readInteger = (value: unknown): number | undefined => {
  const number = readNumber(value);
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
};

const ZONE = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/** Epoch ms. Some senders leave the zone out: the standard's times are UTC. */
export const readTime = (value: unknown): number | undefined => {
  const text = readText(value);
  const ms = text === undefined ? Number.NaN : Date.parse(ZONE.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};

/** K01.FR.90: the digits are local time, whatever zone stands behind them. */
export const readLocalTime = (value: unknown): number | undefined => {
  const text = readText(value);
  return text === undefined ? undefined : readTime(text.replace(ZONE, ''));
};

/** `{key: value}` when the value is there, else nothing: for optional fields. */
export const optional = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> =>
  value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
