import type { ReasonKind } from '../reason.ts';
import type { PhaseAmps } from '../units.ts';

/**
 * A limit on a circuit from outside the fuse tree. Several may hold at once: the tightest wins,
 * every one stays visible. `expiresAtMs` is monotonic; after it the source's failsafe takes over.
 */
export interface Limit {
  readonly source: string;
  readonly circuit: string;
  readonly kind: Extract<ReasonKind, 'ems' | 'policy' | 'csms-profile'>;
  readonly amps?: PhaseAmps;
  readonly watts?: number;
  readonly expiresAtMs?: number;
  /** Given by the sender, shown in the reason chain. */
  readonly reason?: string;
}

/** Limits that somebody sets by a schedule. Times are epoch ms. */
export interface ScheduledLimits {
  limits(atMs: number): readonly Limit[];
  /** When they change, as far as is known: later than `fromMs`, earlier than `untilMs`. */
  changes(fromMs: number, untilMs: number): readonly number[];
}
