import { crc32 } from 'node:zlib';
import { type Change, type Put, putBytes } from './durable-store.ts';

/**
 * How changes lie in a segment of the log. A segment begins with its mark; then come groups, each
 * written and synced at once:
 *
 *     group   magic u32 | payload bytes u32 | records u32 | CRC-32 of these u32 | record...
 *     record  CRC-32 of the rest u32 | key bytes u16 | value bytes u32 | key (UTF-8) | value
 *
 * Numbers are little-endian. A deletion is a record whose value bytes are DELETED. Every record has its
 * own checksum, so that one can be read alone and damage costs no more than what it hit.
 */
export const SEGMENT_MARK = Buffer.from('busbar-log 1\n');
const GROUP_MAGIC = 0x50524742;
const GROUP_BYTES = 16;
const RECORD_BYTES = 10;
const CRC_BYTES = 4;
const DELETED = 0xffffffff;
const KEY_MOST_BYTES = 0xffff;

/** Where a record lies in its segment. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface LogRecord extends Span {
  readonly key: string;
  /** Undefined for a deletion. */
  readonly value: Buffer | undefined;
}

/** Bytes that a group of these changes takes. */
export const groupBytes = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + recordBytes(change), GROUP_BYTES);

const recordBytes = (change: Change): number =>
  RECORD_BYTES + Buffer.byteLength(change.key) + (change.type === 'put' ? putBytes(change) : 0);

/** Whether a record has no room for the key. */
export const isTooLong = (key: string): boolean => Buffer.byteLength(key) > KEY_MOST_BYTES;

/** Writes a group into `bytes`, which has room for it, and tells where each change lies in it. */
export const encodeGroup = (
  changes: readonly Change[],
  bytes: Buffer,
  wrote: (change: Change, span: Span) => void,
): void => {
  let at = GROUP_BYTES;
  for (const change of changes) {
    const length = writeRecord(bytes, at, change);
    wrote(change, { offset: at, length });
    at += length;
  }
  bytes.writeUInt32LE(GROUP_MAGIC, 0);
  bytes.writeUInt32LE(at - GROUP_BYTES, 4);
  bytes.writeUInt32LE(changes.length, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
};

/** Bytes of the value in a record of this length. */
export const valueBytesOf = (key: string, { length }: Span): number =>
  length - RECORD_BYTES - Buffer.byteLength(key);

const writeRecord = (bytes: Buffer, at: number, change: Change): number => {
  const keyBytes = bytes.write(change.key, at + RECORD_BYTES);
  bytes.writeUInt16LE(keyBytes, at + 4);
  const valueAt = at + RECORD_BYTES + keyBytes;
  const end = change.type === 'put' ? writeValue(bytes, valueAt, change) : valueAt;
  bytes.writeUInt32LE(change.type === 'put' ? end - valueAt : DELETED, at + 6);
  bytes.writeUInt32LE(crc32(bytes.subarray(at + CRC_BYTES, end)), at);
  return end - at;
};

const writeValue = (bytes: Buffer, start: number, { preface, value }: Put): number => {
  const at = preface === undefined ? start : start + bytes.write(preface, start);
  bytes.set(value, at);
  return at + value.length;
};

/** The record at an offset, or undefined when its bytes are not those that were written. */
export const decodeRecord = (bytes: Buffer, at: number, end: number): LogRecord | undefined => {
  if (at + RECORD_BYTES > end) return undefined;
  const keyEnd = at + RECORD_BYTES + bytes.readUInt16LE(at + 4);
  const valueBytes = bytes.readUInt32LE(at + 6);
  const recordEnd = keyEnd + (valueBytes === DELETED ? 0 : valueBytes);
  if (recordEnd > end) return undefined;
  if (bytes.readUInt32LE(at) !== crc32(bytes.subarray(at + CRC_BYTES, recordEnd))) return undefined;
  return {
    offset: at,
    length: recordEnd - at,
    key: bytes.toString('utf8', at + RECORD_BYTES, keyEnd),
    value: valueBytes === DELETED ? undefined : bytes.subarray(keyEnd, recordEnd),
  };
};

export interface LogGroup {
  /** Those that are as they were written. */
  readonly records: readonly LogRecord[];
  readonly whole: boolean;
  readonly end: number;
  /** Bytes of it, and before it, that cannot be read any more. */
  readonly damagedBytes: number;
}

/** The groups of a segment's bytes in order; what is damaged is stepped over. */
export function* groupsOf(bytes: Buffer): Generator<LogGroup> {
  let end = SEGMENT_MARK.length;
  for (let at = nextGroup(bytes, end); at !== undefined; at = nextGroup(bytes, end)) {
    const group = readGroup(bytes, at);
    yield { ...group, damagedBytes: at - end + group.damagedBytes };
    end = group.end;
  }
}

export interface SegmentContent {
  readonly records: readonly LogRecord[];
  /** Up to here the segment is in order; beyond lies what was being written when the power went. */
  readonly end: number;
  /** Bytes that were acknowledged, or may have been, and cannot be read any more. */
  readonly damagedBytes: number;
}

/**
 * Reads a whole segment. Where it is the `newest`, a group at its end that is not whole counts as never
 * written: it was not acknowledged, and its changes belong together.
 */
export const readSegment = (bytes: Buffer, newest: boolean): SegmentContent => {
  const records: LogRecord[] = [];
  let damagedBytes = 0;
  let end = SEGMENT_MARK.length;
  for (const group of groupsOf(bytes)) {
    if (newest && !group.whole && isEmpty(bytes, group.end)) break;
    for (const record of group.records) records.push(record);
    damagedBytes += group.damagedBytes;
    end = Math.min(group.end, bytes.length);
  }
  const restBytes = isCut(bytes, end) ? 0 : bytes.length - end;
  return { records, end, damagedBytes: damagedBytes + restBytes };
};

/** A write that was cut short leaves a group that the file is too short for, or nothing but zeros. */
const isCut = (bytes: Buffer, from: number): boolean => {
  if (bytes.length - from < GROUP_BYTES || isEmpty(bytes, from)) return true;
  return isHeader(bytes, from) && groupEnd(bytes, from) > bytes.length;
};

const isEmpty = (bytes: Buffer, from: number): boolean =>
  bytes.subarray(from).every((byte) => byte === 0);

const readGroup = (bytes: Buffer, start: number): LogGroup => {
  const count = bytes.readUInt32LE(start + 8);
  const end = groupEnd(bytes, start);
  const records: LogRecord[] = [];
  let damagedBytes = 0;
  let at = start + GROUP_BYTES;
  while (at < Math.min(end, bytes.length)) {
    const record = decodeRecord(bytes, at, Math.min(end, bytes.length));
    // The length of a damaged record may still be right: those behind it have their own checksums.
    const length = record?.length ?? claimedBytes(bytes, at);
    if (record === undefined) damagedBytes += Math.min(length, end - at);
    else records.push(record);
    at += length;
  }
  return { records, end, damagedBytes, whole: records.length === count && at === end };
};

const claimedBytes = (bytes: Buffer, at: number): number => {
  if (at + RECORD_BYTES > bytes.length) return RECORD_BYTES;
  const valueBytes = bytes.readUInt32LE(at + 6);
  return RECORD_BYTES + bytes.readUInt16LE(at + 4) + (valueBytes === DELETED ? 0 : valueBytes);
};

const MAGIC_BYTES = Buffer.alloc(4);
MAGIC_BYTES.writeUInt32LE(GROUP_MAGIC, 0);

/** Where the next group begins; never inside a message, since JSON has no zero bytes. */
const nextGroup = (bytes: Buffer, from: number): number | undefined => {
  if (isHeader(bytes, from)) return from;
  let at = bytes.indexOf(MAGIC_BYTES, from);
  while (at >= 0 && !isHeader(bytes, at)) at = bytes.indexOf(MAGIC_BYTES, at + 1);
  return at < 0 ? undefined : at;
};

const isHeader = (bytes: Buffer, at: number): boolean =>
  at + GROUP_BYTES <= bytes.length &&
  bytes.readUInt32LE(at) === GROUP_MAGIC &&
  bytes.readUInt32LE(at + 12) === crc32(bytes.subarray(at, at + 12));

const groupEnd = (bytes: Buffer, start: number): number =>
  start + GROUP_BYTES + bytes.readUInt32LE(start + 4);
