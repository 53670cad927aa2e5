import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { freePort } from '../free-port.ts';
import { listening } from './modbus-peers.ts';

const mosquitto = ['mosquitto', '/usr/sbin/mosquitto'].find(
  (path) => spawnSync(path, ['-h']).error === undefined,
);

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A real broker on a free port; undefined where Mosquitto is not installed. */
export const startMosquitto = async (
  t: TestContext,
  settings = 'allow_anonymous true\n',
): Promise<Mosquitto | undefined> => {
  if (mosquitto === undefined) return undefined;
  const port = await freePort();
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-mosquitto-')), 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\npersistence false\n${settings}`);
  let broker: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    broker = spawn(mosquitto, ['-c', file], { stdio: 'ignore' });
    await listening(port, broker);
  };
  const stop = async (): Promise<void> => {
    const running = broker;
    broker = undefined;
    if (running === undefined || running.exitCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  t.after(stop);
  await start();
  return { url: `mqtt://127.0.0.1:${port}`, port, start, stop };
};

/** Topics as a client sees them, newest text of each. */
export class Watcher {
  readonly client: MqttClient;
  readonly texts = new Map<string, string>();
  readonly packets: {
    topic: string;
    text: string;
    retain: boolean;
    correlation: string | undefined;
  }[] = [];
  #wakes: (() => void)[] = [];

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      const correlation = packet.properties?.correlationData?.toString();
      const text = payload.toString();
      this.texts.set(topic, text);
      this.packets.push({ topic, text, retain: packet.retain, correlation });
      for (const wake of this.#wakes.splice(0)) wake();
    });
  }

  /** The text of a topic once it satisfies the test. */
  async until(topic: string, ok: (text: string) => boolean = () => true): Promise<string> {
    for (;;) {
      const text = this.texts.get(topic);
      if (text !== undefined && ok(text)) return text;
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
    }
  }
}

export const watch = async (t: TestContext, url: string, options: IClientOptions = {}) => {
  // Without `false` it would wait for ever for a broker that is not up yet.
  const client = await connectAsync(url, { ...options, reconnectPeriod: 0 }, false);
  t.after(() => client.end(true));
  const watcher = new Watcher(client);
  await client.subscribeAsync('#');
  return watcher;
};
