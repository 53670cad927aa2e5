import type { Log } from '../../core/log.ts';
import { type Cancel, type Clock, DAY_MS, repeat } from '../../core/time.ts';
import type { Journal } from '../../store/journal.ts';

const EVERY_MS = 3_600_000;

/** Drops meter values that were held for more than `mostDays`, once an hour. */
export const dropOldValues = (
  journal: Journal,
  mostDays: number,
  clock: Clock,
  log: Log,
): Cancel => {
  const drop = (): Promise<void> => journal.dropOlderThan(clock.wallMs() - mostDays * DAY_MS);
  return repeat(clock, EVERY_MS, drop, (error) => log.warn('journal', { problem: String(error) }));
};
