import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type Cancel, type Clock, repeat } from '../core/time.ts';

const LOOK_EVERY_MS = 5_000;
/** Above this share of what may be open somebody has to look. */
const MANY_SHARE = 0.8;
/** What an operator does about it. */
export const RAISE_LIMIT = 'raise LimitNOFILE of the service (ulimit -n)';

/**
 * Files and sockets that this process may have open at once: the soft limit of proc(5), which Node
 * raises to the hard one when it starts. Infinite where the system does not say.
 */
export const mostDescriptors = (): number => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};

/** Looks now and then how many files and sockets are open; never more than the few that may be. */
export class DescriptorWatch {
  readonly most: number;
  open = 0;
  readonly stop: Cancel;

  constructor(clock: Clock, most: number) {
    this.most = most;
    const look = async (): Promise<void> => {
      this.open = (await readdir('/proc/self/fd')).length;
    };
    // To look takes one as well: it fails when they are used up.
    const failed = (error: unknown): void => {
      if ((error as NodeJS.ErrnoException).code === 'EMFILE') this.open = most;
    };
    if (Number.isFinite(most)) void look().catch(failed);
    this.stop = Number.isFinite(most) ? repeat(clock, LOOK_EVERY_MS, look, failed) : () => {};
  }

  alarms(): readonly string[] {
    if (this.open < MANY_SHARE * this.most) return [];
    const percent = Math.round((100 * this.open) / this.most);
    return [
      `${percent} % of the ${this.most} files and sockets that may be open are: ${RAISE_LIMIT}.`,
    ];
  }
}
