import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type IClientOptions, type IPublishPacket, MqttClient } from 'mqtt';
import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { Broker, BrokerListener, Incoming, Note, SendOptions } from '../field/broker-port.ts';
import { PacketCut } from '../field/packet-cut.ts';

/** First wait before dialling again; doubled up to the most, each time with jitter. */
const REDIAL_FIRST_MS = 1_000;
const REDIAL_MOST_MS = 30_000;
/** A connection that lasts so long was a good one: the next wait is the first again. */
const STEADY_MS = 30_000;
const DIAL_TIMEOUT_MS = 10_000;
const KEEPALIVE_SECONDS = 20;
const CLOSE_TIMEOUT_MS = 1_000;
/** What an MQTT 5 broker may hand to us; larger messages never leave it. */
const PACKET_MOST_BYTES = 64 * 1024;
/** Longer messages of a broker that was not told, or does not care, are cut to this as they pass. */
const CUT_BYTES = 128 * 1024;
const PORT = 1883;
const TLS_PORT = 8883;
/** Unsent bytes beyond which nothing more is sent: the broker takes its data too slowly. */
const BACKLOG_MOST_BYTES = 1024 * 1024;
/** Messages that a broker may leave unacknowledged; beyond, it gets none that it would have to. */
const UNACKNOWLEDGED_MOST = 1_000;
/** Dials that end without a word before the other protocol version is tried. */
const SILENT_DIALS_MOST = 2;
const REFUSED_SUBSCRIPTION = 128;
/** Reason of a broker's farewell: session taken over (MQTT 5 §3.14.2.1). */
const TAKEN_OVER = 0x8e;

export interface BrokerOptions {
  /** mqtt://host:port or mqtts://host:port */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId: string;
  readonly tls?: TlsOptions | undefined;
  readonly will: Note;
  readonly clock: Clock;
  readonly log: Log;
  readonly listener: BrokerListener;
}

/** PEM texts: who signed the broker's certificate, and our own certificate with its key. */
export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * A connection that is dialled again whenever it is lost: MQTT 5, or 3.1.1 where the broker knows
 * no better. Every dial is a fresh client without memory, so nothing old is ever sent late.
 */
export const openBroker = (options: BrokerOptions): Broker => new BrokerConnection(options);

class BrokerConnection implements Broker {
  readonly #options: BrokerOptions;
  #client: MqttClient;
  #protocol: 4 | 5 = 5;
  #failures = 0;
  #silentDials = 0;
  /** The other protocol version was tried since the last good connection. */
  #bothTried = false;
  #atOnce = false;
  #lastProblem = '';
  /** Of the client of the moment. */
  #unacknowledged = { count: 0 };
  #redial: Cancel = () => {};
  #closed = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#client = this.#dial();
  }

  connected(): boolean {
    return this.#client.connected && !this.#closed;
  }

  problem(): string {
    return this.#lastProblem;
  }

  publish(topic: string, text: string, options: SendOptions = {}): boolean {
    if (!this.connected() || this.#client.stream.writableLength > BACKLOG_MOST_BYTES) return false;
    const { qos = 0, retain = false, correlation } = options;
    const waiting = this.#unacknowledged;
    if (qos > 0 && waiting.count >= UNACKNOWLEDGED_MOST) return false;
    waiting.count += qos;
    const properties =
      this.#protocol === 5 && correlation !== undefined
        ? { properties: { correlationData: Buffer.from(correlation) } }
        : {};
    this.#client.publish(topic, text, { qos, retain, ...properties }, (error) => {
      waiting.count -= qos;
      if (error && this.connected()) this.#complain(`publish on ${topic}: ${error.message}`);
    });
    return true;
  }

  subscribe(
    filters: readonly string[],
    done: (granted: boolean) => void = () => {},
    { quiet = false } = {},
  ): void {
    if (!this.connected()) return;
    const client = this.#client;
    // No local: what we publish ourselves is no message to us (MQTT 5).
    client.subscribe([...filters], { qos: 1, nl: true }, (error, granted = []) => {
      if (client !== this.#client) return;
      const refused = granted.filter((grant) => grant.qos >= REFUSED_SUBSCRIPTION);
      if (!quiet && (refused.length > 0 || error !== null)) {
        const names = refused.map(({ topic }) => topic).join(', ') || filters.join(', ');
        this.#complain(`subscription ${names} refused: check what this user may read`);
      }
      done(refused.length === 0 && error === null);
    });
  }

  unsubscribe(filters: readonly string[]): void {
    if (this.connected()) this.#client.unsubscribe([...filters]);
  }

  async close(farewell: Note): Promise<void> {
    if (this.#closed) return;
    const client = this.#client;
    const said = client.connected
      ? client.publishAsync(farewell.topic, farewell.text, { qos: 1, retain: true })
      : Promise.resolve();
    this.#closed = true;
    this.#redial();
    await this.#inTime(said);
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

  #dial(): MqttClient {
    const { log, listener, clientId } = this.#options;
    this.#unacknowledged = { count: 0 };
    const client = new MqttClient(() => new CutStream(this.#socket()), this.#settings());
    let silent = true;
    let over = false;
    let greetedAtMs: number | undefined;
    client.on('connect', () => {
      silent = false;
      greetedAtMs = this.#options.clock.monotonicMs();
      this.#silentDials = 0;
      this.#lastProblem = '';
      log.info('MQTT connected', { protocol: this.#protocol });
      listener.connected();
    });
    client.on('message', (_topic, _payload, packet) => {
      if (!this.#closed) listener.message(incoming(packet));
    });
    client.on('disconnect', ({ reasonCode }) => {
      const why = reasonCode === TAKEN_OVER ? `another client calls itself ${clientId}` : 'reason';
      this.#complain(`broker ended the connection: ${why} (${reasonCode})`);
    });
    client.on('error', (error) => {
      silent = false;
      this.#complain(error.message);
      // What 3.1.1 brokers answer to an MQTT 5 greeting.
      if (/protocol version/i.test(error.message)) this.#otherProtocol();
    });
    client.on('close', () => {
      if (over) return;
      over = true;
      client.end(true);
      if (greetedAtMs !== undefined) {
        this.#afterLoss(this.#options.clock.monotonicMs() - greetedAtMs);
        listener.disconnected?.();
      }
      if (silent) this.#silentDials += 1;
      if (this.#silentDials >= SILENT_DIALS_MOST) this.#otherProtocol();
      this.#dialLater();
    });
    return client;
  }

  #socket(): Socket {
    const { protocol, hostname, port } = new URL(this.#options.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    // Answers are small: without this each would wait for the broker's acknowledgement of the last.
    const noDelay = true;
    if (protocol !== 'mqtts:') return connectTcp({ host, port: Number(port || PORT), noDelay });
    const { tls = {} } = this.#options;
    const present = Object.entries(tls).filter(([, value]) => value !== undefined);
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({
      ...Object.fromEntries(present),
      ...name,
      host,
      port: Number(port || TLS_PORT),
    });
    return socket.setNoDelay(noDelay);
  }

  #settings(): IClientOptions {
    const { url, clientId, will } = this.#options;
    const inUrl = new URL(url);
    const username = this.#options.username ?? decodeURIComponent(inUrl.username);
    const password = this.#options.password ?? decodeURIComponent(inUrl.password);
    const present = Object.entries({ username, password }).filter(([, value]) => value !== '');
    return {
      protocolVersion: this.#protocol,
      clean: true,
      clientId,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: DIAL_TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: will.topic, payload: Buffer.from(will.text), qos: 1, retain: true },
      ...(this.#protocol === 5 ? { properties: { maximumPacketSize: PACKET_MOST_BYTES } } : {}),
      ...Object.fromEntries(present),
    };
  }

  /** A connection that was there is gone; one that did not last is no reason to dial sooner. */
  #afterLoss(lastedMs: number): void {
    const steady = lastedMs >= STEADY_MS;
    if (steady) {
      this.#failures = 0;
      this.#bothTried = false;
    }
    const hint = `; does another client call itself ${this.#options.clientId}?`;
    if (this.#lastProblem === '') this.#complain(`connection lost${steady ? '' : hint}`);
  }

  #dialLater(): void {
    if (this.#closed) return;
    const waitMs = this.#atOnce
      ? 0
      : Math.min(REDIAL_MOST_MS, REDIAL_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    if (!this.#atOnce) this.#failures += 1;
    this.#atOnce = false;
    this.#redial = this.#options.clock.after(waitMs * (0.5 + Math.random() / 2), () => {
      this.#client = this.#dial();
    });
  }

  #otherProtocol(): void {
    this.#silentDials = 0;
    // A broker that only refused the version is there. Once: one that takes neither version must
    // not be hammered.
    this.#atOnce = !this.#bothTried;
    this.#bothTried = true;
    this.#protocol = this.#protocol === 5 ? 4 : 5;
    const name = this.#protocol === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
    this.#options.log.info(`the broker did not take the greeting, trying ${name}`);
  }

  /** The same problem is told once, however often it is met. */
  #complain(problem: string): void {
    if (problem === this.#lastProblem || this.#closed) return;
    this.#lastProblem = problem;
    this.#options.log.warn('MQTT', { problem });
  }
}

/** The socket of a client, with what is too long cut out of what is received. */
class CutStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    const cut = new PacketCut(CUT_BYTES);
    socket.on('data', (piece: Buffer) => {
      for (const passed of cut.take(piece)) if (!this.push(passed)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#socket.write(piece, done);
  }

  override _writev(pieces: { readonly chunk: Buffer }[], done: () => void): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

const incoming = ({ topic, payload, retain, properties }: IPublishPacket): Incoming => ({
  topic,
  bytes: payload.length,
  text: () => payload.toString(),
  retained: retain,
  responseTopic: properties?.responseTopic,
  correlation: properties?.correlationData,
});
