import { type ConnectorKey, chargerOfKey } from '../../core/tick.ts';

/**
 * Chargers that are proven to go to their fallback when an offer ends. An offer that does not end with
 * its transaction stands above the fallback: until it is taken back, the next car would start with it.
 */
export class ProvenFallbacks {
  readonly #accepted: Set<string>;
  /** The installer vouches for them. */
  readonly #trusted = new Set<string>();
  readonly #leftOffers = new Set<ConnectorKey>();

  /** `accepted`: by these chargers, in an earlier run. */
  constructor(accepted: ReadonlySet<string>) {
    this.#accepted = new Set(accepted);
  }

  trust(charger: string): void {
    this.#trusted.add(charger);
  }

  /** The charger has taken its fallback, or may have lost it. */
  set(charger: string, accepted: boolean): void {
    if (accepted) this.#accepted.add(charger);
    else this.#accepted.delete(charger);
  }

  offerLeft(connector: ConnectorKey): void {
    this.#leftOffers.add(connector);
  }

  offerTakenBack(connector: ConnectorKey): void {
    this.#leftOffers.delete(connector);
  }

  has(charger: string): boolean {
    if (this.#trusted.has(charger)) return true;
    const left = [...this.#leftOffers].some((connector) => chargerOfKey(connector) === charger);
    return this.#accepted.has(charger) && !left;
  }

  all(): ReadonlySet<string> {
    return new Set([...this.#accepted, ...this.#trusted].filter((charger) => this.has(charger)));
  }
}
