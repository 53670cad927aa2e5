import type { LimitAnswer, LimitCommand } from '../core/limits/limit-book.ts';
import type { Log } from '../core/log.ts';
import type { Reading } from '../core/meters/reading.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { MeterSpec } from '../core/site.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { HomeAssistantOptions } from '../schema/home-assistant.ts';
import { scalarTopics, stateTopics } from '../schema/state-topics.ts';
import type { SiteView } from '../schema/view.ts';
import type { Broker, Incoming, OpenBroker } from './broker-port.ts';
import { HomeAssistantTopics } from './home-assistant-topics.ts';
import { LimitTopics } from './limit-topics.ts';
import { MeterTopics } from './meter-topics.ts';
import { RequestTopics } from './request-topics.ts';
import { RetainedTopics } from './retained-topics.ts';
import { eventsBetween, fallenSilent } from './site-events.ts';
import type { RequestTaker } from './site-requests.ts';
import type { TopicHandler } from './topic-handler.ts';

/** Retained topics of an earlier run arrive within this after the subscription. */
const LEFTOVERS_MS = 3_000;
/** Without a broker for longer is worth an alarm. */
const AWAY_MS = 30_000;
const LEFTOVERS_BELOW = ['circuits/+', 'meters/+', 'chargers/#', 'values/#'];
/** The same, and heard from then on: who sends a limit there is told where it belongs. */
const ANSWERS_BELOW = 'limits/+';

export interface EmsLinkOptions {
  readonly openBroker: OpenBroker;
  /** e.g. busbar/v1 */
  readonly root: string;
  readonly siteId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly setLimit: (source: string, command: LimitCommand) => LimitAnswer;
  readonly taker: RequestTaker;
  /** That may be chosen by request, by name. */
  readonly policies?: ReadonlyMap<string, Policy> | undefined;
  /** Sources of the site file; undefined: not known. */
  readonly sources?: ReadonlySet<string>;
  /** Sources with a heartbeat, and what hears it. */
  readonly lasting?: ReadonlySet<string>;
  readonly heartbeat?: (source: string) => void;
  readonly meters: readonly MeterSpec[];
  readonly onReading: (reading: Reading) => void;
  /** One value per topic below values/ as well. */
  readonly scalars?: boolean;
  readonly homeAssistant?: HomeAssistantOptions | undefined;
  /** More that is said and heard over the same connection. */
  readonly handlers?: (broker: () => Broker) => readonly TopicHandler[];
}

/**
 * The EMS side: the site's state as retained topics, limits, requests and meters in, answers out.
 * Nothing is queued while the broker is away: on reconnect the present state is published.
 */
export class EmsLink {
  readonly #options: EmsLinkOptions;
  readonly #base: string;
  readonly #broker: Broker;
  readonly #retained: RetainedTopics;
  readonly #limits: LimitTopics;
  readonly #discovery: HomeAssistantTopics;
  readonly #handlers: readonly TopicHandler[];
  #view: SiteView | undefined;
  #forgetLeftovers: Cancel = () => {};
  #awaySinceMs: number | undefined;
  #closed = false;

  constructor(options: EmsLinkOptions) {
    const { root, siteId, clock, log, meters, onReading, setLimit, taker } = options;
    const { policies = new Map() } = options;
    this.#options = options;
    this.#awaySinceMs = clock.monotonicMs();
    this.#base = `${root}/${siteId}`;
    const base = this.#base;
    this.#retained = new RetainedTopics(clock, (topic, text, qos) =>
      this.#broker.publish(topic, text, { qos, retain: true }),
    );
    const publish = (topic: string, text: string): unknown =>
      this.#broker.publish(topic, text, { qos: 1 });
    const answer = (message: Incoming, text: string): void => this.#answer(message, text);
    const shared = { base, clock, log, publish, answer };
    this.#limits = new LimitTopics({
      ...shared,
      retained: this.#retained,
      setLimit,
      sources: options.sources,
      lasting: options.lasting ?? new Set(),
      heartbeat: options.heartbeat ?? (() => {}),
    });
    this.#handlers = [
      this.#limits,
      new RequestTopics({ ...shared, taker, policies }),
      new MeterTopics({ meters, clock, log, onReading }),
      ...(options.handlers?.(() => this.#broker) ?? []),
    ];
    this.#discovery = new HomeAssistantTopics({
      wanted: options.homeAssistant,
      base,
      siteId,
      version: options.version,
      policies: [...policies.keys()],
      clock,
      found: (topic) => this.#retained.found(topic),
      ready: () => this.#wantTopics(),
    });
    this.#broker = options.openBroker(
      {
        connected: () => this.#onConnect(),
        disconnected: () => {
          this.#awaySinceMs = clock.monotonicMs();
          for (const handler of this.#handlers) handler.disconnected?.();
        },
        message: (message) => this.#onMessage(message),
      },
      { topic: `${base}/status`, text: 'offline' },
    );
  }

  publish(view: SiteView): void {
    if (this.#view !== undefined) {
      for (const event of eventsBetween(this.#view, view)) {
        this.#broker.publish(`${this.#base}/events`, JSON.stringify(event));
      }
      for (const source of fallenSilent(this.#view, view)) this.#limits.silent(source);
    }
    this.#view = view;
    this.#wantTopics();
  }

  #wantTopics(): void {
    const view = this.#view;
    if (view !== undefined) this.#retained.want(() => this.#topicsOf(view));
  }

  /** Every retained topic for a view of the site. */
  #topicsOf(view: SiteView): ReadonlyMap<string, string> {
    const { version, scalars = false, policies } = this.#options;
    const below = stateTopics(view, version, [...(policies?.keys() ?? [])]);
    if (scalars) for (const [topic, text] of scalarTopics(below)) below.set(topic, text);
    const whole = new Map([...below].map(([topic, text]) => [`${this.#base}/${topic}`, text]));
    for (const [topic, text] of this.#discovery.topics(view)) whole.set(topic, text);
    return whole;
  }

  connected(): boolean {
    return this.#broker.connected();
  }

  /** What is wrong for long enough to be told. */
  alarms(): readonly string[] {
    const { clock } = this.#options;
    if (this.#awaySinceMs === undefined) return [];
    if (clock.monotonicMs() - this.#awaySinceMs < AWAY_MS) return [];
    const problem = this.#broker.problem() || 'no answer';
    return [`no connection to the MQTT broker, limits from there run out: ${problem}`];
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forgetLeftovers();
    this.#retained.close();
    this.#discovery.close();
    for (const handler of this.#handlers) handler.close();
    await this.#broker.close({ topic: `${this.#base}/status`, text: 'offline' });
  }

  #onConnect(): void {
    const filters = this.#handlers.flatMap((handler) => handler.filters);
    const { clock } = this.#options;
    this.#awaySinceMs = undefined;
    this.#retained.reconnected();
    this.#discovery.connected();
    // Online only once commands are heard: who sees "online" may send a limit at once.
    this.#broker.subscribe([...filters, ...this.#discovery.filters], (granted) => {
      if (!granted) return;
      this.#broker.publish(`${this.#base}/status`, 'online', { qos: 1, retain: true });
    });
    // Where things that have gone since an earlier run may still be.
    const below = LEFTOVERS_BELOW.map((filter) => `${this.#base}/${filter}`);
    const left = [...below, ...this.#discovery.earlierFilters];
    this.#broker.subscribe([...below, `${this.#base}/${ANSWERS_BELOW}`]);
    // A user without Home Assistant may well not be allowed to look there.
    this.#broker.subscribe(this.#discovery.earlierFilters, undefined, { quiet: true });
    this.#forgetLeftovers();
    this.#forgetLeftovers = clock.after(LEFTOVERS_MS, () => this.#broker.unsubscribe(left));
  }

  #onMessage(message: Incoming): void {
    if (this.#handlers.some((handler) => handler.take(message))) return;
    if (this.#discovery.isBirth(message)) {
      // Home Assistant started: it wants to be told everything again.
      this.#retained.again((topic) => this.#discovery.isOurs(topic));
      return;
    }
    if (this.#discovery.takeEarlier(message)) return;
    const ours = message.topic.startsWith(`${this.#base}/`);
    if (message.retained && message.bytes > 0 && ours) this.#retained.found(message.topic);
  }

  /** MQTT 5 request and response; a topic with wildcards is no topic to publish on. */
  #answer({ responseTopic, correlation }: Incoming, text: string): void {
    if (responseTopic === undefined || responseTopic === '' || /[#+]/.test(responseTopic)) return;
    this.#broker.publish(responseTopic, text, { qos: 1, correlation });
  }
}
