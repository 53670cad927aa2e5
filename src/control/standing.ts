import type { LimitBook } from '../core/limits/limit-book.ts';
import {
  type StandingSource,
  standingLimits,
  withStandingLimits,
} from '../core/limits/standing-limits.ts';
import type { Preference, Preferences } from '../core/preferences.ts';
import type { Site } from '../core/site.ts';
import type { ConnectorKey } from '../core/tick.ts';
import { type Times, timestamp } from '../core/time.ts';
import type { Standing } from '../schema/standing.ts';

/**
 * Now, as far as what was saved is concerned: a box without a clock of its own may come up in the
 * past, and then nothing of what was kept is over yet, and nothing of it lasts longer than it did.
 */
export const timesSince = ({ savedAt }: Standing, now: Times): Times => ({
  ...now,
  wallMs: Math.max(now.wallMs, Date.parse(savedAt)),
  clockBehind: now.wallMs < Date.parse(savedAt),
});

/** Pauses and priorities to be kept; what a child site wants now, it will say again. */
export const standingPreferences = (
  preferences: Preferences,
  now: Times,
): Pick<Standing, 'pauses' | 'priorities'> => {
  const pauses: Standing['pauses'] = {};
  const priorities: Standing['priorities'] = {};
  for (const [key, { paused, priority }] of preferences) {
    if (paused !== undefined && paused.untilMs > now.monotonicMs) {
      pauses[key] = { by: paused.by, ...until(paused.untilMs, now) };
    }
    if (priority !== undefined && priority.untilMs > now.monotonicMs) {
      const { weight, priorityClass, untilMs } = priority;
      priorities[key] = {
        ...(weight === undefined ? {} : { weight }),
        ...(priorityClass === undefined ? {} : { class: priorityClass }),
        ...until(untilMs, now),
      };
    }
  }
  return { pauses, priorities };
};

/** What was kept of pauses and priorities of connectors that are still there. */
export const keptPreferences = (
  { pauses, priorities }: Standing,
  connectors: ReadonlySet<ConnectorKey>,
  now: Times,
): Preferences => {
  const kept = new Map<ConnectorKey, Preference>();
  for (const [key, { by, until: end }] of Object.entries(pauses)) {
    const untilMs = monotonic(end, now);
    if (connectors.has(key) && untilMs > now.monotonicMs)
      kept.set(key, { paused: { by, untilMs } });
  }
  for (const [key, { weight, class: priorityClass, until: end }] of Object.entries(priorities)) {
    const untilMs = monotonic(end, now);
    if (!connectors.has(key) || untilMs <= now.monotonicMs) continue;
    const priority = {
      untilMs,
      ...(weight === undefined ? {} : { weight }),
      ...(priorityClass === undefined ? {} : { priorityClass }),
    };
    kept.set(key, { ...kept.get(key), priority });
  }
  return kept;
};

/** Limits to be kept, with their times in words. */
export const standingBook = (book: LimitBook, site: Site, now: Times): Standing['limits'] => {
  const limits: Standing['limits'] = {};
  for (const [source, { epoch, entries }] of standingLimits(book, site, now)) {
    limits[source] = {
      ...(epoch === undefined ? {} : { epoch }),
      entries: entries.map(({ amps, fromMs, untilMs, ...limit }) => ({
        ...limit,
        ...(amps === undefined ? {} : { amps: [...amps] }),
        from: timestamp(fromMs),
        until: timestamp(untilMs),
      })),
    };
  }
  return limits;
};

/** The book with the limits that were kept. */
export const keptBook = (
  { limits }: Standing,
  book: LimitBook,
  site: Site,
  now: Times,
): LimitBook => {
  const kept = new Map<string, StandingSource>();
  for (const [source, { epoch, entries }] of Object.entries(limits)) {
    kept.set(source, {
      ...(epoch === undefined ? {} : { epoch }),
      entries: entries.map(({ from, until: end, ...limit }) => ({
        ...limit,
        fromMs: Date.parse(from),
        untilMs: Date.parse(end),
      })),
    });
  }
  return withStandingLimits(book, site, kept, now);
};

/** Absent for what has no end. */
export const until = (untilMs: number, now: Times): { readonly until?: string } =>
  Number.isFinite(untilMs) ? { until: timestamp(now.wallMs + untilMs - now.monotonicMs) } : {};

/** Monotonic ms of an end that was kept. */
export const monotonic = (end: string | undefined, now: Times): number =>
  end === undefined ? Number.POSITIVE_INFINITY : now.monotonicMs + Date.parse(end) - now.wallMs;
