import type { Change } from './durable-store.ts';
import type { KeyIndex } from './key-index.ts';
import { groupsOf, type LogGroup } from './log-format.ts';
import type { Segment } from './log-segment.ts';

/** Moved with one group at most, so that nobody waits for it. */
const MOVE_MOST_BYTES = 128 * 1024;
/** Groups of the old segment looked through for one group at most. */
const LOOK_MOST_GROUPS = 8;

/**
 * Keeps the log at no more than about twice what is alive in it: with each group that is written,
 * a few records that are still current move from the oldest segment to the newest. Nothing is done
 * while nothing is written, and a drained backlog costs no move at all: its segments are just empty.
 */
export class LogCleaner {
  readonly #index: KeyIndex;
  readonly #slackBytes: number;
  #segment: Segment | undefined;
  #groups: Generator<LogGroup> | undefined;
  #passed = false;

  /** `slackBytes` may be dead before it is worth while to move what is alive. */
  constructor(index: KeyIndex, slackBytes: number) {
    this.#index = index;
    this.#slackBytes = slackBytes;
  }

  /** Current records of the oldest segment, to be written again; none where it is not worth while. */
  async next(segments: readonly Segment[]): Promise<readonly Change[]> {
    const oldest = segments[0];
    if (oldest === undefined || segments.length < 2 || !this.#isWorthWhile(segments)) return [];
    if (this.#segment !== oldest || this.#groups === undefined) {
      this.#segment = oldest;
      this.#passed = false;
      this.#groups = groupsOf(await oldest.readWhole());
    }
    const moved: Change[] = [];
    let bytes = 0;
    for (let looked = 0; looked < LOOK_MOST_GROUPS && bytes < MOVE_MOST_BYTES; looked += 1) {
      const { value: group, done } = this.#groups.next();
      if (done === true) {
        this.#groups = undefined;
        this.#passed = true;
        break;
      }
      for (const { key, value, offset, length } of group.records) {
        const place = this.#index.get(key);
        if (value === undefined || place?.segment !== oldest || place.offset !== offset) continue;
        moved.push({ type: 'put', key, value });
        bytes += length;
      }
    }
    return moved;
  }

  /** A segment that was gone through, and still holds records that were not found in it. */
  stuck(segments: readonly Segment[]): Segment | undefined {
    const oldest = segments[0];
    if (!this.#passed || this.#segment !== oldest || oldest?.liveBytes === 0) return undefined;
    return oldest;
  }

  /** What was moved did not reach the medium: the oldest segment is gone through again. */
  again(): void {
    this.#groups = undefined;
    this.#segment = undefined;
    this.#passed = false;
  }

  #isWorthWhile(segments: readonly Segment[]): boolean {
    let bytes = 0;
    let live = 0;
    for (const segment of segments) {
      bytes += segment.bytes;
      live += segment.liveBytes;
    }
    return bytes - live > Math.max(live, this.#slackBytes);
  }
}
