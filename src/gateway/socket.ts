/**
 * One open WebSocket as the gateway needs it; io/ adapts `ws`, the simulation has its own.
 * Messages are the original bytes of one text message. Events come in order, `closed` once and last.
 */
export interface Socket {
  /** Agreed subprotocol, e.g. "ocpp1.6"; empty when none was agreed. */
  readonly subprotocol: string;
  /** Bytes accepted by send() that the peer has not taken yet. */
  readonly bufferedBytes: number;
  /** Calls wait behind it for a connection that others use too: silence here proves nothing. */
  readonly queues?: boolean;
  /** Sends one text message unchanged. Ignored after close. */
  send(message: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Drops the connection without a close handshake. */
  terminate(): void;
  /** Stops and resumes reading, for back-pressure. */
  pause(): void;
  resume(): void;
  /** Set exactly once, before the first event. */
  listen(listener: SocketListener): void;
}

export interface SocketListener {
  message(message: Buffer): void;
  /** `code` 1006 when the peer vanished. */
  closed(code: number, reason: string): void;
  /** This CALL was not sent and waits long. The ids that are taken back: none of them is sent. */
  unsent?(id: string): readonly string[];
}

/** A charger that knocks, before the upgrade was answered. */
export interface Knock {
  /** Raw request path and query as sent, percent-encoding untouched. */
  readonly rawPath: string;
  readonly subprotocols: readonly string[];
  readonly authorization?: string;
  readonly remoteAddress: string;
  /**
   * Completes the handshake. `subprotocol` empty: no header is sent, as OCPP-J §3.1.2 asks.
   * `pingSeconds`: for a charger that wants other pings than the rest.
   */
  accept(subprotocol: string, pingSeconds?: number): Promise<Socket>;
  refuse(status: number, message: string): void;
  /** True once the peer gave up while it was held. */
  readonly gone: boolean;
}

/** Dials the CSMS for one charger. */
export interface Dialer {
  dial(request: DialRequest): Promise<DialResult>;
}

export interface DialRequest {
  readonly url: string;
  readonly subprotocols: readonly string[];
  readonly authorization?: string;
  readonly timeoutMs: number;
}

export type DialResult =
  | { readonly outcome: 'connected'; readonly socket: Socket }
  /** The CSMS answered the handshake with this HTTP status. */
  | { readonly outcome: 'refused'; readonly status: number; readonly message: string }
  /** The CSMS completed the handshake without choosing one of the offered subprotocols. */
  | { readonly outcome: 'no-subprotocol' }
  /** No answer at all: DNS, TCP, TLS, timeout. */
  | { readonly outcome: 'unreachable'; readonly problem: string };
