import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { LimitCommand } from '../../src/core/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { startMqtt } from '../../src/io/mqtt.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { startBroker } from '../../src/sim/broker.ts';
import { emptyView } from './empty-view.ts';

const BASE = 'busbar/v1/garage';

/** Topics as a client sees them, newest text of each. */
class Watcher {
  readonly client: MqttClient;
  readonly texts = new Map<string, string>();
  readonly packets: { topic: string; text: string; correlation: string | undefined }[] = [];
  #wake = (): void => {};

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      const correlation = packet.properties?.correlationData?.toString();
      this.texts.set(topic, payload.toString());
      this.packets.push({ topic, text: payload.toString(), correlation });
      this.#wake();
    });
  }

  /** The text of a topic once it satisfies the test. */
  async until(topic: string, ok: (text: string) => boolean = () => true): Promise<string> {
    for (;;) {
      const text = this.texts.get(topic);
      if (text !== undefined && ok(text)) return text;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const watch = async (t: TestContext, url: string, options: IClientOptions = {}) => {
  const client = await connectAsync(url, { ...options, reconnectPeriod: 0 }, false);
  t.after(() => client.end(true));
  const watcher = new Watcher(client);
  await client.subscribeAsync('#');
  return watcher;
};

const startEms = (t: TestContext, url: string) => {
  const taken: { source: string; command: LimitCommand }[] = [];
  const link = startMqtt({
    url,
    root: 'busbar/v1',
    siteId: 'garage',
    clock: systemClock,
    version: '1',
    log: SILENT_LOG,
    setLimit: (source, command) => {
      taken.push({ source, command });
      const applied = { circuit: command.circuit, amps: null, watts: null, expiresAt: 'x' };
      return { accepted: true, applied, reason: 'accepted' };
    },
  });
  t.after(() => link.close());
  return { link, taken };
};

const LIMIT = { circuit: 'main', amps: [16, 16, 16], ttlSeconds: 120 };
const SET = `${BASE}/limits/bms/set`;
const send = (watcher: Watcher, message: unknown, options = {}) =>
  watcher.client.publishAsync(
    SET,
    typeof message === 'string' ? message : JSON.stringify(message),
    { qos: 1, ...options },
  );

const conforms = (
  name: string,
  startUrl: (t: TestContext) => Promise<string | undefined>,
): void => {
  describe(`MQTT contract on ${name}`, () => {
    const on = (title: string, body: (t: TestContext, url: string) => Promise<void>) =>
      test(title, async (t) => {
        const url = await startUrl(t);
        if (url === undefined) return t.skip(`${name} is not installed`);
        return body(t, url);
      });

    on('status, last will and state topics', async (t, url) => {
      const watcher = await watch(t, url);
      const { link } = startEms(t, url);
      await watcher.until(`${BASE}/status`, (text) => text === 'online');
      link.publish(emptyView());
      assert.equal(JSON.parse(await watcher.until(`${BASE}/circuits/main`)).id, 'main');
      assert.equal(JSON.parse(await watcher.until(`${BASE}/info`)).apiVersion, 1);
      await link.close();
      await watcher.until(`${BASE}/status`, (text) => text === 'offline');
    });

    on('a limit is taken and answered', async (t, url) => {
      const watcher = await watch(t, url);
      const { taken } = startEms(t, url);
      await watcher.until(`${BASE}/status`, (text) => text === 'online');
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
      await watcher.until(`${BASE}/status`, (text) => text === 'online');
      await send(watcher, { ...LIMIT, seq: 9 });
      await watcher.until(`${BASE}/limits/bms`);
      assert.deepEqual(
        taken.map(({ command }) => command.seq),
        [9],
      );
    });

    on('topics of things that are gone are emptied', async (t, url) => {
      const watcher = await watch(t, url);
      const { link } = startEms(t, url);
      await watcher.until(`${BASE}/status`, (text) => text === 'online');
      link.publish(emptyView());
      await watcher.until(`${BASE}/circuits/main`);
      link.publish({ ...emptyView(), circuits: [] });
      await watcher.until(`${BASE}/circuits/main`, (text) => text === '');
    });

    on('a flood of limits harms nothing, and the last one counts', async (t, url) => {
      const watcher = await watch(t, url);
      const { taken } = startEms(t, url);
      await watcher.until(`${BASE}/status`, (text) => text === 'online');
      for (let seq = 1; seq <= 2_000; seq += 1) void send(watcher, { ...LIMIT, seq });
      while (taken.at(-1)?.command.seq !== 2_000) await new Promise((r) => setTimeout(r, 20));
      assert.ok(taken.length < 200, `${taken.length} were looked at`);
    });
  });
};

conforms('the embedded broker (3.1.1)', async (t) => {
  const broker = await startBroker();
  t.after(() => broker.close());
  return broker.url;
});

const mosquitto = ['mosquitto', '/usr/sbin/mosquitto'].find(
  (path) => spawnSync(path, ['-h']).error === undefined,
);

const startMosquitto = async (t: TestContext): Promise<string | undefined> => {
  if (mosquitto === undefined) return undefined;
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-mosquitto-')), 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const broker: ChildProcess = spawn(mosquitto, ['-c', file], { stdio: 'ignore' });
  t.after(() => broker.kill());
  const url = `mqtt://127.0.0.1:${port}`;
  for (;;) {
    const settings = { reconnectPeriod: 0, connectTimeout: 500 };
    // Without `false` it would wait for ever for a broker that is not up yet.
    const client = await connectAsync(url, settings, false).catch(() => undefined);
    if (client === undefined) continue;
    await client.endAsync(true);
    return url;
  }
};

conforms('Mosquitto (MQTT 5)', startMosquitto);

test('MQTT 5: the answer goes to the response topic with the correlation data', async (t) => {
  const url = await startMosquitto(t);
  if (url === undefined) return t.skip('Mosquitto is not installed');
  const watcher = await watch(t, url, { protocolVersion: 5 });
  startEms(t, url);
  await watcher.until(`${BASE}/status`, (text) => text === 'online');
  const properties = { responseTopic: 'ems/answers', correlationData: Buffer.from('42') };
  await send(watcher, { circuit: 'main', ttlSeconds: 5 }, { properties });
  const answer = JSON.parse(await watcher.until('ems/answers'));
  assert.equal(answer.accepted, false);
  assert.match(answer.reason, /ttlSeconds/);
  const packet = watcher.packets.find(({ topic }) => topic === 'ems/answers');
  assert.equal(packet?.correlation, '42');
});
