import type { ConnectorKey } from '../../core/tick.ts';
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
  /** Transactions in a row in which the first way was refused or not followed. */
  readonly failed: number;
  readonly transaction: string;
}

const GROUND: Rung = { way: 0, disobeyed: 0, failed: 0, transaction: '' };
/** A refusal can be a matter of the moment: so many transactions begin with the best way again. */
const FAILED_MOST = 3;
/** Disobeyed once: sent again. Twice: cleared and sent again. Then the next way. */
const CLEAR_AFTER = 2;
const CHANGE_AFTER = 3;

/** How far each connector has been escalated: resend, clear and resend, next purpose or unit. */
export class OfferLadder {
  readonly #rungs = new Map<ConnectorKey, Rung>();

  /** Another transaction: what was refused in the one before may be taken now. */
  begin(key: ConnectorKey, transaction: string): void {
    const before = this.#rungs.get(key) ?? GROUND;
    if (before.transaction === transaction) return;
    const again = before.failed < FAILED_MOST ? { way: 0, disobeyed: 0 } : {};
    this.#rungs.set(key, { ...before, ...again, transaction });
  }

  /** The charger took an offer in its present way. */
  accepted(key: ConnectorKey): void {
    const rung = this.#rungs.get(key);
    if (rung?.way === 0 && rung.disobeyed === 0) this.#rungs.set(key, { ...rung, failed: 0 });
  }

  /** The way of the next offer; undefined when there is none. */
  next(key: ConnectorKey, ways: readonly OfferWay[], overdrawing: boolean): NextTry | undefined {
    const before = this.#rungs.get(key) ?? GROUND;
    const disobeyed = overdrawing ? before.disobeyed + 1 : 0;
    const changes = disobeyed >= CHANGE_AFTER;
    const rung = {
      ...before,
      way: before.way + Number(changes),
      disobeyed: changes ? 0 : disobeyed,
      // Who says yes and does not follow gets no second chance.
      failed: changes ? FAILED_MOST : before.failed,
    };
    this.#rungs.set(key, rung);
    const way = this.#wayAt(rung, ways);
    if (way === undefined) return undefined;
    return { way, clearFirst: disobeyed >= CLEAR_AFTER, escalated: disobeyed > 0 };
  }

  /** The charger said no: another way next time. */
  refused(key: ConnectorKey): void {
    const before = this.#rungs.get(key) ?? GROUND;
    const failed = before.failed + Number(before.way === 0);
    this.#rungs.set(key, { ...before, way: before.way + 1, disobeyed: 0, failed });
  }

  wayOf(key: ConnectorKey, ways: readonly OfferWay[]): OfferWay | undefined {
    return this.#wayAt(this.#rungs.get(key) ?? GROUND, ways);
  }

  #wayAt({ way }: Rung, ways: readonly OfferWay[]): OfferWay | undefined {
    return ways.length === 0 ? undefined : ways[way % ways.length];
  }
}
