/**
 * Finding and replacing single values in a message without reading the rest: what the gateway must
 * change (a transaction id, the offline flag) changes, every other byte stays.
 */
export interface Span {
  readonly start: number;
  /** After the last byte of the value. */
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/**
 * Where the value at a path of keys lies in the object that starts at `from`. Of duplicate keys the
 * last one counts, as for JSON.parse. Undefined when there is none or the text is not JSON.
 */
export const findValue = (
  bytes: Buffer,
  from: number,
  path: readonly string[],
): Span | undefined => {
  const [key, ...deeper] = path;
  let at = skipSpace(bytes, from);
  if (key === undefined) {
    const end = valueEnd(bytes, at);
    return end < 0 ? undefined : { start: at, end };
  }
  if (bytes[at] !== OPEN_OBJECT) return undefined;
  let found: Span | undefined;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] === QUOTE) {
    const keyEnd = stringEnd(bytes, at);
    if (keyEnd < 0) return undefined;
    const colon = skipSpace(bytes, keyEnd);
    if (bytes[colon] !== COLON) return undefined;
    const start = skipSpace(bytes, colon + 1);
    const end = valueEnd(bytes, start);
    if (end < 0) return undefined;
    if (keyIs(bytes, at, keyEnd, key)) found = findValue(bytes, start, deeper);
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) break;
    at = skipSpace(bytes, at + 1);
  }
  return bytes[at] === CLOSE_OBJECT ? found : undefined;
};

/** Where the elements of the list that starts at `from` lie; none when the text is no list. */
export const elementSpans = (bytes: Buffer, from: number): readonly Span[] => {
  const spans: Span[] = [];
  let at = skipSpace(bytes, from);
  if (bytes[at] !== OPEN_LIST) return spans;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CLOSE_LIST) {
    const end = valueEnd(bytes, at);
    if (end < 0) return [];
    spans.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) break;
    at = skipSpace(bytes, at + 1);
  }
  return bytes[at] === CLOSE_LIST ? spans : [];
};

/** The message with one value replaced. */
export const replaceSpan = (bytes: Buffer, span: Span, text: string): Buffer =>
  replaceSpans(bytes, [{ span, text }]);

/** The message with some values replaced, which are given in their order. */
export const replaceSpans = (
  bytes: Buffer,
  changes: readonly { readonly span: Span; readonly text: string }[],
): Buffer => {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { span, text } of changes) {
    pieces.push(bytes.subarray(from, span.start), Buffer.from(text));
    from = span.end;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
};

/** The message with a member of the object at `from` set: replaced, or put in front of the others. */
export const setMember = (bytes: Buffer, from: number, key: string, text: string): Buffer => {
  const present = findValue(bytes, from, [key]);
  if (present !== undefined) return replaceSpan(bytes, present, text);
  const open = skipSpace(bytes, from);
  if (bytes[open] !== OPEN_OBJECT) return bytes;
  const empty = bytes[skipSpace(bytes, open + 1)] === CLOSE_OBJECT;
  const member = `${JSON.stringify(key)}:${text}${empty ? '' : ','}`;
  return replaceSpan(bytes, { start: open + 1, end: open + 1 }, member);
};

const keyIs = (bytes: Buffer, start: number, end: number, key: string): boolean => {
  const raw = bytes.toString('utf8', start, end);
  if (!raw.includes('\\')) return raw.slice(1, -1) === key;
  try {
    return JSON.parse(raw) === key;
  } catch {
    return false;
  }
};

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) {
    at += 1;
  }
  return at;
};

const stringEnd = (bytes: Buffer, start: number): number => {
  for (let at = start + 1; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return -1;
};

/** After the value that starts at `start`, or -1. Depth is counted, never recursed into. */
const valueEnd = (bytes: Buffer, start: number): number => {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start);
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return scalarEnd(bytes, start);
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at) - 1;
      if (at < 0) return -1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
};

const scalarEnd = (bytes: Buffer, start: number): number => {
  let at = start;
  while (at < bytes.length && !ends(bytes[at])) at += 1;
  return at === start ? -1 : at;
};

const ends = (byte: number | undefined): boolean =>
  byte === COMMA ||
  byte === CLOSE_OBJECT ||
  byte === CLOSE_LIST ||
  byte === 0x20 ||
  byte === 0x0a ||
  byte === 0x0d ||
  byte === 0x09;
