import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { Socket } from '../gateway/socket.ts';
import type { SimCsms } from './csms.ts';

/** Reports of a large charger fit. */
const PAYLOAD_MOST_BYTES = 4 * 1024 * 1024;
/** Reasons of a close frame are at most 123 bytes (RFC 6455 §5.5). */
const CLOSE_REASON_MOST = 120;
const HANDSHAKE_TIMEOUT_MS = 20_000;

/**
 * How a charger connects over real WebSockets: to `base` + "/" + its identity, with basic
 * authentication when it has a password. Rejects with the HTTP status in the message.
 */
export const wsConnect =
  (base: string, password?: string) =>
  (identity: string, subprotocols: readonly string[]): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${base}/${encodeURIComponent(identity)}`, [...subprotocols], {
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        maxPayload: PAYLOAD_MOST_BYTES,
        perMessageDeflate: false,
        ...(password === undefined ? {} : { auth: `${identity}:${password}` }),
      });
      socket.once('open', () => resolve(adapt(socket)));
      socket.once('unexpected-response', (request, response) => {
        reject(new Error(`${response.statusCode} ${response.statusMessage ?? ''}`));
        request.destroy();
      });
      socket.on('error', reject);
    });

export interface CsmsServer {
  readonly port: number;
  /** Base address for chargers and gateways. */
  readonly url: string;
  close(): Promise<void>;
}

/** Puts a simulated CSMS on a port of the loopback; 0 takes a free one. */
export const serveCsms = async (csms: SimCsms, port = 0): Promise<CsmsServer> => {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: PAYLOAD_MOST_BYTES,
    perMessageDeflate: false,
    handleProtocols: (_offered, request: Upgrade) => request.chosen || false,
  });
  const server = createServer((_request, response) => response.writeHead(426).end());
  server.on('upgrade', (request: Upgrade, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    if (csms.conduct.down) {
      stream.destroy();
      return;
    }
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const identity = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
    const choice = csms.choose(identity, offered(request), request.headers.authorization);
    if (choice.outcome === 'refused') {
      refuse(stream, choice.status, choice.message);
      return;
    }
    request.chosen = choice.outcome === 'accepted' ? choice.subprotocol : '';
    sockets.handleUpgrade(request, stream, head, (raw) => {
      // OCPP-J §3.1.2: the handshake is completed without a subprotocol, then closed.
      if (choice.outcome === 'no-subprotocol') raw.close(1002, 'no common subprotocol');
      else csms.take(identity, adapt(raw));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const taken = (server.address() as AddressInfo).port;
  return {
    port: taken,
    url: `ws://127.0.0.1:${taken}/ocpp`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

interface Upgrade extends IncomingMessage {
  chosen?: string;
}

const offered = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const refuse = (stream: Duplex, status: number, message: string): void => {
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
};

const adapt = (raw: WebSocket): Socket => {
  // Nothing may be lost between the handshake and the moment somebody listens.
  raw.pause();
  raw.on('error', () => {});
  return {
    subprotocol: raw.protocol,
    get bufferedBytes() {
      return raw.bufferedAmount;
    },
    send(message) {
      if (raw.readyState === raw.OPEN) raw.send(message, { binary: false });
    },
    close(code, reason) {
      raw.resume();
      raw.close(code, reason.slice(0, CLOSE_REASON_MOST));
    },
    terminate: () => raw.terminate(),
    pause: () => raw.pause(),
    resume: () => raw.resume(),
    listen(listener) {
      raw.on('message', (data) => listener.message(data as Buffer));
      raw.once('close', (code, reason) => listener.closed(code, reason.toString()));
      raw.resume();
    },
  };
};
