import { findValue, replaceSpan, type Span } from './splice.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;

/**
 * The message without one member of the object at `from`, every other byte as it was. Of duplicate
 * keys all go. Undefined when the member is not there or the text is not JSON.
 */
export const dropMember = (bytes: Buffer, from: number, key: string): Buffer | undefined => {
  let left = bytes;
  let value = findValue(left, from, [key]);
  if (value === undefined) return undefined;
  while (value !== undefined) {
    left = replaceSpan(left, memberSpan(left, from, value), '');
    value = findValue(left, from, [key]);
  }
  return left;
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
