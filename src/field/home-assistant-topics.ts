import type { Cancel, Clock } from '../core/time.ts';
import {
  discoveryTopics,
  type HomeAssistantOptions,
  isDiscoveryOf,
} from '../schema/home-assistant.ts';
import type { SiteView } from '../schema/view.ts';
import type { Incoming } from './broker-port.ts';
import { ToldDevices } from './told-devices.ts';

/** What an earlier run told of is heard within this; before, it must not be overwritten. */
const EARLIER_MS = 1_000;
/** Larger ones are none of ours. */
const MESSAGE_MOST_BYTES = 1_024 * 1_024;
const USUAL_PREFIX = 'homeassistant';

export interface HomeAssistantTopicsOptions {
  /** Undefined: nothing is told, and what was told before is taken back. */
  readonly wanted: HomeAssistantOptions | undefined;
  readonly base: string;
  readonly siteId: string;
  readonly version: string;
  readonly policies: readonly string[];
  readonly clock: Clock;
  /** A topic that the broker keeps: it is emptied unless it is wanted. */
  readonly found: (topic: string) => void;
  /** Discovery may be sent from now on. */
  readonly ready: () => void;
}

/** The discovery messages of the site, and what has become of those of earlier runs. */
export class HomeAssistantTopics {
  readonly #options: HomeAssistantTopicsOptions;
  readonly #prefix: string;
  readonly #told = new ToldDevices();
  #listening: Cancel | undefined;
  #ready = false;

  constructor(options: HomeAssistantTopicsOptions) {
    this.#options = options;
    this.#prefix = options.wanted?.prefix ?? USUAL_PREFIX;
  }

  /** Where Home Assistant says that it started. */
  get filters(): readonly string[] {
    return this.#options.wanted === undefined ? [] : [`${this.#prefix}/status`];
  }

  /** Where messages of an earlier run are. */
  get earlierFilters(): readonly string[] {
    return [`${this.#prefix}/device/+/config`];
  }

  connected(): void {
    this.#listening ??= this.#options.clock.after(EARLIER_MS, () => {
      const { found, ready } = this.#options;
      this.#ready = true;
      for (const topic of [...this.#told.topics]) found(topic);
      ready();
    });
  }

  close(): void {
    this.#listening?.();
  }

  topics(view: SiteView): ReadonlyMap<string, string> {
    const { wanted, base, version, policies, clock } = this.#options;
    if (wanted === undefined || !this.#ready) return new Map();
    const messages = discoveryTopics(view, base, version, policies, wanted);
    return this.#told.complete(messages, clock.monotonicMs());
  }

  isBirth({ topic }: Incoming): boolean {
    return this.filters.includes(topic);
  }

  isOurs(topic: string): boolean {
    return topic.startsWith(`${this.#prefix}/`);
  }

  /** Takes what the broker kept of an earlier run; false when it is none of ours. */
  takeEarlier({ topic, bytes, text, retained }: Incoming): boolean {
    const { siteId, found } = this.#options;
    if (!isDiscoveryOf(siteId, topic, { prefix: this.#prefix })) return false;
    if (!retained || bytes === 0) return true;
    this.#told.found(topic, bytes > MESSAGE_MOST_BYTES ? '' : text());
    if (this.#ready) found(topic);
    return true;
  }
}
