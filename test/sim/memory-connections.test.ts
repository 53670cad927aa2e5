import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Socket } from '../../src/gateway/socket.ts';
import { memoryLine } from '../../src/sim/memory-socket.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const record = (socket: Socket): string[] => {
  const seen: string[] = [];
  socket.listen({
    message: (bytes) => seen.push(bytes.toString()),
    closed: (code, reason) => seen.push(`closed ${code} ${reason}`.trim()),
  });
  return seen;
};

const lineWith = (latencies: readonly number[]) => {
  const clock = new VirtualClock();
  let at = 0;
  const latencyMs = (): number => latencies[at++ % latencies.length] ?? 0;
  const line = memoryLine({ clock, subprotocol: 'ocpp1.6', latencyMs });
  return { clock, ...line };
};
const bytes = (text: string): Buffer => Buffer.from(text);

describe('a connection in memory', () => {
  it('keeps the order of messages although their delays differ', () => {
    const { clock, client, server } = lineWith([300, 10, 120, 0]);
    const seen = record(server);
    for (const text of ['a', 'b', 'c', 'd']) client.send(bytes(text));
    clock.runSync(299);
    assert.deepEqual(seen, []);
    clock.runSync(1);
    assert.deepEqual(seen, ['a', 'b', 'c', 'd']);
  });

  it('delivers what was sent before a close, then the close to both ends, once', () => {
    const { clock, client, server } = lineWith([20]);
    const atServer = record(server);
    const atClient = record(client);
    server.send(bytes('last words'));
    client.send(bytes('x'));
    client.close(1000, 'done');
    client.send(bytes('too late'));
    clock.runSync(60_000);
    assert.deepEqual(atServer, ['x', 'closed 1000 done']);
    assert.deepEqual(atClient, ['last words', 'closed 1000 done']);
  });

  it('shows 1006 to both ends when it is cut, and loses what was under way', () => {
    const { clock, client, server, cut } = lineWith([50]);
    const atServer = record(server);
    const atClient = record(client);
    client.send(bytes('lost'));
    clock.runSync(10);
    cut();
    clock.runSync(1_000);
    assert.deepEqual([atServer, atClient], [['closed 1006'], ['closed 1006']]);
  });

  it('tells nobody when it goes half open; who closes gives up after the close timeout', () => {
    const { clock, client, server, silence } = lineWith([5]);
    const atServer = record(server);
    const atClient = record(client);
    silence();
    client.send(bytes('into the void'));
    client.close(1000, '');
    clock.runSync(29_000);
    assert.deepEqual(atClient, []);
    clock.runSync(2_000);
    assert.deepEqual([atServer, atClient], [[], ['closed 1006']]);
  });

  it('keeps messages for an end that is paused or does not listen yet, and counts their bytes', () => {
    const { clock, client, server } = lineWith([1]);
    client.send(bytes('12345'));
    clock.runSync(10);
    assert.equal(client.bufferedBytes, 5);
    const seen = record(server);
    clock.runSync(0);
    assert.equal(client.bufferedBytes, 0);
    server.pause();
    client.send(bytes('678'));
    clock.runSync(10);
    assert.deepEqual([seen, client.bufferedBytes], [['12345'], 3]);
    server.resume();
    assert.deepEqual(seen, ['12345', '678']);
  });
});
