import type { ChargerEvent } from '../core/chargers/charger-event.ts';
import type { ConnectorState } from '../core/chargers/charger-state.ts';
import { WISH_MOST_MS, type Wish } from '../core/sharing/wish.ts';
import { type ConnectorKey, connectorKey } from '../core/tick.ts';
import { timestamp } from '../core/time.ts';
import type { Standing } from '../schema/standing.ts';

export type CarNeeds = Extract<ChargerEvent, { readonly type: 'car-needs' }>;

interface Held {
  readonly wish: Wish;
  readonly atWallMs: number;
  /** Known from the run before: it holds for this transaction only. */
  readonly transaction?: string;
  /** Said by the car itself: gives way to what its driver or fleet says. */
  readonly byCar?: true;
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

  /** What the car itself asks for (ISO 15118), unless somebody said it for the car. */
  setByCar(key: ConnectorKey, wish: Wish, wallMs: number): void {
    const held = this.#held.get(key);
    if (held !== undefined && held.byCar !== true) return;
    this.set(key, wish, wallMs);
    const now = this.#held.get(key);
    if (now !== undefined) this.#held.set(key, { ...now, byCar: true });
  }

  /** Follows the transactions of a connector; a wish that came before its transaction is for that. */
  follow(key: ConnectorKey, was: string | undefined, now: string | undefined): void {
    const held = this.#held.get(key);
    if (held === undefined || was === now) return;
    const another = held.transaction !== undefined && held.transaction !== now;
    if (was !== undefined || another) this.#held.delete(key);
    else this.#held.set(key, { ...heldFor(held), wish: held.wish, atWallMs: held.atWallMs });
  }

  all(): ReadonlyMap<ConnectorKey, Wish> {
    return new Map([...this.#held].map(([key, { wish }]) => [key, wish]));
  }

  /** To be kept over a restart. `transactionOf` tells what goes on at a connector. */
  standing(transactionOf: (key: ConnectorKey) => string | undefined): StandingWishes {
    const standing: StandingWishes = {};
    for (const [key, held] of this.#held) {
      const { wish, atWallMs, transaction: before } = held;
      const transaction = transactionOf(key) ?? before;
      const { energyWh, departsAtWallMs } = wish;
      standing[key] = {
        at: timestamp(atWallMs),
        ...(energyWh === undefined ? {} : { energyWh }),
        ...(departsAtWallMs === undefined ? {} : { departAt: timestamp(departsAtWallMs) }),
        ...(transaction === undefined ? {} : { transaction }),
        ...heldFor(held),
      };
    }
    return standing;
  }

  /** Takes up what was kept, unless it is older than any stay. */
  restore(standing: StandingWishes, connectors: ReadonlySet<ConnectorKey>, wallMs: number): void {
    for (const [key, kept] of Object.entries(standing)) {
      const { at, energyWh, departAt, transaction, byCar } = kept;
      const atWallMs = Date.parse(at);
      if (!connectors.has(key) || wallMs - atWallMs >= WISH_MOST_MS) continue;
      const wish = {
        ...(energyWh === undefined ? {} : { energyWh }),
        ...(departAt === undefined ? {} : { departsAtWallMs: Date.parse(departAt) }),
      };
      const of = transaction === undefined ? {} : { transaction };
      this.#held.set(key, { wish, atWallMs, ...of, ...(byCar === true ? { byCar } : {}) });
    }
  }
}

const heldFor = ({ byCar }: Held): Pick<Held, 'byCar'> => (byCar === true ? { byCar } : {});

/** A wish counts from the start of the transaction, what a car asks for from now on. */
export const wishOf = (
  { energyWh, departsAtWallMs }: CarNeeds,
  { transaction, energyWh: meterWh }: ConnectorState,
  wallMs: number,
): Wish => {
  const startWh = transaction?.meterStartWh;
  const deliveredWh =
    startWh === undefined || meterWh === undefined ? 0 : Math.max(0, meterWh - startWh);
  const departs = departsAtWallMs !== undefined && departsAtWallMs > wallMs;
  return {
    ...(energyWh === undefined ? {} : { energyWh: energyWh + deliveredWh }),
    ...(departs ? { departsAtWallMs } : {}),
  };
};

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
