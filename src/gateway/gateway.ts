import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { type OcppVersion, versionOf } from '../ocpp/version.ts';
import { identityInPath, upstreamUrl } from './identity.ts';
import { KnockLimiter } from './knock-limiter.ts';
import { DEFAULT_LANE_LIMITS, type LaneLimits } from './lane.ts';
import { Link } from './link.ts';
import { type LinkCounters, newLinkCounters } from './link-counters.ts';
import type { CallOutcome, ChargerCalls, LinkObserver, OwnCall } from './observer.ts';
import type { Dialer, DialResult, Knock, Socket } from './socket.ts';

/** The CSMS has this long to answer a handshake. */
export const DIAL_TIMEOUT_MS = 10_000;
/** Handshakes held at once; further chargers are told to come back. */
const HELD_MOST = 512;

export interface GatewayOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly observer: LinkObserver;
  /** Base URL of the CSMS for a charger; its identity is appended. */
  readonly upstreamBase: (identity: string) => string;
  /** Whether a charger may connect: configured, or to be adopted. */
  readonly admits: (identity: string) => boolean;
  /** Message ids of our own calls: unique for ever, e.g. UUIDs. */
  readonly newId: () => string;
  readonly log: Log;
  readonly limits?: Partial<LaneLimits>;
}

/** All links. A charger's handshake is held until the CSMS answered, and mirrors the answer. */
export class Gateway implements ChargerCalls {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #options: GatewayOptions;
  readonly #links = new Map<string, Link>();
  /** Latest knock of each identity that is still held: a newer one supersedes it. */
  readonly #held = new Map<string, symbol>();
  readonly #knocks = new KnockLimiter();
  #closed = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  isConnected(identity: string): boolean {
    return this.#links.has(identity);
  }

  connected(): readonly string[] {
    return [...this.#links.keys()];
  }

  call(charger: string, call: OwnCall, done: (outcome: CallOutcome) => void): void {
    const link = this.#links.get(charger);
    if (link === undefined) done({ outcome: 'offline' });
    else link.call(call, done);
  }

  /** Closes the links of all chargers. */
  close(): void {
    this.#closed = true;
    for (const link of [...this.#links.values()]) link.close(1001, 'gateway is stopping');
  }

  /** A charger asks for a connection. Settles it either way; never throws. */
  async knock(knock: Knock): Promise<void> {
    const { clock, log, admits } = this.#options;
    const found = identityInPath(knock.rawPath);
    if (found === undefined) return refuse(knock, 400, 'no charger identity in the path');
    const { identity } = found;
    if (!admits(identity)) {
      log.warn('unknown charger refused', { identity, remoteAddress: knock.remoteAddress });
      return refuse(knock, 404, 'unknown charger');
    }
    if (this.#closed || this.#held.size >= HELD_MOST) return refuse(knock, 503, 'busy');
    if (!this.#knocks.admit(identity, clock.monotonicMs())) {
      return refuse(knock, 429, 'too many connections of this charger');
    }
    const turn = Symbol(identity);
    this.#held.set(identity, turn);
    try {
      await this.#pair(knock, found, () => this.#held.get(identity) === turn && !this.#closed);
    } catch (error) {
      log.error('handshake failed', { identity, problem: String(error) });
      refuse(knock, 500, 'internal error');
    } finally {
      if (this.#held.get(identity) === turn) this.#held.delete(identity);
    }
  }

  async #pair(
    knock: Knock,
    found: NonNullable<ReturnType<typeof identityInPath>>,
    current: () => boolean,
  ): Promise<void> {
    const { dialer, upstreamBase, observer, clock } = this.#options;
    const { identity, rawSegment, rawQuery } = found;
    observer.upstreamChanged(identity, 'connecting', clock.monotonicMs());
    const result = await dialer.dial({
      url: upstreamUrl(upstreamBase(identity), rawSegment, rawQuery),
      subprotocols: knock.subprotocols,
      timeoutMs: DIAL_TIMEOUT_MS,
      ...(knock.authorization === undefined ? {} : { authorization: knock.authorization }),
    });
    if (result.outcome === 'refused' || result.outcome === 'unreachable') {
      this.#notConnected(knock, identity, result);
      return;
    }
    const csms = result.outcome === 'connected' ? result.socket : undefined;
    if (!current() || knock.gone) {
      csms?.close(1000, 'charger gave up');
      return refuse(knock, 409, 'a newer connection of this charger took over');
    }
    await this.#accept(knock, identity, csms);
  }

  #notConnected(
    knock: Knock,
    identity: string,
    result: Extract<DialResult, { outcome: 'refused' | 'unreachable' }>,
  ): void {
    const { observer, clock, log } = this.#options;
    if (result.outcome === 'refused') {
      observer.upstreamChanged(identity, 'none', clock.monotonicMs());
      log.warn('CSMS refused the charger', { identity, status: result.status });
      // A redirect is not for the charger to follow.
      refuse(knock, result.status < 400 ? 502 : result.status, result.message);
    } else {
      observer.upstreamChanged(identity, 'outage', clock.monotonicMs());
      log.warn('CSMS unreachable', { identity, problem: result.problem });
      refuse(knock, 503, 'CSMS unreachable');
    }
  }

  async #accept(knock: Knock, identity: string, csms: Socket | undefined): Promise<void> {
    const { log, observer, clock } = this.#options;
    const subprotocol = csms?.subprotocol ?? '';
    const charger = await knock.accept(subprotocol);
    const version = agreedVersion(knock, subprotocol);
    if (version === undefined || csms === undefined) {
      observer.upstreamChanged(identity, 'none', clock.monotonicMs());
      // OCPP-J 2.1 §3.1.2: the handshake is completed without a subprotocol, then closed.
      log.warn('no common subprotocol', { identity, offered: knock.subprotocols.join(' ') });
      for (const socket of [charger, csms]) {
        socket?.listen({ message() {}, closed() {} });
        socket?.close(1002, 'no common subprotocol');
      }
      return;
    }
    this.#links.get(identity)?.close(1000, 'replaced by a newer connection');
    this.#open(identity, version, charger, csms);
  }

  #open(identity: string, version: OcppVersion, charger: Socket, csms: Socket): void {
    const { clock, observer, newId, log, limits } = this.#options;
    const link = new Link({
      identity,
      version,
      charger,
      csms,
      clock,
      observer,
      newId,
      log,
      counters: this.counters,
      limits: { ...DEFAULT_LANE_LIMITS, ...limits },
      ended: (reason) => {
        if (this.#links.get(identity) !== link) return;
        this.#links.delete(identity);
        observer.upstreamChanged(identity, 'none', clock.monotonicMs());
        observer.chargerGone(identity, reason, clock.monotonicMs());
      },
    });
    this.#links.set(identity, link);
    observer.upstreamChanged(identity, 'connected', clock.monotonicMs());
    observer.chargerConnected(identity, version, clock.monotonicMs());
  }
}

/** A charger that offers no subprotocol at all is taken for 1.6, as such chargers are. */
const agreedVersion = (knock: Knock, subprotocol: string): OcppVersion | undefined => {
  if (subprotocol === '') return knock.subprotocols.length === 0 ? '1.6' : undefined;
  return versionOf(subprotocol);
};

const refuse = (knock: Knock, status: number, message: string): void => {
  if (!knock.gone) knock.refuse(status, message);
};
