import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallOutcome } from '../../src/gateway/observer.ts';
import { startPair } from './relay-site.ts';

const OWN = { action: 'GetConfiguration', payload: { key: ['x'] } } as const;

describe('calls on one connection', () => {
  test('the same id may be in flight in both directions', async (t) => {
    const { charger, upstream } = await startPair(t);
    charger.send('[2,"7","Heartbeat",{}]');
    upstream.send('[2,"7","Reset",{"type":"Soft"}]');
    assert.equal(await upstream.next(), '[2,"7","Heartbeat",{}]');
    assert.equal(await charger.next(), '[2,"7","Reset",{"type":"Soft"}]');
    charger.send('[3,"7",{"status":"Accepted"}]');
    upstream.send('[3,"7",{"currentTime":"2026-06-01T00:00:00Z"}]');
    assert.equal(await upstream.next(), '[3,"7",{"status":"Accepted"}]');
    assert.equal(await charger.next(), '[3,"7",{"currentTime":"2026-06-01T00:00:00Z"}]');
  });

  test('a second call waits until the first was answered', async (t) => {
    const { charger, upstream } = await startPair(t);
    charger.send('[2,"1","BootNotification",{}]');
    charger.send('[2,"2","StatusNotification",{}]');
    assert.match(await upstream.next(), /BootNotification/);
    upstream.send('[3,"1",{}]');
    assert.equal(await charger.next(), '[3,"1",{}]');
    assert.match(await upstream.next(), /StatusNotification/);
  });

  test('silence passes through: a retry after the give-up time is not held back', async (t) => {
    const { charger, upstream } = await startPair(t, 'ocpp1.6', { limits: { giveUpMs: 30 } });
    charger.send('[2,"1","Heartbeat",{}]');
    await upstream.next();
    charger.send('[2,"2","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"2","Heartbeat",{}]');
    upstream.send('[3,"1",{"late":true}]');
    assert.equal(await charger.next(), '[3,"1",{"late":true}]');
  });

  test('answers that belong to nothing are dropped and counted', async (t) => {
    const { charger, upstream, gateway } = await startPair(t, 'ocpp1.6', {
      limits: { callLifeMs: 0 },
    });
    charger.send('[2,"1","Heartbeat",{}]');
    await upstream.next();
    upstream.send('[3,"foreign",{}]');
    await new Promise((resolve) => setTimeout(resolve, 5));
    upstream.send('[3,"1",{"late":1}]');
    upstream.send('[2,"marker","Reset",{}]');
    assert.match(await charger.next(), /marker/);
    assert.deepEqual(gateway.counters.dropped, { late: 1, duplicate: 0, foreign: 1 });
  });

  test('a duplicate answer is dropped', async (t) => {
    const { charger, upstream, gateway } = await startPair(t);
    charger.send('[2,"1","Heartbeat",{}]');
    await upstream.next();
    upstream.send('[3,"1",{"n":1}]');
    upstream.send('[3,"1",{"n":2}]');
    upstream.send('[2,"marker","Reset",{}]');
    assert.equal(await charger.next(), '[3,"1",{"n":1}]');
    assert.match(await charger.next(), /marker/);
    assert.equal(gateway.counters.dropped.duplicate, 1);
  });
});

describe('own calls', () => {
  test('and their answers are never seen upstream', async (t) => {
    const { charger, upstream, gateway } = await startPair(t);
    const answered = new Promise<CallOutcome>((resolve) =>
      gateway.call('CP_1', { ...OWN, priority: 'housekeeping', timeoutMs: 5_000 }, resolve),
    );
    const [type, id, action] = JSON.parse(await charger.next()) as [number, string, string];
    assert.deepEqual([type, action], [2, 'GetConfiguration']);
    assert.match(id, /^[0-9a-f-]{36}$/);
    charger.send(`[3,"${id}",{"configurationKey":[]}]`);
    assert.deepEqual(await answered, { outcome: 'answered', payload: { configurationKey: [] } });
    charger.send('[2,"1","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"1","Heartbeat",{}]');
    assert.deepEqual(upstream.pending(), []);
  });

  test('take turns with the calls of the CSMS: reductions first, housekeeping last', async (t) => {
    const { charger, upstream, gateway } = await startPair(t);
    upstream.send('[2,"c1","Reset",{}]');
    assert.match(await charger.next(), /"c1"/);
    const call = (action: string, priority: 'safety' | 'housekeeping') =>
      gateway.call('CP_1', { action, payload: {}, priority, timeoutMs: 5_000 }, () => {});
    call('Housekeeping', 'housekeeping');
    upstream.send('[2,"c2","UnlockConnector",{}]');
    while (gateway.counters.framesRelayed < 2) await new Promise((r) => setImmediate(r));
    call('Safety', 'safety');
    const order: string[] = [];
    let id = 'c1';
    for (let i = 0; i < 3; i += 1) {
      charger.send(`[3,"${id}",{}]`);
      const [, nextId, action] = JSON.parse(await charger.next()) as [number, string, string];
      order.push(action);
      id = nextId;
    }
    assert.deepEqual(order, ['Safety', 'UnlockConnector', 'Housekeeping']);
  });

  test('end as offline when the charger leaves before it answered', async (t) => {
    const { charger, gateway } = await startPair(t);
    const outcome = new Promise<CallOutcome>((resolve) =>
      gateway.call('CP_1', { ...OWN, priority: 'safety', timeoutMs: 60_000 }, resolve),
    );
    await charger.next();
    charger.close();
    assert.deepEqual(await outcome, { outcome: 'offline' });
  });

  test('time out, and a late answer to them is dropped', async (t) => {
    const { charger, gateway } = await startPair(t);
    const outcome = new Promise<CallOutcome>((resolve) =>
      gateway.call('CP_1', { ...OWN, priority: 'safety', timeoutMs: 10 }, resolve),
    );
    const [, id] = JSON.parse(await charger.next()) as [number, string];
    assert.deepEqual(await outcome, { outcome: 'timeout' });
    charger.send(`[3,"${id}",{}]`);
    while (gateway.counters.dropped.late === 0) await new Promise((r) => setImmediate(r));
  });
});
