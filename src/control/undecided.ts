import { fallbackShares } from '../core/fallback-shares.ts';
import type { ChargerSpec } from '../core/site.ts';
import type { ConnectorKey, TickInput } from '../core/tick.ts';
import type { Clock } from '../core/time.ts';
import type { Faults } from '../gateway/faults.ts';
import { failsafeOrders } from './failsafe.ts';
import type { Enforcer } from './offers/enforcer.ts';
import type { SiteDraft } from './site-draft.ts';

/**
 * After so long without a decision every charger is told its fallback. A fuse that is over its current
 * bears that time, and a fault of a moment costs nobody their charge.
 */
export const UNDECIDED_MOST_MS = 10_000;

export interface UndecidedOptions {
  readonly draft: SiteDraft;
  readonly enforcer: Enforcer;
  readonly clock: Clock;
  readonly faults: Faults;
}

/** What becomes of the offers while nothing is decided: for the site, or for single chargers. */
export class Undecided {
  readonly #options: UndecidedOptions;
  /** Since when nothing was decided, and why at first. */
  #since: { readonly sinceMs: number; readonly problem: string } | undefined;

  constructor(options: UndecidedOptions) {
    this.#options = options;
  }

  /** Why nothing is decided, in plain words; undefined when it is. */
  problem(): string | undefined {
    if (this.#since === undefined) return undefined;
    const { sinceMs, problem } = this.#since;
    const told = this.#options.clock.monotonicMs() - sinceMs >= UNDECIDED_MOST_MS;
    const now = told
      ? 'every charger is told its fallback'
      : 'offers stay as they are until they end';
    return `Nothing can be decided (${problem}): ${now}; messages are relayed and kept.`;
  }

  over(): void {
    this.#since = undefined;
  }

  /** One cycle more, which failed because of `problem`; `input`: where there was a snapshot at all. */
  goesOn(nowMs: number, problem: string, input: TickInput | undefined): void {
    const { draft, faults } = this.#options;
    this.#since ??= { sinceMs: nowMs, problem };
    if (nowMs - this.#since.sinceMs < UNDECIDED_MOST_MS) return;
    // Limits from outside may leave less than the fallbacks. Where not even that can be told, they do.
    const shares = input && faults.contain('room for fallbacks', () => fallbackShares(input));
    if (shares !== undefined) draft.observed(shares.background);
    this.tellFallback(draft.site.chargers, nowMs, shares?.paused);
  }

  tellFallback(
    chargers: readonly ChargerSpec[],
    nowMs: number,
    paused?: ReadonlySet<ConnectorKey>,
  ): void {
    const { draft, enforcer, faults } = this.#options;
    const orders = () => failsafeOrders(draft, chargers, nowMs, faults, paused);
    faults.contain('fallbacks', () => enforcer.carryOut(orders()));
  }
}
