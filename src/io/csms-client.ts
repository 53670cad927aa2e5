import { WebSocket } from 'ws';
import type { Clock } from '../core/time.ts';
import type { Dialer, DialRequest, DialResult } from '../gateway/socket.ts';
import { CHUNKS_MOST, FRAGMENTS_MOST, mayCompress, WsSocket } from '../gateway/ws-socket.ts';

export interface CsmsClientOptions {
  readonly clock: Clock;
  /** Seconds between pings to the CSMS; 0 sends none. */
  readonly pingSeconds: number;
  readonly payloadMostBytes?: number;
}

/** Small windows: some 30 kB of memory for each connection in place of 300. */
const COMPRESSION = { clientMaxWindowBits: 12, zlibDeflateOptions: { memLevel: 4 } } as const;

/** How ws reports a server that chose no subprotocol although some were offered. */
const NO_SUBPROTOCOL = 'Server sent no subprotocol';

/** Dials the CSMS with plain WebSockets. Redirects are not followed: wss must not become ws. */
export const csmsClient = (options: CsmsClientOptions): Dialer => ({
  dial: (request) => dial(request, options),
});

const dial = (
  { url, subprotocols, authorization, timeoutMs }: DialRequest,
  { clock, pingSeconds, payloadMostBytes = 1024 * 1024 }: CsmsClientOptions,
): Promise<DialResult> =>
  new Promise((resolve) => {
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, [...subprotocols], {
        handshakeTimeout: timeoutMs,
        maxPayload: payloadMostBytes,
        perMessageDeflate: mayCompress(subprotocols) && COMPRESSION,
        maxFragments: FRAGMENTS_MOST,
        maxBufferedChunks: CHUNKS_MOST,
        followRedirects: false,
        ...(authorization === undefined ? {} : { headers: { authorization } }),
      });
    } catch (error) {
      resolve({ outcome: 'unreachable', problem: (error as Error).message });
      return;
    }
    socket.once('open', () => {
      resolve({ outcome: 'connected', socket: new WsSocket(socket, clock, pingSeconds) });
    });
    socket.once('unexpected-response', (request, response) => {
      const message = response.statusMessage ?? 'refused by the CSMS';
      resolve({ outcome: 'refused', status: response.statusCode ?? 502, message });
      response.destroy();
      request.destroy();
    });
    socket.on('error', (error) => {
      const outcome = error.message === NO_SUBPROTOCOL ? 'no-subprotocol' : 'unreachable';
      resolve({ outcome, problem: error.message });
      socket.terminate();
    });
  });
