import { Scratch } from '../core/allocation/scratch.ts';
import { type Found, type Search, withoutCulprits } from '../core/culprits.ts';
import { decide } from '../core/decide.ts';
import { withAside, withKnown } from '../core/set-aside.ts';
import type { Cycle, TickInput } from '../core/tick.ts';
import type { Faults } from '../gateway/faults.ts';

/** Decisions in search of a culprit in one cycle: enough for one among a thousand chargers. */
const TRIES_MOST = 12;
/** Who is left out is tried again this often, and so is a search that found nobody. */
const AGAIN_MS = 30_000;
/**
 * For so long what is known of somebody who is left out is kept for its return. Then it is let go: it
 * may be what no decision can be made with.
 */
const KNOWN_KEPT_MS = 10 * 60_000;

const NOBODY: ReadonlySet<string> = new Set();

/** Runs a step of what a cycle takes in of one of many, e.g. of a charger. */
export type EachOne = (id: string, step: () => void) => void;
export const plainly: EachOne = (_id, step) => step();

/**
 * Decisions in spite of single chargers with which none can be made. Where a decision fails, it is made
 * without the fewest chargers without whom it works: these are in the books at their worst case, and
 * everybody else is steered on. They are left out until a decision with them works again.
 */
export class Asides {
  readonly #faults: Faults;
  #scratch = new Scratch();
  /** Of whom something could not even be taken in for the cycle that comes. */
  readonly #unreadable = new Set<string>();
  /** Who is left out; undefined: nobody. */
  #search: Search | undefined;
  /** Since when each of them is, monotonic ms. */
  #since: ReadonlyMap<string, number> = new Map();
  #allTriedAtMs = Number.NEGATIVE_INFINITY;
  #searchFromMs = Number.NEGATIVE_INFINITY;
  /** Why the last attempt failed. */
  #problem: unknown;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** Chargers that have been left out for so long. */
  leftOutFor(ms: number, nowMs: number): ReadonlySet<string> {
    return new Set([...this.#since].filter(([, atMs]) => nowMs - atMs >= ms).map(([id]) => id));
  }

  /** Where it throws, the decision that follows is made without this charger. */
  readonly each: EachOne = (charger, step) => {
    try {
      step();
    } catch (problem) {
      this.#faults.note(partOf(charger), problem);
      this.#unreadable.add(charger);
    }
  };

  /**
   * The snapshot of the cycle is without what is known of those who were left out. Throws where leaving
   * out a few is of no use.
   */
  decide(frozen: TickInput): Cycle {
    const unreadable = new Set(this.#unreadable);
    this.#unreadable.clear();
    const cycle = this.#decide(withAside(frozen, unreadable));
    const { culprits = [], suspects = [] } = this.#search ?? {};
    const aside = new Set([...unreadable, ...culprits, ...suspects]);
    this.#since = new Map([...aside].map((id) => [id, this.#since.get(id) ?? frozen.nowMs]));
    const longOut = this.leftOutFor(KNOWN_KEPT_MS, frozen.nowMs);
    const kept = new Set([...aside].filter((id) => !longOut.has(id)));
    return { ...cycle, decision: withKnown(cycle.decision, frozen, kept) };
  }

  #decide(input: TickInput): Cycle {
    const { nowMs } = input;
    const before = this.#search;
    const tryAll = before === undefined || nowMs - this.#allTriedAtMs >= AGAIN_MS;
    if (tryAll) {
      this.#allTriedAtMs = nowMs;
      this.#search = undefined;
      const whole = this.#attempt(input, NOBODY);
      if (whole !== undefined) return whole;
    }
    const problem = this.#problem;
    const found = this.#found(input, before);
    this.#search = found;
    if (found === undefined) throw problem;
    const news = found.culprits.some((id) => before?.culprits.includes(id) !== true);
    if (tryAll || news) {
      for (const id of found.culprits) this.#faults.note(partOf(id), problem);
    }
    return found.result;
  }

  /** As before, where that still works; a search that did not come to its end goes on. */
  #found(input: TickInput, before: Search | undefined): Found<Cycle> | undefined {
    if (before?.suspects.length === 0) {
      const result = this.#attempt(input, new Set(before.culprits));
      if (result !== undefined) return { ...before, result };
    }
    if (input.nowMs < this.#searchFromMs) return undefined;
    const unfinished = before !== undefined && before.suspects.length > 0;
    const everybody = { culprits: [], suspects: input.site.chargers.map(({ id }) => id) };
    const attempt = (aside: ReadonlySet<string>) => this.#attempt(input, aside);
    const found = withoutCulprits(unfinished ? before : everybody, attempt, TRIES_MOST);
    if (found === undefined) this.#searchFromMs = input.nowMs + AGAIN_MS;
    return found;
  }

  #attempt(input: TickInput, aside: ReadonlySet<string>): Cycle | undefined {
    try {
      const tried = withAside(input, aside);
      return { input: tried, decision: decide(tried, this.#scratch) };
    } catch (problem) {
      this.#problem = problem;
      // What was half worked out must not be found there by the next attempt.
      this.#scratch = new Scratch();
      return undefined;
    }
  }
}

const partOf = (charger: string): string =>
  `decisions with ${charger} (left out of them, budgeted at its worst case)`;

/** As it was decided on, but with the links as they are: who is left out need not be away. */
export const withLinks = (decidedOn: TickInput, input: TickInput): TickInput => {
  if (decidedOn === input) return input;
  const chargers = new Map(decidedOn.chargers);
  for (const [id, charger] of chargers) {
    const known = input.chargers.get(id);
    if (known !== undefined && known !== charger) {
      chargers.set(id, { ...charger, online: known.online });
    }
  }
  return { ...decidedOn, chargers };
};
