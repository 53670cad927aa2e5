import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../src/io/system-clock.ts';

const PATIENT_MS = 60_000;

/** A device in a thread of its own: it answers while this one stands still, and says so. */
const DEVICE = `
  const { parentPort, workerData } = require('node:worker_threads');
  const answered = new Int32Array(workerData);
  const server = require('node:net').createServer((socket) => {
    socket.once('data', () =>
      socket.write('answer', () => {
        Atomics.store(answered, 0, 1);
        Atomics.notify(answered, 0);
      }),
    );
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('an answer that came while the machine stopped us is heard before its time is over', async (t) => {
  const memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const device = new Worker(DEVICE, { eval: true, workerData: memory, execArgv: [] });
  t.after(() => device.terminate());
  const [port] = (await once(device, 'message')) as [number];
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const heard: string[] = [];
  const timeoutMs = 20;
  const begunMs = performance.now();
  const cancel = systemClock.after(timeoutMs, () => heard.push('silence'));
  socket.once('data', (bytes) => {
    heard.push(String(bytes));
    cancel();
  });
  socket.write('?');
  assert.notEqual(Atomics.wait(new Int32Array(memory), 0, 0, PATIENT_MS), 'timed-out');
  while (performance.now() < begunMs + 2 * timeoutMs);
  await once(socket, 'data');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(heard, ['answer']);
});
