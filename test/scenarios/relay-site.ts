import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Clock } from '../../src/core/time.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import type { LaneLimits } from '../../src/gateway/lane.ts';
import type { LinkObserver } from '../../src/gateway/observer.ts';
import { startChargerServer } from '../../src/io/charger-server.ts';
import { csmsClient } from '../../src/io/csms-client.ts';
import { systemClock } from '../../src/io/system-clock.ts';

/** One side of a relayed connection as a test drives it: raw text in, raw text out. */
export class Peer {
  readonly socket: WebSocket;
  readonly #received: string[] = [];
  readonly #waiting: ((text: string) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const text = data.toString();
      const next = this.#waiting.shift();
      if (next === undefined) this.#received.push(text);
      else next(text);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** The next message, in order of arrival. */
  next(): Promise<string> {
    const text = this.#received.shift();
    if (text !== undefined) return Promise.resolve(text);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Messages that arrived and were not asked for yet. */
  pending(): readonly string[] {
    return this.#received;
  }

  close(code = 1000): void {
    this.socket.close(code);
  }
}

export interface RawCsms {
  readonly url: string;
  readonly requests: IncomingMessage[];
  /** The next charger link that reaches the CSMS. */
  nextPeer(): Promise<Peer>;
  close(): void;
}

/** A CSMS that only takes connections; the test writes its answers. */
export const startRawCsms = async (
  t: TestContext,
  behaviour: {
    /** HTTP status for the n-th request (from 1), or undefined to accept it. */
    readonly refuse?: (request: number) => number | undefined;
    readonly choose?: (offered: readonly string[]) => string | false;
    readonly port?: number;
    readonly compresses?: boolean;
    readonly holdUntil?: Promise<void>;
  } = {},
): Promise<RawCsms> => {
  const requests: IncomingMessage[] = [];
  const peers: Peer[] = [];
  const waiting: ((peer: Peer) => void)[] = [];
  const choose = behaviour.choose ?? ((offered: readonly string[]) => offered[0] ?? false);
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: behaviour.compresses === true,
    handleProtocols: (offered) => choose([...offered]),
  });
  const server = createServer();
  server.on('upgrade', async (request, stream, head) => {
    const number = requests.push(request);
    await behaviour.holdUntil;
    const refused = behaviour.refuse?.(number);
    if (refused !== undefined) {
      stream.end(`HTTP/1.1 ${refused} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const peer = new Peer(socket);
      const next = waiting.shift();
      if (next === undefined) peers.push(peer);
      else next(peer);
    });
  });
  server.listen(behaviour.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  };
  t.after(close);
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ocpp`,
    requests,
    nextPeer: () => {
      const peer = peers.shift();
      if (peer !== undefined) return Promise.resolve(peer);
      return new Promise((resolve) => waiting.push(resolve));
    },
    close,
  };
};

export const NO_OBSERVER: LinkObserver = {
  chargerConnected() {},
  chargerGone() {},
  upstreamChanged() {},
  request() {},
  answer() {},
};

/** A gateway with nothing but its relay, on real sockets. */
export const startRelay = async (
  t: TestContext,
  upstream: string,
  options: {
    readonly limits?: Partial<LaneLimits>;
    readonly observer?: LinkObserver;
    readonly clock?: Clock;
  } = {},
): Promise<{ gateway: Gateway; url: string }> => {
  const { clock = systemClock } = options;
  const gateway = new Gateway({
    clock,
    dialer: csmsClient({ clock, pingSeconds: 0 }),
    observer: options.observer ?? NO_OBSERVER,
    upstreamBase: () => upstream,
    admits: (identity) => identity !== 'STRANGER',
    newId: randomUUID,
    log: SILENT_LOG,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const server = await startChargerServer({
    host: '127.0.0.1',
    port: 0,
    clock,
    pingSeconds: 0,
    onKnock: (knock) => void gateway.knock(knock),
  });
  t.after(async () => {
    gateway.close();
    await server.close();
  });
  return { gateway, url: `ws://127.0.0.1:${server.port}` };
};

/** Connects a charger; rejects with the HTTP status when it is refused. */
export const connectCharger = async (
  url: string,
  subprotocols: readonly string[] = ['ocpp1.6'],
  headers: Record<string, string> = {},
  from: { readonly localAddress?: string } = {},
): Promise<Peer> => {
  const socket = new WebSocket(url, [...subprotocols], { headers, ...from });
  const peer = new Peer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      reject(Object.assign(new Error('refused'), { status: response.statusCode }));
    });
  });
  return peer;
};

/** A charger, its CSMS peer and the gateway between them. */
export const startPair = async (
  t: TestContext,
  subprotocol = 'ocpp1.6',
  options: Parameters<typeof startRelay>[2] = {},
) => {
  const csms = await startRawCsms(t);
  const relay = await startRelay(t, csms.url, options);
  const charger = await connectCharger(`${relay.url}/ocpp/CP_1`, [subprotocol]);
  const upstream = await csms.nextPeer();
  return { csms, ...relay, charger, upstream };
};
