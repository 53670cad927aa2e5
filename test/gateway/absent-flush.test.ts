import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { newLinkCounters } from '../../src/gateway/link-counters.ts';
import { AbsentFlush } from '../../src/gateway/outage/absent-flush.ts';
import { CSMS_ANSWER_MS, openOutage } from '../../src/gateway/outage/outage.ts';
import type { DialRequest, DialResult, Socket } from '../../src/gateway/socket.ts';
import { callBytes, errorBytes, readFrame, resultBytes } from '../../src/ocpp/frame.ts';
import { memoryLine } from '../../src/sim/memory-socket.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { EntryHeader } from '../../src/store/journal-entry.ts';

const AFTER_MS = 600_000;
const CHECK_MS = 60_000;

/** Two messages of CP_1 that are held, and a CSMS that lets the gateway in on its behalf. */
const held = async (authorization?: string) => {
  const clock = new VirtualClock();
  const settings = {
    unknownTokens: 'accept',
    unknownBoot: 'pending',
    replayPerSecond: 250,
    mostBytes: 1_000_000,
  } as const;
  const shared = await openOutage({
    store: new MemoryStore(new Medium(), clock),
    clock,
    log: SILENT_LOG,
    random: () => 0.5,
    hash: (secret, salt) => Promise.resolve(`${salt}${secret}`),
    newSalt: () => 'salt',
    settings,
  });
  await shared.admission.accepted('CP_1', 'ocpp1.6', authorization);
  for (const n of [1, 2]) {
    const header: EntryHeader = {
      version: '1.6',
      action: 'StopTransaction',
      messageId: `m${n}`,
      takenAtWallMs: clock.wallMs(),
      thinnable: false,
      mayRepeat: false,
    };
    const payload = { transactionId: n, meterStop: n, timestamp: '2026-06-01T06:00:00Z' };
    await shared.journal.append('CP_1', header, callBytes(`m${n}`, 'StopTransaction', payload));
  }
  const dialled: DialRequest[] = [];
  const heard: string[] = [];
  const there = new Set<string>();
  const csms = {
    answers: true,
    refuses: false,
    socket: undefined as Socket | undefined,
    dialling() {},
    refusesFirst: false,
  };
  const dial = (request: DialRequest): Promise<DialResult> => {
    dialled.push(request);
    csms.dialling();
    if (csms.refuses) return Promise.resolve({ outcome: 'refused', status: 401, message: 'no' });
    const line = memoryLine({ clock, subprotocol: 'ocpp1.6', latencyMs: () => 1 });
    csms.socket = line.server;
    line.server.listen({
      message: (bytes) => {
        const { kind, id, action } = readFrame(bytes);
        heard.push(kind === 'call' ? `${action} ${id}` : `${kind} ${id}`);
        if (!csms.answers || kind !== 'call') return;
        const refused = csms.refusesFirst && id === 'm1';
        line.server.send(refused ? errorBytes(id, 'InternalError', '') : resultBytes(id, {}));
      },
      closed: (code) => heard.push(`closed ${code}`),
    });
    return Promise.resolve({ outcome: 'connected', socket: line.client });
  };
  const flush = new AbsentFlush({
    shared,
    afterMs: AFTER_MS,
    clock,
    log: SILENT_LOG,
    dialer: { dial },
    counters: newLinkCounters(),
    urlOf: (charger) => `ws://csms/${charger}`,
    connected: (charger) => there.has(charger),
  });
  const count = () => shared.journal.backlog('CP_1').count;
  /** Until the CSMS heard one thing more. */
  const more = async (): Promise<void> => {
    const before = heard.length;
    for (let second = 0; heard.length === before && second < 2_000; second += 1) {
      await clock.run(1_000);
    }
  };
  return { clock, shared, flush, dialled, heard, there, csms, count, more };
};
const ALL = ['StopTransaction m1', 'StopTransaction m2', 'closed 1000'];

describe('messages of a charger that stays away', () => {
  test('are delivered without it after their time, and the line is closed', async () => {
    const { clock, dialled, heard, count } = await held('Basic secret');
    await clock.run(AFTER_MS - CHECK_MS);
    assert.deepEqual(dialled, []);
    await clock.run(2 * CHECK_MS);
    assert.deepEqual(
      dialled.map(({ url, subprotocols, authorization }) => [url, subprotocols, authorization]),
      [['ws://csms/CP_1', ['ocpp1.6'], 'Basic secret']],
    );
    assert.deepEqual([heard, count()], [ALL, 0]);
    await clock.run(10 * CHECK_MS);
    assert.equal(dialled.length, 1, 'nothing is left');
  });

  test('wait for the charger where it is there, or comes back meanwhile', async () => {
    const { clock, dialled, heard, there, csms, count, more } = await held();
    there.add('CP_1');
    await clock.run(2 * AFTER_MS);
    assert.deepEqual(dialled, []);
    there.delete('CP_1');
    csms.answers = false;
    await more();
    assert.deepEqual(heard, ['StopTransaction m1']);
    there.add('CP_1');
    csms.socket?.send(resultBytes('m1', {}));
    await clock.run(1_000);
    assert.deepEqual([heard, count()], [['StopTransaction m1', 'closed 1000'], 1]);
  });

  test('are tried again where the CSMS does not let it in, or does not answer', async () => {
    const { clock, dialled, heard, csms, count, more } = await held();
    csms.refuses = true;
    await clock.run(AFTER_MS + 2 * CHECK_MS);
    const before = dialled.length;
    assert.ok(before > 1);
    csms.refuses = false;
    csms.answers = false;
    await more();
    assert.deepEqual(heard, ['StopTransaction m1']);
    await clock.run(CSMS_ANSWER_MS);
    assert.deepEqual([heard, count()], [['StopTransaction m1', 'closed 1000'], 2]);
    csms.answers = true;
    await clock.run(2 * CHECK_MS);
    assert.deepEqual([heard.slice(2), count()], [ALL, 0]);
  });

  test('what the CSMS asks of it meanwhile is refused, and a broken line is dialled again', async () => {
    const { clock, heard, csms, count, dialled, more } = await held();
    csms.answers = false;
    await more();
    csms.socket?.send(callBytes('c1', 'Reset', { type: 'Soft' }));
    await clock.run(100);
    assert.deepEqual(heard, ['StopTransaction m1', 'error c1']);
    csms.socket?.terminate();
    csms.answers = true;
    await clock.run(2 * CHECK_MS);
    assert.deepEqual([dialled.length, count()], [2, 0]);
  });

  test('are left alone once the gateway stops: also those that are being delivered', async () => {
    const { clock, shared, heard, csms, count, flush, dialled, more } = await held();
    csms.answers = false;
    await more();
    flush.stop();
    await clock.run(100);
    assert.deepEqual([heard, count()], [['StopTransaction m1', 'closed 1000'], 2]);
    await clock.run(10 * CHECK_MS);
    assert.equal(dialled.length, 1);
    assert.deepEqual(shared.journal.stuckChargers(), [], 'nothing is tried without a line');
  });

  test('are set aside where the CSMS refuses them, and the rest goes on', async () => {
    const { clock, shared, heard, csms, count } = await held();
    csms.refusesFirst = true;
    await clock.run(AFTER_MS + 2 * CHECK_MS);
    assert.deepEqual(heard, [...Array(3).fill(ALL[0]), ...ALL]);
    assert.deepEqual([count(), shared.journal.backlog('CP_1').parked], [0, 1]);
  });

  test('are not begun when the gateway stops while it dials', async () => {
    const { clock, heard, flush, dialled, csms } = await held();
    csms.dialling = () => flush.stop();
    await clock.run(AFTER_MS + 2 * CHECK_MS);
    assert.deepEqual([dialled.length, heard], [1, ['closed 1000']]);
  });

  test('wait for a password that nobody showed in this run', async () => {
    const { clock, shared, dialled } = await held('Basic secret');
    await shared.admission.refused('CP_1', 'name');
    await clock.run(2 * AFTER_MS);
    assert.deepEqual(dialled, []);
  });
});
