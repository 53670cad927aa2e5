import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { type OcppVersion, versionOf } from '../ocpp/version.ts';
import { DIAL_TIMEOUT_MS } from './dial-request.ts';
import { DoorLog } from './door-log.ts';
import { HeldKnocks, type Turn } from './held-knocks.ts';
import { type ChargerPath, identityInPath, upstreamUrl } from './identity.ts';
import { KnockLimiter } from './knock-limiter.ts';
import type { UpstreamState } from './observer.ts';
import { isRejection } from './outage/link-outage.ts';
import type { Outage } from './outage/outage.ts';
import type { Dialer, DialResult, Knock, Socket } from './socket.ts';
import type { Suspicion } from './suspicion.ts';

/** What somebody may do about a charger that the CSMS refused. */
const remedyOf = (status: number): { readonly remedy?: string } => {
  if (!isRejection(status)) return {};
  return {
    remedy:
      status === 404
        ? 'add this identity at the CSMS, or mend the path of upstream.url'
        : 'set the same password at the charger and the CSMS; Busbar only passes it on',
  };
};

/** Handshakes held at once; further chargers are told to come back. */
const HELD_MOST = 512;

/** Both handshakes of a charger are done. */
export interface Pair {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly charger: Socket;
  /** Undefined: the CSMS is away and the charger was let in all the same. */
  readonly csms: Socket | undefined;
  /** Dials the CSMS once more, in the words of the charger. */
  readonly dial: () => Promise<DialResult>;
}

export interface DoorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly dialer: Dialer;
  /** Base URL of the CSMS for a charger; its identity is appended. */
  readonly upstreamBase: (identity: string) => string;
  /** Whether a charger may connect: configured, or to be adopted. */
  readonly admits: (identity: string) => boolean;
  /** What somebody may do about a charger that may not connect. */
  readonly remedyFor?: (identity: string) => string;
  /** Somebody knocked who is perhaps no charger. */
  readonly suspicious?: (suspicion: Suspicion) => void;
  /** For a charger that wants other pings than the rest. */
  readonly pingSecondsOf: (identity: string) => number | undefined;
  /** Undefined: nobody is let in while the CSMS is away. */
  readonly outageOf: (identity: string) => Outage | undefined;
  /** Where the handshake with the CSMS stands. */
  readonly upstream: (identity: string, state: UpstreamState) => void;
  readonly enter: (pair: Pair) => void;
}

/** Who comes in: a charger's handshake is held until the CSMS answered, and mirrors the answer. */
export class Door {
  readonly #options: DoorOptions;
  readonly #held = new HeldKnocks();
  readonly #knocks = new KnockLimiter();
  readonly #log: DoorLog;
  /** CSMSs that did not answer the last dial. */
  readonly #away = new Set<string>();
  #closed = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#log = new DoorLog(options.log, options.clock);
  }

  /** Whether the handshake of a charger is held. */
  holds(identity: string): boolean {
    return this.#held.has(identity);
  }

  close(): void {
    this.#closed = true;
  }

  /** A charger asks for a connection. Settles it either way; never throws. */
  async knock(knock: Knock): Promise<void> {
    const { clock, log, admits, remedyFor, suspicious } = this.#options;
    const path = identityInPath(knock.rawPath);
    if (path === undefined) return refuse(knock, 400, 'no charger identity in the path');
    const { identity } = path;
    const { remoteAddress } = knock;
    if (!admits(identity)) {
      const remedy = remedyFor?.(identity);
      this.#log.warn('unknown charger refused', { identity, remoteAddress, remedy });
      suspicious?.({ kind: 'unknown', identity, remoteAddress });
      return refuse(knock, 404, 'unknown charger');
    }
    if (this.#closed || this.#held.size >= HELD_MOST) return refuse(knock, 503, 'busy');
    if (!this.#knocks.admit(identity, remoteAddress, clock.monotonicMs())) {
      suspicious?.({ kind: 'too often', identity, remoteAddress });
      return refuse(knock, 429, 'too many connections of this charger');
    }
    const turn = this.#held.begin(identity);
    try {
      await this.#pair(knock, path, turn);
    } catch (error) {
      log.error('handshake failed', { identity, problem: String(error) });
      refuse(knock, 500, 'internal error');
    } finally {
      turn.end();
    }
  }

  async #pair(knock: Knock, path: ChargerPath, turn: Turn): Promise<void> {
    const { upstreamBase, upstream } = this.#options;
    const { identity } = path;
    // Nobody is kept waiting for a CSMS that is known to be away: it is dialled in the background.
    const away = this.#away.has(upstreamBase(identity));
    if (away && (await this.#enterInOutage(knock, path, turn))) return;
    upstream(identity, 'connecting');
    const result = await this.#dial(knock, path);
    if (isAway(result) && (await this.#enterInOutage(knock, path, turn))) return;
    if (result.outcome === 'refused' || result.outcome === 'unreachable') {
      this.#turnAway(knock, identity, result);
      return;
    }
    const csms = result.outcome === 'connected' ? result.socket : undefined;
    if (!this.#stillWanted(knock, turn)) {
      csms?.close(1000, 'charger gave up');
      return refuse(knock, 409, 'a newer connection of this charger took over');
    }
    turn.letIn();
    await this.#accept(knock, path, csms);
  }

  async #dial(knock: Knock, { identity, rawSegment, rawQuery }: ChargerPath): Promise<DialResult> {
    const { dialer, upstreamBase } = this.#options;
    const base = upstreamBase(identity);
    const result = await dialer.dial({
      url: upstreamUrl(base, rawSegment, rawQuery),
      subprotocols: knock.subprotocols,
      timeoutMs: DIAL_TIMEOUT_MS,
      ...(knock.authorization === undefined ? {} : { authorization: knock.authorization }),
    });
    if (isAway(result)) this.#away.add(base);
    else this.#away.delete(base);
    return result;
  }

  #stillWanted(knock: Knock, turn: Turn): boolean {
    return turn.current() && !knock.gone && !this.#closed;
  }

  /** Lets a charger in that the CSMS accepted before; false when it has to ask the CSMS. */
  async #enterInOutage(knock: Knock, path: ChargerPath, turn: Turn): Promise<boolean> {
    const { log, outageOf, pingSecondsOf } = this.#options;
    const { identity } = path;
    const { subprotocols, authorization } = knock;
    const admission = outageOf(identity)?.admission;
    const subprotocol = await admission?.admits(identity, subprotocols, authorization);
    if (subprotocol === undefined || !this.#stillWanted(knock, turn)) return false;
    const version = agreedVersion(knock, subprotocol);
    if (version === undefined) return false;
    turn.letIn();
    const charger = await knock.accept(subprotocol, pingSecondsOf(identity));
    log.info('CSMS unreachable: charger let in', { identity });
    this.#enter(knock, path, version, charger, undefined);
    return true;
  }

  #turnAway(
    knock: Knock,
    identity: string,
    result: Extract<DialResult, { outcome: 'refused' | 'unreachable' }>,
  ): void {
    const { outageOf, suspicious, upstream } = this.#options;
    if (result.outcome === 'unreachable') {
      upstream(identity, 'outage');
      this.#log.warn('CSMS unreachable', { identity, problem: result.problem });
      refuse(knock, 503, 'CSMS unreachable');
      return;
    }
    const { status, message } = result;
    const isRefused = isRejection(status);
    upstream(identity, isRefused ? 'refused' : 'none');
    this.#log.warn('CSMS refused the charger', { identity, status, ...remedyOf(status) });
    if (isRefused) {
      const { remoteAddress, authorization } = knock;
      const by = status === 404 ? 'name' : { authorization };
      void outageOf(identity)?.admission.refused(identity, by);
      suspicious?.({ kind: 'refused', identity, remoteAddress });
    }
    // A redirect is not for the charger to follow.
    refuse(knock, status < 400 ? 502 : status, message);
  }

  async #accept(knock: Knock, path: ChargerPath, csms: Socket | undefined): Promise<void> {
    const { outageOf, pingSecondsOf, upstream } = this.#options;
    const { identity } = path;
    const subprotocol = csms?.subprotocol ?? '';
    const pingSeconds = pingSecondsOf(identity);
    const charger = await knock.accept(subprotocol, pingSeconds).catch((error: unknown) => {
      // Else the CSMS goes on to see a charger that is not there.
      csms?.close(1000, 'charger disconnected');
      throw error;
    });
    const version = agreedVersion(knock, subprotocol);
    if (version === undefined || csms === undefined) {
      upstream(identity, 'none');
      // OCPP-J 2.1 §3.1.2: the handshake is completed without a subprotocol, then closed.
      const offered = knock.subprotocols.join(' ');
      this.#log.warn('no common subprotocol', { identity, offered });
      for (const socket of [charger, csms]) socket?.close(1002, 'no common subprotocol');
      return;
    }
    void outageOf(identity)?.admission.accepted(identity, subprotocol, knock.authorization);
    this.#enter(knock, path, version, charger, csms);
  }

  #enter(
    knock: Knock,
    path: ChargerPath,
    version: OcppVersion,
    charger: Socket,
    csms: Socket | undefined,
  ): void {
    const { identity } = path;
    this.#knocks.letIn(identity, knock.remoteAddress);
    this.#log.forget(identity);
    const dial = () => this.#dial(knock, path);
    this.#options.enter({ identity, version, charger, csms, dial });
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
