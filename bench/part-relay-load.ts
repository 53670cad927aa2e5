// A load of chargers on a relay in a process of its own, and what the trips took.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { startProcess } from './part-process.ts';
import { percentile } from './part-statistics.ts';

export const CHARGERS = 20;
const SUBPROTOCOL = 'ocpp1.6';

/** The mix of a charging site: mostly meter values, some heartbeats and states. */
const messageOf = (id: number): string => {
  const kind = id % 10;
  if (kind === 0) return `[2,"${id}","Heartbeat",{}]`;
  if (kind === 1) {
    return `[2,"${id}","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"2026-06-01T10:00:00Z"}]`;
  }
  return `[2,"${id}","MeterValues",{"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-06-01T10:00:00Z","sampledValue":[{"value":"15.2","measurand":"Current.Import","phase":"L1","unit":"A"},{"value":"15.1","measurand":"Current.Import","phase":"L2","unit":"A"},{"value":"15.3","measurand":"Current.Import","phase":"L3","unit":"A"},{"value":"10488","measurand":"Power.Active.Import","unit":"W"},{"value":"1234567","measurand":"Energy.Active.Import.Register","unit":"Wh"}]}]}]`;
};

export const ratio = (a: number, b: number): number => Math.round((a / b) * 100) / 100;

export interface Relay {
  readonly process: ChildProcess;
  readonly url: string;
}

export interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly trips: number;
  readonly latenciesMs: readonly number[];
}

export interface Summary {
  readonly relay: string;
  readonly tripsPerSecond: number;
  readonly cpuSecondsPer10k: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const summaryOf = (relay: string, rounds: readonly Round[]): Summary => {
  const median = (of: (round: Round) => number) => percentile(rounds.map(of), 0.5);
  const latencies = rounds.flatMap((each) => each.latenciesMs);
  return {
    relay,
    tripsPerSecond: Math.round(median(({ trips, seconds }) => trips / seconds)),
    cpuSecondsPer10k: median(({ cpuSeconds, trips }) => (cpuSeconds / trips) * 10_000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
};

/** A part of a bench in a process of its own; it says where it is reached. */
export const startPart = async (part: string, ...args: readonly string[]): Promise<Relay> => {
  const child = await startProcess(part, ...args);
  const [ready] = (await once(child, 'message')) as [{ url: string }];
  return { process: child, url: ready.url };
};

const cpuOf = async (relay: Relay): Promise<number> => {
  relay.process.send('cpu');
  const [answer] = (await once(relay.process, 'message')) as [{ cpuSeconds: number }];
  return answer.cpuSeconds;
};

/** Every charger sends its next message when the one before was answered, and its turn has come. */
export const round = async (
  relay: Relay,
  trips: number,
  perSecond = Number.POSITIVE_INFINITY,
): Promise<Round> => {
  const chargers = await Promise.all(
    Array.from({ length: CHARGERS }, async (_, i) => {
      const socket = new WebSocket(`${relay.url}/CP_${i}`, [SUBPROTOCOL]);
      await once(socket, 'open');
      return socket;
    }),
  );
  const before = await cpuOf(relay);
  const startMs = performance.now();
  const each = Math.ceil(trips / CHARGERS);
  const everyMs = (CHARGERS / perSecond) * 1000;
  const driven = chargers.map((socket, i) => drive(socket, each, everyMs, i / CHARGERS));
  const latenciesMs = (await Promise.all(driven)).flat();
  const seconds = (performance.now() - startMs) / 1000;
  const cpuSeconds = (await cpuOf(relay)) - before;
  for (const socket of chargers) socket.close();
  await Promise.all(chargers.map((socket) => once(socket, 'close')));
  return { seconds, cpuSeconds, trips: each * CHARGERS, latenciesMs };
};

const drive = (socket: WebSocket, trips: number, everyMs: number, phase: number) =>
  new Promise<number[]>((resolve) => {
    const latencies: number[] = [];
    const startMs = performance.now() + phase * everyMs;
    let sentMs = 0;
    const next = (): void => {
      const waitMs = startMs + latencies.length * everyMs - performance.now();
      if (everyMs > 0 && waitMs >= 1) {
        setTimeout(next, waitMs);
        return;
      }
      sentMs = performance.now();
      socket.send(messageOf(latencies.length));
    };
    socket.on('message', () => {
      latencies.push(performance.now() - sentMs);
      if (latencies.length === trips) resolve(latencies);
      else next();
    });
    next();
  });

/** A CSMS that answers at once. */
export const startCsms = async () => {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: () => SUBPROTOCOL,
  });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const text = data.toString();
      const id = text.slice(4, text.indexOf('"', 4));
      socket.send(`[3,"${id}",{"currentTime":"2026-06-01T10:00:00Z"}]`);
    });
  });
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/ocpp`, close: () => server.close() };
};
