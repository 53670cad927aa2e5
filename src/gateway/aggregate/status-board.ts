import { type Cancel, type Clock, timestamp } from '../../core/time.ts';
import { type Family, familyOf } from '../../ocpp/aggregate/rules.ts';
import { type Payload, readInteger, readText } from '../../ocpp/payload.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { OutletNumbers } from './outlet-numbers.ts';

/** A charger that is gone this long is shown as unavailable; a short break is nobody's business. */
const AWAY_AFTER_MS = 15_000;

export interface StatusBoardOptions {
  readonly clock: Clock;
  readonly numbers: OutletNumbers;
  readonly version: OcppVersion;
  readonly isHere: (charger: string) => boolean;
  /** Sends a StatusNotification of the station itself; true once the CSMS has it. Never rejects. */
  readonly say: (payload: object) => Promise<boolean>;
}

/**
 * What the CSMS was told about each connector or EVSE. A charger that disconnects shows as
 * unavailable there, and as what it was when it comes back; the station stays.
 */
export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #family: Family;
  /** The last message by station number, as the CSMS got it. */
  readonly #last = new Map<number, Payload>();
  /** Answered to the charger before the CSMS had it: said again after a break. */
  readonly #owed = new Map<number, Payload>();
  readonly #away = new Set<string>();
  /** Chargers whose connectors were said to be as their connector 0. */
  readonly #whole = new Set<string>();
  /** Connector 0 was said to be unavailable, since no charger is there. */
  #wholeAway = false;
  readonly #timers = new Map<string, Cancel>();

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#family = familyOf(options.version);
  }

  /** A charger says this; it was taken, and the CSMS hears it in its turn. */
  owes(payload: Payload): void {
    const number = this.#numberIn(payload);
    if (number === undefined) return;
    this.#last.set(number, payload);
    this.#owed.set(number, payload);
  }

  /** The CSMS was told this by a charger. */
  told(payload: Payload): void {
    const number = this.#numberIn(payload);
    if (number === undefined) return;
    if (this.#owed.get(number) === payload) this.#owed.delete(number);
    if (!this.#owed.has(number)) this.#last.set(number, payload);
  }

  /** Status word of the last message; undefined: none yet. */
  statusOf(number: number): string | undefined {
    const last = this.#last.get(number);
    return readText(last?.[this.#family === '1.6' ? 'status' : 'connectorStatus']);
  }

  /** The station was accepted: the CSMS hears of the whole and of who is not there. */
  began(): void {
    this.#wholeAway = false;
    this.#sayWhole('Available');
    for (const number of this.#options.numbers.retired()) {
      void this.#options.say(this.#message(number, 'Unavailable'));
    }
    for (const payload of this.#owed.values()) this.#retell(payload);
    for (const charger of new Set(this.#options.numbers.all().map((outlet) => outlet.charger))) {
      this.#away.delete(charger);
      if (!this.#options.isHere(charger)) this.left(charger);
    }
  }

  /** The CSMS is away: it hears everything anew. */
  ended(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  left(charger: string): void {
    this.#timers.get(charger)?.();
    const cancel = this.#options.clock.after(AWAY_AFTER_MS, () => {
      this.#timers.delete(charger);
      this.#away.add(charger);
      this.whole(charger, 'Unavailable');
      this.#wholeMayBeAway();
    });
    this.#timers.set(charger, cancel);
  }

  joined(charger: string): void {
    this.#timers.get(charger)?.();
    this.#timers.delete(charger);
    if (this.#away.delete(charger)) this.#restore(charger);
    if (!this.#wholeAway) return;
    this.#wholeAway = false;
    this.#sayWhole('Available');
  }

  /** What a charger says of its connector 0 holds for all of it, where it is out of order. */
  whole(charger: string, status: string | undefined): void {
    if (status !== 'Faulted' && status !== 'Unavailable') {
      this.#restore(charger);
      return;
    }
    this.#whole.add(charger);
    for (const { number } of this.#options.numbers.ofCharger(charger)) {
      void this.#options.say(this.#message(number, status));
    }
  }

  /** Each outlet of a charger is what it said last, if something else was said of it. */
  #restore(charger: string): void {
    if (!this.#whole.delete(charger)) return;
    for (const { number } of this.#options.numbers.ofCharger(charger)) {
      const last = this.#last.get(number);
      if (last !== undefined) void this.#options.say(last);
    }
  }

  #wholeMayBeAway(): void {
    const here = this.#options.numbers.all().some(({ charger }) => !this.#away.has(charger));
    if (here || this.#wholeAway) return;
    this.#wholeAway = true;
    this.#sayWhole('Unavailable');
  }

  /** 2.x has no status of a station without its EVSEs. */
  #sayWhole(status: string): void {
    if (this.#family === '1.6') void this.#options.say(this.#message(0, status));
  }

  #numberIn(payload: Payload): number | undefined {
    const number = readInteger(payload[this.#family === '1.6' ? 'connectorId' : 'evseId']);
    return number !== undefined && number > 0 ? number : undefined;
  }

  #retell(payload: Payload): void {
    void this.#options.say(payload).then((heard) => {
      if (heard) this.told(payload);
    });
  }

  #message(number: number, status: string): object {
    const at = timestamp(this.#options.clock.wallMs());
    return this.#family === '1.6'
      ? {
          connectorId: number,
          errorCode: status === 'Faulted' ? 'OtherError' : 'NoError',
          status,
          timestamp: at,
        }
      : { timestamp: at, connectorStatus: status, evseId: number, connectorId: 1 };
  }
}
