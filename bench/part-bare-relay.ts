// The least that a relay can do with ws: two sockets, every message passed on.
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const [upstream = ''] = process.argv.slice(2);
const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  perMessageDeflate: false,
  handleProtocols: () => 'ocpp1.6',
});
server.on('connection', (charger, request) => {
  const csms = new WebSocket(upstream + request.url, ['ocpp1.6'], { perMessageDeflate: false });
  charger.pause();
  csms.once('open', () => charger.resume());
  charger.on('message', (data) => csms.send(data as Buffer, { binary: false }));
  csms.on('message', (data) => charger.send(data as Buffer, { binary: false }));
  charger.once('close', () => csms.close());
  csms.once('close', () => charger.close());
  csms.on('error', () => charger.terminate());
});
server.once('listening', () => {
  process.send?.({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6 });
});
