/** What was told longer ago than two of these says nothing about a clock any more. */
const STRETCH_MS = 10 * 60_000;
/** After a connection a charger may tell for this long what it had held. */
const HELD_MS = 30_000;
/** Less is drift, or the clock that is steered. */
const STEP_MS = 5_000;
/** More is no clock: the largest mistake about a time zone is 26 h. */
const AHEAD_MOST_MS = 26 * 3_600_000;

interface Seen {
  readonly sinceMs: number;
  readonly bestMs: number;
  /** The best of the stretch before. */
  readonly before: number | undefined;
}

/**
 * How far the clocks of chargers are ahead of ours, by the times in their messages. A message can be
 * older than it looks and never younger, so of some time the furthest ahead counts.
 */
export class ChargerClocks {
  readonly #seen = new Map<string, Seen>();
  #epochMs: number | undefined;

  /**
   * `aheadMs`: the time in the message less that of its receipt; `nowMs` is monotonic. `live`: it is
   * of now, as far as one can tell; else it can only say that a clock is not further behind.
   */
  told(charger: string, aheadMs: number, nowMs: number, live: boolean): void {
    if (Math.abs(aheadMs) > AHEAD_MOST_MS) return;
    const seen = this.#seen.get(charger);
    if (seen === undefined || nowMs - seen.sinceMs >= 2 * STRETCH_MS) {
      if (!live && aheadMs < 0) return;
      this.#seen.set(charger, { sinceMs: nowMs, bestMs: aheadMs, before: undefined });
    } else if (live && nowMs - seen.sinceMs >= STRETCH_MS) {
      this.#seen.set(charger, { sinceMs: nowMs, bestMs: aheadMs, before: seen.bestMs });
    } else if (aheadMs > seen.bestMs) {
      this.#seen.set(charger, { ...seen, bestMs: aheadMs });
    }
  }

  /** Ms by charger; those of which nothing is known are missing. `epochMs`: wall less monotonic. */
  ahead(nowMs: number, epochMs: number): ReadonlyMap<string, number> {
    // Our own clock was set: what was compared with it before says nothing.
    if (Math.abs(epochMs - (this.#epochMs ?? epochMs)) > STEP_MS) this.#seen.clear();
    this.#epochMs = epochMs;
    const ahead = new Map<string, number>();
    for (const [charger, { sinceMs, bestMs, before }] of this.#seen) {
      const best = Math.max(bestMs, before ?? bestMs);
      const held = best < 0 && before === undefined && nowMs - sinceMs < HELD_MS;
      if (!held) ahead.set(charger, best);
    }
    return ahead;
  }

  /** How much older a message is than the youngest of its charger, by its own clock; 0: not known. */
  ageMs(charger: string, aheadMs: number): number {
    const { bestMs = aheadMs, before = bestMs } = this.#seen.get(charger) ?? {};
    return Math.max(bestMs, before) - aheadMs;
  }

  /** It booted: its clock may have been set. */
  forget(charger: string): void {
    this.#seen.delete(charger);
  }
}
