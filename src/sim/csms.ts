import { type Clock, timestamp } from '../core/time.ts';
import type { Socket } from '../gateway/socket.ts';
import {
  callBytes,
  errorBytes,
  parseError,
  parsePayload,
  readFrame,
  resultBytes,
} from '../ocpp/frame.ts';
import { readObject, readText } from '../ocpp/payload.ts';

/** A call that reached the CSMS. */
export interface ReceivedCall {
  readonly charger: string;
  readonly action: string;
  readonly payload: unknown;
  readonly id: string;
  readonly atMs: number;
}

/** How a simulated CSMS behaves; may be changed while it runs. */
export interface CsmsConduct {
  /** Refuses handshakes with this HTTP status. */
  refusesWith: number | undefined;
  /** Cannot be reached at all. */
  down: boolean;
  /** Never answers. */
  silent: boolean;
  bootStatus: 'Accepted' | 'Pending' | 'Rejected';
  heartbeatSeconds: number;
  /** Id tags that it does not accept. */
  readonly blockedTags: Set<string>;
  /** Answers the next calls of an action with an error, this many times. */
  readonly failNext: Map<string, number>;
  /** Closes a connection on which a second CALL comes before the first was answered. */
  answerDelayMs: number;
}

const TRANSACTION_ACTIONS = new Set([
  'StartTransaction',
  'StopTransaction',
  'MeterValues',
  'TransactionEvent',
]);

/** A simulated CSMS for 1.6, 2.0.1 and 2.1 that remembers everything it is told. */
export class SimCsms {
  readonly conduct: CsmsConduct = {
    refusesWith: undefined,
    down: false,
    silent: false,
    bootStatus: 'Accepted',
    heartbeatSeconds: 60,
    blockedTags: new Set(),
    failNext: new Map(),
    answerDelayMs: 0,
  };
  readonly received: ReceivedCall[] = [];
  readonly #clock: Clock;
  readonly #sockets = new Map<string, Socket>();
  readonly #pending = new Map<string, (answer: unknown) => void>();
  #transactions = 0;
  #calls = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connected(): readonly string[] {
    return [...this.#sockets.keys()];
  }

  /** Messages about transactions of one charger, in the order they came. */
  transactionMessages(charger: string): readonly ReceivedCall[] {
    return this.received.filter(
      (call) => call.charger === charger && TRANSACTION_ACTIONS.has(call.action),
    );
  }

  /** Takes a connection of a charger; a newer one of the same identity replaces it. */
  take(charger: string, socket: Socket): void {
    this.#sockets.get(charger)?.close(1000, 'replaced');
    this.#sockets.set(charger, socket);
    socket.listen({
      message: (bytes) => this.#receive(charger, socket, bytes),
      closed: () => {
        if (this.#sockets.get(charger) === socket) this.#sockets.delete(charger);
      },
    });
  }

  /** Asks a charger; resolves with its answer, or `{error}`. Rejects when it is not there. */
  call(charger: string, action: string, payload: object): Promise<unknown> {
    const socket = this.#sockets.get(charger);
    if (socket === undefined) return Promise.reject(new Error(`${charger} is not connected`));
    this.#calls += 1;
    const id = `csms-${this.#calls}`;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      socket.send(callBytes(id, action, payload));
    });
  }

  /** Goes away: every connection drops, nobody gets in. */
  goDown(): void {
    this.conduct.down = true;
    for (const socket of this.#sockets.values()) socket.terminate();
  }

  comeBack(): void {
    this.conduct.down = false;
  }

  #receive(charger: string, socket: Socket, bytes: Buffer): void {
    const frame = readFrame(bytes);
    if (frame.kind === 'result' || frame.kind === 'error') {
      const answer = frame.kind === 'result' ? parsePayload(frame) : { error: parseError(frame) };
      this.#pending.get(frame.id)?.(answer);
      this.#pending.delete(frame.id);
      return;
    }
    if (frame.kind !== 'call') return;
    const payload = parsePayload(frame);
    const { action, id } = frame;
    const failures = this.conduct.failNext.get(action) ?? 0;
    if (failures > 0) {
      this.conduct.failNext.set(action, failures - 1);
      socket.send(errorBytes(id, 'InternalError', 'try again'));
      return;
    }
    this.received.push({ charger, action, payload, id, atMs: this.#clock.monotonicMs() });
    if (this.conduct.silent) return;
    const answer = resultBytes(id, this.#answer(action, readObject(payload)));
    if (this.conduct.answerDelayMs === 0) socket.send(answer);
    else this.#clock.after(this.conduct.answerDelayMs, () => socket.send(answer));
  }

  #answer(action: string, payload: Readonly<Record<string, unknown>>): object {
    const now = timestamp(this.#clock.wallMs());
    const tag = readText(payload['idTag']) ?? readText(readObject(payload['idToken'])['idToken']);
    const status = this.conduct.blockedTags.has(tag ?? '') ? 'Blocked' : 'Accepted';
    switch (action) {
      case 'BootNotification':
        return {
          status: this.conduct.bootStatus,
          currentTime: now,
          interval: this.conduct.heartbeatSeconds,
        };
      case 'Heartbeat':
        return { currentTime: now };
      case 'Authorize':
        return 'idTag' in payload ? { idTagInfo: { status } } : { idTokenInfo: { status } };
      case 'StartTransaction':
        this.#transactions += 1;
        return { transactionId: this.#transactions, idTagInfo: { status } };
      case 'StopTransaction':
        return tag === undefined ? {} : { idTagInfo: { status: 'Accepted' } };
      case 'TransactionEvent':
        return tag === undefined ? {} : { idTokenInfo: { status } };
      case 'DataTransfer':
        return { status: 'UnknownVendorId' };
      default:
        return {};
    }
  }
}
