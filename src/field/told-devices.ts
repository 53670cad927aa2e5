import type { DiscoveryMessage } from '../schema/home-assistant.ts';

/** An entity that has gone is said to be gone for so long; then it is left out. */
const GONE_MS = 10_000;
/** Discovery messages of an earlier run that are remembered, and entities of each. */
const DEVICES_MOST = 5_000;
const ENTITIES_MOST = 1_000;

interface ToldEntity {
  readonly platform: string;
  readonly goneAtMs?: number;
}

/**
 * What Home Assistant was told of, in this run and before. It keeps entities that are merely left
 * out of a later message; one that has gone has to be named once more, with its platform alone.
 */
export class ToldDevices {
  readonly #told = new Map<string, Map<string, ToldEntity>>();

  /** Discovery topics that were told of. */
  get topics(): Iterable<string> {
    return this.#told.keys();
  }

  /** A message of an earlier run, as the broker kept it. */
  found(topic: string, text: string): void {
    if (this.#told.has(topic) || this.#told.size >= DEVICES_MOST) return;
    const entities = Object.entries(componentsOf(text)).slice(0, ENTITIES_MOST);
    const told = new Map<string, ToldEntity>();
    for (const [key, component] of entities) {
      const platform = (component as { p?: unknown } | null)?.p;
      if (typeof platform === 'string') told.set(key, { platform });
    }
    this.#told.set(topic, told);
  }

  /** The messages as texts, with what has gone since. */
  complete(
    messages: ReadonlyMap<string, DiscoveryMessage>,
    nowMs: number,
  ): ReadonlyMap<string, string> {
    for (const topic of [...this.#told.keys()]) {
      if (!messages.has(topic)) this.#told.delete(topic);
    }
    return new Map(
      [...messages].map(([topic, message]) => {
        const gone = this.#follow(topic, message, nowMs);
        const cmps = { ...message.cmps, ...gone };
        return [topic, JSON.stringify({ ...message, cmps })];
      }),
    );
  }

  #follow(
    topic: string,
    { cmps }: DiscoveryMessage,
    nowMs: number,
  ): Readonly<Record<string, { readonly p: string }>> {
    const before = this.#told.get(topic) ?? [];
    const told = new Map<string, ToldEntity>();
    const gone: Record<string, { readonly p: string }> = {};
    for (const [key, { platform, goneAtMs = nowMs }] of before) {
      if (cmps[key] !== undefined || nowMs - goneAtMs >= GONE_MS) continue;
      told.set(key, { platform, goneAtMs });
      gone[key] = { p: platform };
    }
    for (const [key, { p }] of Object.entries(cmps)) told.set(key, { platform: p });
    this.#told.set(topic, told);
    return gone;
  }
}

/** Nothing where it is none of ours. */
const componentsOf = (text: string): object => {
  try {
    const { cmps } = JSON.parse(text) as { readonly cmps?: unknown };
    return typeof cmps === 'object' && cmps !== null ? cmps : {};
  } catch {
    return {};
  }
};
