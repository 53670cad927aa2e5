import { nearestName } from '../core/near-name.ts';
import type { ChargerSpec } from '../core/site.ts';
import type { LinkObserver } from '../gateway/observer.ts';

/** Chargers adopted beyond those listed; further ones are rejected. */
export const ADOPTED_MOST = 200;

export interface AdoptionOptions {
  readonly listed: readonly string[];
  /** Adopted in earlier runs. */
  readonly adopted: readonly string[];
  /** The charger as the config describes unknown ones; undefined: they are rejected. */
  readonly specOf: (identity: string) => ChargerSpec | undefined;
  readonly adopt: (spec: ChargerSpec) => void;
  readonly remember: (identity: string) => void;
}

/**
 * Which chargers may connect. One that nobody listed is let in as far as the CSMS, which has the
 * last word: only when it accepted the charger does that become part of the site.
 */
export class Adoption {
  readonly #options: AdoptionOptions;
  readonly #known: Set<string>;
  readonly #most: number;

  constructor(options: AdoptionOptions) {
    this.#options = options;
    this.#known = new Set([...options.listed, ...options.adopted]);
    this.#most = options.listed.length + ADOPTED_MOST;
  }

  admits(identity: string): boolean {
    if (this.#known.has(identity)) return true;
    return this.#known.size < this.#most && this.#options.specOf(identity) !== undefined;
  }

  /** What somebody may do about a charger that is not admitted: the identity ends its URL. */
  remedyFor(identity: string): string {
    const near = nearestName(identity, this.#known);
    const meant = near === undefined ? '' : `is it ${near}? Then mend the end of its URL; or `;
    return `${meant}add it to chargers of the site file, or see unknownChargers`;
  }

  /** The observer, with unknown chargers adopted before it hears of them. */
  watching(first: LinkObserver): LinkObserver {
    return {
      chargerConnected: (charger, version, atMs) => {
        this.#take(charger);
        first.chargerConnected(charger, version, atMs);
      },
      chargerGone: (charger, reason, atMs) => first.chargerGone(charger, reason, atMs),
      upstreamChanged: (charger, state, atMs) => first.upstreamChanged(charger, state, atMs),
      request: (relayed) => first.request(relayed),
      answer: (relayed) => first.answer(relayed),
    };
  }

  #take(charger: string): void {
    if (this.#known.has(charger)) return;
    const spec = this.#options.specOf(charger);
    if (spec === undefined) return;
    this.#known.add(charger);
    this.#options.adopt(spec);
    this.#options.remember(charger);
  }
}
