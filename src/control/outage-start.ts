import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import { readObject, readText } from '../ocpp/payload.ts';
import type { SiteDraft } from './site-draft.ts';

/** A charger that starts by itself has done so by then. */
const FIRST_LOOK_MS = 3_000;
/** How often and how long a car is looked for that belongs to a card: about a minute. */
const LOOK_EVERY_MS = 5_000;
const LOOKS_MOST = 12;
const START_TIMEOUT_MS = 30_000;

/**
 * Some 1.6 chargers begin a transaction only when they are told to, also after a card that was
 * accepted: their CSMS does that. While it is away the gateway accepts the card in its place, so it
 * has to start the transaction too.
 */
export class OutageStart {
  readonly #draft: SiteDraft;
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The card that is waited for, by charger; a later one takes its place. */
  readonly #waiting = new Map<string, object>();

  constructor(options: { draft: SiteDraft; calls: ChargerCalls; clock: Clock; log: Log }) {
    this.#draft = options.draft;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** An Authorize of the charger was answered here. */
  authorized(charger: string, request: unknown, answer: unknown): void {
    const idTag = readText(readObject(request)['idTag']);
    const { status } = readObject(readObject(answer)['idTagInfo']);
    if (idTag === undefined || status !== 'Accepted') return;
    if (!this.#draft.traits(charger).needsRemoteStart) return;
    const turn = {};
    this.#waiting.set(charger, turn);
    this.#lookLater(charger, idTag, turn, FIRST_LOOK_MS, 1);
  }

  /** The CSMS is back, or the charger gone: who starts what is no longer ours to say. */
  end(charger: string): void {
    this.#waiting.delete(charger);
  }

  #lookLater(charger: string, idTag: string, turn: object, waitMs: number, looks: number): void {
    this.#clock.after(waitMs, () => {
      if (this.#waiting.get(charger) !== turn) return;
      const connectors = [...(this.#draft.charger(charger)?.connectors.values() ?? [])];
      const ready = connectors.find(
        ({ status, transaction }) => status === 'preparing' && transaction === undefined,
      );
      const begun = connectors.some(({ transaction }) => transaction?.idToken === idTag);
      if (ready !== undefined || begun || looks >= LOOKS_MOST) this.#waiting.delete(charger);
      else this.#lookLater(charger, idTag, turn, LOOK_EVERY_MS, looks + 1);
      if (ready !== undefined && !begun) this.#start(charger, ready.connector, idTag);
    });
  }

  #start(charger: string, connector: number, idTag: string): void {
    this.#log.info('CSMS away: charger told to start', { charger, connector });
    const payload = { connectorId: connector, idTag };
    const own = { priority: 'housekeeping', timeoutMs: START_TIMEOUT_MS } as const;
    this.#calls.call(charger, { action: 'RemoteStartTransaction', payload, ...own }, () => {});
  }
}
