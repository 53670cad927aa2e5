import type { OcppVersion } from '../ocpp/version.ts';
import { type AccessRule, AccessRules } from './access-rules.ts';
import type { CallAnswer, Interceptor } from './interceptor.ts';
import { Mirror, type MirrorOptions } from './mirror.ts';
import type { LinkObserver, RelayedAnswer, RelayedRequest, UpstreamState } from './observer.ts';

/** Who gets what: the part of the config that may change while links are up. */
export interface Roles {
  /** Base URL of the CSMS. */
  readonly url: string;
  /** Chargers with another CSMS. */
  readonly routes: ReadonlyMap<string, string>;
  readonly mirrors: readonly MirrorSpec[];
  readonly rules: readonly AccessRule[];
}

export interface MirrorSpec {
  readonly id: string;
  readonly url: string;
  readonly password?: string;
  readonly chargers?: readonly string[];
}

type MirrorParts = Omit<MirrorOptions, keyof MirrorSpec>;

/** The CSMS of each charger, the mirrors beside it, and what it may ask; changed without a restart. */
export class UpstreamRoles implements LinkObserver {
  readonly interceptor: Interceptor;
  readonly #access: AccessRules;
  readonly #first: LinkObserver;
  readonly #parts: MirrorParts;
  readonly #connected = new Map<string, OcppVersion>();
  #roles: Roles;
  #mirrors = new Map<string, Mirror>();

  constructor(
    roles: Roles,
    options: {
      /** Hears of everything before the mirrors. */
      readonly first: LinkObserver;
      readonly interceptor: Interceptor;
      readonly mirrorParts: MirrorParts;
    },
  ) {
    this.#roles = roles;
    this.#first = options.first;
    this.#parts = options.mirrorParts;
    this.#access = new AccessRules(roles.rules, options.interceptor, (charger) =>
      this.base(charger),
    );
    this.interceptor = this.#access;
    this.#setMirrors(roles.mirrors);
  }

  base(charger: string): string {
    return this.#roles.routes.get(charger) ?? this.#roles.url;
  }

  /** The same rules for a station of the gateway itself; undefined: the CSMS may ask this. */
  refusal(identity: string, base: string, action: string): CallAnswer | undefined {
    return this.#access.refusal(identity, base, action);
  }

  /** Takes over new roles; the chargers whose CSMS changed have to connect anew. */
  change(roles: Roles): readonly string[] {
    const before = new Map([...this.#connected.keys()].map((id) => [id, this.base(id)]));
    this.#roles = roles;
    this.#access.rules = roles.rules;
    this.#setMirrors(roles.mirrors);
    return [...before].filter(([id, base]) => this.base(id) !== base).map(([id]) => id);
  }

  /** Messages that mirrors were too slow for. */
  get dropped(): number {
    return [...this.#mirrors.values()].reduce((sum, mirror) => sum + mirror.dropped, 0);
  }

  /** Connections of mirrors that were cut because they said too much. */
  get cut(): number {
    return [...this.#mirrors.values()].reduce((sum, mirror) => sum + mirror.cut, 0);
  }

  stop(): void {
    for (const mirror of this.#mirrors.values()) mirror.stop();
  }

  chargerConnected(charger: string, version: OcppVersion, atMs: number): void {
    this.#connected.set(charger, version);
    this.#first.chargerConnected(charger, version, atMs);
    for (const mirror of this.#mirrors.values()) mirror.chargerConnected(charger, version);
  }

  chargerGone(charger: string, reason: string, atMs: number): void {
    this.#connected.delete(charger);
    this.#first.chargerGone(charger, reason, atMs);
    for (const mirror of this.#mirrors.values()) mirror.chargerGone(charger);
  }

  upstreamChanged(charger: string, state: UpstreamState, atMs: number): void {
    this.#first.upstreamChanged(charger, state, atMs);
  }

  request(relayed: RelayedRequest): void {
    this.#first.request(relayed);
    for (const mirror of this.#mirrors.values()) mirror.request(relayed);
  }

  answer(relayed: RelayedAnswer): void {
    this.#first.answer(relayed);
  }

  /** Mirrors that did not change keep their connections. */
  #setMirrors(specs: readonly MirrorSpec[]): void {
    const wanted = new Map(specs.map((spec) => [JSON.stringify(spec), spec]));
    for (const [key, mirror] of this.#mirrors) if (!wanted.has(key)) mirror.stop();
    this.#mirrors = new Map(
      [...wanted].map(([key, spec]) => [key, this.#mirrors.get(key) ?? this.#newMirror(spec)]),
    );
  }

  #newMirror({ chargers, ...spec }: MirrorSpec): Mirror {
    const only = chargers === undefined ? {} : { chargers: new Set(chargers) };
    const mirror = new Mirror({ ...this.#parts, ...spec, ...only });
    for (const [charger, version] of this.#connected) mirror.chargerConnected(charger, version);
    return mirror;
  }
}
