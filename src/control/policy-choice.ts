import type { Policy } from '../core/sharing/policy.ts';
import type { Times } from '../core/time.ts';
import type { Standing } from '../schema/standing.ts';
import { monotonic, until } from './standing.ts';

/** A policy that was chosen in place of that of the site file. */
export interface PolicyChoice {
  readonly name: string;
  readonly policy: Policy;
  /** Monotonic; absent: until another one is chosen. */
  readonly untilMs?: number;
}

/** Which policy holds: the chosen one while it lasts, else that of the site file. */
export class ChosenPolicy {
  readonly #own: Policy;
  #choice: PolicyChoice | undefined;

  constructor(own: Policy) {
    this.#own = own;
  }

  /** Absent: that of the site file. */
  choose(choice?: PolicyChoice): void {
    this.#choice = choice;
  }

  at(nowMs: number): Policy {
    const { policy, untilMs = Number.POSITIVE_INFINITY } = this.#choice ?? {};
    return policy === undefined || nowMs >= untilMs ? this.#own : policy;
  }

  /** The name of the chosen one while it lasts; undefined: that of the site file. */
  nameAt(nowMs: number): string | undefined {
    const { name, untilMs = Number.POSITIVE_INFINITY } = this.#choice ?? {};
    return nowMs >= untilMs ? undefined : name;
  }

  standing(now: Times): Pick<Standing, 'policy'> {
    const { name, untilMs = Number.POSITIVE_INFINITY } = this.#choice ?? {};
    if (name === undefined || untilMs <= now.monotonicMs) return {};
    return { policy: { name, inPlaceOf: this.#own.id, ...until(untilMs, now) } };
  }

  /** Whoever writes another policy into the site file wants that one: the choice lapses. */
  restore(
    { policy: kept }: Pick<Standing, 'policy'>,
    policies: ReadonlyMap<string, Policy>,
    now: Times,
  ): void {
    const policy = policies.get(kept?.name ?? '');
    if (kept === undefined || policy === undefined || kept.inPlaceOf !== this.#own.id) return;
    this.#choice = { name: kept.name, policy, untilMs: monotonic(kept.until, now) };
  }
}
