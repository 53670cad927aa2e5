import type { LimitCommand } from '../../src/core/limits/limit-book.ts';
import { mapPhases, sameAmps } from '../../src/core/units.ts';
import type { BreakerRecord } from '../../src/sim/breaker.ts';
import { Car } from '../../src/sim/car.ts';
import { between, type Random, seededRandom } from '../../src/sim/random.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { StormOracle, type StormRecord } from './fuse-storm-oracle.ts';
import { isSteered, pick, type StormPlan, stormPlan } from './fuse-storm-plan.ts';

/** What became of one storm. */
export interface StormResult {
  /** The site and what happened, for whoever has to find out why. */
  readonly story: readonly string[];
  readonly breakers: ReadonlyMap<string, BreakerRecord>;
  /** How often an offer changed its direction while nothing happened, the most of one connector. */
  readonly turnsInCalm: number;
  readonly lies: boolean;
  /** A window of the demand charge may end in it. */
  readonly limitMoves: boolean;
  /** Amps above the limit of an EMS that cars could have left, 45 s after it came; 0: never. */
  readonly aboveEmsAmps: number;
  /** Watts of the cars above what the grid operator left them, 30 s after it was said; 0: never. */
  readonly aboveDimmedWatts: number;
  readonly record: StormRecord;
}

const STRIKES = 6;
/** A disturbance has passed before the next one: times over a fuse are told apart. */
const APART_SECONDS = 60;
const STORM_MS = 14 * 60_000;
const SETTLE_SECONDS = 300;
const CALM_SECONDS = 600;
const DIMMED_SECONDS = 30;

const METER_FAULTS = {
  dead: undefined,
  'signs turned': (amps: number) => -amps,
  'no numbers': () => Number.NaN,
  'ten times too much': (amps: number) => amps * 10,
  'all zero': () => 0,
} as const;

/**
 * A random site on the virtual clock, and what happens to sites: cars come and go, links break,
 * chargers reboot and lie, meters fail, limits waver, clocks are set, the gateway dies. The same seed
 * gives the same storm.
 */
export class FuseStorm {
  readonly #random: Random;
  readonly #plan: StormPlan;
  readonly #site: VirtualSite;
  readonly #story: string[] = [];
  readonly #oracle: StormOracle;
  #aboveEmsAmps = 0;
  #aboveDimmedWatts = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed * 7919);
    this.#plan = stormPlan(seed, this.#random, STORM_MS);
    const { site, policy, baseAmps, steps, conduct, versions } = this.#plan;
    this.#site = new VirtualSite({
      site,
      policy,
      seed,
      conduct,
      versions,
      buildingAmps: sameAmps(baseAmps),
      loadSteps: steps,
      meterLagMs: between(this.#random, 0, 2_500),
    });
    const delayMs = between(this.#random, 50, 1_000);
    this.#site.network.conduct.delayLeastMs = delayMs * 0.5;
    this.#site.network.conduct.delayMostMs = delayMs;
    this.#oracle = new StormOracle(this.#site, this.#plan);
    this.#site.watch = () => this.#oracle.look();
    this.#introduce();
  }

  async run(): Promise<StormResult> {
    const { site, liar } = this.#plan;
    await this.#site.run(30);
    for (const { id } of site.chargers) {
      this.#plugIn(id);
      await this.#site.run(between(this.#random, 3, 15));
    }
    for (let strike = 0; strike < STRIKES; strike += 1) {
      await this.#site.run(APART_SECONDS);
      await this.#strike();
    }
    const leftMs = Math.max(0, STORM_MS - this.#site.clock.monotonicMs());
    await this.#site.run(leftMs / 1000 + SETTLE_SECONDS);
    const turnsInCalm = await this.#calm();
    return {
      story: this.#story,
      turnsInCalm,
      record: this.#oracle.record(),
      aboveDimmedWatts: this.#aboveDimmedWatts,
      lies: liar !== undefined,
      limitMoves: this.#plan.policy.demand !== undefined,
      aboveEmsAmps: this.#aboveEmsAmps,
      breakers: new Map(
        [...this.#site.plant.breakers].map(([id, breaker]) => [id, breaker.record()]),
      ),
    };
  }

  #introduce(): void {
    const { site, policy, baseAmps, steps, conduct, versions, liar, lie } = this.#plan;
    this.#story.push(`building ${Math.round(baseAmps)} A, policy ${JSON.stringify(policy)}`);
    for (const { id, limitAmps, meter, limitWatts, unbalanceAmps } of site.circuits) {
      const limits = `${limitAmps[0]} A, ${limitWatts} W, ${unbalanceAmps} A apart`;
      this.#story.push(`${id}: ${limits}, meter ${meter}`);
    }
    for (const { id, circuit, phases, maxAmps, fallbackAmps } of site.chargers) {
      const facts = `${versions[id]} on ${circuit}, phases ${phases}, ${maxAmps} A`;
      const odd = `${JSON.stringify(conduct[id])}${id === liar ? ` ${lie}` : ''}`;
      this.#story.push(`${id}: ${facts}, fallback ${fallbackAmps} A, ${odd}`);
    }
    for (const { atMs, untilMs, amps } of steps) {
      const seconds = [atMs, untilMs].map((ms) => Math.round(ms / 1000));
      this.#story.push(`building from ${seconds.join(' to ')} s: +${amps.map(Math.round)} A`);
    }
  }

  #tell(text: string): void {
    this.#story.push(`${Math.round(this.#site.clock.monotonicMs() / 1000)} s: ${text}`);
  }

  #plugIn(id: string): void {
    const random = this.#random;
    const dc = this.#plan.site.chargers.some((spec) => spec.id === id && spec.dcEfficiency);
    const car = new Car({
      // Rectifiers load all phases alike.
      phases: pick(random, dc ? [3] : [1, 2, 3]),
      maxAmps: pick(random, [16, 32]),
      minAmps: pick(random, [6, 6, 6, 8]),
      followSeconds: between(random, 0.3, 2),
      needWh: between(random, 20_000, 200_000),
      sleeps: random() < 0.05,
    });
    this.#tell(`${id}: a car of ${car.model.phases} phases and ${car.model.maxAmps} A`);
    this.#site.charger(id).plugIn(1, car, `CARD-${id}`);
  }

  async #strike(): Promise<void> {
    const random = this.#random;
    const { id } = pick(random, this.#plan.site.chargers);
    const seconds = Math.round(between(random, 2, 100));
    const deeds: readonly (() => Promise<void> | void)[] = [
      () => this.#kill(seconds),
      () => this.#pull(id, seconds * 2),
      () => this.#swap(id),
      () => this.#swap(id),
      () => this.#failMeters(seconds),
      () => this.#limit(seconds),
      () => {
        this.#tell(`${id} loses its connection`);
        this.#site.charger(id).loseConnection();
      },
      () => {
        this.#tell(`${id} reboots`);
        this.#site.charger(id).reboot();
      },
      () => {
        const hours = pick(random, [-25, -1, 1, 25]);
        this.#tell(`all clocks are set by ${hours} h`);
        this.#site.clock.stepWall(hours * 3_600_000);
        this.#oracle.clocksSet();
      },
      ...(this.#plan.policy.dimming === undefined ? [] : [() => this.#dim(), () => this.#dim()]),
    ];
    await pick(random, deeds)();
  }

  async #kill(seconds: number): Promise<void> {
    if (this.#buildingMoves(seconds + 30)) return;
    this.#tell(`the gateway is killed for ${seconds} s`);
    this.#site.killGateway();
    await this.#site.run(seconds);
    await this.#site.startGateway();
  }

  async #pull(id: string, seconds: number): Promise<void> {
    this.#tell(`${id} loses its network for ${seconds} s`);
    this.#site.charger(id).setNetwork(false);
    await this.#site.run(seconds);
    this.#site.charger(id).setNetwork(true);
  }

  async #swap(id: string): Promise<void> {
    if (this.#site.charger(id).carAt(1) !== undefined) {
      this.#tell(`${id}: the car leaves`);
      this.#site.charger(id).unplug(1);
      await this.#site.run(between(this.#random, 5, 30));
    }
    this.#plugIn(id);
  }

  async #failMeters(seconds: number): Promise<void> {
    if (this.#buildingMoves(seconds + 60)) return;
    const [name, shows] = pick(this.#random, Object.entries(METER_FAULTS));
    this.#tell(`meters for ${seconds} s: ${name}`);
    const { meters } = this.#site.plant;
    for (const meter of meters.values()) {
      meter.alter = ({ phaseWatts: _watts, watts: _sum, ...reading }) => {
        const { amps } = reading;
        if (shows === undefined || amps === undefined) return undefined;
        return { ...reading, amps: mapPhases((p) => shows(amps[p])) };
      };
    }
    await this.#site.run(seconds);
    for (const meter of meters.values()) meter.alter = (reading) => reading;
  }

  /** Nobody would see what it does meanwhile. */
  #buildingMoves(seconds: number): boolean {
    const nowMs = this.#site.clock.monotonicMs();
    const untilMs = nowMs + seconds * 1000;
    return this.#plan.steps.some((step) => step.atMs < untilMs && step.untilMs > nowMs - 60_000);
  }

  /** Two sources, one of which cannot make up its mind; the other one's limit began a while ago. */
  async #limit(seconds: number): Promise<void> {
    const site = this.#site;
    const fuseAmps = this.#plan.site.circuits[0]?.limitAmps[0] ?? 0;
    const lowAmps = Math.round(fuseAmps * between(this.#random, 0.2, 0.9));
    this.#tell(`EMS: ${lowAmps} A for ${seconds + 60} s, and one that wavers`);
    const limit = (amps: number, ttlSeconds: number): LimitCommand => ({
      circuit: 'main',
      amps: sameAmps(amps),
      ttlSeconds,
    });
    const startAtMs = site.clock.wallMs() - 10_000;
    site.setLimit('ems', { ...limit(lowAmps, seconds + 90), startAtMs });
    for (let i = 0; i < 200; i += 1) {
      site.setLimit('grid', limit(i % 2 === 0 ? fuseAmps : lowAmps * 0.7, 30));
      await site.run(0.1);
    }
    await site.run(25);
    const above = mapPhases((p) => site.trueAmps[p] - Math.max(lowAmps, this.#givenAmps(p)));
    this.#aboveEmsAmps = Math.max(this.#aboveEmsAmps, ...above);
    await site.run(seconds);
  }

  /** Dimmed cars have to be within what is left to them well before the next quarter of an hour. */
  async #dim(): Promise<void> {
    const site = this.#site;
    const fuseWatts = (this.#plan.site.circuits[0]?.limitAmps[0] ?? 0) * 690;
    const watts = Math.round(fuseWatts * between(this.#random, 0, 0.5));
    this.#tell(`grid operator: ${watts} W for all cars`);
    this.#oracle.mayStop();
    site.setLimit('grid', { circuit: 'main', watts, ttlSeconds: 120 });
    await site.run(DIMMED_SECONDS);
    for (let second = 0; second < DIMMED_SECONDS; second += 1) {
      await site.run(1);
      const steered = [...site.chargers].filter(([id]) => this.#isLed(id));
      const rest = [...site.chargers].filter(([id]) => !this.#isLed(id));
      const left = Math.max(
        0,
        watts -
          wattsOf(
            site,
            rest.map(([id]) => id),
          ),
      );
      const above =
        wattsOf(
          site,
          steered.map(([id]) => id),
        ) - left;
      this.#aboveDimmedWatts = Math.max(this.#aboveDimmedWatts, above);
    }
  }

  #isLed(id: string): boolean {
    return isSteered(this.#plan, id) && this.#site.charger(id).online;
  }

  /** What flows and is not to be steered: the building, and who lies or is away. */
  #givenAmps(p: 0 | 1 | 2): number {
    let amps = this.#site.trueAmps[p];
    for (const [id] of this.#site.chargers) {
      if (this.#isLed(id)) amps -= this.#site.chargerAmps(id)[p];
    }
    return amps;
  }

  async #calm(): Promise<number> {
    const offers = new Map<string, { readonly amps: number; readonly up?: boolean }>();
    const turns = new Map<string, number>();
    this.#oracle.beginCalm();
    for (let second = 0; second < CALM_SECONDS; second += 1) {
      await this.#site.run(1);
      this.#oracle.lookAtCalm();
      for (const { id, connectors } of this.#site.view().chargers) {
        const amps = connectors[0]?.offerAmps ?? 0;
        const before = offers.get(id);
        if (amps === before?.amps) continue;
        const up = before && amps > before.amps;
        if (before?.up !== undefined && before.up !== up) turns.set(id, (turns.get(id) ?? 0) + 1);
        offers.set(id, { amps, ...(up === undefined ? {} : { up }) });
      }
    }
    return Math.max(0, ...turns.values());
  }
}

const wattsOf = (site: VirtualSite, ids: readonly string[]): number =>
  ids.reduce((sum, id) => sum + site.chargerAmps(id).reduce((a, b) => a + b, 0) * 230, 0);
