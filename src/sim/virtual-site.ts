import { ControlLoop } from '../control/control-loop.ts';
import type { LimitCommand } from '../core/limit-book.ts';
import { type Log, SILENT_LOG } from '../core/log.ts';
import type { Reading } from '../core/reading.ts';
import type { Site } from '../core/site.ts';
import { type ControlSettings, DEFAULT_SETTINGS } from '../core/tick.ts';
import { addAmps, mapPhases, NO_AMPS, type PhaseAmps } from '../core/units.ts';
import { Gateway } from '../gateway/gateway.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { SiteView } from '../schema/view.ts';
import { Breaker } from './breaker.ts';
import { Building, type LoadStep } from './building.ts';
import { type ChargerConduct, SimCharger } from './charger.ts';
import { SimCsms } from './csms.ts';
import { MemoryNetwork } from './memory-network.ts';
import { type Random, seededRandom } from './random.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface VirtualSiteOptions {
  readonly site: Site;
  readonly seed?: number;
  readonly settings?: Partial<ControlSettings>;
  readonly versions?: Readonly<Record<string, OcppVersion>>;
  readonly conduct?: Readonly<Record<string, Partial<ChargerConduct>>>;
  readonly buildingAmps?: PhaseAmps;
  readonly buildingNoiseAmps?: number;
  readonly loadSteps?: readonly LoadStep[];
  readonly meterLagMs?: number;
  readonly log?: Log;
}

/** What the meter does instead of measuring. */
export type MeterFault = 'none' | 'dead' | 'frozen';

const PHYSICS_MS = 100;
const METER_MS = 1_000;
const VOLTS = 230;

/**
 * A whole site on the virtual clock: the real gateway and control loop, simulated chargers, cars,
 * building, meter and CSMS. The root circuit's breaker watches the true current.
 */
export class VirtualSite {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly csms: SimCsms;
  readonly network: MemoryNetwork;
  readonly breaker: Breaker;
  readonly chargers: ReadonlyMap<string, SimCharger>;
  meterFault: MeterFault = 'none';
  /** Called after every physics step with the true current of the root circuit. */
  watch: (amps: PhaseAmps) => void = () => {};
  readonly #options: VirtualSiteOptions;
  readonly #building: Building;
  readonly #proven = new Set<string>();
  #gateway: Gateway | undefined;
  #loop: ControlLoop | undefined;
  #trueAmps: PhaseAmps = NO_AMPS;
  #frozenAmps: PhaseAmps | undefined;
  #siteAmps = new Map<string, PhaseAmps>();

  constructor(options: VirtualSiteOptions) {
    const { site, seed = 1 } = options;
    this.#options = options;
    this.random = seededRandom(seed);
    this.csms = new SimCsms(this.clock);
    this.network = new MemoryNetwork(this.clock, this.random, this.csms);
    this.breaker = new Breaker(site.circuits[0]?.limitAmps ?? NO_AMPS);
    this.#building = new Building({
      baseAmps: options.buildingAmps ?? NO_AMPS,
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
          wiring: spec.phases,
          maxAmps: spec.maxAmps,
          clock: this.clock,
          random: this.random,
          conduct: options.conduct?.[spec.id] ?? {},
          connect: (identity, subprotocols) => this.network.connect(identity, subprotocols),
        }),
      ]),
    );
    this.#physics();
    this.#meter();
    this.startGateway();
    for (const charger of this.chargers.values()) charger.start();
  }

  charger(id: string): SimCharger {
    const charger = this.chargers.get(id);
    if (charger === undefined) throw new RangeError(`no charger ${id}`);
    return charger;
  }

  /** True current of the root circuit, and of the chargers alone. */
  get trueAmps(): PhaseAmps {
    return this.#trueAmps;
  }

  chargerAmps(id: string): PhaseAmps {
    return this.#siteAmps.get(id) ?? NO_AMPS;
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('the gateway is off');
    return this.#gateway;
  }

  view(): SiteView {
    if (this.#loop === undefined) throw new Error('the gateway is off');
    return this.#loop.view();
  }

  setLimit(source: string, command: LimitCommand) {
    return this.#loop?.setLimit(source, command);
  }

  startGateway(): void {
    const { site, settings, log = SILENT_LOG } = this.#options;
    let ids = 0;
    const loop = new ControlLoop({
      site,
      clock: this.clock,
      calls: { call: (charger, call, done) => this.gateway.call(charger, call, done) },
      settings: { ...DEFAULT_SETTINGS, ...settings },
      log,
      version: 'virtual',
      provenFallbacks: this.#proven,
      rememberFallback: (charger, proven) => {
        if (proven) this.#proven.add(charger);
        else this.#proven.delete(charger);
      },
      published: () => {},
    });
    this.#loop = loop;
    this.#gateway = new Gateway({
      clock: this.clock,
      dialer: this.network.dialer,
      observer: loop.links,
      upstreamBase: () => 'ws://csms/ocpp',
      admits: (identity) => this.chargers.has(identity),
      newId: () => {
        ids += 1;
        return `own-${ids}-${Math.floor(this.random() * 1e9)}`;
      },
      log,
    });
    const gateway = this.#gateway;
    this.network.attachGateway((knock) => void gateway.knock(knock));
    loop.start();
  }

  /** SIGKILL: no farewell; connections break. */
  killGateway(): void {
    this.network.attachGateway(undefined);
    this.#loop?.stop();
    this.#gateway?.close();
    this.#loop = undefined;
    this.#gateway = undefined;
  }

  run(seconds: number): Promise<void> {
    return this.clock.run(seconds * 1000);
  }

  #physics(): void {
    this.clock.after(PHYSICS_MS, () => {
      let total = this.#building.amps(this.clock.monotonicMs());
      for (const [id, charger] of this.chargers) {
        const amps = charger.step(PHYSICS_MS);
        this.#siteAmps.set(id, amps);
        total = addAmps(total, amps);
      }
      this.#trueAmps = total;
      this.breaker.step(PHYSICS_MS, total);
      this.watch(total);
      this.#physics();
    });
  }

  #meter(): void {
    this.clock.after(METER_MS, () => {
      const meter = this.#options.site.meters[0]?.id;
      if (meter !== undefined && this.meterFault !== 'dead') this.#sample(meter);
      this.#meter();
    });
  }

  #sample(meter: string): void {
    if (this.meterFault === 'none') this.#frozenAmps = this.#trueAmps;
    const amps = mapPhases((p) => Math.round((this.#frozenAmps?.[p] ?? 0) * 100) / 100);
    const reading: Reading = {
      meter,
      atMs: this.clock.monotonicMs(),
      quality: 'good',
      amps,
      watts: VOLTS * (amps[0] + amps[1] + amps[2]),
    };
    const lagMs = this.#options.meterLagMs ?? 100;
    this.clock.after(lagMs, () => this.#loop?.takeReading(reading));
  }
}
