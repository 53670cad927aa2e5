import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock } from '../core/time.ts';
import type { Knock } from '../gateway/socket.ts';
import { CHUNKS_MOST, FRAGMENTS_MOST, mayCompress, WsSocket } from '../gateway/ws-socket.ts';

/** OCPP messages are a few kB; reports of large chargers are some hundred. */
const DEFAULT_PAYLOAD_MOST_BYTES = 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_CHECK_MS = 2_000;
const HEADERS_MOST = 64;
/** Chargers of the largest sites, each also with the connection that it has not noticed to be dead. */
const SOCKETS_MOST = 8_192;
const SUBPROTOCOLS_MOST = 16;
/** A handshake that was held longer than this is given up. */
const HOLD_MOST_MS = 30_000;

export interface ChargerServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly clock: Clock;
  /** Seconds between pings to a charger; 0 sends none. */
  readonly pingSeconds: number;
  readonly payloadMostBytes?: number;
  readonly onKnock: (knock: Knock) => void;
}

export interface ChargerServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens for chargers. Every handshake is held until `onKnock` accepts or refuses it. */
export const startChargerServer = async (options: ChargerServerOptions): Promise<ChargerServer> => {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.payloadMostBytes ?? DEFAULT_PAYLOAD_MOST_BYTES,
    // What chargers compress is taken; towards them there is a local network, and no need to.
    perMessageDeflate: { serverNoContextTakeover: true, threshold: Number.MAX_SAFE_INTEGER },
    maxFragments: FRAGMENTS_MOST,
    maxBufferedChunks: CHUNKS_MOST,
    clientTracking: true,
    // The subprotocol is chosen by the CSMS; it is put into the request before the upgrade.
    handleProtocols: (_offered, request) => chosenSubprotocol(request),
  });
  const server = createServer({ connectionsCheckingInterval: CONNECTIONS_CHECK_MS });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = HEADERS_TIMEOUT_MS;
  server.maxHeadersCount = HEADERS_MOST;
  server.maxConnections = SOCKETS_MOST;
  // The timeout of headers begins with their first byte: who never says one would stay for ever.
  server.on('connection', (socket) => {
    const end = (): void => void (socket.bytesRead === 0 && socket.destroy());
    socket.once('close', options.clock.after(HEADERS_TIMEOUT_MS, end));
  });
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' });
    response.end('This is an OCPP endpoint: connect with a WebSocket.\n');
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Node leaves sockets of the upgrade event half open when the peer ends.
    stream.on('end', () => stream.destroy());
    stream.on('error', () => stream.destroy());
    options.onKnock(knockOf(request, stream, head, sockets, options));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const CHOSEN = Symbol('subprotocol chosen by the CSMS');
type HeldRequest = IncomingMessage & { [CHOSEN]?: string };

const chosenSubprotocol = (request: HeldRequest): string | false => request[CHOSEN] || false;

const knockOf = (
  request: HeldRequest,
  stream: Duplex,
  head: Buffer,
  sockets: WebSocketServer,
  { clock, pingSeconds }: ChargerServerOptions,
): Knock => {
  let gone = false;
  let settled = false;
  stream.once('close', () => {
    gone = true;
  });
  const refuse = (status: number, message: string): void => {
    if (settled) return;
    settled = true;
    cancelHold();
    answerHttp(stream, status, message);
  };
  const cancelHold = clock.after(HOLD_MOST_MS, () => refuse(504, 'no decision in time'));
  return {
    rawPath: request.url ?? '/',
    subprotocols: offeredSubprotocols(request),
    remoteAddress: request.socket.remoteAddress ?? '',
    ...(request.headers.authorization === undefined
      ? {}
      : { authorization: request.headers.authorization }),
    get gone() {
      return gone;
    },
    accept(subprotocol, ownPingSeconds) {
      if (settled) return Promise.reject(new Error('the handshake is settled already'));
      settled = true;
      cancelHold();
      request[CHOSEN] = subprotocol;
      if (!mayCompress([subprotocol])) delete request.headers['sec-websocket-extensions'];
      return new Promise((resolve, reject) => {
        stream.once('close', () => reject(new Error('the charger left during the handshake')));
        sockets.handleUpgrade(request, stream, head, (webSocket) => {
          resolve(new WsSocket(webSocket, clock, ownPingSeconds ?? pingSeconds));
        });
      });
    },
    refuse,
  };
};

/** Of a list that no WebSocket library would send or take, what is meant. */
const offeredSubprotocols = (request: IncomingMessage): readonly string[] => {
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => TOKEN.test(name));
  const names = [...new Set(offered)].slice(0, SUBPROTOCOLS_MOST);
  if (names.length === 0) delete request.headers['sec-websocket-protocol'];
  else request.headers['sec-websocket-protocol'] = names.join();
  return names;
};
/** RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const answerHttp = (stream: Duplex, status: number, message: string): void => {
  const body = `${message}\n`;
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 401 ? ['WWW-Authenticate: Basic realm="ocpp"'] : []),
    ...(status === 429 || status === 503 ? ['Retry-After: 10'] : []),
  ];
  stream.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
};
