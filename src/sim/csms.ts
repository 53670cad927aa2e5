import type { Cancel, Clock } from '../core/time.ts';
import type { Socket } from '../gateway/socket.ts';
import {
  callBytes,
  errorBytes,
  type Frame,
  parseError,
  readFrame,
  readPayload,
  resultBytes,
} from '../ocpp/frame.ts';
import { type Payload, readObject } from '../ocpp/payload.ts';
import { type OcppVersion, versionOf } from '../ocpp/version.ts';
import { answerCharger, type CsmsBooks } from './csms-answers.ts';
import { isTransactionMessage } from './message-audit.ts';

/** A call that reached the CSMS. */
export interface ReceivedCall {
  readonly charger: string;
  readonly action: string;
  readonly payload: object;
  readonly id: string;
  readonly atMs: number;
}

/** How a simulated CSMS behaves; may be changed while it runs. */
export interface CsmsConduct {
  /** Refuses handshakes with this HTTP status. */
  refusesWith: number | undefined;
  /** Subprotocols that it knows. */
  subprotocols: readonly string[];
  /** Passwords by identity: who has one must show it, else 401. */
  readonly passwords: Map<string, string>;
  /** Cannot be reached at all. */
  down: boolean;
  /** Takes what it is told, and never answers. */
  silent: boolean;
  bootStatus: 'Accepted' | 'Pending' | 'Rejected';
  heartbeatSeconds: number;
  /** Id tags that it does not accept. */
  readonly blockedTags: Set<string>;
  /** Answers the next calls of an action with an error, this many times. */
  readonly failNext: Map<string, number>;
  answerDelayMs: number;
  /** What it answers when a charger asks for the figure of a dynamic profile. */
  dynamicAmps: number | undefined;
  /** Vendors whose DataTransfer it takes. */
  readonly vendors: Set<string>;
  /** What it answers in place of its own answer; undefined: its own. */
  answers: (action: string, payload: Payload, version: OcppVersion) => object | undefined;
  /** Stations that it does not know (any more): it refuses all they say until they boot. */
  readonly unknown: Set<string>;
  /** Refuses a CALL that comes before the previous one of the same connection was answered. */
  oneCallAtATime: boolean;
}

/** What became of a call of the CSMS to a charger. */
export type CsmsCallResult =
  | { readonly outcome: 'answered'; readonly payload: unknown }
  | { readonly outcome: 'error'; readonly code: string; readonly description: string }
  | { readonly outcome: 'timeout' | 'gone' };

export type HandshakeChoice =
  | { readonly outcome: 'accepted'; readonly subprotocol: string }
  | { readonly outcome: 'refused'; readonly status: number; readonly message: string }
  | { readonly outcome: 'no-subprotocol' };

interface Waiting {
  readonly id: string;
  readonly bytes: Buffer;
  readonly done: (result: CsmsCallResult) => void;
}

/** One charger's connection; calls to it go one at a time. */
interface Connection {
  readonly charger: string;
  readonly socket: Socket;
  readonly waiting: Waiting[];
  outstanding: (Waiting & { readonly cancel: Cancel }) | undefined;
  /** Calls of the charger that are not answered yet. */
  unanswered: number;
}

const CALL_TIMEOUT_MS = 30_000;
/** Messages remembered; a run that needs more is too long to look at. */
const RECEIVED_MOST = 1_000_000;

/** A simulated CSMS for 1.6, 2.0.1 and 2.1 that remembers everything it is told. */
export class SimCsms {
  readonly conduct: CsmsConduct = {
    refusesWith: undefined,
    subprotocols: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'],
    passwords: new Map(),
    down: false,
    silent: false,
    bootStatus: 'Accepted',
    heartbeatSeconds: 60,
    blockedTags: new Set(),
    failNext: new Map(),
    answerDelayMs: 0,
    dynamicAmps: undefined,
    vendors: new Set(),
    answers: () => undefined,
    unknown: new Set(),
    oneCallAtATime: false,
  };
  /** Every call it took, oldest first; those it answered with an error are not among them. */
  readonly received: ReceivedCall[] = [];
  /** Breaches of the protocol that it saw, in words. */
  readonly problems: string[] = [];
  readonly #clock: Clock;
  readonly #connections = new Map<string, Connection>();
  readonly #books: CsmsBooks;
  #calls = 0;

  constructor(clock: Clock, firstTransactionId = 1) {
    this.#clock = clock;
    this.#books = { nextTransactionId: firstTransactionId, starts: new Map(), given: new Map() };
  }

  /** Id of the next 1.6 transaction. */
  set nextTransactionId(id: number) {
    this.#books.nextTransactionId = id;
  }

  connected(): readonly string[] {
    return [...this.#connections.keys()];
  }

  /** Messages about transactions of one charger, in the order they came. */
  transactionMessages(charger: string): readonly ReceivedCall[] {
    return this.received.filter(
      (call) => call.charger === charger && isTransactionMessage(call.action, call.payload),
    );
  }

  /** How it answers a handshake. */
  choose(
    charger: string,
    subprotocols: readonly string[],
    authorization?: string,
  ): HandshakeChoice {
    const { refusesWith, passwords, subprotocols: known } = this.conduct;
    if (refusesWith !== undefined) {
      return { outcome: 'refused', status: refusesWith, message: 'refused' };
    }
    const password = passwords.get(charger);
    const expected = `Basic ${Buffer.from(`${charger}:${password ?? ''}`).toString('base64')}`;
    if (password !== undefined && authorization !== expected) {
      return { outcome: 'refused', status: 401, message: 'wrong password' };
    }
    if (subprotocols.length === 0) return { outcome: 'accepted', subprotocol: '' };
    const subprotocol = subprotocols.find((name) => known.includes(name));
    return subprotocol === undefined
      ? { outcome: 'no-subprotocol' }
      : { outcome: 'accepted', subprotocol };
  }

  /** Takes a connection of a charger; a newer one of the same identity replaces it. */
  take(charger: string, socket: Socket): void {
    this.#connections.get(charger)?.socket.close(1000, 'replaced');
    const connection: Connection = {
      charger,
      socket,
      waiting: [],
      outstanding: undefined,
      unanswered: 0,
    };
    this.#connections.set(charger, connection);
    socket.listen({
      message: (bytes) => this.#receive(connection, bytes),
      closed: () => this.#gone(connection),
    });
  }

  /** Asks a charger, one call at a time. */
  ask(charger: string, action: string, payload: object): Promise<CsmsCallResult> {
    const connection = this.#connections.get(charger);
    if (connection === undefined) return Promise.resolve({ outcome: 'gone' });
    this.#calls += 1;
    const id = `csms-${this.#calls}`;
    return new Promise((done) => {
      connection.waiting.push({ id, bytes: callBytes(id, action, payload), done });
      this.#next(connection);
    });
  }

  /** Asks a charger; resolves with its answer, rejects when there is none. */
  async call(charger: string, action: string, payload: object): Promise<unknown> {
    const result = await this.ask(charger, action, payload);
    if (result.outcome === 'answered') return result.payload;
    const why = result.outcome === 'error' ? result.code : result.outcome;
    throw new Error(`${charger} did not answer ${action}: ${why}`);
  }

  /** Closes a charger's connection with a close frame. */
  close(charger: string): void {
    this.#connections.get(charger)?.socket.close(1000, 'closed by the CSMS');
  }

  /** Goes away: every connection drops, nobody gets in. */
  goDown(): void {
    this.conduct.down = true;
    for (const { socket } of [...this.#connections.values()]) socket.terminate();
  }

  comeBack(): void {
    this.conduct.down = false;
  }

  #receive(connection: Connection, bytes: Buffer): void {
    const frame = readFrame(bytes);
    if (frame.kind === 'result' || frame.kind === 'error') this.#settle(connection, frame);
    else if (frame.kind === 'call') this.#take(connection, frame);
    else if (frame.kind === 'malformed') this.#problem(connection, frame.problem ?? 'unreadable');
  }

  #take(connection: Connection, frame: Frame): void {
    const { charger } = connection;
    const { action, id } = frame;
    const payload = readObject(readPayload(frame));
    if (connection.unanswered > 0) {
      this.#problem(connection, `${action} came before the previous call was answered`);
      if (this.conduct.oneCallAtATime) {
        connection.socket.send(errorBytes(id, 'GenericError', 'Call already in progress'));
        return;
      }
    }
    if (action === 'BootNotification') this.conduct.unknown.delete(charger);
    if (this.conduct.unknown.has(charger)) {
      this.#answer(connection, errorBytes(id, 'SecurityError', 'no boot of this station'));
      return;
    }
    const failures = this.conduct.failNext.get(action) ?? 0;
    if (failures > 0) {
      this.conduct.failNext.set(action, failures - 1);
      this.#answer(connection, errorBytes(id, 'InternalError', 'try again'));
      return;
    }
    const atMs = this.#clock.monotonicMs();
    if (this.received.length < RECEIVED_MOST) {
      this.received.push({ charger, action, payload, id, atMs });
    }
    if (this.conduct.silent) return;
    const version = versionOf(connection.socket.subprotocol) ?? '1.6';
    const instead = this.conduct.answers(action, payload, version);
    if (instead !== undefined) {
      this.#answer(connection, resultBytes(id, instead));
      return;
    }
    const answer = answerCharger({
      charger,
      version,
      action,
      payload,
      conduct: this.conduct,
      books: this.#books,
      wallMs: this.#clock.wallMs(),
    });
    if (answer.problem !== undefined) this.#problem(connection, answer.problem);
    this.#answer(
      connection,
      answer.result === undefined
        ? errorBytes(id, 'NotImplemented', `unknown action ${action}`)
        : resultBytes(id, answer.result),
    );
  }

  #answer(connection: Connection, bytes: Buffer): void {
    const { answerDelayMs } = this.conduct;
    if (answerDelayMs === 0) {
      connection.socket.send(bytes);
      return;
    }
    connection.unanswered += 1;
    this.#clock.after(answerDelayMs, () => {
      connection.unanswered -= 1;
      connection.socket.send(bytes);
    });
  }

  #next(connection: Connection): void {
    if (connection.outstanding !== undefined) return;
    const next = connection.waiting.shift();
    if (next === undefined) return;
    const cancel = this.#clock.after(CALL_TIMEOUT_MS, () => {
      connection.outstanding = undefined;
      next.done({ outcome: 'timeout' });
      this.#next(connection);
    });
    connection.outstanding = { ...next, cancel };
    connection.socket.send(next.bytes);
  }

  #settle(connection: Connection, frame: Frame): void {
    const { outstanding } = connection;
    if (outstanding?.id !== frame.id) {
      this.#problem(connection, `answer to a call that is not open: ${frame.id}`);
      return;
    }
    outstanding.cancel();
    connection.outstanding = undefined;
    outstanding.done(
      frame.kind === 'result'
        ? { outcome: 'answered', payload: readPayload(frame) }
        : { outcome: 'error', ...parseError(frame) },
    );
    this.#next(connection);
  }

  #gone(connection: Connection): void {
    if (this.#connections.get(connection.charger) === connection) {
      this.#connections.delete(connection.charger);
    }
    const { outstanding, waiting } = connection;
    outstanding?.cancel();
    connection.outstanding = undefined;
    for (const { done } of [...(outstanding ? [outstanding] : []), ...waiting.splice(0)]) {
      done({ outcome: 'gone' });
    }
  }

  #problem({ charger }: Connection, problem: string): void {
    if (this.problems.length < 1_000) this.problems.push(`${charger}: ${problem}`);
  }
}
