// A mirror that behaves as it is told: answers, never reads, floods, or dies again and again.
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

const [conduct = 'good'] = process.argv.slice(2);
const FLOOD = '[2,"flood","Reset",{"type":"Hard"}]';
/** Messages at once; more when they are gone. */
const FLOOD_MESSAGES = 500;
const DIES_AFTER_MS = 100;

const flood = (socket: WebSocket): void => {
  if (socket.readyState !== socket.OPEN) return;
  for (let i = 1; i < FLOOD_MESSAGES; i += 1) socket.send(FLOOD, () => {});
  socket.send(FLOOD, () => setImmediate(flood, socket));
};

const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  perMessageDeflate: false,
  handleProtocols: () => 'ocpp1.6',
});
server.on('connection', (socket) => {
  socket.on('error', () => {});
  switch (conduct) {
    case 'stalled':
      socket.pause();
      break;
    case 'flooding':
      flood(socket);
      break;
    case 'dying':
      setTimeout(() => socket.terminate(), DIES_AFTER_MS);
      break;
    default:
      socket.on('message', (data) => {
        const [, id] = JSON.parse(String(data)) as [number, string];
        socket.send(JSON.stringify([3, id, {}]));
      });
  }
});
server.once('listening', () => {
  process.send?.({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ocpp` });
});
// What a bench asks of every part.
process.on('message', () => process.send?.({ cpuSeconds: 0 }));
