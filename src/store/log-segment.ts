import { access, constants, copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecord, type LogRecord, SEGMENT_MARK, type Span } from './log-format.ts';

const NUMBER_DIGITS = 12;
const SUFFIX = '.log';
/** What one sector that cannot be read costs at most. */
const READ_BYTES = 64 * 1024;

export const segmentName = (number: number): string =>
  String(number).padStart(NUMBER_DIGITS, '0') + SUFFIX;

/** The number in the name of a segment's file; undefined for any other file. */
export const segmentNumber = (name: string): number | undefined =>
  name.length === NUMBER_DIGITS + SUFFIX.length && /^\d+\.log$/.test(name)
    ? Number(name.slice(0, NUMBER_DIGITS))
    : undefined;

/** One file of the log: appended to while it is the newest, read and at last removed afterwards. */
export class Segment {
  readonly number: number;
  readonly path: string;
  #file: FileHandle;
  /** Bytes that are in order; behind them may lie what a failed write left. */
  bytes: number;
  /** Bytes of records that are still current. */
  liveBytes = 0;
  #readers = 0;
  #retired = false;

  private constructor(number: number, path: string, file: FileHandle, bytes: number) {
    this.number = number;
    this.path = path;
    this.#file = file;
    this.bytes = bytes;
  }

  /** A new segment; its name is durable once its folder is synced. */
  static async create(folder: string, number: number): Promise<Segment> {
    const path = join(folder, segmentName(number));
    const file = await open(path, 'w+', 0o600);
    const segment = new Segment(number, path, file, 0);
    try {
      await segment.append(SEGMENT_MARK);
    } catch (error) {
      await segment.close();
      throw error;
    }
    return segment;
  }

  static async open(folder: string, number: number): Promise<Segment> {
    const path = join(folder, segmentName(number));
    const file = await openFile(path);
    const { size } = await file.stat();
    return new Segment(number, path, file, size);
  }

  /** Resolves once the bytes are on the medium. */
  async append(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const rest = bytes.length - written;
      const { bytesWritten } = await this.#file.write(bytes, written, rest, this.bytes + written);
      written += bytesWritten;
    }
    await this.#file.datasync();
    this.bytes += bytes.length;
  }

  /** Lets go of everything behind `bytes`; what is before is on the medium when it resolves. */
  async settle(): Promise<void> {
    await access(this.path, constants.W_OK);
    await this.#file.truncate(this.bytes);
    await this.#file.datasync();
  }

  /** A file system that came back does not know the handles from before. */
  async reopen(): Promise<void> {
    const stale = this.#file;
    this.#file = await openFile(this.path);
    await stale.close().catch(() => {});
  }

  /** Undefined when it cannot be read, or is not what was written. */
  async read({ offset, length }: Span): Promise<LogRecord | undefined> {
    this.#readers += 1;
    try {
      const bytes = Buffer.allocUnsafe(length);
      await this.#readInto(bytes, offset);
      return decodeRecord(bytes, 0, length);
    } finally {
      this.#readers -= 1;
      if (this.#retired) await this.close();
    }
  }

  async readWhole(): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(this.bytes);
    for (let at = 0; at < bytes.length; at += READ_BYTES) {
      await this.#readInto(bytes.subarray(at, at + READ_BYTES), at);
    }
    return bytes;
  }

  /** A sector that cannot be read is like one that lost what it held: zeros, which no CRC takes. */
  async #readInto(bytes: Buffer, offset: number): Promise<void> {
    const { bytesRead } = await this.#file
      .read(bytes, 0, bytes.length, offset)
      .catch(() => ({ bytesRead: 0 }));
    bytes.fill(0, bytesRead);
  }

  /** A copy for a human to look at. Resolves with its path. */
  async setAside(): Promise<string> {
    const copy = `${this.path}.damaged`;
    await copyFile(this.path, copy);
    return copy;
  }

  /** Removes the file; reads that have begun still end well. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await this.close();
  }

  async close(): Promise<void> {
    this.#retired = true;
    if (this.#readers === 0) await this.#file.close();
  }
}

/** On a medium that is read-only what is held can be read all the same. */
const openFile = (path: string): Promise<FileHandle> =>
  open(path, 'r+').catch(() => open(path, 'r'));
