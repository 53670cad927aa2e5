import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { callBytes, type Frame, parseError, parsePayload, readFrame } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { Lane, type LaneLimits } from './lane.ts';
import type { LinkCounters } from './link-counters.ts';
import type { CallOutcome, LinkObserver, OwnCall, RelayedRequest } from './observer.ts';
import type { Socket } from './socket.ts';

/** Bytes waiting towards a slow peer before the other side is no longer read, and before it is cut. */
export const HIGH_WATER_BYTES = 1024 * 1024;
const CUT_BYTES = 4 * HIGH_WATER_BYTES;
const DRAIN_CHECK_MS = 50;
/** Unreadable messages in a minute before the connection is closed with 1008. */
export const MALFORMED_MOST = 30;
const MALFORMED_WINDOW_MS = 60_000;

export interface LinkOptions {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly charger: Socket;
  readonly csms: Socket;
  readonly clock: Clock;
  readonly observer: LinkObserver;
  readonly newId: () => string;
  readonly limits: LaneLimits;
  readonly counters: LinkCounters;
  readonly log: Log;
  readonly ended: (reason: string) => void;
}

type Side = 'charger' | 'csms';
const other = (side: Side): Side => (side === 'charger' ? 'csms' : 'charger');

/** One charger's pair of connections. Frames cross as the bytes they came in. */
export class Link {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly #options: LinkOptions;
  readonly #sockets: Record<Side, Socket>;
  /** Lane of the CALLs that go to a side. */
  readonly #lanes: Record<Side, Lane>;
  readonly #malformedAtMs: number[] = [];
  #ended = false;

  constructor(options: LinkOptions) {
    const { charger, csms, clock, limits } = options;
    this.identity = options.identity;
    this.version = options.version;
    this.#options = options;
    this.#sockets = { charger, csms };
    const lane = (to: Side) => new Lane((message) => this.#transmit(to, message), clock, limits);
    this.#lanes = { charger: lane('charger'), csms: lane('csms') };
    for (const side of ['csms', 'charger'] as const) {
      this.#sockets[side].listen({
        message: (bytes) => this.#receive(side, bytes),
        closed: (code, reason) => this.#gone(side, code, reason),
      });
    }
  }

  call(call: OwnCall, done: (outcome: CallOutcome) => void): void {
    const id = this.#options.newId();
    const message = callBytes(id, call.action, call.payload);
    this.#options.counters.ownCalls += 1;
    this.#lanes.charger.own(id, message, call.priority, call.timeoutMs, done);
  }

  /** Closes both sides; frames already handed to a socket are still delivered. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#end(reason);
    this.#sockets.charger.close(code, reason);
    this.#sockets.csms.close(1000, reason);
  }

  #receive(from: Side, bytes: Buffer): void {
    if (this.#ended) return;
    const frame = readFrame(bytes);
    switch (frame.kind) {
      case 'call':
        this.#relayCall(from, frame);
        break;
      case 'result':
      case 'error':
        this.#settle(from, frame);
        break;
      case 'malformed':
        this.#countMalformed(from, frame);
        this.#pass(from, bytes);
        break;
      default:
        this.#pass(from, bytes);
        if (frame.kind === 'send') this.#observeRequest(from, frame);
    }
  }

  #relayCall(from: Side, frame: Frame): void {
    if (!this.#lanes[other(from)].relay(frame)) {
      this.#options.log.warn('too many calls wait', { charger: this.identity, from });
      this.close(1008, 'too many calls without waiting for answers');
      return;
    }
    this.#options.counters.framesRelayed += 1;
    this.#observeRequest(from, frame);
  }

  #settle(from: Side, frame: Frame): void {
    const settled = this.#lanes[from].settle(frame.id, () => outcomeOf(frame));
    if (settled.to === 'own') return;
    if (settled.to === 'nobody') {
      this.#options.counters.dropped[settled.verdict] += 1;
      return;
    }
    this.#pass(from, frame.bytes);
    if (frame.kind !== 'result') return;
    this.#observe(() => {
      const request = this.#requestOf(other(from), settled.call);
      const atMs = this.#options.clock.monotonicMs();
      this.#options.observer.answer({ request, payload: () => parsePayload(frame), atMs });
    });
  }

  #pass(from: Side, bytes: Buffer): void {
    this.#options.counters.framesRelayed += 1;
    this.#transmit(other(from), bytes);
  }

  #transmit(to: Side, message: Uint8Array): void {
    const socket = this.#sockets[to];
    socket.send(message);
    if (socket.bufferedBytes > HIGH_WATER_BYTES) this.#slowDown(to);
  }

  /** A peer that does not take its messages: the other one is not read until it does. */
  #slowDown(to: Side): void {
    if (this.#sockets[to].bufferedBytes > CUT_BYTES) {
      this.#options.log.warn('peer does not take its messages', { charger: this.identity, to });
      this.#sockets[to].terminate();
      return;
    }
    this.#sockets[other(to)].pause();
    this.#options.clock.after(DRAIN_CHECK_MS, () => {
      if (this.#ended) return;
      if (this.#sockets[to].bufferedBytes > HIGH_WATER_BYTES / 2) this.#slowDown(to);
      else this.#sockets[other(to)].resume();
    });
  }

  #countMalformed(from: Side, frame: Frame): void {
    const { counters, log, clock } = this.#options;
    counters.malformed += 1;
    log.warn('unreadable message passed on', {
      charger: this.identity,
      from,
      problem: frame.problem,
      start: frame.bytes.toString('utf8', 0, 80),
    });
    const nowMs = clock.monotonicMs();
    this.#malformedAtMs.push(nowMs);
    const oldest = this.#malformedAtMs.at(-MALFORMED_MOST - 1);
    if (this.#malformedAtMs.length > MALFORMED_MOST) this.#malformedAtMs.shift();
    if (oldest !== undefined && nowMs - oldest < MALFORMED_WINDOW_MS) {
      this.close(1008, 'too many unreadable messages');
    }
  }

  #gone(side: Side, code: number, reason: string): void {
    if (this.#ended) return;
    this.#end(`${side} closed (${code}${reason ? ` ${reason}` : ''})`);
    if (side === 'charger') this.#sockets.csms.close(1000, 'charger disconnected');
    else this.#sockets.charger.close(1001, 'CSMS disconnected');
  }

  #end(reason: string): void {
    this.#ended = true;
    this.#lanes.charger.close();
    this.#lanes.csms.close();
    this.#options.ended(reason);
  }

  #observeRequest(from: Side, frame: Frame): void {
    this.#observe(() => this.#options.observer.request(this.#requestOf(from, frame)));
  }

  #requestOf(from: Side, frame: Frame): RelayedRequest {
    return {
      charger: this.identity,
      version: this.version,
      from,
      action: frame.action,
      payload: () => parsePayload(frame),
      atMs: this.#options.clock.monotonicMs(),
    };
  }

  /** An observer that fails must not cost a frame. */
  #observe(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.log.error('observing a message failed', {
        charger: this.identity,
        problem: String(error),
      });
    }
  }
}

const outcomeOf = (frame: Frame): CallOutcome => {
  if (frame.kind === 'error') {
    const { code, description } = parseError(frame);
    return { outcome: 'error', code, description };
  }
  try {
    return { outcome: 'answered', payload: parsePayload(frame) };
  } catch {
    return { outcome: 'error', code: 'FormatViolation', description: 'answer is not JSON' };
  }
};
