import type { Cancel, Clock } from '../core/time.ts';
import type { Socket, SocketListener } from './socket.ts';

/** A peer that answers none of this many pings in a row is dead. */
const PINGS_MISSED_MOST = 2;
/**
 * Pieces of one message, and of what arrives of it: tiny ones cost far more memory than they say. Small
 * chargers do send long reports in pieces of 256 bytes.
 */
export const FRAGMENTS_MOST = 1_024;
export const CHUNKS_MOST = 4_096;
/** Close reasons are at most 123 bytes of UTF-8 (RFC 6455 §5.5). */
const CLOSE_REASON_MOST = 120;

/** RFC 7692 is for OCPP 2 (part 4 §3.4); what offers 1.6 alone is not asked for it. */
export const mayCompress = (subprotocols: readonly string[]): boolean =>
  subprotocols.some((name) => name.startsWith('ocpp2.'));

/** The part of a `ws` WebSocket that is used; server and client sides have it alike. */
export interface RawWebSocket {
  readonly protocol: string;
  readonly readyState: number;
  readonly OPEN: number;
  readonly bufferedAmount: number;
  send(message: Uint8Array, options: { binary: boolean }): void;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ping(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'pong' | 'error', listener: () => void): unknown;
  once(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
}

/** A WebSocket as the gateway sees it; nothing is read before it is listened to. */
export class WsSocket implements Socket {
  readonly subprotocol: string;
  readonly #raw: RawWebSocket;
  readonly #clock: Clock;
  #unansweredPings = 0;
  #cancelPing: Cancel = () => {};

  /** `pingSeconds` 0 sends no pings. */
  constructor(raw: RawWebSocket, clock: Clock, pingSeconds: number) {
    this.#raw = raw;
    this.#clock = clock;
    this.subprotocol = raw.protocol;
    raw.pause();
    raw.on('error', () => {});
    raw.on('pong', () => {
      this.#unansweredPings = 0;
    });
    raw.once('close', () => this.#cancelPing());
    if (pingSeconds > 0) this.#pingEvery(pingSeconds * 1000);
  }

  get bufferedBytes(): number {
    return this.#raw.bufferedAmount;
  }

  send(message: Uint8Array): void {
    if (this.#raw.readyState === this.#raw.OPEN) this.#raw.send(message, { binary: false });
  }

  close(code: number, reason: string): void {
    this.#raw.resume();
    this.#raw.close(code, reason.slice(0, CLOSE_REASON_MOST));
  }

  terminate(): void {
    this.#raw.terminate();
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  listen(listener: SocketListener): void {
    this.#raw.on('message', (data, isBinary) => {
      this.#unansweredPings = 0;
      if (isBinary) this.#raw.close(1003, 'OCPP messages are text');
      else listener.message(data);
    });
    this.#raw.once('close', (code, reason) => listener.closed(code, reason.toString()));
    this.#raw.resume();
  }

  #pingEvery(everyMs: number): void {
    this.#cancelPing = this.#clock.after(everyMs, () => {
      if (this.#raw.readyState !== this.#raw.OPEN) return;
      if (this.#unansweredPings >= PINGS_MISSED_MOST) {
        this.#raw.terminate();
        return;
      }
      this.#unansweredPings += 1;
      this.#raw.ping();
      this.#pingEvery(everyMs);
    });
  }
}
