/** Knocks of one identity in the window; a charger that flaps is told to come back later. */
const KNOCKS_MOST = 12;
const KNOCKS_WINDOW_MS = 10_000;
/** Identities remembered; the longest unseen is forgotten first. */
const IDENTITIES_MOST = 5_000;

/** Counts knocks per identity in a sliding window. */
export class KnockLimiter {
  readonly #knocks = new Map<string, readonly number[]>();

  /** True when this knock may go on. */
  admit(identity: string, nowMs: number): boolean {
    const recent = (this.#knocks.get(identity) ?? []).filter((at) => at > nowMs - KNOCKS_WINDOW_MS);
    this.#knocks.delete(identity);
    this.#knocks.set(identity, [...recent, nowMs].slice(-KNOCKS_MOST));
    if (this.#knocks.size > IDENTITIES_MOST) {
      const [oldest] = this.#knocks.keys();
      if (oldest !== undefined) this.#knocks.delete(oldest);
    }
    return recent.length < KNOCKS_MOST;
  }
}
