import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Clock } from '../../src/core/time.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { openBroker } from '../../src/io/mqtt.ts';
import { HurriedClock } from '../hurried-clock.ts';

const NOTHING = (): void => {};

/** Counts who connects; `meet` is what happens to them. */
const startHost = async (t: TestContext, meet: (socket: Socket, turn: number) => void) => {
  const host = { port: 0, connections: 0 };
  const server = createServer((socket) => {
    host.connections += 1;
    socket.on('error', () => {});
    meet(socket, host.connections);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  host.port = (server.address() as AddressInfo).port;
  return host;
};

const dialBroker = (
  t: TestContext,
  port: number,
  clock: Clock,
  connected: () => void = NOTHING,
): void => {
  const broker = openBroker({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: 'busbar-garage',
    will: { topic: 'status', text: 'offline' },
    clock,
    log: SILENT_LOG,
    listener: { connected, message: NOTHING },
  });
  t.after(() => broker.close({ topic: 'status', text: 'offline' }));
};

/** CONNACK of MQTT 5. */
const GREETING = [0x20, 3, 0, 0, 0];

const DIALS = 12;
/** Doubled from one second to thirty, at least half of it. */
const leastWaitsMs = Array.from({ length: DIALS }, (_, i) => Math.min(30_000, 1_000 * 2 ** i) / 2);

/** Fails with the waits when they are shorter than those. */
const growing = (waitsMs: readonly number[]): void => {
  const tooShort = leastWaitsMs.filter((leastMs, i) => (waitsMs[i] ?? 0) < leastMs);
  assert.deepEqual(tooShort, [], waitsMs.join());
  assert.ok(Math.max(...waitsMs) <= 30_000);
};

test('a broker that greets and hangs up is dialled less and less often', async (t) => {
  const clock = new HurriedClock();
  const host = await new Promise<{ readonly connections: number }>((resolve) => {
    const started = startHost(t, (socket, turn) => {
      socket.once('data', () => socket.end(Uint8Array.from(GREETING)));
      if (turn > DIALS) void started.then(resolve);
    });
    void started.then(({ port }) => dialBroker(t, port, clock));
  });
  growing(clock.waitsMs);
  assert.ok(host.connections <= clock.waitsMs.length + 1);
});

test('a broker that hangs up without a word is dialled less and less often', async (t) => {
  const clock = new HurriedClock();
  await new Promise<void>((resolve) => {
    const started = startHost(t, (socket, turn) => {
      socket.once('data', () => socket.destroy());
      if (turn > DIALS + 1) resolve();
    });
    void started.then(({ port }) => dialBroker(t, port, clock));
  });
  // The other protocol version is tried once without a wait.
  assert.equal(clock.waitsMs.filter((waitMs) => waitMs === 0).length, 1);
  growing(clock.waitsMs.filter((waitMs) => waitMs > 0));
});

test('after a connection that lasted, the next is dialled soon', async (t) => {
  const clock = new HurriedClock();
  let hangUp = (): void => {};
  let greeted = 0;
  const connected = (): void => {
    greeted += 1;
    // The sixth one lasts a minute.
    if (greeted === 6) clock.nowMs += 60_000;
    hangUp();
  };
  await new Promise<void>((resolve) => {
    const started = startHost(t, (socket, turn) => {
      hangUp = () => socket.end();
      socket.once('data', () => socket.write(Uint8Array.from(GREETING)));
      if (turn === 8) resolve();
    });
    void started.then(({ port }) => dialBroker(t, port, clock, connected));
  });
  assert.ok((clock.waitsMs[4] ?? 0) >= 8_000, clock.waitsMs.join());
  assert.ok((clock.waitsMs[5] ?? Number.POSITIVE_INFINITY) <= 1_000, clock.waitsMs.join());
});

for (const [conduct, meet] of Object.entries({
  'that hangs up at once': (socket: Socket) => socket.destroy(),
  'that hangs up when it is asked': (socket: Socket) => socket.once('data', () => socket.destroy()),
})) {
  test(`a Modbus device ${conduct} is dialled less and less often`, async (t) => {
    const host = await startHost(t, meet);
    const clock = {
      nowMs: 0,
      monotonicMs: () => clock.nowMs,
      wallMs: () => 0,
      after: () => NOTHING,
    };
    const port = openModbusPort({ url: `tcp://127.0.0.1:${host.port}`, clock });
    t.after(() => port.close());
    const request = { unit: 1, table: 'input', address: 0, count: 2 } as const;
    const refused = new Set<string>();
    // Ten minutes, asked ten times a second.
    for (let i = 0; i < 6_000; i += 1) {
      clock.nowMs = i * 100;
      await port.read(request).catch((error: Error) => refused.add(error.message));
    }
    assert.ok(host.connections >= 60, `${host.connections} dials`);
    assert.ok(host.connections <= 130, `${host.connections} dials`);
    assert.match([...refused].join(), /connection closed by the device|ECONNRESET|EPIPE/);
  });
}
