import { DAY_MS } from '../../core/time.ts';

/** Raises per charger and day in purposes that the charger writes to memory which wears out. */
const RAISES_PER_DAY = 300;

/**
 * How often a charger may be raised by writing to its persistent memory (K01.FR.27, 1.6 erratum
 * 3.37: a controller that writes every ten seconds ends a charger's flash within days). Reductions
 * are not asked: safety is worth a cell. A day's budget is there at the start and grows back evenly.
 */
export class WriteBudget {
  readonly #perDay: number;
  readonly #left = new Map<string, { readonly count: number; readonly atMs: number }>();
  readonly #restUntilMs = new Map<string, number>();

  constructor(perDay = RAISES_PER_DAY) {
    this.#perDay = perDay;
  }

  /** Takes one raise at monotonic `nowMs`; false when the budget is used up. */
  takeRaise(charger: string, nowMs: number): boolean {
    const count = this.left(charger, nowMs);
    if (count < 1) return false;
    this.#left.set(charger, { count: count - 1, atMs: nowMs });
    return true;
  }

  /** One write that is not refused; it leaves less for raises. */
  takeRenewal(charger: string, nowMs: number): void {
    this.#left.set(charger, { count: Math.max(0, this.left(charger, nowMs) - 1), atMs: nowMs });
  }

  /** The charger wants no writes that could wait before then (K01.FR.59). */
  rest(charger: string, untilMs: number): void {
    this.#restUntilMs.set(charger, untilMs);
  }

  rests(charger: string, nowMs: number): boolean {
    return nowMs < (this.#restUntilMs.get(charger) ?? 0);
  }

  left(charger: string, nowMs: number): number {
    const known = this.#left.get(charger);
    if (known === undefined) return this.#perDay;
    const grown = ((nowMs - known.atMs) / DAY_MS) * this.#perDay;
    return Math.min(this.#perDay, known.count + grown);
  }
}
