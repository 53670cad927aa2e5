import type { ScheduledLimits } from '../core/limits/limit.ts';
import { type LimitBook, limitsAhead } from '../core/limits/limit-book.ts';
import type { Site } from '../core/site.ts';
import type { LimitsAhead } from '../core/tick.ts';
import type { Times } from '../core/time.ts';

/** Changes of limits that are known are looked at so far ahead. */
const AHEAD_MS = 24 * 3_600_000;

/** How the limits of energy managers and of the site as a whole will change, as far as is known. */
export const knownAhead = (
  book: LimitBook,
  site: Site,
  { monotonicMs: nowMs, wallMs }: Times,
  scheduled?: ScheduledLimits,
): readonly LimitsAhead[] => {
  const epochMs = wallMs - nowMs;
  const untilMs = nowMs + AHEAD_MS;
  const turns = scheduled?.changes(wallMs, untilMs + epochMs) ?? [];
  const others = turns.map((atMs) => atMs - epochMs);
  return limitsAhead(book, site, nowMs, untilMs, others).map(({ atMs, limits }) => ({
    atMs,
    limits: [...limits, ...(scheduled?.limits(atMs + epochMs) ?? [])],
  }));
};
