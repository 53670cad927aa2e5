import type { ProbeReport } from '../control/chargers/charger-probe.ts';
import type { ChargerMakes } from '../control/chargers/known-makes.ts';
import { ControlLoop } from '../control/control-loop.ts';
import type { PolicyChoice } from '../control/policy-choice.ts';
import { ProfileShelf } from '../control/profiles/profile-shelf.ts';
import type { ChargerTraits, Nameplate } from '../core/chargers/charger-traits.ts';
import type { LimitCommand } from '../core/limits/limit-book.ts';
import { SILENT_LOG } from '../core/log.ts';
import type { PreferenceCommand } from '../core/preferences.ts';
import type { Wish } from '../core/sharing/wish.ts';
import { DEFAULT_SETTINGS } from '../core/tick.ts';
import { NO_AMPS, type PhaseAmps } from '../core/units.ts';
import type { AggregateStation } from '../gateway/aggregate/station.ts';
import { Faults } from '../gateway/faults.ts';
import { Gateway } from '../gateway/gateway.ts';
import { type Outage, type OutageSettings, openOutage } from '../gateway/outage/outage.ts';
import { NOTHING_STANDING, type Standing } from '../schema/standing.ts';
import type { SiteView } from '../schema/view.ts';
import type { Controller } from '../station/controller.ts';
import { SecurityWatch } from '../station/security-watch.ts';
import type { Breaker } from './breaker.ts';
import { Building } from './building.ts';
import { SimCharger } from './charger/charger.ts';
import { SimCsms } from './csms.ts';
import { MemoryNetwork } from './memory-network.ts';
import { Medium, MemoryStore } from './memory-store.ts';
import { auditMessages, type MessageAudit } from './message-audit.ts';
import type { MeterFault, SimMeter } from './meter.ts';
import { Plant } from './plant.ts';
import { type Random, seededRandom } from './random.ts';
import { SiteIdentities } from './site-identities.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { VirtualSiteOptions } from './virtual-site-options.ts';

export type { VirtualSiteOptions };

const OUTAGE_SETTINGS: OutageSettings = {
  unknownTokens: 'charger',
  unknownBoot: 'pending',
  replayPerSecond: 250,
  mostBytes: 64 * 1024 * 1024,
};

const PHYSICS_MS = 100;
const METER_MS = 1_000;

/**
 * A whole site on the virtual clock: the real gateway and control loop, simulated chargers, cars,
 * building, meters and CSMS. Breakers watch the true current of every circuit.
 */
export class VirtualSite {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly csms: SimCsms;
  readonly network: MemoryNetwork;
  readonly plant: Plant;
  readonly chargers: ReadonlyMap<string, SimCharger>;
  /** Called after every physics step with the true current of the root circuit. */
  watch: (amps: PhaseAmps) => void = () => {};
  readonly #options: VirtualSiteOptions;
  readonly #proven = new Set<string>();
  readonly #plates = new Map<string, Nameplate>();
  #standing = NOTHING_STANDING;
  /** The gateway's disk: it outlives the gateway. */
  readonly medium = new Medium();
  #store: MemoryStore | undefined;
  #outage: Outage | undefined;
  controller: Controller | undefined;
  /** As the site file says when the gateway starts again. */
  closesInOutage = false;
  /** Restarts that the CSMS asked the gateway for. */
  restarts = 0;
  readonly uploads: { readonly url: string; readonly name: string }[] = [];
  #gateway: Gateway | undefined;
  #loop: ControlLoop | undefined;
  #aggregate: AggregateStation | undefined;

  constructor(options: VirtualSiteOptions) {
    const { site, seed = 1 } = options;
    this.#options = options;
    this.random = seededRandom(seed);
    this.csms = new SimCsms(this.clock);
    this.network = new MemoryNetwork(this.clock, this.random, this.csms);
    const building = new Building({
      baseAmps: options.buildingAmps ?? NO_AMPS,
      ...(options.roofAmps && { roofAmps: options.roofAmps }),
      noiseAmps: options.buildingNoiseAmps ?? 0,
      steps: options.loadSteps ?? [],
      random: this.random,
    });
    this.chargers = new Map(
      site.chargers.map((spec) => [
        spec.id,
        new SimCharger({
          identity: spec.id,
          version: options.versions?.[spec.id] ?? '1.6',
          connectors: spec.connectors,
          wiring:
            options.wiring?.[spec.id] ?? spec.phases.map((phase, t) => (phase < 0 ? t : phase)),
          maxAmps: spec.maxAmps,
          clock: this.clock,
          random: this.random,
          conduct: options.conduct?.[spec.id] ?? {},
          ...options.plates?.[spec.id],
          connect: (identity, subprotocols) => this.network.connect(identity, subprotocols),
        }),
      ]),
    );
    const buildings = new Map([[site.circuits[0]?.id ?? '', building]]);
    this.plant = new Plant({ site, chargers: this.chargers, buildings });
    this.#physics();
    for (const meter of this.plant.meters.values()) this.#poll(meter);
    void this.startGateway();
    for (const charger of this.chargers.values()) charger.start();
  }

  charger(id: string): SimCharger {
    const charger = this.chargers.get(id);
    if (charger === undefined) throw new RangeError(`no charger ${id}`);
    return charger;
  }

  /** The breaker of the root circuit. */
  get breaker(): Breaker {
    const breaker = this.plant.breakers.values().next().value;
    if (breaker === undefined) throw new Error('the site has no circuit');
    return breaker;
  }

  /** What every meter does instead of measuring. */
  set meterFault(fault: MeterFault) {
    for (const meter of this.plant.meters.values()) meter.fault = fault;
  }

  /** True current of the root circuit. */
  get trueAmps(): PhaseAmps {
    return this.plant.amps();
  }

  /** True current of one charger. */
  chargerAmps(id: string): PhaseAmps {
    return this.charger(id).siteAmps();
  }

  /** What became of the transaction messages of a charger. */
  audit(id: string): MessageAudit {
    const charger = this.charger(id);
    return auditMessages(
      charger.acknowledged,
      this.csms.transactionMessages(id),
      charger.heldMessages,
      charger.discarded,
    );
  }

  /** What the gateway holds for the CSMS; undefined in `close` mode. */
  get outage(): Outage | undefined {
    return this.#outage;
  }

  /** Number of a charger's connector or EVSE towards the CSMS. */
  upstreamNumber(charger: string, local = 1): number {
    return this.#aggregate?.numberOf(charger, local) ?? 0;
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('the gateway is off');
    return this.#gateway;
  }

  /** As `busbar charger probe` does. */
  async probe(id: string, active: boolean): Promise<ProbeReport> {
    const report = await this.#loop?.probes.run(id, active);
    if (report === undefined || 'problem' in report) throw new Error(report?.problem ?? 'off');
    return report;
  }

  view(): SiteView {
    if (this.#loop === undefined) throw new Error('the gateway is off');
    return this.#loop.view();
  }

  /** One control cycle at this instant. */
  tick(): void {
    this.#loop?.tickNow();
  }

  setLimit(source: string, command: LimitCommand) {
    return this.#loop?.setLimit(source, command);
  }

  setPreference(command: PreferenceCommand) {
    return this.#loop?.setPreference(command);
  }

  setWish(charger: string, connector: number, wish: Wish): boolean {
    return this.#loop?.setWish(charger, connector, wish) ?? false;
  }

  setPolicy(choice?: PolicyChoice): void {
    this.#loop?.setPolicy(choice);
  }

  async startGateway(): Promise<void> {
    const { site, settings, traitsOf, raisesPerDay, log = SILENT_LOG } = this.#options;
    const { remoteStopAfterSeconds } = this.#options;
    let ids = 0;
    const newId = () => {
      ids += 1;
      return `own-${ids}-${Math.floor(this.random() * 1e9)}`;
    };
    const store = new MemoryStore(this.medium, this.clock);
    this.#store = store;
    const outage = await this.#openOutage(store, newId);
    this.#outage = outage;
    const shelf = await ProfileShelf.open(store, log);
    const identities = new SiteIdentities({
      ...this.#options,
      clock: this.clock,
      log,
      random: this.random,
      newId,
      dialer: this.network.dialer,
      store,
      outage,
      shelf,
      loop: () => loop,
      restart: () => {
        this.restarts += 1;
      },
      upload: (url, name) => this.uploads.push({ url, name }),
    });
    this.controller = await identities.controller();
    const faults = new Faults(this.clock, log, !(this.#options.faultsContained ?? false));
    const loop = new ControlLoop({
      site,
      faults,
      shelf,
      callCsms: (charger, action, payload, done) => {
        this.gateway.callCsms(charger, action, payload, done);
      },
      clock: this.clock,
      calls: { call: (charger, call, done) => this.gateway.call(charger, call, done) },
      settings: { ...DEFAULT_SETTINGS, ...settings },
      log,
      version: 'virtual',
      random: this.random,
      provenFallbacks: this.#proven,
      rememberFallback: (charger, proven) => {
        if (proven) this.#proven.add(charger);
        else this.#proven.delete(charger);
      },
      ...(traitsOf === undefined ? {} : { makes: this.#makes(traitsOf) }),
      ...(raisesPerDay === undefined ? {} : { raisesPerDay }),
      ...(remoteStopAfterSeconds === undefined ? {} : { remoteStopAfterSeconds }),
      policies: this.#options.policies,
      standing: { kept: this.#standing, save: (standing) => this.#keep(standing) },
      counters: () => this.#aggregate?.counters() ?? {},
      limitReports: this.#options.limitReports,
      ...(this.#options.policy === undefined ? {} : { policy: this.#options.policy }),
      siteLimits: identities.limit,
      published: (view) => this.#published(view),
    });
    this.#loop = loop;
    this.#aggregate = await identities.station();
    const gateway = this.#newGateway(loop, outage, faults, newId);
    this.#gateway = gateway;
    this.network.attachGateway((knock) => void gateway.knock(knock));
    loop.start();
  }

  #makes(traitsOf: (plate: Nameplate) => ChargerTraits): ChargerMakes {
    const remember = (charger: string, plate: Nameplate): void => {
      this.#plates.set(charger, plate);
    };
    return { traitsOf, plates: this.#plates, remember };
  }

  #published(view: SiteView): void {
    this.controller?.published(view);
    this.#aggregate?.published(view);
  }

  #newGateway(
    loop: ControlLoop,
    outage: Outage | undefined,
    faults: Faults,
    newId: () => string,
  ): Gateway {
    const { log = SILENT_LOG, flushAbsentAfterMs = 0 } = this.#options;
    const watch = new SecurityWatch(this.clock, (type, info) => {
      this.controller?.securityEvent(type, info);
      this.#aggregate?.securityEvent(type, info);
    });
    return new Gateway({
      suspicious: (suspicion) => watch.noted(suspicion),
      clock: this.clock,
      dialer: this.#aggregate ?? this.network.dialer,
      observer: loop.links,
      interceptor: loop.profiles,
      upstreamBase: () => 'ws://csms/ocpp',
      admits: (identity) => this.chargers.has(identity),
      newId,
      log,
      faults,
      ...(outage === undefined ? {} : { outage }),
      closesInOutage: () => this.closesInOutage,
      flushAbsentAfterMs,
      withhold: (charger, transactionId) => loop.withhold(charger, transactionId),
      mannersOf: (identity) => loop.links.mannersOf(identity),
    });
  }

  #keep(standing: Standing): Promise<void> {
    this.#standing = structuredClone(standing);
    return Promise.resolve();
  }

  /** SIGKILL: no farewell; connections break. */
  killGateway(): void {
    this.#store?.kill();
    this.network.attachGateway(undefined);
    this.network.cut('charger');
    this.network.cut('csms');
    this.controller?.stop();
    this.controller = undefined;
    this.#loop?.stop();
    this.#gateway?.close();
    this.#aggregate?.close();
    this.#aggregate = undefined;
    this.#loop = undefined;
    this.#gateway = undefined;
  }

  run(seconds: number): Promise<void> {
    return this.clock.run(seconds * 1000);
  }

  #openOutage(store: MemoryStore, newSalt: () => string): Promise<Outage | undefined> {
    const { outage = 'answer', outageSettings, log = SILENT_LOG } = this.#options;
    if (outage === 'close') return Promise.resolve(undefined);
    return openOutage({
      store,
      clock: this.clock,
      log,
      random: this.random,
      hash: (secret, salt) => Promise.resolve(`${salt} ${secret}`),
      newSalt,
      settings: { ...OUTAGE_SETTINGS, ...outageSettings },
    });
  }

  #physics(): void {
    this.clock.after(PHYSICS_MS, () => {
      this.plant.step(PHYSICS_MS);
      this.watch(this.trueAmps);
      this.#physics();
    });
  }

  #poll(meter: SimMeter): void {
    this.clock.after(METER_MS, () => {
      const reading = meter.reading(this.clock.monotonicMs());
      const lagMs = this.#options.meterLagMs ?? 100;
      if (reading !== undefined) {
        this.clock.after(lagMs, () => this.#loop?.takeReading(reading));
      }
      this.#poll(meter);
    });
  }
}
