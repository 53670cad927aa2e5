import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { type Frame, readFrame } from '../ocpp/frame.ts';
import { Faults } from './faults.ts';
import { DEFAULT_LANE_LIMITS, Lane, type LaneLimits } from './lane.ts';
import type { LinkCounters } from './link-counters.ts';
import type { Socket } from './socket.ts';

/** Bytes waiting towards a slow peer before its source is no longer read, and before it is cut. */
const HIGH_WATER_BYTES = 1024 * 1024;
const CUT_BYTES = 4 * HIGH_WATER_BYTES;
const DRAIN_CHECK_MS = 50;
/** Where calls of many chargers queue, one waits so long for its turn. */
export const QUEUED_ANSWER_MS = 15 * 60_000;
/** Unreadable messages in a minute before the connection is given up. */
const MALFORMED_MOST = 30;
const MALFORMED_WINDOW_MS = 60_000;

export interface ConnectionOptions {
  readonly name: 'charger' | 'csms';
  readonly charger: string;
  readonly socket: Socket;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: those of this connection are logged and raise no alarm. */
  readonly faults?: Faults | undefined;
  readonly received: (frame: Frame) => void;
  readonly closed: (reason: string) => void;
  readonly limits?: LaneLimits;
  readonly counters?: LinkCounters;
  /** It is ended without a close frame: this peer would not come back after one. */
  readonly withoutCloseFrame?: (() => boolean) | undefined;
  /** Too many unreadable messages came; absent: the connection is dropped. */
  readonly hostile?: (() => void) | undefined;
  /** Its peer does not take its messages: nothing more should be read for it, until it does. */
  readonly congested?: (full: boolean) => void;
  /** A CALL that its peer could not send yet; the ids that are taken back. */
  readonly unsent?: (id: string) => readonly string[];
}

/** One open socket of a link with the lane of the CALLs that go out on it. */
export class Connection {
  readonly lane: Lane;
  readonly #options: ConnectionOptions;
  readonly #malformedAtMs: number[] = [];
  readonly #faults: Faults;
  #open = true;
  #congested = false;

  constructor(options: ConnectionOptions) {
    const { socket, clock, limits = DEFAULT_LANE_LIMITS } = options;
    this.#options = options;
    this.#faults = options.faults ?? new Faults(clock, options.log);
    const callLifeMs = this.queues ? QUEUED_ANSWER_MS : limits.callLifeMs;
    this.lane = new Lane((message) => this.send(message), clock, { ...limits, callLifeMs });
    socket.listen({
      message: (bytes) => this.#receive(bytes),
      closed: (code, reason) => this.#closed(code, reason),
      unsent: (id) => options.unsent?.(id) ?? [],
    });
  }

  send(message: Uint8Array): void {
    const { socket, congested } = this.#options;
    socket.send(message);
    if (socket.bufferedBytes <= HIGH_WATER_BYTES) return;
    if (socket.bufferedBytes > CUT_BYTES) this.#cut();
    else if (!this.#congested) {
      this.#congested = true;
      congested?.(true);
      this.#watchDrain();
    }
  }

  /** Whether calls wait behind it for others. */
  get queues(): boolean {
    return this.#options.socket.queues === true;
  }

  /** Stops and resumes reading. */
  stopReading(stopped: boolean): void {
    if (stopped) this.#options.socket.pause();
    else this.#options.socket.resume();
  }

  /** Ends it from our side: nothing of it is heard any more. */
  close(code: number, reason: string): void {
    this.#open = false;
    const { socket, withoutCloseFrame } = this.#options;
    if (withoutCloseFrame?.() === true) socket.terminate();
    else socket.close(code, reason);
  }

  /** Ends it without a farewell; it is then closed like any lost one. */
  drop(): void {
    this.#options.socket.terminate();
  }

  /** A message that nobody thought of stays unanswered: whoever sent it does so again. */
  #receive(bytes: Buffer): void {
    if (!this.#open) return;
    try {
      const frame = readFrame(bytes);
      if (frame.kind === 'malformed') this.#countMalformed(frame);
      this.#options.received(frame);
    } catch (error) {
      const { name, charger } = this.#options;
      this.#faults.note(`message of ${name} (${charger})`, error);
    }
  }

  #closed(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    const { name, closed } = this.#options;
    closed(`${name} closed (${code}${reason ? ` ${reason}` : ''})`);
  }

  #watchDrain(): void {
    const { socket, clock, congested } = this.#options;
    clock.after(DRAIN_CHECK_MS, () => {
      if (!this.#open) return;
      if (socket.bufferedBytes > CUT_BYTES) this.#cut();
      else if (socket.bufferedBytes > HIGH_WATER_BYTES / 2) this.#watchDrain();
      else {
        this.#congested = false;
        congested?.(false);
      }
    });
  }

  #cut(): void {
    const { log, name, charger, socket } = this.#options;
    log.warn('peer does not take its messages', { charger, peer: name });
    socket.terminate();
  }

  #countMalformed(frame: Frame): void {
    const { counters, log, clock, charger, name, hostile } = this.#options;
    if (counters !== undefined) counters.malformed += 1;
    log.warn('unreadable message passed on', {
      charger,
      from: name,
      problem: frame.problem,
      start: frame.bytes.toString('utf8', 0, 80),
    });
    const nowMs = clock.monotonicMs();
    this.#malformedAtMs.push(nowMs);
    const oldest = this.#malformedAtMs.at(-MALFORMED_MOST - 1);
    if (this.#malformedAtMs.length > MALFORMED_MOST) this.#malformedAtMs.shift();
    if (oldest === undefined || nowMs - oldest >= MALFORMED_WINDOW_MS) return;
    if (hostile === undefined) this.drop();
    else hostile();
  }
}
