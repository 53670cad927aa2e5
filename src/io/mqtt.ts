import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type { LimitAnswer, LimitCommand } from '../core/limit-book.ts';
import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { LIMIT_MESSAGE_MOST_BYTES, limitReader } from '../schema/limit-message.ts';
import { stateTopics } from '../schema/state-topics.ts';
import type { SiteView } from '../schema/view.ts';

/** State topics are published at most this often each, the latest value wins. */
const PUBLISH_EVERY_MS = 1_000;
const RECONNECT_MS = 2_000;
/** Limit messages of one source beyond this in a second are dropped, the last one of them is kept. */
const COMMANDS_PER_SECOND = 20;
const CLOSE_TIMEOUT_MS = 1_000;

export interface MqttOptions {
  readonly url: string;
  readonly root: string;
  readonly siteId: string;
  readonly username?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly clock: Clock;
  readonly version: string;
  readonly setLimit: (source: string, command: LimitCommand) => LimitAnswer;
  readonly log: Log;
}

export interface MqttLink {
  publish(view: SiteView): void;
  event(event: Readonly<Record<string, unknown>>): void;
  connected(): boolean;
  close(): Promise<void>;
}

/**
 * The EMS side: the site's state as retained topics, limits in, answers out. Speaks MQTT 5 and
 * falls back to 3.1.1 for brokers that refuse it. Nothing is queued while the broker is away: on
 * reconnect the present state is published.
 */
export const startMqtt = (options: MqttOptions): MqttLink => new Mqtt(options);

class Mqtt implements MqttLink {
  readonly #options: MqttOptions;
  readonly #base: string;
  readonly #readLimit = limitReader();
  /** Latest payload of each state topic, and those the broker has. */
  #wanted = new Map<string, string>();
  readonly #published = new Map<string, string>();
  readonly #expiries = new Map<string, Cancel>();
  readonly #recent = new Map<string, { count: number; sinceMs: number; last?: () => void }>();
  #client: MqttClient;
  #protocol: 4 | 5 = 5;
  #flushing: Cancel | undefined;
  #closed = false;

  constructor(options: MqttOptions) {
    this.#options = options;
    this.#base = `${options.root}/${options.siteId}`;
    this.#client = this.#connect();
  }

  publish(view: SiteView): void {
    this.#wanted = stateTopics(view, this.#options.version);
    this.#soon();
  }

  event(event: Readonly<Record<string, unknown>>): void {
    if (this.connected()) this.#client.publish(`${this.#base}/events`, JSON.stringify(event));
  }

  connected(): boolean {
    return this.#client.connected;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#flushing?.();
    for (const cancel of this.#expiries.values()) cancel();
    const client = this.#client;
    if (client.connected) {
      const goodbye = { qos: 1, retain: true } as const;
      await this.#inTime(client.publishAsync(`${this.#base}/status`, 'offline', goodbye));
    }
    await this.#inTime(client.endAsync(true));
  }

  /** A broker that went silent must not hold up the end of the program. */
  async #inTime(done: Promise<unknown>): Promise<void> {
    let cancel: Cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(CLOSE_TIMEOUT_MS, resolve);
    });
    await Promise.race([done.catch(() => undefined), late]);
    cancel();
  }

  #connect(): MqttClient {
    const { url, username, password, clientId, siteId, log } = this.#options;
    const settings: IClientOptions = {
      protocolVersion: this.#protocol,
      clean: true,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: 5_000,
      queueQoSZero: false,
      resubscribe: false,
      clientId: clientId ?? `busbar-${siteId}`,
      will: {
        topic: `${this.#base}/status`,
        payload: Buffer.from('offline'),
        qos: 1,
        retain: true,
      },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
    const client = connect(url, settings);
    client.on('connect', () => this.#onConnect());
    client.on('message', (topic, payload, packet) => this.#onMessage(topic, payload, packet));
    client.on('error', (error) => {
      log.warn('MQTT', { problem: error.message });
      if (this.#protocol === 5 && /protocol version|Unsupported/i.test(error.message)) {
        this.#downgrade();
      }
    });
    client.on('close', () => this.#published.clear());
    return client;
  }

  /** A broker that does not know MQTT 5 says so, or just drops the connection. */
  #downgrade(): void {
    if (this.#closed || this.#protocol === 4) return;
    this.#protocol = 4;
    this.#options.log.info('broker does not speak MQTT 5, using 3.1.1');
    this.#client.end(true);
    this.#client = this.#connect();
  }

  #onConnect(): void {
    this.#options.log.info('MQTT connected', { protocol: this.#protocol });
    this.#published.clear();
    // Online only once commands are heard: who sees "online" may send a limit at once.
    const client = this.#client;
    client.subscribe(`${this.#base}/limits/+/set`, { qos: 1 }, (error) => {
      if (error !== null) return;
      client.publish(`${this.#base}/status`, 'online', { qos: 1, retain: true });
    });
    this.#soon();
  }

  #onMessage(topic: string, payload: Buffer, packet: IPublishPacket): void {
    const source = /\/limits\/([^/]+)\/set$/.exec(topic)?.[1];
    if (source === undefined || !topic.startsWith(`${this.#base}/`)) return;
    if (packet.retain) {
      this.#options.log.warn('retained limit ignored: publish limits without the retain flag', {
        source,
      });
      return;
    }
    this.#paced(source, () => this.#takeLimit(source, payload, packet));
  }

  /** A flood costs at most so many limits a second; the last message of it always counts. */
  #paced(source: string, take: () => void): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const recent = this.#recent.get(source);
    if (recent === undefined || nowMs - recent.sinceMs >= 1_000) {
      this.#recent.set(source, { count: 1, sinceMs: nowMs });
      take();
    } else if (recent.count < COMMANDS_PER_SECOND) {
      recent.count += 1;
      take();
    } else {
      if (recent.last === undefined) {
        clock.after(recent.sinceMs + 1_000 - nowMs, () => recent.last?.());
      }
      recent.last = take;
    }
  }

  #takeLimit(source: string, payload: Buffer, packet: IPublishPacket): void {
    const read =
      payload.length > LIMIT_MESSAGE_MOST_BYTES
        ? { problem: `larger than ${LIMIT_MESSAGE_MOST_BYTES} bytes` }
        : this.#readLimit(payload.toString());
    const answer: LimitAnswer =
      'problem' in read
        ? { accepted: false, applied: null, reason: read.problem }
        : this.#options.setLimit(source, read);
    this.#answer(source, answer, packet);
    if (answer.accepted && !('problem' in read)) this.#expire(source, read.ttlSeconds * 1000);
  }

  #answer(source: string, answer: LimitAnswer, packet: IPublishPacket): void {
    const text = JSON.stringify(answer);
    const retain = answer.accepted;
    this.#client.publish(`${this.#base}/limits/${source}`, text, { qos: 1, retain });
    const { responseTopic, correlationData } = packet.properties ?? {};
    if (responseTopic === undefined || responseTopic === '' || /[#+]/.test(responseTopic)) return;
    this.#client.publish(responseTopic, text, {
      qos: 1,
      ...(correlationData === undefined ? {} : { properties: { correlationData } }),
    });
  }

  /** The retained answer is emptied when the limit ends. */
  #expire(source: string, afterMs: number): void {
    this.#expiries.get(source)?.();
    const cancel = this.#options.clock.after(afterMs, () => {
      this.#client.publish(`${this.#base}/limits/${source}`, '', { qos: 1, retain: true });
    });
    this.#expiries.set(source, cancel);
  }

  #soon(): void {
    if (this.#flushing !== undefined || this.#closed) return;
    this.#flush();
    this.#flushing = this.#options.clock.after(PUBLISH_EVERY_MS, () => {
      this.#flushing = undefined;
      if ([...this.#wanted].some(([topic, text]) => this.#published.get(topic) !== text))
        this.#soon();
    });
  }

  #flush(): void {
    if (!this.connected()) return;
    for (const [topic, text] of this.#wanted) this.#retain(topic, text);
    for (const topic of this.#published.keys())
      if (!this.#wanted.has(topic)) this.#retain(topic, '');
  }

  #retain(topic: string, text: string): void {
    if (this.#published.get(topic) === text) return;
    if (text === '') this.#published.delete(topic);
    else this.#published.set(topic, text);
    this.#client.publish(`${this.#base}/${topic}`, text, { qos: 0, retain: true });
  }
}
