import type { ConnectorKey } from '../core/tick.ts';
import type { OfferWay } from './offer-calls.ts';

/** What to do besides sending an offer (again). */
export interface NextTry {
  readonly way: OfferWay;
  /** Take back what may be in force before. */
  readonly clearFirst: boolean;
  readonly escalated: boolean;
}

interface Rung {
  readonly way: number;
  /** Offers in a row that the charger accepted and did not follow. */
  readonly disobeyed: number;
}

const GROUND: Rung = { way: 0, disobeyed: 0 };
/** Disobeyed once: sent again. Twice: cleared and sent again. Then the next way. */
const CLEAR_AFTER = 2;
const CHANGE_AFTER = 3;

/** How far each connector has been escalated: resend, clear and resend, next purpose or unit. */
export class OfferLadder {
  readonly #rungs = new Map<ConnectorKey, Rung>();

  /** The way of the next offer; undefined when there is none. */
  next(key: ConnectorKey, ways: readonly OfferWay[], overdrawing: boolean): NextTry | undefined {
    const before = this.#rungs.get(key) ?? GROUND;
    const disobeyed = overdrawing ? before.disobeyed + 1 : 0;
    const changes = disobeyed >= CHANGE_AFTER;
    const rung = { way: before.way + Number(changes), disobeyed: changes ? 0 : disobeyed };
    this.#rungs.set(key, rung);
    const way = this.#wayAt(rung, ways);
    if (way === undefined) return undefined;
    return { way, clearFirst: disobeyed >= CLEAR_AFTER, escalated: disobeyed > 0 };
  }

  /** The charger said no: another way next time. */
  refused(key: ConnectorKey): void {
    const { way } = this.#rungs.get(key) ?? GROUND;
    this.#rungs.set(key, { way: way + 1, disobeyed: 0 });
  }

  wayOf(key: ConnectorKey, ways: readonly OfferWay[]): OfferWay | undefined {
    return this.#wayAt(this.#rungs.get(key) ?? GROUND, ways);
  }

  /** A charger that booted may be of another mind, or another make. */
  forget(key: ConnectorKey): void {
    this.#rungs.delete(key);
  }

  #wayAt({ way }: Rung, ways: readonly OfferWay[]): OfferWay | undefined {
    return ways.length === 0 ? undefined : ways[way % ways.length];
  }
}
