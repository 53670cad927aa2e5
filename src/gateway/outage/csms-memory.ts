import type { Log } from '../../core/log.ts';
import type { KnownToken, OfflineSwitches, TokenVerdict } from '../../ocpp/authorization.ts';
import { LOCAL_LIST_MOST, tokenKey } from '../../ocpp/authorization.ts';
import type { CsmsFact, ListChange } from '../../ocpp/csms-fact.ts';
import type { Change, DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Tokens of which the CSMS's opinion is remembered, over the whole site. */
const TOKENS_MOST = 5_000;
/** Characters of a token (identifierString of 2.1); longer ones are nobody's card. */
const TOKEN_MOST_CHARS = 255;
/** The list that the CSMS gave to the site itself; no charger can have this identity. */
const WHOLE_SITE = '~site';
/** Newest status messages kept per charger for the time when the CSMS is back. */
const LATEST_MOST = 64;
/** The CSMS's time is noted at most this often. */
const TIME_NOTED_EVERY_MS = 10 * 60_000;

/** What is remembered of one charger. */
interface ChargerFacts {
  /** The CSMS accepted its boot with this heartbeat interval. */
  intervalSeconds?: number;
  /** The CSMS answered its last boot, and did not accept it. */
  refused?: boolean;
  switches: OfflineSwitches;
}

interface CachedToken {
  readonly verdict: TokenVerdict;
  /** Charger whose call taught it: clearing that charger's cache forgets it. */
  readonly charger: string;
}

/**
 * What was learned of the CSMS while it answered, so that the gateway can stand in for it: boots
 * it accepted, tokens, local lists, the chargers' own switches. Survives restarts. Writes are not
 * waited for: losing one costs a driver a refused card, never a message.
 */
export class CsmsMemory {
  readonly #store: DurableStore;
  readonly #log: Log;
  readonly #chargers = new Map<string, ChargerFacts>();
  readonly #tokens = new Map<string, CachedToken>();
  readonly #lists = new Map<string, { version: number; entries: Map<string, TokenVerdict> }>();
  /** BootNotification that the CSMS has not seen. */
  readonly #boots = new Map<string, Buffer>();
  readonly #latest = new Map<string, Map<string, Buffer>>();
  /** Until when, monotonic, the CSMS wants to hear of no boot. A run that begins asks once. */
  readonly #bootRests = new Map<string, number>();
  #csmsTimeMs = 0;

  private constructor(store: DurableStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  static async open(store: DurableStore, log: Log): Promise<CsmsMemory> {
    const memory = new CsmsMemory(store, log);
    const json = <T>(value: Uint8Array) => JSON.parse(Buffer.from(value).toString()) as T;
    await memory.#each('c/', (id, value) => memory.#chargers.set(id, json(value)));
    await memory.#each('t/', (id, value) => memory.#tokens.set(id, json(value)));
    await memory.#each('b/', (id, value) => memory.#boots.set(id, Buffer.from(value)));
    await memory.#each('l/', (id, value) => {
      const { version, entries } = json<{ version: number; entries: [string, TokenVerdict][] }>(
        value,
      );
      memory.#lists.set(id, { version, entries: new Map(entries) });
    });
    const time = await store.get('n/csms-time');
    if (time !== undefined) memory.#csmsTimeMs = Number(Buffer.from(time).toString());
    return memory;
  }

  /** Heartbeat interval of the last boot that the CSMS accepted; undefined: it never did. */
  acceptedInterval(charger: string): number | undefined {
    return this.#chargers.get(charger)?.intervalSeconds;
  }

  /** Whether the CSMS, when it was asked last, did not accept the charger (yet). */
  bootRefused(charger: string): boolean {
    return this.#chargers.get(charger)?.refused === true;
  }

  switches(charger: string): OfflineSwitches {
    return this.#chargers.get(charger)?.switches ?? {};
  }

  token(charger: string, token: string): KnownToken {
    const key = tokenKey(token);
    const list = this.#lists.get(charger)?.entries.get(key);
    const site = this.#lists.get(WHOLE_SITE)?.entries.get(key);
    const cache = this.#tokens.get(key)?.verdict;
    return {
      ...(list === undefined ? {} : { list }),
      ...(site === undefined ? {} : { site }),
      ...(cache === undefined ? {} : { cache }),
    };
  }

  /** Version of the list of the whole site; 0: there is none. */
  siteListVersion(): number {
    return this.#lists.get(WHOLE_SITE)?.version ?? 0;
  }

  /** False, and nothing changes, when the list would become too long. */
  changeSiteList(change: ListChange): boolean {
    const before = change.full ? 0 : (this.#lists.get(WHOLE_SITE)?.entries.size ?? 0);
    if (before + change.entries.length > LOCAL_LIST_MOST) return false;
    this.#changeList(WHOLE_SITE, change);
    return true;
  }

  /** Forgets what the CSMS said of tokens, whichever charger asked. */
  clearTokens(): void {
    this.#forget([...this.#tokens.keys()]);
  }

  /** False when the wall clock is behind what the CSMS said before: it was lost in a power cut. */
  clockTrusted(nowWallMs: number): boolean {
    return nowWallMs >= this.#csmsTimeMs;
  }

  learn(charger: string, facts: readonly CsmsFact[]): void {
    for (const fact of facts) this.#learn(charger, fact);
  }

  /** The charger booted while the CSMS was away: it hears of it first. */
  booted(charger: string, message: Buffer): void {
    this.#boots.set(charger, message);
    this.#write([{ type: 'put', key: `b/${charger}`, value: message }]);
  }

  boot(charger: string): Buffer | undefined {
    return this.#boots.get(charger);
  }

  /** The CSMS did not accept it and named a time: over every link and in every try it is kept. */
  restBoot(charger: string, untilMs: number): void {
    this.#bootRests.set(charger, untilMs);
  }

  bootRestsUntilMs(charger: string): number {
    return this.#bootRests.get(charger) ?? 0;
  }

  /** Nothing can be delivered yet, and no boot either: its charger has to boot, or to wait. */
  mustWait(charger: string, nowMs: number): boolean {
    if (this.#boots.has(charger)) return nowMs < this.bootRestsUntilMs(charger);
    return this.bootRefused(charger);
  }

  bootDelivered(charger: string): void {
    this.#bootRests.delete(charger);
    if (this.#boots.delete(charger)) this.#write([{ type: 'delete', key: `b/${charger}` }]);
  }

  /** Only the newest message under a key is kept; in memory, since a restart brings new ones. */
  keepLatest(charger: string, key: string, message: Buffer): void {
    const kept = this.#latest.get(charger) ?? new Map<string, Buffer>();
    this.#latest.set(charger, kept);
    kept.delete(key);
    kept.set(key, message);
    const [oldest] = kept.keys();
    if (kept.size > LATEST_MOST && oldest !== undefined) kept.delete(oldest);
  }

  latest(charger: string): readonly (readonly [key: string, message: Buffer])[] {
    return [...(this.#latest.get(charger) ?? [])];
  }

  /** The CSMS has this one, unless a newer one came meanwhile. */
  latestDelivered(charger: string, key: string, message: Buffer): void {
    const kept = this.#latest.get(charger);
    if (kept?.get(key) === message) kept.delete(key);
  }

  #learn(charger: string, fact: CsmsFact): void {
    switch (fact.type) {
      case 'boot': {
        const { switches } = this.#of(charger);
        const { accepted, intervalSeconds } = fact;
        const said = accepted ? { intervalSeconds } : { refused: true };
        this.#setCharger(charger, { ...said, switches });
        break;
      }
      case 'switches': {
        const facts = this.#of(charger);
        const switches = { ...facts.switches, ...fact.switches };
        this.#setCharger(charger, { ...facts, switches });
        break;
      }
      case 'time':
        if (Math.abs(fact.wallMs - this.#csmsTimeMs) < TIME_NOTED_EVERY_MS) break;
        this.#csmsTimeMs = fact.wallMs;
        this.#write([text('n/csms-time', String(fact.wallMs))]);
        break;
      case 'token':
        this.#setToken(tokenKey(fact.token), { verdict: fact.verdict, charger });
        break;
      case 'remote-start':
        this.#startedRemotely(charger, fact.token);
        break;
      case 'cache-cleared':
        this.#clearCache(charger);
        break;
      case 'list':
        this.#changeList(charger, fact.change);
        break;
      case 'password':
        break;
    }
  }

  #of(charger: string): ChargerFacts {
    return this.#chargers.get(charger) ?? { switches: {} };
  }

  #setCharger(charger: string, facts: ChargerFacts): void {
    const packed = JSON.stringify(facts);
    if (packed === JSON.stringify(this.#chargers.get(charger))) return;
    this.#chargers.set(charger, facts);
    this.#write([text(`c/${charger}`, packed)]);
  }

  #setToken(key: string, token: CachedToken): void {
    if (key.length > TOKEN_MOST_CHARS) return;
    const same = JSON.stringify(this.#tokens.get(key)) === JSON.stringify(token);
    this.#tokens.delete(key);
    this.#tokens.set(key, token);
    const changes: Change[] = same ? [] : [text(`t/${key}`, JSON.stringify(token))];
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > TOKENS_MOST && oldest !== undefined) {
      this.#tokens.delete(oldest);
      changes.push({ type: 'delete', key: `t/${oldest}` });
    }
    this.#write(changes);
  }

  /** Whoever the CSMS starts a session for is let in by it; what else it said of them stays. */
  #startedRemotely(charger: string, token: string): void {
    const key = tokenKey(token);
    if (this.#tokens.get(key)?.verdict.status === 'Accepted') return;
    this.#setToken(key, { verdict: { status: 'Accepted' }, charger });
  }

  #clearCache(charger: string): void {
    const gone = [...this.#tokens].filter(([, token]) => token.charger === charger);
    this.#forget(gone.map(([key]) => key));
  }

  #forget(keys: readonly string[]): void {
    for (const key of keys) this.#tokens.delete(key);
    this.#write(keys.map((key): Change => ({ type: 'delete', key: `t/${key}` })));
  }

  #changeList(charger: string, { full, version, entries }: ListChange): void {
    const before = full ? undefined : this.#lists.get(charger)?.entries;
    const list = { version, entries: new Map(before) };
    for (const { token, verdict } of entries) {
      const key = tokenKey(token);
      if (verdict === undefined) list.entries.delete(key);
      else if (list.entries.has(key) || list.entries.size < LOCAL_LIST_MOST) {
        list.entries.set(key, verdict);
      }
    }
    this.#lists.set(charger, list);
    const packed = JSON.stringify({ version, entries: [...list.entries] });
    this.#write([text(`l/${charger}`, packed)]);
  }

  #write(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#store.write(changes).catch((error: unknown) => {
      this.#log.warn('not remembered for an outage', { problem: String(error) });
    });
  }

  async #each(prefix: string, take: (id: string, value: Uint8Array) => void): Promise<void> {
    for await (const { key, value } of scanAll(this.#store, prefix)) {
      take(key.slice(prefix.length), value);
    }
  }
}

const text = (key: string, value: string): Change => ({
  type: 'put',
  key,
  value: Buffer.from(value),
});
