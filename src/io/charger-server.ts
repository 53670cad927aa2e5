import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
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
export const SOCKETS_MOST = 8_192;
/** Of these one address may have so many that are no charger's yet: others still find a place. */
const SHAKING_OF_ONE_SHARE = 1 / 4;
/** The alarm stays for so long after somebody was turned away. */
const CALM_MS = 60_000;
const SUBPROTOCOLS_MOST = 16;
/** A handshake that was held longer than this is given up. */
const HOLD_MOST_MS = 30_000;
/** Who was refused has this long to read it and hang up. */
const REFUSED_MOST_MS = 5_000;

export interface ChargerServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly clock: Clock;
  /** Seconds between pings to a charger; 0 sends none. */
  readonly pingSeconds: number;
  readonly payloadMostBytes?: number;
  /** Absent: as many as the largest sites need. */
  readonly socketsMost?: number;
  readonly onKnock: (knock: Knock) => void;
}

export interface ChargerServer {
  readonly port: number;
  /** Whoever is turned away because too many are there. */
  alarms(): readonly string[];
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
  const { clock, socketsMost = SOCKETS_MOST } = options;
  server.maxConnections = socketsMost;
  const crowd = new Crowd(clock, Math.ceil(socketsMost * SHAKING_OF_ONE_SHARE));
  server.on('drop', () => crowd.turnedAway(`${socketsMost} connections are open`));
  // The timeout of headers begins with their first byte: who never says one would stay for ever.
  server.on('connection', (socket) => {
    if (!crowd.admits(socket)) return;
    const end = (): void => void (socket.bytesRead === 0 && socket.destroy());
    socket.once('close', clock.after(HEADERS_TIMEOUT_MS, end));
  });
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' });
    response.end('This is an OCPP endpoint: connect with a WebSocket.\n');
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Node leaves sockets of the upgrade event half open when the peer ends.
    stream.on('end', () => stream.destroy());
    stream.on('error', () => stream.destroy());
    const letIn = (): void => crowd.letIn(request.socket);
    options.onKnock(knockOf({ request, stream, head, sockets, letIn }, options));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    alarms: () => crowd.alarms(),
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

/** Connections that are no charger's yet, by address: one stranger alone must not fill the door. */
class Crowd {
  readonly #clock: Clock;
  readonly #ofOneMost: number;
  readonly #shaking = new Map<string, Set<Socket>>();
  #last: { readonly why: string; readonly atMs: number } | undefined;

  constructor(clock: Clock, ofOneMost: number) {
    this.#clock = clock;
    this.#ofOneMost = ofOneMost;
  }

  /** False: it is closed, since too many of its address are there. */
  admits(socket: Socket): boolean {
    const { remoteAddress = '' } = socket;
    const others = this.#shaking.get(remoteAddress) ?? new Set();
    if (others.size >= this.#ofOneMost) {
      socket.destroy();
      this.turnedAway(`${remoteAddress} has ${others.size} connections that are no charger's`);
      return false;
    }
    this.#shaking.set(remoteAddress, others.add(socket));
    socket.once('close', () => this.#forget(remoteAddress, socket));
    return true;
  }

  letIn(socket: Socket): void {
    this.#forget(socket.remoteAddress ?? '', socket);
  }

  turnedAway(why: string): void {
    this.#last = { why, atMs: this.#clock.monotonicMs() };
  }

  alarms(): readonly string[] {
    const { why, atMs } = this.#last ?? { why: '', atMs: Number.NEGATIVE_INFINITY };
    if (this.#clock.monotonicMs() - atMs >= CALM_MS) return [];
    return [`listen.ocpp turns connections away: ${why}.`];
  }

  #forget(address: string, socket: Socket): void {
    const sockets = this.#shaking.get(address);
    sockets?.delete(socket);
    if (sockets?.size === 0) this.#shaking.delete(address);
  }
}

/** A handshake that waits for its answer. */
interface Held {
  readonly request: HeldRequest;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly sockets: WebSocketServer;
  /** It is a charger's from now on. */
  readonly letIn: () => void;
}

const knockOf = (
  { request, stream, head, sockets, letIn }: Held,
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
    // Else whoever does not hang up holds a place at the door for ever.
    stream.once(
      'close',
      clock.after(REFUSED_MOST_MS, () => stream.destroy()),
    );
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
          letIn();
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
