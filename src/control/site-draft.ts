import { type Carried, NOTHING_CARRIED } from '../core/carried.ts';
import type { ChargerEvent } from '../core/chargers/charger-event.ts';
import {
  ENERGY_STATES,
  foldCharger,
  newCharger,
  withAbilities,
  withOnline,
  withoutStaleTransactions,
} from '../core/chargers/charger-fold.ts';
import type { Abilities, ChargerState } from '../core/chargers/charger-state.ts';
import type { ChargerTraits, LearnedTraits } from '../core/chargers/charger-traits.ts';
import {
  type Enforcement,
  forgotten,
  inheritedEnforcement,
  NO_ENFORCEMENT,
} from '../core/chargers/enforcement.ts';
import { atTerminals } from '../core/chargers/terminal-currents.ts';
import { type CircuitTree, circuitTree } from '../core/circuit-tree.ts';
import type { ScheduledLimits } from '../core/limits/limit.ts';
import { type LimitBook, limitsInForce, startBook } from '../core/limits/limit-book.ts';
import { derivedReading } from '../core/meters/derived-meters.ts';
import { judgeReading } from '../core/meters/meter-check.ts';
import { meterSurroundings } from '../core/meters/meter-surroundings.ts';
import type { Reading } from '../core/meters/reading.ts';
import { NO_PREFERENCES, type Preferences } from '../core/preferences.ts';
import { DEFAULT_POLICY, type Policy } from '../core/sharing/policy.ts';
import type { Wish } from '../core/sharing/wish.ts';
import type { ChargerSpec, Site } from '../core/site.ts';
import {
  type ConnectorKey,
  type ControlSettings,
  chargerOfKey,
  connectorKey,
  type Decision,
  type MeterState,
  type ProfileLimits,
  type TickInput,
} from '../core/tick.ts';
import { type Times, timestamp } from '../core/time.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { Standing } from '../schema/standing.ts';
import { type EachOne, plainly } from './asides.ts';
import { ChargerClocks } from './chargers/charger-clocks.ts';
import { type ChargerMakes, KnownMakes } from './chargers/known-makes.ts';
import { keptWakeUps, standingWakeUps, wakeUpNews } from './kept-wake-ups.ts';
import { knownAhead } from './known-ahead.ts';
import { longestLifeMs } from './offers/offer-calls.ts';
import { ProvenFallbacks } from './offers/proven-fallbacks.ts';
import { ChosenPolicy, type PolicyChoice } from './policy-choice.ts';
import {
  keptBook,
  keptPreferences,
  standingBook,
  standingPreferences,
  timesSince,
} from './standing.ts';
import { type CarNeeds, keysOf, WishBook, wishOf } from './wish-book.ts';
import { Withheld } from './withheld.ts';

/**
 * The draft of the next snapshot: everything learned since the start, changed as events come in
 * and frozen for each tick. The only mutable state of the control room besides its timers.
 */
export class SiteDraft {
  readonly startedAtMs: number;
  book: LimitBook;
  preferences: Preferences = NO_PREFERENCES;
  readonly fallbacks: ProvenFallbacks;
  #site: Site;
  /** Before they are narrowed: another firmware may take more again. */
  #configured: readonly ChargerSpec[];
  /** The chargers of the site by id. */
  #specs: ReadonlyMap<string, ChargerSpec> = new Map();
  readonly #settings: ControlSettings;
  readonly #tree: CircuitTree;
  readonly #chargers = new Map<string, ChargerState>();
  readonly #readings = new Map<string, MeterState>();
  readonly #enforcement = new Map<ConnectorKey, Enforcement>();
  readonly #withheld = new Withheld();
  readonly #wishes = new WishBook();
  readonly #clocks = new ChargerClocks();
  readonly #policy: ChosenPolicy;
  #lastPolicy: Policy;
  readonly #makes: KnownMakes;
  #carried: Carried;
  #lastTickAtMs: number | undefined;

  constructor(
    site: Site,
    settings: ControlSettings,
    provenFallbacks: ReadonlySet<string>,
    nowMs: number,
    makes?: ChargerMakes,
    policy: Policy = DEFAULT_POLICY,
  ) {
    this.#policy = new ChosenPolicy(policy);
    this.#lastPolicy = policy;
    this.#makes = new KnownMakes(makes);
    this.#carried = { ...NOTHING_CARRIED, wiring: this.#makes.wiringBefore() };
    this.#site = site;
    this.#configured = site.chargers;
    this.#narrowChargers();
    this.startedAtMs = nowMs;
    this.book = startBook(site, nowMs);
    this.#settings = settings;
    this.#tree = circuitTree(site);
    this.fallbacks = new ProvenFallbacks(provenFallbacks);
    for (const spec of site.chargers) this.#begin(spec, nowMs);
  }

  /** As configured, but for what the make of a charger narrows. */
  get site(): Site {
    return this.#site;
  }

  spec(id: string): ChargerSpec | undefined {
    return this.#specs.get(id);
  }

  #narrowChargers(): void {
    const narrowed = this.#configured.map((spec) => this.#makes.narrowed(spec));
    this.#site = { ...this.#site, chargers: narrowed };
    this.#specs = new Map(narrowed.map((spec) => [spec.id, spec]));
  }

  /** Takes a charger in that was not there at the start; nothing is known of what it does. */
  adopt(spec: ChargerSpec, nowMs: number): void {
    if (this.#chargers.has(spec.id)) return;
    this.#configured = [...this.#configured, spec];
    this.#narrowChargers();
    this.#begin(spec, nowMs);
  }

  #begin(spec: ChargerSpec, nowMs: number): void {
    const traits = this.traits(spec.id);
    if (!traits.keepsProfilesOffline) this.fallbacks.set(spec.id, false);
    if (spec.fallbackTrusted) this.fallbacks.trust(spec.id);
    const charger = newCharger(spec.id, spec.connectors, nowMs);
    this.#chargers.set(spec.id, charger);
    const lifeMs = longestLifeMs(traits, spec, this.#settings.lifeMs);
    for (const connector of charger.connectors.keys()) {
      const enforcement = inheritedEnforcement(spec.maxAmps, nowMs, lifeMs);
      this.#enforcement.set(connectorKey(spec.id, connector), enforcement);
    }
  }

  /** The transaction goes on without energy, until it ends. */
  withhold(charger: string, transactionId: string): void {
    this.#withheld.add(charger, transactionId);
  }

  charger(id: string): ChargerState | undefined {
    return this.#chargers.get(id);
  }

  traits(id: string): ChargerTraits {
    return this.#makes.traits(id);
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
    const spec = this.spec(id);
    const seen = spec === undefined ? event : atTerminals(spec, event, this.site.voltageVolts);
    const after = foldCharger(before, seen, atMs);
    this.#put(before, after);
    if (event.type === 'booted') {
      this.#makes.booted(id, event);
      this.#clocks.forget(id);
      // Its firmware may be another one.
      const others = [...this.#carried.defiances].filter(([key]) => chargerOfKey(key) !== id);
      this.#carried = { ...this.#carried, defiances: new Map(others) };
      this.#narrowChargers();
    }
    for (const [connector, state] of after.connectors) {
      const was = before.connectors.get(connector)?.transaction?.id;
      const named = event.type === 'status' && event.connector === connector;
      // A transaction heard of by chance may have been going on, with an offer of an earlier run.
      const idle = named && state.transaction === undefined && !ENERGY_STATES.has(event.status);
      const discovered = event.type === 'measured' || event.type === 'charging-state';
      if (idle || (state.transaction?.id !== was && !discovered)) {
        this.#enforcement.set(connectorKey(id, connector), NO_ENFORCEMENT);
      }
    }
  }

  /** A wish goes with the transaction that it is for, also where that was lost. */
  #put(before: ChargerState, after: ChargerState): void {
    this.#chargers.set(after.id, after);
    for (const [connector, { transaction }] of after.connectors) {
      const was = before.connectors.get(connector)?.transaction?.id;
      this.#wishes.follow(connectorKey(after.id, connector), was, transaction?.id);
    }
  }

  /** Forgets what a charger held, e.g. after a reboot: volatile profiles are gone. */
  forgetOffers(id: string): void {
    for (const connector of this.#chargers.get(id)?.connectors.keys() ?? []) {
      const key = connectorKey(id, connector);
      const held = this.#enforcement.get(key);
      if (held !== undefined) this.#enforcement.set(key, forgotten(held));
    }
  }

  /** Keeps what the car at a connector wants; an empty wish forgets it. False: no such connector. */
  setWish(id: string, connector: number, wish: Wish, wallMs: number): boolean {
    if (this.#chargers.get(id)?.connectors.get(connector) === undefined) return false;
    this.#wishes.set(connectorKey(id, connector), wish, wallMs);
    return true;
  }

  /** What a car asks for from now on (ISO 15118); a departure that is over says nothing. */
  takeNeeds(id: string, needs: CarNeeds, wallMs: number): void {
    const state = this.#chargers.get(id)?.connectors.get(needs.connector);
    if (state === undefined) return;
    this.#wishes.setByCar(connectorKey(id, needs.connector), wishOf(needs, state, wallMs), wallMs);
  }

  /** A charger gave the time by its own clock; see ChargerClocks. */
  toldTime(id: string, aheadMs: number, atMs: number, live: boolean): void {
    if (this.#chargers.has(id)) this.#clocks.told(id, aheadMs, atMs, live);
  }

  /**
   * What it measured by its own clock so long ago says nothing of its present draw: 1.6 does not mark
   * what a charger had held while it was offline.
   */
  isHistory(id: string, aheadMs: number): boolean {
    return this.#clocks.ageMs(id, aheadMs) >= this.#settings.measurementLifeMs;
  }

  learn(id: string, learned: LearnedTraits): void {
    this.#makes.learn(id, learned);
  }

  /** What probes found out before. */
  found(id: string): LearnedTraits {
    return this.#makes.found(id);
  }

  enforcement(key: ConnectorKey): Enforcement | undefined {
    return this.#enforcement.get(key);
  }

  takeReading(reading: Reading): void {
    const spec = this.site.meters.find(({ id }) => id === reading.meter);
    if (spec === undefined) return;
    const around = meterSurroundings({ site: this.site, tree: this.#tree }, spec, this.#chargers, {
      nowMs: reading.atMs,
      lifeMs: this.#settings.measurementLifeMs,
    });
    const state = judgeReading(this.#readings.get(reading.meter), reading, around);
    this.#readings.set(reading.meter, state);
  }

  /**
   * Before each freeze: ends what chargers left behind, and takes the readings that follow from
   * chargers and from other meters. `eachCharger` and `eachMeter` run the steps.
   */
  prepare(nowMs: number, eachCharger: EachOne = plainly, eachMeter: EachOne = plainly): void {
    for (const [id, charger] of this.#chargers) {
      eachCharger(id, () => {
        const after = withoutStaleTransactions(charger, nowMs);
        if (after !== charger) this.#put(charger, after);
      });
    }
    const { site } = this;
    const from = { site, chargers: this.#chargers, readings: this.#readings, nowMs };
    for (const spec of site.meters) {
      eachMeter(spec.id, () => {
        const reading = derivedReading(spec, from);
        if (reading !== undefined) this.takeReading(reading);
      });
    }
  }

  updateEnforcement(key: ConnectorKey, change: (e: Enforcement) => Enforcement): void {
    this.#enforcement.set(key, change(this.#enforcement.get(key) ?? NO_ENFORCEMENT));
  }

  /** Absent: that of the site file. */
  setPolicy(choice?: PolicyChoice): void {
    this.#policy.choose(choice);
  }

  chosenPolicy(nowMs: number): string | undefined {
    return this.#policy.nameAt(nowMs);
  }

  /** What has to outlive the process. */
  standing(now: Times): Standing {
    return {
      savedAt: timestamp(now.wallMs),
      ...standingPreferences(this.preferences, now),
      wishes: this.#wishes.standing((key) => this.#transactionAt(key)),
      limits: standingBook(this.book, this.site, now),
      ...standingWakeUps(this.#carried.wakeUps, now),
      ...this.#policy.standing(now),
    };
  }

  /** Takes up what outlived the run before. `policies` may be chosen, by name. */
  restore(standing: Standing, policies: ReadonlyMap<string, Policy>, times: Times): void {
    const now = timesSince(standing, times);
    const connectors = keysOf(this.#chargers.values());
    this.preferences = keptPreferences(standing, connectors, now);
    this.#wishes.restore(standing.wishes, connectors, now.wallMs);
    this.book = keptBook(standing, this.book, this.site, now);
    this.#policy.restore(standing, policies, now);
    this.#carried = { ...this.#carried, wakeUps: keptWakeUps(standing, connectors, now) };
  }

  #transactionAt(key: ConnectorKey): string | undefined {
    for (const { id, connectors } of this.#chargers.values()) {
      for (const { connector, transaction } of connectors.values()) {
        if (connectorKey(id, connector) === key) return transaction?.id;
      }
    }
    return undefined;
  }

  /** What the policy before had counted says nothing about another one. */
  #policyAt(nowMs: number): Policy {
    const policy = this.#policy.at(nowMs);
    if (policy !== this.#lastPolicy) this.#carried = { ...this.#carried, policyState: {} };
    this.#lastPolicy = policy;
    return policy;
  }

  /** Says what of it has to outlive the process soon. */
  keep({ carried }: Decision): ReturnType<typeof wakeUpNews> {
    const news = wakeUpNews(this.#carried.wakeUps, carried.wakeUps);
    this.#makes.rememberWiring(this.#carried.wiring, carried.wiring);
    this.#carried = carried;
    return news;
  }

  /** Of a cycle that came to no decision. */
  observed(background: Carried['background']): void {
    this.#carried = { ...this.#carried, background };
  }

  /** The snapshot that one tick decides on. */
  freeze(
    nowMs: number,
    wallMs: number,
    profiles: ProfileLimits,
    siteLimits?: ScheduledLimits,
  ): TickInput {
    const lastTickAtMs = this.#lastTickAtMs;
    this.#lastTickAtMs = nowMs;
    const policy = this.#policyAt(nowMs);
    return {
      nowMs,
      startedAtMs: this.startedAtMs,
      site: this.site,
      tree: this.#tree,
      chargers: new Map(this.#chargers),
      readings: new Map(this.#readings),
      limits: [
        ...limitsInForce(this.book, this.site, nowMs),
        ...(siteLimits?.limits(wallMs) ?? []),
      ],
      ahead: knownAhead(this.book, this.site, { monotonicMs: nowMs, wallMs }, siteLimits),
      enforcement: new Map(this.#enforcement),
      fallbackProven: this.fallbacks.all(),
      profiles,
      preferences: this.#withheld.paused(this.preferences, this.#chargers.values()),
      settings: this.#settings,
      wallMs,
      policy,
      wishes: this.#wishes.all(),
      ...this.#carried,
      seenBefore: this.#makes.seenBefore,
      clocksAheadMs: this.#clocks.ahead(nowMs, wallMs - nowMs),
      ...(lastTickAtMs === undefined ? {} : { lastTickAtMs }),
    };
  }
}
