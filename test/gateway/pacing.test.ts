import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pacer } from '../../src/gateway/outage/pacer.ts';
import {
  DIALS_MOST,
  DialGate,
  FOLLOW_WITHIN_MS,
  LAST_WAIT_MS,
  PROVEN_AFTER_MS,
  Redial,
} from '../../src/gateway/redial.ts';
import type { DialResult, Socket } from '../../src/gateway/socket.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

describe('the pacer', () => {
  test('gives turns in order and at its rate', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, 50);
    const turns: number[] = [];
    for (let i = 0; i < 200; i += 1) void pacer.turn().then(() => turns.push(i));
    await clock.run(1_000);
    assert.ok(turns.length >= 50 && turns.length <= 56, `${turns.length} turns in a second`);
    await clock.run(3_000);
    assert.deepEqual(
      turns,
      Array.from({ length: 200 }, (_, i) => i),
    );
  });
});

const NO_SOCKET: Socket = {
  subprotocol: 'ocpp1.6',
  bufferedBytes: 0,
  send() {},
  close() {},
  terminate() {},
  pause() {},
  resume() {},
  listen() {},
};
const UNREACHABLE: DialResult = { outcome: 'unreachable', problem: 'down' };

describe('dialling again', () => {
  test('waits longer each time up to a minute, with jitter', async () => {
    const clock = new VirtualClock();
    const dialledAtMs: number[] = [];
    const redial = new Redial({
      clock,
      random: seededRandom(3),
      gate: new DialGate(),
      dial: () => {
        dialledAtMs.push(clock.monotonicMs());
        return Promise.resolve(UNREACHABLE);
      },
      done: () => assert.fail('nobody answered'),
    });
    redial.begin();
    await clock.run(10 * 60_000);
    const waits = dialledAtMs.map((at, i) => at - (dialledAtMs[i - 1] ?? 0));
    assert.ok((waits[0] ?? 0) <= 1_500);
    assert.ok(Math.max(...waits) <= 1.5 * LAST_WAIT_MS);
    assert.ok(waits.length >= 10 && waits.length <= 25, `${waits.length} dials in ten minutes`);
    redial.stop();
    const before = dialledAtMs.length;
    await clock.run(10 * 60_000);
    assert.equal(dialledAtMs.length, before);
  });

  test('a connection that never serves does not reset the waits', async () => {
    const clock = new VirtualClock();
    let dials = 0;
    const redial: Redial = new Redial({
      clock,
      random: () => 0.5,
      gate: new DialGate(),
      dial: () => {
        dials += 1;
        return Promise.resolve({ outcome: 'refused', status: 503, message: 'later' });
      },
      done: () => redial.begin(),
    });
    redial.begin();
    await clock.run(10 * 60_000);
    assert.ok(dials < 20, `${dials} dials in ten minutes`);
    redial.connected();
    await clock.run(PROVEN_AFTER_MS + 1);
    redial.stop();
  });

  test('when one gets through, the others follow within seconds', async () => {
    const clock = new VirtualClock();
    const gate = new DialGate();
    let down = true;
    const through: number[] = [];
    const redials = Array.from(
      { length: 20 },
      (_, i) =>
        new Redial({
          clock,
          random: seededRandom(i),
          gate,
          dial: () => {
            if (down) return Promise.resolve(UNREACHABLE);
            return Promise.resolve({ outcome: 'connected', socket: NO_SOCKET });
          },
          done: () => through.push(clock.monotonicMs()),
        }),
    );
    for (const redial of redials) redial.begin();
    await clock.run(10 * 60_000);
    down = false;
    await clock.run(90_000);
    assert.equal(through.length, 20);
    assert.ok(Math.max(...through) - Math.min(...through) <= FOLLOW_WITHIN_MS);
  });

  test('a bounded number at once, the others in order', async () => {
    const gate = new DialGate();
    const open: (() => void)[] = [];
    const ended: number[] = [];
    const all = Array.from({ length: DIALS_MOST + 5 }, (_, i) =>
      gate
        .through(() => new Promise<void>((resolve) => open.push(resolve)))
        .then(() => ended.push(i)),
    );
    await Promise.resolve();
    assert.equal(open.length, DIALS_MOST);
    for (let i = 0; i < all.length; i += 1) {
      open[i]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
    assert.deepEqual(
      ended,
      [...ended].sort((a, b) => a - b),
    );
  });
});
