import { breakEnded, newWakeUp, type WakeUp } from '../core/sharing/wake-ladder.ts';
import type { ConnectorKey } from '../core/tick.ts';
import type { Times } from '../core/time.ts';
import type { Standing } from '../schema/standing.ts';
import { monotonic, until } from './standing.ts';

type WakeUps = ReadonlyMap<ConnectorKey, WakeUp>;

/**
 * How often cars were woken, and which have had their fill, to be kept: a gateway that starts again and
 * again must not wake them anew each time. A break under way counts as over.
 */
export const standingWakeUps = (wakeUps: WakeUps, now: Times): Pick<Standing, 'wakeUps'> => {
  const kept: NonNullable<Standing['wakeUps']> = {};
  for (const [key, wakeUp] of wakeUps) {
    const { stay, tries, rounds, maySleep, notBeforeMs } = breakEnded(wakeUp, now.monotonicMs);
    if (maySleep && tries === 0 && rounds === 0) continue;
    const ahead = notBeforeMs !== undefined && notBeforeMs > now.monotonicMs;
    kept[key] = {
      transaction: stay,
      tries,
      rounds,
      ...(maySleep ? {} : { full: true as const }),
      ...(ahead ? until(notBeforeMs, now) : {}),
    };
  }
  return Object.keys(kept).length === 0 ? {} : { wakeUps: kept };
};

/** What was kept of connectors that are still there; it counts for the same transaction only. */
export const keptWakeUps = (
  { wakeUps = {} }: Standing,
  connectors: ReadonlySet<ConnectorKey>,
  now: Times,
): WakeUps => {
  const known = new Map<ConnectorKey, WakeUp>();
  for (const [key, { transaction, tries, rounds, full, until: end }] of Object.entries(wakeUps)) {
    if (!connectors.has(key)) continue;
    const maySleep = full !== true;
    const wait = end === undefined ? {} : { notBeforeMs: monotonic(end, now) };
    known.set(key, { ...newWakeUp(transaction), maySleep, tries, rounds, ...wait });
  }
  return known;
};

/** tried: a car is being woken. filled: one began to charge, or was stopped while it did. */
export const wakeUpNews = (before: WakeUps, after: WakeUps): 'tried' | 'filled' | undefined => {
  let news: 'filled' | undefined;
  for (const [key, { tries, rounds, maySleep }] of after) {
    const was = before.get(key);
    if (tries > 0 && (was?.tries !== tries || was.rounds !== rounds)) return 'tried';
    if (was !== undefined && was.maySleep !== maySleep) news = 'filled';
  }
  return news;
};
