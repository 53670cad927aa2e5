import type { EmsSourceSpec, Site } from '../site.ts';
import type { Times } from '../time.ts';
import { minAmps, type PhaseAmps } from '../units.ts';
import type { LimitBook, SourceBook } from './limit-book.ts';

/** A limit as it is kept over a restart; times are wall clock, epoch ms. */
export interface StandingLimit {
  readonly amps?: PhaseAmps;
  readonly watts?: number;
  readonly reason?: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface StandingSource {
  readonly epoch?: number;
  readonly entries: readonly StandingLimit[];
}

/**
 * What has to outlive the process: limits ordered ahead, and those of sources that have no failsafe
 * which would hold in their place. A source with a heartbeat comes back in its failsafe (LPC-901/1),
 * so of it only the number of its run is kept, which fences off older senders.
 */
export const standingLimits = (
  book: LimitBook,
  site: Site,
  { monotonicMs, wallMs }: Times,
): ReadonlyMap<string, StandingSource> => {
  const standing = new Map<string, StandingSource>();
  for (const spec of site.emsSources) {
    const source = book.get(spec.id);
    if (source === undefined) continue;
    const entries = source.entries
      .filter(({ command, expiresAtMs }) => {
        const ahead = command.startAtMs !== undefined || command.randomizeSeconds !== undefined;
        return command.lifted !== true && expiresAtMs > monotonicMs && (ahead || !failsafe(spec));
      })
      .map(({ command: { amps, watts, reason }, startsAtMs, expiresAtMs }) => ({
        ...(amps === undefined ? {} : { amps }),
        ...(watts === undefined ? {} : { watts }),
        ...(reason === undefined ? {} : { reason }),
        fromMs: wallMs + startsAtMs - monotonicMs,
        untilMs: wallMs + expiresAtMs - monotonicMs,
      }));
    const { lastEpoch: epoch } = source;
    if (entries.length === 0 && epoch === undefined) continue;
    standing.set(spec.id, { entries, ...(epoch === undefined ? {} : { epoch }) });
  }
  return standing;
};

const failsafe = ({ failsafeAmps, failsafeWatts }: EmsSourceSpec): boolean =>
  failsafeAmps !== undefined || failsafeWatts !== undefined;

/**
 * The book with what was kept. Until a source is heard again its failsafe holds besides. What is
 * over by now is dropped; limits ordered ahead hold at once when the clock was behind. `wallMs` must not lie before the moment it was saved.
 */
export const withStandingLimits = (
  book: LimitBook,
  site: Site,
  standing: ReadonlyMap<string, StandingSource>,
  { monotonicMs, wallMs, clockBehind = false }: Times,
): LimitBook => {
  const restored = new Map(book);
  for (const { id, circuit, lpc } of site.emsSources) {
    const kept = standing.get(id);
    if (kept === undefined) continue;
    const before: SourceBook = restored.get(id) ?? { entries: [] };
    const left = kept.entries.filter(({ untilMs }) => untilMs > wallMs && lpc === undefined);
    const early = clockBehind && left.some(({ fromMs }) => fromMs > wallMs);
    const entries = (early ? [strictest(left, wallMs)] : left).map(
      ({ fromMs, untilMs, ...limit }) => {
        const ttlSeconds = (untilMs - fromMs) / 1000;
        const command = { ...limit, circuit, ttlSeconds, startAtMs: fromMs };
        const startsAtMs = monotonicMs + fromMs - wallMs;
        return { command, startsAtMs, expiresAtMs: monotonicMs + untilMs - wallMs };
      },
    );
    restored.set(id, {
      ...before,
      entries,
      restored: true,
      ...(kept.epoch === undefined ? {} : { lastEpoch: kept.epoch }),
    });
  }
  return restored;
};

/** Their beginnings may have passed: the lowest of each holds at once, until the last has ended. */
const strictest = (limits: readonly StandingLimit[], fromMs: number): StandingLimit => {
  const amps = limits.flatMap((limit) => (limit.amps === undefined ? [] : [limit.amps]));
  const watts = limits.flatMap((limit) => (limit.watts === undefined ? [] : [limit.watts]));
  const [first, ...others] = amps;
  return {
    ...(first === undefined ? {} : { amps: others.reduce(minAmps, first) }),
    ...(watts.length === 0 ? {} : { watts: Math.min(...watts) }),
    reason: 'holds early: the clock was behind at the start, so when it begins is not known',
    fromMs,
    untilMs: Math.max(...limits.map(({ untilMs }) => untilMs)),
  };
};
