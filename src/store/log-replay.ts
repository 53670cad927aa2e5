import { readdir } from 'node:fs/promises';
import type { Damage } from './durable-store.ts';
import type { KeyIndex } from './key-index.ts';
import { readSegment, SEGMENT_MARK } from './log-format.ts';
import { Segment, segmentNumber } from './log-segment.ts';

/** Damages told by name; a medium that fails has no end of them. */
const DAMAGES_TOLD_MOST = 100;

/** Reads the segments of a folder into the index, oldest first. */
export const replay = async (folder: string, index: KeyIndex) => {
  const segments: Segment[] = [];
  const damage: Damage[] = [];
  const numbers = (await readdir(folder)).map(segmentNumber).filter((n) => n !== undefined);
  for (const number of numbers.sort((a, b) => a - b)) {
    const segment = await Segment.open(folder, number);
    const newest = number === numbers.at(-1);
    if (newest && segment.bytes < SEGMENT_MARK.length) await segment.remove();
    else {
      await replaySegment(segment, newest, index, damage);
      segments.push(segment);
    }
  }
  return { segments, damage };
};

const replaySegment = async (
  segment: Segment,
  newest: boolean,
  index: KeyIndex,
  damage: Damage[],
): Promise<void> => {
  const bytes = await segment.readWhole();
  const { records, end, damagedBytes } = readSegment(bytes, newest);
  segment.bytes = end;
  for (const { key, value, offset, length } of records) {
    if (value === undefined) index.delete(key);
    else index.put(key, { segment, offset, length });
  }
  if (damagedBytes > 0) {
    await tellDamage(damage, segment, `${damagedBytes} bytes of ${segment.path} cannot be read`);
  }
};

/** Notes what happened to a segment, and keeps a copy of it where there is room for one. */
export const tellDamage = async (
  damage: Damage[],
  segment: Segment,
  what: string,
): Promise<void> => {
  if (damage.length >= DAMAGES_TOLD_MOST) return;
  const quarantine = await segment.setAside().catch(() => undefined);
  damage.push({ what, ...(quarantine === undefined ? {} : { quarantine }) });
};
