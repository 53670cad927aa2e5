import { refuseDeep } from './json-depth.ts';
import { parseMended } from './mended-json.ts';

/**
 * One OCPP-J message with its original bytes. Only the header is read: type, id, action and where
 * the payload lies. The payload is parsed on demand, so relaying costs no JSON.parse and the bytes
 * (key order, number form, signed values) go on untouched (OCPP-J 2.1 §4.1.3, §4.2).
 */
export type FrameKind =
  | 'call' // 2
  | 'result' // 3
  | 'error' // 4
  | 'result-error' // 5, OCPP 2.1
  | 'send' // 6, OCPP 2.1
  | 'stray-error' // 4 under the id "-1": of a message whose id could not be read
  | 'unknown-type' // any other number: the payload is ignored by the receiver
  | 'malformed';

export interface Frame {
  readonly kind: FrameKind;
  /** Empty when malformed. */
  readonly id: string;
  /** Only of calls and sends. */
  readonly action: string;
  readonly bytes: Buffer;
  /** Offsets of the payload in `bytes`; equal when there is none. */
  readonly payloadStart: number;
  readonly payloadEnd: number;
  /** Why it is malformed. */
  readonly problem?: string;
}

/** Ids are 36 characters by the standard; broken chargers send longer ones. */
const MESSAGE_ID_MOST = 255;
const ACTION_MOST = 255;

const KINDS: Readonly<Record<number, FrameKind>> = {
  2: 'call',
  3: 'result',
  4: 'error',
  5: 'result-error',
  6: 'send',
};

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;

/** OCPP-J 2.1 §4.2.3. */
const NO_ID = '-1';

/**
 * Reads the header of a message. Never throws; what cannot be read is `malformed`. A payload that is
 * left out, or brackets that are not closed, as some devices write, do not hide whose message it is.
 */
export const readFrame = (bytes: Buffer): Frame => {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACKET) return malformed(bytes, 'not a JSON array');
  at = skipSpace(bytes, at + 1);
  const numberStart = at;
  while (isDigit(bytes[at])) at += 1;
  if (at === numberStart || at - numberStart > 3) return malformed(bytes, 'no message type');
  const type = Number(bytes.toString('latin1', numberStart, at));
  const idStart = nextElement(bytes, at);
  if (idStart < 0) return malformed(bytes, 'no message id');
  const idEnd = stringEnd(bytes, idStart, MESSAGE_ID_MOST);
  if (idEnd < 0) return malformed(bytes, 'message id is not a string of a sane length');
  const id = readString(bytes, idStart, idEnd);
  if (id === undefined) return malformed(bytes, 'message id is not valid JSON');
  const kind = KINDS[type] ?? 'unknown-type';
  if (kind === 'call' || kind === 'send') return readCall(bytes, kind, id, idEnd);
  const payload = payloadAfter(bytes, idEnd);
  if (payload === undefined) return malformed(bytes, 'no payload');
  const stray = kind === 'error' && id === NO_ID;
  return { kind: stray ? 'stray-error' : kind, id, action: '', bytes, ...payload };
};

const readCall = (bytes: Buffer, kind: FrameKind, id: string, idEnd: number): Frame => {
  const actionStart = nextElement(bytes, idEnd);
  if (actionStart < 0) return malformed(bytes, 'no action');
  const actionEnd = stringEnd(bytes, actionStart, ACTION_MOST);
  if (actionEnd < 0) return malformed(bytes, 'action is not a string');
  const action = readString(bytes, actionStart, actionEnd);
  if (action === undefined) return malformed(bytes, 'action is not valid JSON');
  const payload = payloadAfter(bytes, actionEnd);
  return payload === undefined
    ? malformed(bytes, 'no payload')
    : { kind, id, action, bytes, ...payload };
};

/** What follows the header, up to the bracket that closes the message; empty where there is nothing. */
const payloadAfter = (
  bytes: Buffer,
  from: number,
): Pick<Frame, 'payloadStart' | 'payloadEnd'> | undefined => {
  const close = lastBracket(bytes);
  const payloadEnd = close < from ? bytes.length : close;
  const start = nextElement(bytes, from);
  if (start < 0 && skipSpace(bytes, from) < payloadEnd) return undefined;
  const payloadStart = start < 0 ? payloadEnd : Math.min(start, payloadEnd);
  return { payloadStart, payloadEnd };
};

/** The payload as it was sent. */
export const payloadBytes = ({ bytes, payloadStart, payloadEnd }: Frame): Buffer =>
  bytes.subarray(payloadStart, payloadEnd);

/** The payload as a value; `{}` when it is left out. Throws SyntaxError when it is no JSON, or too deep. */
export const parsePayload = (frame: Frame): unknown => JSON.parse(payloadText(frame));

/** The same for reading only, of what is almost JSON: chargers write such things. */
export const readPayload = (frame: Frame): unknown => parseMended(payloadText(frame));

const payloadText = ({ bytes, payloadStart, payloadEnd }: Frame): string => {
  refuseDeep(bytes, payloadStart, payloadEnd);
  return bytes.toString('utf8', payloadStart, payloadEnd) || '{}';
};

/** The elements after the id of an error: code, description, details; undefined where absent. */
export const parseError = (
  frame: Frame,
): { readonly code: string; readonly description: string; readonly details: unknown } => {
  try {
    const text = `[${payloadText(frame)}]`;
    const [code, description, details] = JSON.parse(text) as unknown[];
    return {
      code: typeof code === 'string' ? code : 'GenericError',
      description: typeof description === 'string' ? description : '',
      details: details ?? {},
    };
  } catch {
    return { code: 'GenericError', description: 'unreadable error', details: {} };
  }
};

export const callBytes = (id: string, action: string, payload: object): Buffer =>
  Buffer.from(JSON.stringify([2, id, action, payload]));

export const resultBytes = (id: string, payload: object): Buffer =>
  Buffer.from(JSON.stringify([3, id, payload]));

/** errorDescription is at most 255 characters, errorDetails always an object (§4.2.3). */
export const errorBytes = (id: string, code: string, description: string): Buffer =>
  Buffer.from(JSON.stringify([4, id, code, description.slice(0, 255), {}]));

const malformed = (bytes: Buffer, problem: string): Frame => ({
  kind: 'malformed',
  id: '',
  action: '',
  bytes,
  payloadStart: 0,
  payloadEnd: 0,
  problem,
});

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
};

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;

/** Start of the element after the comma that follows `from`, or -1. */
const nextElement = (bytes: Buffer, from: number): number => {
  const comma = skipSpace(bytes, from);
  if (bytes[comma] !== COMMA) return -1;
  return skipSpace(bytes, comma + 1);
};

/** Offset after the closing quote of the string that starts at `from`, or -1. */
const stringEnd = (bytes: Buffer, from: number, mostChars: number): number => {
  if (bytes[from] !== QUOTE) return -1;
  // Every character takes at most six bytes (a \u escape).
  const last = Math.min(bytes.length, from + 2 + mostChars * 6);
  for (let at = from + 1; at < last; at += 1) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) return at + 1;
  }
  return -1;
};

const readString = (bytes: Buffer, start: number, end: number): string | undefined => {
  const raw = bytes.toString('utf8', start + 1, end - 1);
  if (!raw.includes('\\') && !hasControl(raw)) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
};

const hasControl = (text: string): boolean => {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) < 0x20) return true;
  return false;
};

/** Offset of the bracket that closes the message, or -1. */
const lastBracket = (bytes: Buffer): number => {
  let at = bytes.length - 1;
  while (isSpace(bytes[at])) at -= 1;
  return bytes[at] === CLOSE_BRACKET ? at : -1;
};
