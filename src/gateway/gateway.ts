import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { type OcppVersion, versionOf } from '../ocpp/version.ts';
import { DIAL_TIMEOUT_MS } from './dial-request.ts';
import { Faults } from './faults.ts';
import { HeldKnocks, type Turn } from './held-knocks.ts';
import { identityInPath, upstreamUrl } from './identity.ts';
import type { Interceptor } from './interceptor.ts';
import { KnockLimiter } from './knock-limiter.ts';
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
import { isRejection, LinkOutage } from './outage/link-outage.ts';
import type { Outage } from './outage/outage.ts';
import type { Dialer, DialResult, Knock, Socket } from './socket.ts';
import type { Suspicion } from './suspicion.ts';

/** Handshakes held at once; further chargers are told to come back. */
const HELD_MOST = 512;

/** The CSMS has this long to answer a CALL of our own. */
const OWN_CSMS_CALL_MS = 30_000;

/** In what a make of chargers departs from the rest on its connection. */
export interface Manners {
  readonly pingSeconds?: number;
  readonly closeStyle?: 'frame' | 'drop';
}

export interface GatewayOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly observer: LinkObserver;
  /** Base URL of the CSMS for a charger; its identity is appended. */
  readonly upstreamBase: (identity: string) => string;
  /** Whether a charger may connect: configured, or to be adopted. */
  readonly admits: (identity: string) => boolean;
  /** What somebody may do about a charger that may not connect. */
  readonly remedyFor?: (identity: string) => string;
  /** Absent: all chargers are alike. */
  readonly mannersOf?: (identity: string) => Manners;
  /** Message ids of our own calls: unique for ever, e.g. UUIDs. */
  readonly newId: () => string;
  readonly log: Log;
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
  /** Somebody knocked who is perhaps no charger. */
  readonly suspicious?: (suspicion: Suspicion) => void;
}

type Found = NonNullable<ReturnType<typeof identityInPath>>;

/** All links. A charger's handshake is held until the CSMS answered, and mirrors the answer. */
export class Gateway implements ChargerCalls {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #options: GatewayOptions;
  readonly #links = new Map<string, Link>();
  readonly #held = new HeldKnocks();
  readonly #knocks = new KnockLimiter();
  /** CSMSs that did not answer the last dial. */
  readonly #away = new Set<string>();
  readonly #absent: AbsentFlush | undefined;
  readonly #faults: Faults;
  readonly #observer: LinkObserver;
  #closed = false;

  constructor(options: GatewayOptions) {
    const { outage: shared, flushAbsentAfterMs: afterMs = 0, upstreamBase } = options;
    this.#options = options;
    this.#faults = options.faults ?? new Faults(options.clock, options.log);
    this.#observer = containedObserver(options.observer, this.#faults);
    this.#absent =
      shared === undefined || afterMs === 0
        ? undefined
        : new AbsentFlush({
            ...options,
            shared,
            afterMs,
            counters: this.counters,
            urlOf: (charger) => upstreamUrl(upstreamBase(charger), encodeURIComponent(charger), ''),
            connected: (charger) => this.#links.has(charger) || this.#held.has(charger),
          });
  }

  connected(): readonly string[] {
    return [...this.#links.keys()];
  }

  call(charger: string, call: OwnCall, done: (outcome: CallOutcome) => void): void {
    const link = this.#links.get(charger);
    const told = (outcome: CallOutcome): void => {
      this.#faults.contain(`answer of ${charger}`, () => done(outcome));
    };
    if (link === undefined) told({ outcome: 'offline' });
    else link.call(call, told);
  }

  /** Messages of a charger were queued again; of one that is away they wait until it is back. */
  deliverHeld(charger: string): void {
    this.#links.get(charger)?.deliverHeld();
  }

  /** Ends one charger's link, e.g. since its route changed: it connects anew by itself. */
  disconnect(charger: string, reason: string): void {
    this.#links.get(charger)?.close(1012, reason);
  }

  /** A CALL of our own to the CSMS, in a charger's name. */
  callCsms(
    charger: string,
    action: string,
    payload: object,
    done: (outcome: CallOutcome) => void,
  ): void {
    const link = this.#links.get(charger);
    const told = (outcome: CallOutcome): void => {
      this.#faults.contain(`answer to ${charger}`, () => done(outcome));
    };
    if (link === undefined) told({ outcome: 'offline' });
    else {
      const call = {
        action,
        payload,
        priority: 'housekeeping',
        timeoutMs: OWN_CSMS_CALL_MS,
      } as const;
      link.callCsms(call, told);
    }
  }

  /** Closes the links of all chargers. */
  close(): void {
    this.#closed = true;
    this.#absent?.stop();
    for (const link of [...this.#links.values()]) link.close(1001, 'gateway is stopping');
  }

  /** A charger asks for a connection. Settles it either way; never throws. */
  async knock(knock: Knock): Promise<void> {
    const { clock, log, admits } = this.#options;
    const found = identityInPath(knock.rawPath);
    if (found === undefined) return refuse(knock, 400, 'no charger identity in the path');
    const { identity } = found;
    const { remoteAddress } = knock;
    if (!admits(identity)) {
      const remedy = this.#options.remedyFor?.(identity);
      log.warn('unknown charger refused', { identity, remoteAddress, remedy });
      this.#options.suspicious?.({ kind: 'unknown', identity, remoteAddress });
      return refuse(knock, 404, 'unknown charger');
    }
    if (this.#closed || this.#held.size >= HELD_MOST) return refuse(knock, 503, 'busy');
    if (!this.#knocks.admit(identity, remoteAddress, clock.monotonicMs())) {
      this.#options.suspicious?.({ kind: 'too often', identity, remoteAddress });
      return refuse(knock, 429, 'too many connections of this charger');
    }
    const turn = this.#held.begin(identity);
    try {
      await this.#pair(knock, found, turn);
    } catch (error) {
      log.error('handshake failed', { identity, problem: String(error) });
      refuse(knock, 500, 'internal error');
    } finally {
      turn.end();
    }
  }

  async #pair(knock: Knock, found: Found, turn: Turn): Promise<void> {
    const { upstreamBase } = this.#options;
    const { identity } = found;
    const base = upstreamBase(identity);
    // Nobody is kept waiting for a CSMS that is known to be away: it is dialled in the background.
    if (this.#away.has(base) && (await this.#acceptInOutage(knock, found, turn))) return;
    this.#tellUpstream(identity, 'connecting');
    const result = await this.#dial(found, knock);
    if (isAway(result)) this.#away.add(base);
    else this.#away.delete(base);
    if (isAway(result) && (await this.#acceptInOutage(knock, found, turn))) return;
    if (result.outcome === 'refused' || result.outcome === 'unreachable') {
      this.#notConnected(knock, identity, result);
      return;
    }
    const csms = result.outcome === 'connected' ? result.socket : undefined;
    if (!turn.current() || knock.gone || this.#closed) {
      csms?.close(1000, 'charger gave up');
      return refuse(knock, 409, 'a newer connection of this charger took over');
    }
    turn.letIn();
    await this.#accept(knock, found, csms);
  }

  #dial({ identity, rawSegment, rawQuery }: Found, knock: Knock): Promise<DialResult> {
    const { dialer, upstreamBase } = this.#options;
    return dialer.dial({
      url: upstreamUrl(upstreamBase(identity), rawSegment, rawQuery),
      subprotocols: knock.subprotocols,
      timeoutMs: DIAL_TIMEOUT_MS,
      ...(knock.authorization === undefined ? {} : { authorization: knock.authorization }),
    });
  }

  #outageOf(identity: string): Outage | undefined {
    const { outage, closesInOutage } = this.#options;
    return closesInOutage?.(identity) === true ? undefined : outage;
  }

  /** Lets a charger in that the CSMS accepted before; false when it has to ask the CSMS. */
  async #acceptInOutage(knock: Knock, found: Found, turn: Turn): Promise<boolean> {
    const { identity } = found;
    const admission = this.#outageOf(identity)?.admission;
    const { subprotocols, authorization } = knock;
    const subprotocol = await admission?.admits(identity, subprotocols, authorization);
    if (subprotocol === undefined || !turn.current() || knock.gone || this.#closed) return false;
    const version = agreedVersion(knock, subprotocol);
    if (version === undefined) return false;
    turn.letIn();
    const charger = await knock.accept(subprotocol, this.#mannersOf(identity).pingSeconds);
    this.#options.log.info('CSMS unreachable: charger let in', { identity });
    this.#replace(identity);
    this.#open(found, knock, version, charger, undefined);
    return true;
  }

  #notConnected(
    knock: Knock,
    identity: string,
    result: Extract<DialResult, { outcome: 'refused' | 'unreachable' }>,
  ): void {
    const { log } = this.#options;
    if (result.outcome === 'refused') {
      this.#tellUpstream(identity, 'none');
      log.warn('CSMS refused the charger', { identity, status: result.status });
      if (isRejection(result.status)) {
        const { remoteAddress, authorization } = knock;
        const by = result.status === 404 ? 'name' : { authorization };
        void this.#outageOf(identity)?.admission.refused(identity, by);
        this.#options.suspicious?.({ kind: 'refused', identity, remoteAddress });
      }
      // A redirect is not for the charger to follow.
      refuse(knock, result.status < 400 ? 502 : result.status, result.message);
    } else {
      this.#tellUpstream(identity, 'outage');
      log.warn('CSMS unreachable', { identity, problem: result.problem });
      refuse(knock, 503, 'CSMS unreachable');
    }
  }

  async #accept(knock: Knock, found: Found, csms: Socket | undefined): Promise<void> {
    const { log } = this.#options;
    const { identity } = found;
    const subprotocol = csms?.subprotocol ?? '';
    const { pingSeconds } = this.#mannersOf(identity);
    const charger = await knock.accept(subprotocol, pingSeconds).catch((error: unknown) => {
      // Else the CSMS goes on to see a charger that is not there.
      letGo(csms, 1000, 'charger disconnected');
      throw error;
    });
    const version = agreedVersion(knock, subprotocol);
    if (version === undefined || csms === undefined) {
      this.#tellUpstream(identity, 'none');
      // OCPP-J 2.1 §3.1.2: the handshake is completed without a subprotocol, then closed.
      log.warn('no common subprotocol', { identity, offered: knock.subprotocols.join(' ') });
      for (const socket of [charger, csms]) letGo(socket, 1002, 'no common subprotocol');
      return;
    }
    void this.#outageOf(identity)?.admission.accepted(identity, subprotocol, knock.authorization);
    this.#replace(identity);
    this.#open(found, knock, version, charger, csms);
  }

  /** Of a knock: whoever knocks with the name of a charger that is linked changes nothing for it. */
  #tellUpstream(identity: string, state: UpstreamState): void {
    if (this.#links.has(identity)) return;
    this.#observer.upstreamChanged(identity, state, this.#options.clock.monotonicMs());
  }

  #mannersOf(identity: string): Manners {
    return this.#options.mannersOf?.(identity) ?? {};
  }

  #replace(identity: string): void {
    this.#links.get(identity)?.close(1000, 'replaced by a newer connection');
  }

  #open(
    found: Found,
    knock: Knock,
    version: OcppVersion,
    charger: Socket,
    csms: Socket | undefined,
  ): void {
    const { clock, newId, log, limits, interceptor } = this.#options;
    const observer = this.#observer;
    const { identity } = found;
    this.#knocks.letIn(identity, knock.remoteAddress);
    // The observer hears of the charger before anything of its upstream.
    observer.chargerConnected(identity, version, clock.monotonicMs());
    const link: Link = new Link({
      identity,
      version,
      charger,
      csms,
      clock,
      observer,
      interceptor,
      newId,
      log,
      faults: this.#faults,
      counters: this.counters,
      limits: { ...DEFAULT_LANE_LIMITS, ...limits },
      withoutCloseFrame: () => this.#mannersOf(identity).closeStyle === 'drop',
      outage: this.#linkOutage(found, knock, version, charger.subprotocol, () => link),
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

  #linkOutage(
    found: Found,
    knock: Knock,
    version: OcppVersion,
    subprotocol: string,
    link: () => Link,
  ): LinkOutage | undefined {
    const { clock, log, newId, upstreamBase, withhold } = this.#options;
    const { identity } = found;
    const { outage: shared } = this.#options;
    if (shared === undefined) return undefined;
    const closes = this.#outageOf(identity) === undefined;
    const base = upstreamBase(identity);
    const outage = new LinkOutage({
      charger: identity,
      version,
      subprotocol,
      shared,
      closes,
      clock,
      log,
      newId,
      dial: async () => {
        const result = await this.#dial(found, knock);
        if (isAway(result)) this.#away.add(base);
        else this.#away.delete(base);
        return result;
      },
      connected: (socket) => link().csmsConnected(socket),
      disconnect: (reason) => link().close(1012, reason),
      callCharger: (call, done) => link().call(call, done),
      withhold: (transactionId) => withhold?.(identity, transactionId),
    });
    return closes && !outage.leftOver() ? undefined : outage;
  }
}

/** No answer, or one that means "later": the charger is served here meanwhile. */
const isAway = (result: DialResult): boolean =>
  result.outcome === 'unreachable' ||
  (result.outcome === 'refused' && (result.status >= 500 || result.status === 429));

/** A charger that offers no subprotocol at all is taken for 1.6, as such chargers are. */
const agreedVersion = (knock: Knock, subprotocol: string): OcppVersion | undefined => {
  if (subprotocol === '') return knock.subprotocols.length === 0 ? '1.6' : undefined;
  return versionOf(subprotocol);
};

const refuse = (knock: Knock, status: number, message: string): void => {
  if (!knock.gone) knock.refuse(status, message);
};

/** Closes a connection that nobody came to use. */
const letGo = (socket: Socket | undefined, code: number, reason: string): void => {
  socket?.listen({ message() {}, closed() {} });
  socket?.close(code, reason);
};
