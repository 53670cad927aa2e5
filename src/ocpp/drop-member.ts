import { findValue, replaceSpan, type Span } from './splice.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
/** Nobody means to say a thing more often; each time costs a look at the whole message. */
const DUPLICATES_MOST = 16;

/**
 * The message without one member of the object at `from`, every other byte as it was. Of duplicate
 * keys all go. Undefined when the member is not there, or too often, or the text is not JSON.
 */
export const dropMember = (bytes: Buffer, from: number, key: string): Buffer | undefined => {
  let left = bytes;
  for (let dropped = 0; dropped <= DUPLICATES_MOST; dropped += 1) {
    const value = findValue(left, from, [key]);
    if (value === undefined) return dropped === 0 ? undefined : left;
    left = replaceSpan(left, memberSpan(left, from, value), '');
  }
  return undefined;
};

/** Key, colon, value, and the comma before them, or else the one after. */
const memberSpan = (bytes: Buffer, from: number, { start, end }: Span): Span => {
  const keyEnd = bytes.lastIndexOf(QUOTE, start - 1);
  const keyStart = bytes.lastIndexOf(QUOTE, keyEnd - 1);
  const before = lastInk(bytes, keyStart - 1);
  if (before > from && bytes[before] === COMMA) return { start: before, end };
  const after = firstInk(bytes, end);
  return bytes[after] === COMMA ? { start: keyStart, end: after + 1 } : { start: keyStart, end };
};

const lastInk = (bytes: Buffer, from: number): number => {
  let at = from;
  while (at > 0 && isSpace(bytes[at])) at -= 1;
  return at;
};

const firstInk = (bytes: Buffer, from: number): number => {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
};

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
