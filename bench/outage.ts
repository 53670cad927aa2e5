import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { Journal } from '../src/store/journal.ts';
import { LogStore } from '../src/store/log-store.ts';
import type { BenchOptions } from './main.ts';
import { startProcess } from './part-process.ts';
import { percentile } from './part-statistics.ts';

const CHARGERS = 50;
const HOURS = 72;
const WRITERS_AT_ONCE = 512;
const LIVE_EVERY_MS = 200;
const DRAIN_SECONDS = 20;

/** As a 1.6 charger sends it: three currents, voltages, power and energy. */
const meterValues = (charger: number, minute: number): Buffer => {
  const sample = (measurand: string, phase: string, value: number) => ({
    value: value.toFixed(3),
    context: 'Sample.Periodic',
    format: 'Raw',
    measurand,
    phase,
    location: 'Outlet',
  });
  const sampledValue = ['L1', 'L2', 'L3'].flatMap((phase, p) => [
    sample('Current.Import', phase, 6 + ((charger + minute * 7 + p) % 100) / 10),
    sample('Voltage', phase, 229 + ((minute + p) % 20) / 10),
    sample('Power.Active.Import', phase, 1_400 + ((charger * minute + p) % 2_300)),
  ]);
  const timestamp = new Date(1_760_000_000_000 + minute * 60_000).toISOString();
  const payload = {
    connectorId: 1,
    transactionId: 4_711 + charger,
    meterValue: [{ timestamp, sampledValue }],
  };
  return Buffer.from(JSON.stringify([2, `${charger}-${minute}`, 'MeterValues', payload]));
};

/** Three days of messages of every charger, as the gateway would have kept them. */
const fill = async (folder: string, hours: number): Promise<number> => {
  const store = await LogStore.open(folder, { monotonicMs: () => performance.now() });
  const journal = await Journal.open(store, { mostBytes: 2 ** 30 });
  let writing: Promise<unknown>[] = [];
  let messageBytes = 0;
  for (let minute = 0; minute < hours * 60; minute += 1) {
    for (let charger = 0; charger < CHARGERS; charger += 1) {
      const message = meterValues(charger, minute);
      messageBytes += message.length;
      const header = {
        version: '1.6',
        action: 'MeterValues',
        messageId: `${charger}-${minute}`,
        takenAtWallMs: 1_760_000_000_000 + minute * 60_000,
        transactionId: String(4_711 + charger),
        thinnable: true,
        mayRepeat: false,
      } as const;
      writing.push(journal.append(`CP_${charger}`, header, message));
      if (writing.length < WRITERS_AT_ONCE) continue;
      await Promise.all(writing);
      writing = [];
    }
  }
  await Promise.all(writing);
  await store.close();
  return messageBytes;
};

const sizeOf = async (folder: string): Promise<number> => {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
};

/** A CSMS that answers everything, and counts what was held. */
const startCsms = async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const count = { held: 0 };
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const [, id, action] = JSON.parse(data.toString()) as [number, string, string];
      if (action === 'MeterValues') count.held += 1;
      socket.send(JSON.stringify([3, id, {}]));
    }),
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { count, url: `ws://127.0.0.1:${port}/ocpp`, close: () => server.close() };
};

/** Live calls of one charger while its backlog drains: time from call to answer. */
const liveCharger = async (url: string, latenciesMs: number[], until: number): Promise<void> => {
  const socket = new WebSocket(url, ['ocpp1.6']);
  socket.on('error', () => {});
  await once(socket, 'open');
  for (let n = 0; performance.now() < until; n += 1) {
    const sentMs = performance.now();
    socket.send(JSON.stringify([2, `live-${n}`, 'Authorize', { idTag: 'CARD' }]));
    await once(socket, 'message');
    latenciesMs.push(performance.now() - sentMs);
    await new Promise((resolve) => setTimeout(resolve, LIVE_EVERY_MS));
  }
  socket.terminate();
};

export const run = async ({ quick }: BenchOptions) => {
  const hours = quick ? 4 : HOURS;
  const seconds = quick ? 5 : DRAIN_SECONDS;
  const folder = await mkdtemp(join(tmpdir(), 'busbar-outage-'));
  const csms = await startCsms();
  const messageBytes = await fill(folder, hours);
  const diskBytes = await sizeOf(folder);
  const gateway = await startProcess('outage-gateway', folder, csms.url);
  try {
    const [ready] = (await once(gateway, 'message')) as [Ready];
    const latenciesMs: number[] = [];
    const startMs = performance.now();
    await Promise.all(
      Array.from({ length: CHARGERS }, (_, i) =>
        liveCharger(`${ready.url}/ocpp/CP_${i}`, latenciesMs, startMs + seconds * 1000),
      ),
    );
    const drainedPerSecond = csms.count.held / ((performance.now() - startMs) / 1000);
    gateway.send('state');
    const [after] = (await once(gateway, 'message')) as [Ready];
    const megabytes = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;
    const row = {
      hours,
      chargers: CHARGERS,
      messages: ready.held,
      messageMegabytes: megabytes(messageBytes),
      diskMegabytes: megabytes(diskBytes),
      restartMs: Math.round(ready.openMs),
      rssMegabytes: Math.round(Math.max(ready.rssMegabytes, after.rssMegabytes)),
      drainedPerSecond: Math.round(drainedPerSecond),
      liveP50Ms: percentile(latenciesMs, 0.5),
      liveP99Ms: percentile(latenciesMs, 0.99),
    };
    const target = '1 GiB, restart < 5 s, >= 200 msg/s while live p99 < 250 ms';
    return { target, rows: [row] };
  } finally {
    gateway.kill();
    csms.close();
    await rm(folder, { recursive: true, force: true });
  }
};

interface Ready {
  readonly url: string;
  readonly openMs: number;
  readonly held: number;
  readonly rssMegabytes: number;
}
