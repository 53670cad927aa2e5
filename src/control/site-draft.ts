import type { Background } from '../core/background.ts';
import type { ChargerEvent } from '../core/charger-event.ts';
import {
  foldCharger,
  newCharger,
  withAbilities,
  withOnline,
  withoutStaleTransactions,
} from '../core/charger-fold.ts';
import type { Abilities, ChargerState } from '../core/charger-state.ts';
import { type CircuitTree, circuitTree } from '../core/circuit-tree.ts';
import { type Enforcement, inheritedEnforcement, NO_ENFORCEMENT } from '../core/enforcement.ts';
import { EMPTY_BOOK, type LimitBook, limitsInForce } from '../core/limit-book.ts';
import type { Reading } from '../core/reading.ts';
import type { PolicyState } from '../core/rules/policy-tick.ts';
import type { Learned } from '../core/sharing/learned.ts';
import { DEFAULT_POLICY, type Policy } from '../core/sharing/policy.ts';
import type { Turn } from '../core/sharing/turns.ts';
import type { Wish } from '../core/sharing/wish.ts';
import type { Site } from '../core/site.ts';
import {
  type ConnectorKey,
  type ControlSettings,
  connectorKey,
  type Decision,
  type MeterState,
  type TickInput,
} from '../core/tick.ts';
import type { OcppVersion } from '../ocpp/version.ts';

/**
 * The draft of the next snapshot: everything learned since the start, changed as events come in
 * and frozen for each tick. The only mutable state of the control room besides its timers.
 */
export class SiteDraft {
  readonly site: Site;
  readonly startedAtMs: number;
  book: LimitBook = EMPTY_BOOK;
  readonly #settings: ControlSettings;
  readonly #tree: CircuitTree;
  readonly #chargers = new Map<string, ChargerState>();
  readonly #readings = new Map<string, MeterState>();
  readonly #enforcement = new Map<ConnectorKey, Enforcement>();
  readonly #proven: Set<string>;
  readonly #wishes = new Map<ConnectorKey, Wish>();
  readonly #policy: Policy;
  #background: ReadonlyMap<string, Background> = new Map();
  #policyState: PolicyState = {};
  #learned: ReadonlyMap<ConnectorKey, Learned> = new Map();
  #turns: ReadonlyMap<ConnectorKey, Turn> = new Map();
  #lastTickAtMs: number | undefined;

  constructor(
    site: Site,
    settings: ControlSettings,
    provenFallbacks: ReadonlySet<string>,
    nowMs: number,
    policy: Policy = DEFAULT_POLICY,
  ) {
    this.#policy = policy;
    this.site = site;
    this.startedAtMs = nowMs;
    this.#settings = settings;
    this.#tree = circuitTree(site);
    this.#proven = new Set(provenFallbacks);
    for (const spec of site.chargers) {
      if (spec.fallbackTrusted) this.#proven.add(spec.id);
      const charger = newCharger(spec.id, spec.connectors, nowMs);
      this.#chargers.set(spec.id, charger);
      for (const connector of charger.connectors.keys()) {
        this.#enforcement.set(
          connectorKey(spec.id, connector),
          inheritedEnforcement(spec.maxAmps, nowMs, settings.lifeMs),
        );
      }
    }
  }

  charger(id: string): ChargerState | undefined {
    return this.#chargers.get(id);
  }

  hasProvenFallback(id: string): boolean {
    return this.#proven.has(id);
  }

  setProvenFallback(id: string, proven: boolean): void {
    const trusted = this.site.chargers.find((spec) => spec.id === id)?.fallbackTrusted ?? false;
    if (proven || trusted) this.#proven.add(id);
    else this.#proven.delete(id);
  }

  setOnline(id: string, online: boolean, atMs: number, version?: OcppVersion): void {
    const charger = this.#chargers.get(id);
    if (charger !== undefined) this.#chargers.set(id, withOnline(charger, online, atMs, version));
  }

  setAbilities(id: string, abilities: Abilities): void {
    const charger = this.#chargers.get(id);
    if (charger !== undefined) this.#chargers.set(id, withAbilities(charger, abilities));
  }

  /** Takes in what a charger said. Offers die with their transaction (OCPP 1.6 §3.13.1, K02.FR.05). */
  apply(id: string, event: ChargerEvent, atMs: number): void {
    const before = this.#chargers.get(id);
    if (before === undefined) return;
    const after = foldCharger(before, event, atMs);
    this.#chargers.set(id, after);
    for (const [connector, state] of after.connectors) {
      const was = before.connectors.get(connector)?.transaction?.id;
      const named = event.type === 'status' && event.connector === connector;
      const idle = named && state.transaction === undefined && event.status !== 'charging';
      // A transaction heard of by chance may have been going on, with an offer of an earlier run.
      const discovered = event.type === 'measured' || event.type === 'charging-state';
      // A wish belongs to one stay; one that came before its transaction is for that.
      if (was !== undefined && state.transaction?.id !== was) {
        this.#wishes.delete(connectorKey(id, connector));
      }
      if (idle || (state.transaction?.id !== was && !discovered)) {
        this.#enforcement.set(connectorKey(id, connector), NO_ENFORCEMENT);
      }
    }
  }

  /** Forgets what a charger held, e.g. after a reboot: volatile profiles are gone. */
  forgetOffers(id: string): void {
    for (const connector of this.#chargers.get(id)?.connectors.keys() ?? []) {
      const key = connectorKey(id, connector);
      const held = this.#enforcement.get(key)?.accepted;
      if (held === undefined) continue;
      this.#enforcement.set(key, {
        ...NO_ENFORCEMENT,
        doubtful: { amps: held.amps, untilMs: held.endsAtMs },
      });
    }
  }

  /** Keeps what the car at a connector wants; an empty wish forgets it. False: no such connector. */
  setWish(id: string, connector: number, wish: Wish): boolean {
    if (this.#chargers.get(id)?.connectors.get(connector) === undefined) return false;
    const key = connectorKey(id, connector);
    if (wish.energyWh === undefined && wish.departsAtWallMs === undefined) this.#wishes.delete(key);
    else this.#wishes.set(key, wish);
    return true;
  }

  takeReading(reading: Reading): void {
    const lastGood =
      reading.quality === 'good' ? reading : this.#readings.get(reading.meter)?.lastGood;
    this.#readings.set(reading.meter, {
      latest: reading,
      ...(lastGood === undefined ? {} : { lastGood }),
    });
  }

  updateEnforcement(key: ConnectorKey, change: (e: Enforcement) => Enforcement): void {
    this.#enforcement.set(key, change(this.#enforcement.get(key) ?? NO_ENFORCEMENT));
  }

  keep(decision: Decision): void {
    this.#background = decision.background;
    this.#turns = decision.turns;
    this.#policyState = decision.policyState;
    this.#learned = decision.learned;
  }

  /** The snapshot that one tick decides on. */
  freeze(nowMs: number, wallMs: number): TickInput {
    const lastTickAtMs = this.#lastTickAtMs;
    this.#lastTickAtMs = nowMs;
    for (const [id, charger] of this.#chargers) {
      this.#chargers.set(id, withoutStaleTransactions(charger, nowMs));
    }
    return {
      nowMs,
      startedAtMs: this.startedAtMs,
      site: this.site,
      tree: this.#tree,
      chargers: new Map(this.#chargers),
      readings: new Map(this.#readings),
      limits: limitsInForce(this.book, this.site, nowMs),
      enforcement: new Map(this.#enforcement),
      fallbackProven: new Set(this.#proven),
      background: this.#background,
      settings: this.#settings,
      wallMs,
      policy: this.#policy,
      wishes: new Map(this.#wishes),
      turns: this.#turns,
      policyState: this.#policyState,
      learned: this.#learned,
      ...(lastTickAtMs === undefined ? {} : { lastTickAtMs }),
    };
  }
}
