import type { ChargerState } from '../core/chargers/charger-state.ts';
import type { Preferences } from '../core/preferences.ts';
import { connectorKey } from '../core/tick.ts';

/** Transactions that go on without energy until they end: the CSMS does not accept their driver. */
export class Withheld {
  readonly #transactions = new Set<string>();

  add(charger: string, transactionId: string): void {
    this.#transactions.add(nameOf(charger, transactionId));
  }

  /** What was asked for, with the connectors of these transactions paused. */
  paused(asked: Preferences, chargers: Iterable<ChargerState>): Preferences {
    if (this.#transactions.size === 0) return asked;
    const preferences = new Map(asked);
    const running = new Set<string>();
    for (const { id, connectors } of chargers) {
      for (const { connector, transaction } of connectors.values()) {
        if (transaction === undefined) continue;
        const name = nameOf(id, transaction.id);
        if (!this.#transactions.has(name)) continue;
        running.add(name);
        const key = connectorKey(id, connector);
        const paused = { by: 'CSMS: driver not accepted', untilMs: Number.POSITIVE_INFINITY };
        preferences.set(key, { ...preferences.get(key), paused });
      }
    }
    for (const name of this.#transactions) if (!running.has(name)) this.#transactions.delete(name);
    return preferences;
  }
}

const nameOf = (charger: string, transactionId: string): string => `${charger} ${transactionId}`;
