import { WISH_MOST_MS, type Wish } from '../core/sharing/wish.ts';
import { type ConnectorKey, connectorKey } from '../core/tick.ts';
import { timestamp } from '../core/time.ts';
import type { Standing } from '../schema/standing.ts';

interface Held {
  readonly wish: Wish;
  readonly atWallMs: number;
  /** Known from the run before: it holds for this transaction only. */
  readonly transaction?: string;
}

type StandingWishes = Standing['wishes'];

/** What the cars at the connectors want. A wish belongs to one stay. */
export class WishBook {
  readonly #held = new Map<ConnectorKey, Held>();

  /** In place of what was wished before; an empty wish forgets it. */
  set(key: ConnectorKey, wish: Wish, wallMs: number): void {
    if (wish.energyWh === undefined && wish.departsAtWallMs === undefined) this.#held.delete(key);
    else this.#held.set(key, { wish, atWallMs: wallMs });
  }

  /** Follows the transactions of a connector; a wish that came before its transaction is for that. */
  follow(key: ConnectorKey, was: string | undefined, now: string | undefined): void {
    const held = this.#held.get(key);
    if (held === undefined || was === now) return;
    const another = held.transaction !== undefined && held.transaction !== now;
    if (was !== undefined || another) this.#held.delete(key);
    else this.#held.set(key, { wish: held.wish, atWallMs: held.atWallMs });
  }

  all(): ReadonlyMap<ConnectorKey, Wish> {
    return new Map([...this.#held].map(([key, { wish }]) => [key, wish]));
  }

  /** To be kept over a restart. `transactionOf` tells what goes on at a connector. */
  standing(transactionOf: (key: ConnectorKey) => string | undefined): StandingWishes {
    const standing: StandingWishes = {};
    for (const [key, { wish, atWallMs, transaction: before }] of this.#held) {
      const transaction = transactionOf(key) ?? before;
      const { energyWh, departsAtWallMs } = wish;
      standing[key] = {
        at: timestamp(atWallMs),
        ...(energyWh === undefined ? {} : { energyWh }),
        ...(departsAtWallMs === undefined ? {} : { departAt: timestamp(departsAtWallMs) }),
        ...(transaction === undefined ? {} : { transaction }),
      };
    }
    return standing;
  }

  /** Takes up what was kept, unless it is older than any stay. */
  restore(standing: StandingWishes, connectors: ReadonlySet<ConnectorKey>, wallMs: number): void {
    for (const [key, { at, energyWh, departAt, transaction }] of Object.entries(standing)) {
      const atWallMs = Date.parse(at);
      if (!connectors.has(key) || wallMs - atWallMs >= WISH_MOST_MS) continue;
      const wish = {
        ...(energyWh === undefined ? {} : { energyWh }),
        ...(departAt === undefined ? {} : { departsAtWallMs: Date.parse(departAt) }),
      };
      const of = transaction === undefined ? {} : { transaction };
      this.#held.set(key, { wish, atWallMs, ...of });
    }
  }
}

/** Every connector that the chargers are known to have. */
export const keysOf = (
  chargers: Iterable<{
    readonly id: string;
    readonly connectors: ReadonlyMap<number, unknown>;
  }>,
): ReadonlySet<ConnectorKey> => {
  const keys = new Set<ConnectorKey>();
  for (const { id, connectors } of chargers) {
    for (const connector of connectors.keys()) keys.add(connectorKey(id, connector));
  }
  return keys;
};
