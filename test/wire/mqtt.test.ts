import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { emptyView } from './empty-view.ts';
import { BASE, LIMIT, onBothBrokers, online, SET, send, startEms } from './ems-site.ts';
import { startMosquitto, watch } from './mosquitto.ts';

const logOf = () => {
  const lines: Record<string, unknown>[] = [];
  const warn = (text: string, data: object = {}) => lines.push({ text, ...data });
  return { ...SILENT_LOG, warn, lines };
};

onBothBrokers('MQTT contract', (on) => {
  on('status, last will and state topics', async (t, url) => {
    const watcher = await watch(t, url);
    const { link } = startEms(t, url);
    await online(watcher);
    link.publish(emptyView());
    assert.equal(JSON.parse(await watcher.until(`${BASE}/circuits/main`)).id, 'main');
    assert.equal(JSON.parse(await watcher.until(`${BASE}/info`)).apiVersion, 1);
    await link.close();
    await watcher.until(`${BASE}/status`, (text) => text === 'offline');
  });

  on('a limit is taken and answered', async (t, url) => {
    const watcher = await watch(t, url);
    const { taken } = startEms(t, url);
    await online(watcher);
    await send(watcher, { ...LIMIT, seq: 3 });
    const answer = JSON.parse(await watcher.until(`${BASE}/limits/bms`));
    assert.equal(answer.accepted, true);
    assert.deepEqual(taken[0], {
      source: 'bms',
      command: { circuit: 'main', amps: [16, 16, 16], ttlSeconds: 120, seq: 3 },
    });
  });

  on('a retained limit is ignored', async (t, url) => {
    const watcher = await watch(t, url);
    await send(watcher, LIMIT, { retain: true });
    const { taken } = startEms(t, url);
    await online(watcher);
    await send(watcher, { ...LIMIT, seq: 9 });
    await watcher.until(`${BASE}/limits/bms`, (text) => JSON.parse(text).accepted);
    assert.deepEqual(
      taken.map(({ command }) => command.seq),
      [9],
    );
    // And the sender of the old one could find out.
    assert.ok(watcher.packets.some(({ text }) => /"reason":"retained: /.test(text)));
  });

  on('a limit on the topic of the answers is answered and logged, once', async (t, url) => {
    const watcher = await watch(t, url);
    const logged = logOf();
    const { taken } = startEms(t, url, { log: logged });
    await online(watcher);
    // An answer of our own comes back from brokers of 3.1.1, and is no limit.
    await send(watcher, LIMIT);
    await watcher.until(`${BASE}/limits/bms`, (text) => JSON.parse(text).accepted);
    const own = (source: string, text = JSON.stringify(LIMIT)) =>
      watcher.client.publishAsync(`${BASE}/limits/${source}`, text, { qos: 1 });
    await own('ems');
    const answer = await watcher.until(`${BASE}/limits/ems`, (text) => /accepted/.test(text));
    assert.deepEqual(JSON.parse(answer), {
      accepted: false,
      applied: null,
      reason: `heard on the topic of the answers: publish limits on ${BASE}/limits/ems/set`,
    });
    await own('ems');
    await own('bms', '');
    await send(watcher, { ...LIMIT, seq: 2 });
    await watcher.until(`${BASE}/limits/bms`, (text) => /accepted/.test(text));
    assert.equal(taken.length, 2);
    assert.deepEqual(
      logged.lines.map(({ source }) => source),
      ['ems'],
    );
    // Who leaves out the source is told where it belongs.
    await own('set');
    const placed = await watcher.until(`${BASE}/limits/set`, (text) => /accepted/.test(text));
    assert.match(placed, /publish limits on busbar\/v1\/garage\/limits\/<source>\/set/);
  });

  on('a retained request is not carried out, and says why', async (t, url) => {
    const watcher = await watch(t, url);
    const text = JSON.stringify({ charger: 'CP_1', connector: 1 });
    await watcher.client.publishAsync(`${BASE}/request/pause`, text, { qos: 1, retain: true });
    const logged = logOf();
    const { requests } = startEms(t, url, { log: logged });
    assert.deepEqual(JSON.parse(await watcher.until(`${BASE}/response/pause`)), {
      accepted: false,
      reason: 'retained: publish requests without the retain flag',
    });
    assert.deepEqual(requests, []);
    assert.equal(logged.lines[0]?.['reason'], 'retained: publish requests without the retain flag');
  });

  on('an answer lives as long as its limit, on no clock that can be set', async (t, url) => {
    const watcher = await watch(t, url);
    let wallJumpMs = 0;
    const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + wallJumpMs };
    const setLimit = () => {
      const expiresAt = new Date(systemClock.wallMs() + 500).toISOString();
      const applied = { circuit: 'main', amps: null, watts: null, expiresAt };
      // Then the clock of the box is set back by a day.
      setImmediate(() => {
        wallJumpMs = -86_400_000;
      });
      return { accepted: true, applied, reason: 'accepted' };
    };
    startEms(t, url, { clock, setLimit });
    await online(watcher);
    await send(watcher, LIMIT);
    await watcher.until(`${BASE}/limits/bms`, (text) => text === '');
    const told = watcher.packets.filter(({ topic }) => topic === `${BASE}/limits/bms`);
    assert.deepEqual(
      told.map(({ text }) => text.slice(0, 16)),
      ['{"accepted":true', ''],
    );
  });

  on('topics of things that are gone are emptied', async (t, url) => {
    const watcher = await watch(t, url);
    const { link } = startEms(t, url);
    await online(watcher);
    link.publish(emptyView());
    await watcher.until(`${BASE}/circuits/main`);
    link.publish({ ...emptyView(), circuits: [] });
    await watcher.until(`${BASE}/circuits/main`, (text) => text === '');
  });

  on('what an earlier run left behind is emptied', async (t, url) => {
    const watcher = await watch(t, url);
    const left = { qos: 1, retain: true } as const;
    await watcher.client.publishAsync(`${BASE}/chargers/GONE/connectors/1`, '{}', left);
    await watcher.client.publishAsync(`${BASE}/limits/gone`, '{}', left);
    await watcher.client.publishAsync('busbar/v1/other/chargers/CP_1', '{}', left);
    const { link } = startEms(t, url);
    link.publish(emptyView());
    await watcher.until(`${BASE}/chargers/GONE/connectors/1`, (text) => text === '');
    await watcher.until(`${BASE}/limits/gone`, (text) => text === '');
    assert.equal(watcher.texts.get('busbar/v1/other/chargers/CP_1'), '{}');
  });

  on('requests are carried out and answered', async (t, url) => {
    const watcher = await watch(t, url);
    const { requests, wishes } = startEms(t, url);
    await online(watcher);
    const ask = (verb: string, body: object) =>
      watcher.client.publishAsync(`${BASE}/request/${verb}`, JSON.stringify(body), { qos: 1 });
    await ask('pause', { charger: 'CP_1', connector: 1, ttlSeconds: 60, transaction: 'a' });
    assert.deepEqual(JSON.parse(await watcher.until(`${BASE}/response/pause`)), {
      accepted: true,
      reason: 'accepted',
      transaction: 'a',
    });
    await ask('priority', { charger: 'CP_1', weight: 3, class: 1 });
    await watcher.until(`${BASE}/response/priority`);
    assert.deepEqual(requests, [
      { charger: 'CP_1', connector: 1, ttlSeconds: 60, kind: 'pause', by: 'request' },
      { charger: 'CP_1', kind: 'priority', weight: 3, priorityClass: 1 },
    ]);
    const departAt = '2025-06-01T17:00:00Z';
    await ask('wish', { charger: 'CP_1', energyWh: 20_000, departAt });
    const { accepted, reason } = JSON.parse(await watcher.until(`${BASE}/response/wish`));
    assert.equal(accepted, true);
    assert.match(reason, /departAt is over/);
    watcher.texts.clear();
    await ask('wish', { charger: 'CP_1', energyWh: 20 });
    assert.match(await watcher.until(`${BASE}/response/wish`), /20 Wh is next to nothing/);
    wishes.pop();
    await ask('policy', { policy: 'equal' });
    assert.equal(JSON.parse(await watcher.until(`${BASE}/response/policy`)).accepted, true);
    const departsAtWallMs = Date.parse(departAt);
    assert.deepEqual(wishes, [
      { charger: 'CP_1', connector: 1, energyWh: 20_000, departsAtWallMs },
      { policy: DEFAULT_POLICY.id },
    ]);
    watcher.texts.clear();
    await ask('policy', { policy: '/etc/passwd' });
    const refused = JSON.parse(await watcher.until(`${BASE}/response/policy`));
    assert.match(refused.reason, /may not be chosen, but equal; see ems\.policies/);
    await ask('explode', {});
    const unknown = JSON.parse(await watcher.until(`${BASE}/response/explode`));
    assert.equal(unknown.accepted, false);
    assert.match(unknown.reason, /known are pause, resume, priority, wish, policy/);
  });

  on('meters are read; retained and repeated readings are no news', async (t, url) => {
    const watcher = await watch(t, url);
    const topic = 'building/meter/main';
    const say = (amps: readonly unknown[], at: string, retain = false) =>
      watcher.client.publishAsync(topic, JSON.stringify({ amps, at }), { qos: 1, retain });
    await say([99, 99, 99], '2026-01-01T00:00:00Z', true);
    const meter = {
      id: 'grid',
      device: 'mqtt',
      connect: '',
      source: { kind: 'mqtt', topic },
      unit: 1,
      pollMs: 1_000,
      ctRatio: 2,
      invert: true,
      phaseOrder: [1, 2, 0],
      offsetAmps: 0.5,
    } as const;
    const { readings } = startEms(t, url, { meters: [meter] });
    await online(watcher);
    await say([1, 2, 3], '2026-01-01T00:00:01Z');
    await say([4, 5, 6], '2026-01-01T00:00:01Z');
    await say(['4', 5, 6], '2026-01-01T00:00:02Z');
    while (readings.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      readings.map(({ amps, quality }) => ({ amps, quality })),
      [
        { amps: [-3.5, -5.5, -1.5], quality: 'good' },
        { amps: undefined, quality: 'absent' },
      ],
    );
  });

  on('one value per topic where wanted', async (t, url) => {
    const watcher = await watch(t, url);
    const { link } = startEms(t, url, { scalars: true });
    link.publish(emptyView());
    assert.equal(await watcher.until(`${BASE}/values/circuits/main/limitInForceAmps/L2`), '63');
    assert.equal(await watcher.until(`${BASE}/values/chargers/CP_1/online`), 'true');
  });

  on('events tell what changed', async (t, url) => {
    const watcher = await watch(t, url);
    const { link } = startEms(t, url);
    await online(watcher);
    link.publish(emptyView());
    link.publish({ ...emptyView(), alarms: ['meter of circuit main lost'] });
    const event = JSON.parse(await watcher.until(`${BASE}/events`));
    assert.equal(event.type, 'alarm');
    assert.equal(event.text, 'meter of circuit main lost');
  });

  on('what was answered to a source that has fallen silent does not stay', async (t, url) => {
    const watcher = await watch(t, url);
    const { link } = startEms(t, url, { lasting: new Set(['bms']) });
    await online(watcher);
    await send(watcher, { circuit: 'main', amps: 16 });
    await watcher.until(`${BASE}/limits/bms`, (text) => text !== '');
    const limit = { source: 'bms', circuit: 'main', amps: null, watts: null } as const;
    const inPhase = (phase: string) => ({
      ...emptyView(),
      limits: [{ ...limit, state: 'x', phase, expiresInSeconds: null, reason: null }],
    });
    link.publish(inPhase('limited'));
    link.publish(inPhase('failsafe'));
    await watcher.until(`${BASE}/limits/bms`, (text) => text === '');
  });

  on('a flood of limits harms nothing, and the last one counts', async (t, url) => {
    const watcher = await watch(t, url);
    const { taken } = startEms(t, url);
    await online(watcher);
    const begunMs = systemClock.monotonicMs();
    for (let seq = 1; seq <= 10_000; seq += 1) {
      if (seq % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      void send(watcher, { ...LIMIT, seq }, { qos: 0 }).catch(() => undefined);
    }
    await send(watcher, { ...LIMIT, seq: 10_001 });
    while (taken.at(-1)?.command.seq !== 10_001) await new Promise((r) => setTimeout(r, 20));
    // Twenty a second, however long a busy machine takes for it.
    const most = 20 * (2 + (systemClock.monotonicMs() - begunMs) / 1_000);
    assert.ok(taken.length < most, `${taken.length} were looked at`);
  });

  on('messages of 10 MB harm nothing: they never gather in memory', async (t, url) => {
    const watcher = await watch(t, url);
    const { taken, link, heard } = startEms(t, url);
    await online(watcher);
    const large = Buffer.alloc(10_000_000, 0x20);
    for (let i = 0; i < 3; i += 1) await watcher.client.publishAsync(SET, large, { qos: 1 });
    await send(watcher, { ...LIMIT, seq: 5 });
    await watcher.until(`${BASE}/limits/bms`, (text) => JSON.parse(text).accepted);
    assert.deepEqual(
      taken.map(({ command }) => command.seq),
      [5],
    );
    assert.equal(link.connected(), true);
    assert.equal(heard.losses, 0);
    assert.ok(heard.mostBytes <= 128 * 1024, `${heard.mostBytes} bytes at once`);
  });
});

test('MQTT 5: the answer goes to the response topic with the correlation data', async (t) => {
  const url = (await startMosquitto(t))?.url;
  if (url === undefined) return t.skip('Mosquitto is not installed');
  const watcher = await watch(t, url, { protocolVersion: 5 });
  startEms(t, url);
  await online(watcher);
  const properties = { responseTopic: 'ems/answers', correlationData: Buffer.from('42') };
  await send(watcher, { circuit: 'main', ttlSeconds: 5 }, { properties });
  const answer = JSON.parse(await watcher.until('ems/answers'));
  assert.equal(answer.accepted, false);
  assert.match(answer.reason, /ttlSeconds/);
  const packet = watcher.packets.find(({ topic }) => topic === 'ems/answers');
  assert.equal(packet?.correlation, '42');
});

test('the broker restarts without its memory: everything is published again', async (t) => {
  const broker = await startMosquitto(t);
  if (broker === undefined) return t.skip('Mosquitto is not installed');
  const { link } = startEms(t, broker.url);
  link.publish(emptyView());
  const before = await watch(t, broker.url);
  await before.until(`${BASE}/circuits/main`);
  await broker.stop();
  await broker.start();
  const after = await watch(t, broker.url);
  await online(after);
  assert.equal(JSON.parse(await after.until(`${BASE}/circuits/main`)).id, 'main');
});

test('the last will tells that the gateway died', async (t) => {
  const broker = await startMosquitto(t);
  if (broker === undefined) return t.skip('Mosquitto is not installed');
  const watcher = await watch(t, broker.url);
  startEms(t, broker.url);
  await online(watcher);
  // Somebody with the same client id throws it out: for the broker it has died.
  const rival = await watch(t, broker.url, { clientId: 'busbar-garage' });
  await watcher.until(`${BASE}/status`, (text) => text === 'offline');
  await rival.client.endAsync(true);
});
