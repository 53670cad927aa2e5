/** Knocks of one identity from one address in the window; one that flaps is told to come later. */
const KNOCKS_MOST = 12;
/** From all addresses but the one from which it was let in last: anybody may knock with its name. */
const KNOCKS_OF_OTHERS_MOST = 36;
const KNOCKS_WINDOW_MS = 10_000;
/** Identities and addresses remembered; the longest unseen is forgotten first. */
const ENTRIES_MOST = 5_000;

/** Counts knocks in a sliding window: strangers who use its name keep no charger out. */
export class KnockLimiter {
  readonly #knocks = new Map<string, readonly number[]>();
  /** Where each identity was let in from last; only those of the site ever are. */
  readonly #homes = new Map<string, string>();

  /** True when this knock may go on. */
  admit(identity: string, address: string, nowMs: number): boolean {
    // An address has no blank, an identity neither.
    const few = this.#count(`${identity} ${address}`, KNOCKS_MOST, nowMs);
    if (this.#homes.get(identity) === address) return few;
    return few && this.#count(identity, KNOCKS_OF_OTHERS_MOST, nowMs);
  }

  letIn(identity: string, address: string): void {
    this.#homes.set(identity, address);
  }

  #count(key: string, most: number, nowMs: number): boolean {
    const recent = (this.#knocks.get(key) ?? []).filter((at) => at > nowMs - KNOCKS_WINDOW_MS);
    this.#knocks.delete(key);
    this.#knocks.set(key, [...recent, nowMs].slice(-most));
    if (this.#knocks.size > ENTRIES_MOST) {
      const [oldest] = this.#knocks.keys();
      if (oldest !== undefined) this.#knocks.delete(oldest);
    }
    return recent.length < most;
  }
}
