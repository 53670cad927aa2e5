import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Knock } from '../../src/gateway/socket.ts';
import { startChargerServer } from '../../src/io/charger-server.ts';
import { startHttp } from '../../src/io/http.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { emptyView } from './empty-view.ts';

const HELLO = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const KNOCK = [
  'GET /ocpp/STRANGER HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: ocpp1.6',
  '\r\n',
].join('\r\n');

const opened = async (t: TestContext, port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

/** Of two sockets the one that says nothing is ended after ten seconds, the other one is answered. */
const endsTheSilent = async (t: TestContext, clock: VirtualClock, port: number): Promise<void> => {
  const silent = await opened(t, port);
  const ended = once(silent, 'close');
  const speaks = await opened(t, port);
  speaks.write(HELLO);
  // Sockets are taken in their order.
  const [answer] = await once(speaks, 'data');
  assert.match(String(answer), /^HTTP\/1.1 /);
  assert.equal(silent.destroyed, false);
  silent.resume();
  await clock.run(11_000);
  await ended;
};

test('a charger that connects and says nothing does not stay', async (t) => {
  const clock = new VirtualClock();
  const onKnock = () => assert.fail('nobody knocked');
  const at = { host: '127.0.0.1', port: 0, clock, pingSeconds: 0, onKnock };
  const server = await startChargerServer(at);
  t.after(() => server.close());
  await endsTheSilent(t, clock, server.port);
});

test('a client of the API that connects and says nothing does not stay', async (t) => {
  const clock = new VirtualClock();
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    clock,
    view: emptyView,
    ready: () => ({ ready: true, problems: [] }),
    metrics: () => Promise.resolve(''),
    uiFolder: 'src/ui',
    version: '1',
    log: SILENT_LOG,
  });
  t.after(() => server.close());
  await endsTheSilent(t, clock, server.port);
});

test('one that was refused and does not hang up does not stay', async (t) => {
  const clock = new VirtualClock();
  const onKnock = (knock: Knock) => knock.refuse(404, 'unknown charger');
  const at = { host: '127.0.0.1', port: 0, clock, pingSeconds: 0, onKnock };
  const server = await startChargerServer(at);
  t.after(() => server.close());
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const refused = once(socket, 'end');
  socket.on('data', () => {});
  socket.write(KNOCK);
  await refused;
  await clock.run(6_000);
  // Its own half is open: only what it still sends finds out that nobody is there.
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const beat = setInterval(() => socket.write('x'), 10);
  t.after(() => clearInterval(beat));
  await ended;
});
