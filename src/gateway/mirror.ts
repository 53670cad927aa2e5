import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { errorBytes, type Frame, readFrame } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { Connection } from './connection.ts';
import { dialRequest } from './dial-request.ts';
import type { RelayedRequest } from './observer.ts';
import { type DialGate, Redial } from './redial.ts';
import type { Dialer, DialResult, Socket } from './socket.ts';

/** Messages of one charger that wait for a mirror; the oldest go first, and are counted. */
export const MIRROR_QUEUE_MOST = 500;
/** A mirror that does not answer in this time gets the next message all the same. */
const ANSWER_MS = 10_000;
/** A mirror that says more than this unasked in a window is cut, and dialled again later. */
const SAID_MOST = { windowMs: 10_000, messages: 50, bytes: 1024 * 1024 } as const;

export interface MirrorOptions {
  readonly id: string;
  readonly url: string;
  /** Sent as basic authentication with each charger's identity. */
  readonly password?: string;
  /** Chargers whose messages it gets; all when absent. */
  readonly chargers?: ReadonlySet<string>;
  readonly dialer: Dialer;
  readonly gate: DialGate;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * A second upstream that only reads: it gets every message of the chargers as the bytes they were,
 * its answers are discarded, its calls are refused. It may be slow, silent or gone: messages are
 * handed over after they went to the CSMS, into a queue that is bounded.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  readonly #lines = new Map<string, MirrorLine>();
  /** The last boot of each charger: a mirror that connects later has to hear of it first. */
  readonly boots = new Map<string, Buffer>();
  dropped = 0;
  /** Connections that were cut because the mirror said too much. */
  cut = 0;

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  chargerConnected(charger: string, version: OcppVersion): void {
    if (this.#options.chargers?.has(charger) === false) return;
    this.#lines.get(charger)?.stop();
    this.#lines.set(charger, new MirrorLine(this, this.#options, charger, version));
  }

  chargerGone(charger: string): void {
    this.#lines.get(charger)?.stop();
    this.#lines.delete(charger);
  }

  request({ charger, from, action, message }: RelayedRequest): void {
    if (from !== 'charger' || message === undefined) return;
    if (action === 'BootNotification') this.boots.set(charger, message);
    this.#lines.get(charger)?.push(message);
  }

  stop(): void {
    for (const line of this.#lines.values()) line.stop();
    this.#lines.clear();
  }
}

/** What one charger says, on its way to one mirror. */
class MirrorLine {
  readonly #mirror: Mirror;
  readonly #options: MirrorOptions;
  readonly #charger: string;
  readonly #version: OcppVersion;
  readonly #redial: Redial;
  #queue: Buffer[] = [];
  #connection: Connection | undefined;
  /** What was on its way when it was cut is nobody's business. */
  #cut: Connection | undefined;
  #busy = false;
  #stopped = false;
  #said = { sinceMs: 0, messages: 0, bytes: 0 };

  constructor(mirror: Mirror, options: MirrorOptions, charger: string, version: OcppVersion) {
    this.#mirror = mirror;
    this.#options = options;
    this.#charger = charger;
    this.#version = version;
    this.#redial = new Redial({
      ...options,
      dial: () => this.#dial(),
      done: (result) => this.#dialled(result),
    });
    this.#redial.begin();
  }

  push(message: Buffer): void {
    this.#queue.push(message);
    if (this.#queue.length > MIRROR_QUEUE_MOST) {
      this.#queue.shift();
      this.#mirror.dropped += 1;
    }
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#redial.stop();
    this.#connection?.lane.close();
    this.#connection?.close(1000, 'charger disconnected');
  }

  #dial(): Promise<DialResult> {
    const { url, password, dialer } = this.#options;
    return dialer.dial(dialRequest(url, this.#charger, this.#version, password));
  }

  #dialled(result: Exclude<DialResult, { outcome: 'unreachable' }>): void {
    if (result.outcome === 'connected') this.#open(result.socket);
    else this.#redial.begin();
  }

  #open(socket: Socket): void {
    const { clock, log } = this.#options;
    const connection: Connection = new Connection({
      name: 'csms',
      charger: this.#charger,
      socket,
      clock,
      log,
      received: (frame) => this.#receive(connection, frame),
      closed: () => this.#lost(),
    });
    this.#connection = connection;
    this.#busy = false;
    const boot = this.#mirror.boots.get(this.#charger);
    if (boot !== undefined && !this.#queue.includes(boot)) this.#queue.unshift(boot);
    this.#next();
  }

  #lost(): void {
    const lost = this.#connection;
    // First: its lane ends what waits for an answer, and nothing more may go that way.
    this.#connection = undefined;
    lost?.lane.close();
    if (!this.#stopped) this.#redial.begin();
  }

  #next(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#busy) return;
    const message = this.#queue.shift();
    if (message === undefined) return;
    this.#busy = true;
    const { id } = readFrame(message);
    connection.lane.own(id, message, 'housekeeping', ANSWER_MS, () => {
      if (this.#connection !== connection) return;
      this.#busy = false;
      this.#next();
    });
  }

  #receive(connection: Connection, frame: Frame): void {
    if (connection === this.#cut) return;
    const answered =
      (frame.kind === 'result' || frame.kind === 'error') &&
      connection.lane.settle(frame).to === 'own';
    if (this.#saysTooMuch(frame, answered)) {
      this.#cut = connection;
      this.#options.log.warn('mirror says too much', { mirror: this.#options.id });
      this.#mirror.cut += 1;
      connection.drop();
    } else if (frame.kind === 'call') {
      connection.send(errorBytes(frame.id, 'SecurityError', 'this upstream may only read'));
    }
  }

  /** It may only read: what it says costs time that belongs to the CSMS. */
  #saysTooMuch({ bytes }: Frame, answered: boolean): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#said.sinceMs >= SAID_MOST.windowMs) {
      this.#said = { sinceMs: nowMs, messages: 0, bytes: 0 };
    }
    // Whoever answers what it was told says no more than we do.
    if (!answered) this.#said.messages += 1;
    this.#said.bytes += bytes.length;
    return this.#said.messages > SAID_MOST.messages || this.#said.bytes > SAID_MOST.bytes;
  }
}
