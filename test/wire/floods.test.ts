import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Log, SILENT_LOG } from '../../src/core/log.ts';
import { ChildStations } from '../../src/field/child-stations.ts';
import { Inbox } from '../../src/field/inbox.ts';
import { startModbusServer } from '../../src/io/modbus-server.ts';
import { openBroker } from '../../src/io/mqtt.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

test('messages of a thousand strangers crowd out nobody who is known', () => {
  const inbox = new Inbox(new VirtualClock(), new Set(['bms']));
  let strangers = 0;
  for (let i = 0; i < 1_000; i += 1) {
    inbox.take(`stranger-${i}`, () => {
      strangers += 1;
    });
  }
  let heard = false;
  inbox.take('bms', () => {
    heard = true;
  });
  assert.equal(heard, true);
  assert.ok(strangers <= 20, `${strangers} were looked at`);
  inbox.close();
});

test('a child that comes and goes a thousand times a second is followed, not every time', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const children = new ChildStations({
    children: [{ id: 'south', site: 'south', source: 'p', circuit: 'main', failsafeAmps: 6 }],
    root: 'busbar/v1',
    clock,
    log: SILENT_LOG,
    epoch: 1,
    siteId: 'north',
    observer: {
      chargerConnected: () => seen.push('online'),
      chargerGone: () => seen.push('offline'),
      upstreamChanged: () => {},
      request: () => {},
      answer: () => {},
    },
    broker: () => assert.fail('nothing is sent'),
    want: () => ({ accepted: true, reason: '' }),
  });
  const say = (text: string): void => {
    const nothing = { responseTopic: undefined, correlation: undefined };
    const message = { text: () => text, bytes: text.length, retained: false, ...nothing };
    children.take({ topic: 'busbar/v1/south/status', ...message });
  };
  for (let i = 0; i < 1_000; i += 1) say(i % 2 === 0 ? 'offline' : 'online');
  await clock.run(2_000);
  assert.ok(seen.length <= 20, `${seen.length} were told`);
  assert.equal(seen.at(-1), 'online');
  // What still waits is nothing to go by once the broker is gone.
  for (let i = 0; i < 101; i += 1) say(i % 2 === 0 ? 'offline' : 'online');
  say('online');
  children.disconnected();
  await clock.run(2_000);
  assert.equal(seen.at(-1), 'offline');
  children.close();
});

test('a broker that acknowledges nothing does not fill the memory', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // It greets, reads on, and never says another word.
    socket.once('data', () => {
      socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
      socket.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  let connected = (): void => {};
  const greeted = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const broker = openBroker({
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: 'busbar',
    will: { topic: 'status', text: 'offline' },
    clock: systemClock,
    log: SILENT_LOG,
    listener: { connected, message: () => {} },
  });
  await greeted;
  let sent = 0;
  for (let i = 0; i < 5_000; i += 1) if (broker.publish('a', 'x', { qos: 1 })) sent += 1;
  assert.equal(sent, 1_000);
  assert.equal(broker.publish('a', 'x'), true);
  await broker.close({ topic: 'status', text: 'offline' });
});

test('building controllers that never hang up lock nobody out; strangers do not fill the log', async (t) => {
  const refusals: unknown[] = [];
  const log: Log = { ...SILENT_LOG, warn: (_text, fields) => refusals.push(fields) };
  const bank = { read: () => [7], write: () => undefined };
  const common = { host: '127.0.0.1', port: 0, unit: 1, bank, log };
  const server = await startModbusServer({ ...common, allow: [] });
  t.after(() => server.close());
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const request = Uint8Array.of(0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1);
  for (let i = 0; i < 40; i += 1) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    socket.write(request);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(answer.at(-1), 7);
  }
  assert.ok(sockets.filter(({ destroyed }) => !destroyed).length <= 17);
  const closed = await startModbusServer({ ...common, allow: ['10.9.9.9'] });
  t.after(() => closed.close());
  refusals.length = 0;
  for (let i = 0; i < 40; i += 1) {
    const socket = connect(closed.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'close');
  }
  assert.equal(refusals.length, 1);
});
