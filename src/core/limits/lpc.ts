import type { LimitCommand } from './limit-book.ts';

/**
 * A source with a heartbeat, in the manner of EEBUS Limitation of Power Consumption: it is believed
 * as long as it is heard. Without it the failsafe holds, for its time; then nothing does.
 */
export interface LpcSpec {
  /** Silence after which the failsafe holds (LPC-005, LPC-006: 120 s). */
  readonly heartbeatMs: number;
  /** How long the failsafe holds (LPC-922: 2 to 24 h). */
  readonly failsafeMs: number;
}

export interface LpcState {
  readonly phase: 'init' | 'controlled' | 'failsafe' | 'autonomous';
  readonly sinceMs: number;
  readonly heardAtMs?: number;
  /** In init and failsafe: since when heartbeats are back without a limit written. */
  readonly backAtMs?: number;
  readonly limit?: { readonly command: LimitCommand; readonly untilMs: number };
}

/** As shown: the names of the specification. */
export type LpcPhase =
  | 'init'
  | 'limited'
  | 'unlimited-controlled'
  | 'failsafe'
  | 'unlimited-autonomous';

/** After a start it comes back limited by its failsafe (LPC-901/1). */
export const startLpc = (nowMs: number): LpcState => ({ phase: 'init', sinceMs: nowMs });

export const heartbeat = (state: LpcState, spec: LpcSpec, nowMs: number): LpcState => {
  const now = advance(state, spec, nowMs);
  const waiting = now.phase === 'init' || now.phase === 'failsafe';
  return {
    ...now,
    heardAtMs: nowMs,
    ...(waiting ? { backAtMs: now.backAtMs ?? nowMs } : {}),
  };
};

/**
 * A limit is set or lifted: the source is in control (again). It counts as a heartbeat. `delayMs`: 0,
 * or negative by as much as its life began before.
 */
export const write = (command: LimitCommand, nowMs: number, delayMs: number): LpcState => ({
  phase: 'controlled',
  sinceMs: nowMs,
  heardAtMs: nowMs,
  ...(command.lifted === true
    ? {}
    : { limit: { command, untilMs: nowMs + delayMs + command.ttlSeconds * 1000 } }),
});

/** Where the source stands now. */
export const advance = (state: LpcState, spec: LpcSpec, nowMs: number): LpcState => {
  const { phase, sinceMs, heardAtMs, backAtMs, limit } = state;
  const silentSinceMs = (heardAtMs ?? Number.NEGATIVE_INFINITY) + spec.heartbeatMs;
  if (phase === 'autonomous') return state;
  if (phase === 'controlled') {
    if (nowMs > silentSinceMs) {
      return advance({ phase: 'failsafe', sinceMs: silentSinceMs }, spec, nowMs);
    }
    if (limit === undefined || nowMs < limit.untilMs) return state;
    const { limit: _over, ...rest } = state;
    return rest;
  }
  if (nowMs - sinceMs >= spec.failsafeMs) return { phase: 'autonomous', sinceMs: nowMs };
  if (backAtMs === undefined) return state;
  if (nowMs > silentSinceMs) return { phase, sinceMs };
  // Heard again, but nothing written in time: it does not limit any more (LPC-921).
  const waitedInVain = nowMs - backAtMs >= spec.heartbeatMs;
  return waitedInVain ? { phase: 'autonomous', sinceMs: nowMs } : state;
};

export const phaseOf = ({ phase, limit }: LpcState): LpcPhase => {
  if (phase === 'controlled') return limit === undefined ? 'unlimited-controlled' : 'limited';
  return phase === 'autonomous' ? 'unlimited-autonomous' : phase;
};
