import { Door, type DoorOptions, type Pair } from './door.ts';
import { Faults } from './faults.ts';
import { upstreamUrl } from './identity.ts';
import type { Interceptor } from './interceptor.ts';
import { DEFAULT_LANE_LIMITS, type LaneLimits } from './lane.ts';
import { Link, UNREADABLE } from './link.ts';
import { type LinkCounters, newLinkCounters } from './link-counters.ts';
import {
  type CallOutcome,
  type ChargerCalls,
  containedObserver,
  type LinkObserver,
  type OwnCall,
  type UpstreamState,
} from './observer.ts';
import { AbsentFlush } from './outage/absent-flush.ts';
import type { Outage } from './outage/outage.ts';
import type { Knock } from './socket.ts';

/** The CSMS has this long to answer a CALL of our own. */
const OWN_CSMS_CALL_MS = 30_000;

/** In what a make of chargers departs from the rest on its connection. */
export interface Manners {
  readonly pingSeconds?: number;
  readonly closeStyle?: 'frame' | 'drop';
}

export interface GatewayOptions
  extends Omit<DoorOptions, 'enter' | 'outageOf' | 'pingSecondsOf' | 'upstream'> {
  readonly observer: LinkObserver;
  /** Absent: all chargers are alike. */
  readonly mannersOf?: (identity: string) => Manners;
  /** Message ids of our own calls: unique for ever, e.g. UUIDs. */
  readonly newId: () => string;
  /** Where faults of this program go; absent: into the log alone. */
  readonly faults?: Faults;
  readonly limits?: Partial<LaneLimits>;
  readonly interceptor?: Interceptor;
  /** Undefined: chargers are disconnected while the CSMS is away. */
  readonly outage?: Outage;
  /** Chargers that are disconnected all the same. */
  readonly closesInOutage?: (identity: string) => boolean;
  /** Takes the energy from a transaction whose driver the CSMS does not accept. */
  readonly withhold?: (charger: string, transactionId: string) => void;
  /** Messages of a charger that stays away are delivered without it after so long; 0: never. */
  readonly flushAbsentAfterMs?: number;
}

/** All links, one for each charger that came in by the door. */
export class Gateway implements ChargerCalls {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #options: GatewayOptions;
  readonly #door: Door;
  readonly #links = new Map<string, Link>();
  readonly #absent: AbsentFlush | undefined;
  readonly #faults: Faults;
  readonly #observer: LinkObserver;

  constructor(options: GatewayOptions) {
    const { outage: shared, flushAbsentAfterMs: afterMs = 0, upstreamBase } = options;
    this.#options = options;
    this.#faults = options.faults ?? new Faults(options.clock, options.log);
    this.#observer = containedObserver(options.observer, this.#faults);
    this.#door = new Door({
      ...options,
      pingSecondsOf: (identity) => this.#mannersOf(identity).pingSeconds,
      outageOf: (identity) => this.#outageOf(identity),
      upstream: (identity, state) => this.#tellUpstream(identity, state),
      enter: (pair) => this.#open(pair),
    });
    this.#absent =
      shared === undefined || afterMs === 0
        ? undefined
        : new AbsentFlush({
            ...options,
            shared,
            afterMs,
            counters: this.counters,
            urlOf: (charger) => upstreamUrl(upstreamBase(charger), encodeURIComponent(charger), ''),
            connected: (charger) => this.#links.has(charger) || this.#door.holds(charger),
          });
  }

  /** A charger asks for a connection. Settles it either way; never throws. */
  knock(knock: Knock): Promise<void> {
    return this.#door.knock(knock);
  }

  connected(): readonly string[] {
    return [...this.#links.keys()];
  }

  call(charger: string, call: OwnCall, done: (outcome: CallOutcome) => void): void {
    this.#ask(charger, done, (link, told) => link.call(call, told));
  }

  /** A CALL of our own to the CSMS, in a charger's name. */
  callCsms(
    charger: string,
    action: string,
    payload: object,
    done: (outcome: CallOutcome) => void,
  ): void {
    const timeoutMs = OWN_CSMS_CALL_MS;
    const call: OwnCall = { action, payload, priority: 'housekeeping', timeoutMs };
    this.#ask(charger, done, (link, told) => link.callCsms(call, told));
  }

  /** Messages of a charger were queued again; of one that is away they wait until it is back. */
  deliverHeld(charger: string): void {
    this.#links.get(charger)?.deliverHeld();
  }

  /** Ends one charger's link, e.g. since its route changed: it connects anew by itself. */
  disconnect(charger: string, reason: string): void {
    this.#links.get(charger)?.close(1012, reason);
  }

  /** Closes the links of all chargers. */
  close(): void {
    this.#door.close();
    this.#absent?.stop();
    for (const link of [...this.#links.values()]) link.close(1001, 'gateway is stopping');
  }

  #ask(
    charger: string,
    done: (outcome: CallOutcome) => void,
    ask: (link: Link, told: (outcome: CallOutcome) => void) => void,
  ): void {
    const link = this.#links.get(charger);
    const told = (outcome: CallOutcome): void => {
      this.#faults.contain(`answer of ${charger}`, () => done(outcome));
    };
    if (link === undefined) told({ outcome: 'offline' });
    else ask(link, told);
  }

  #open(pair: Pair): void {
    const { identity, version, dial } = pair;
    const { clock, newId, log, limits, interceptor, outage: shared } = this.#options;
    const observer = this.#observer;
    this.#links.get(identity)?.close(1000, 'replaced by a newer connection');
    // The observer hears of the charger before anything of its upstream.
    observer.chargerConnected(identity, version, clock.monotonicMs());
    const link: Link = new Link({
      ...pair,
      clock,
      observer,
      interceptor,
      newId,
      log,
      faults: this.#faults,
      counters: this.counters,
      limits: { ...DEFAULT_LANE_LIMITS, ...limits },
      withoutCloseFrame: () => this.#mannersOf(identity).closeStyle === 'drop',
      outage: shared && {
        shared,
        closes: this.#closes(identity),
        dial,
        withhold: (transactionId) => this.#options.withhold?.(identity, transactionId),
      },
      ended: (reason) => {
        if (this.#links.get(identity) !== link) return;
        this.#links.delete(identity);
        if (reason === UNREADABLE) this.#options.suspicious?.({ kind: 'unreadable', identity });
        observer.upstreamChanged(identity, 'none', clock.monotonicMs());
        observer.chargerGone(identity, reason, clock.monotonicMs());
      },
    });
    this.#links.set(identity, link);
  }

  #outageOf(identity: string): Outage | undefined {
    return this.#closes(identity) ? undefined : this.#options.outage;
  }

  /** Without the CSMS the charger is disconnected. */
  #closes(identity: string): boolean {
    return this.#options.closesInOutage?.(identity) === true;
  }

  #mannersOf(identity: string): Manners {
    return this.#options.mannersOf?.(identity) ?? {};
  }

  /** Of a knock: whoever knocks with the name of a charger that is linked changes nothing for it. */
  #tellUpstream(identity: string, state: UpstreamState): void {
    if (this.#links.has(identity)) return;
    this.#observer.upstreamChanged(identity, state, this.#options.clock.monotonicMs());
  }
}
