import type { Change, DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Reservations that are remembered; more do not exist at a time. */
const KEPT_MOST = 1_000;
const PREFIX = 'g/r/';

/**
 * Which charger holds a reservation. The CSMS sees one station, where a reservation that is made
 * again under its id moves: the charger that had it before has to be told.
 */
export class Reservations {
  readonly #store: DurableStore;
  readonly #chargers = new Map<number, string>();

  private constructor(store: DurableStore) {
    this.#store = store;
  }

  static async open(store: DurableStore): Promise<Reservations> {
    const reservations = new Reservations(store);
    for await (const { key, value } of scanAll(store, PREFIX)) {
      const charger = Buffer.from(value).toString();
      reservations.#chargers.set(Number(key.slice(PREFIX.length)), charger);
    }
    return reservations;
  }

  holderOf(id: number): string | undefined {
    return this.#chargers.get(id);
  }

  async made(id: number, charger: string): Promise<void> {
    const [oldest] = this.#chargers.keys();
    const changes: Change[] = [{ type: 'put', key: keyOf(id), value: Buffer.from(charger) }];
    if (this.#chargers.size >= KEPT_MOST && oldest !== undefined && !this.#chargers.has(id)) {
      this.#chargers.delete(oldest);
      changes.push({ type: 'delete', key: keyOf(oldest) });
    }
    this.#chargers.set(id, charger);
    await this.#store.write(changes);
  }

  async cancelled(id: number): Promise<void> {
    if (this.#chargers.delete(id)) await this.#store.write([{ type: 'delete', key: keyOf(id) }]);
  }
}

const keyOf = (id: number): string => `${PREFIX}${id}`;
