import { LineSum } from '../core/line-currents.ts';
import { loadedPhases, type PhaseSet } from '../core/meters/site-phases.ts';
import type { Circuit, Site } from '../core/site.ts';
import { NO_AMPS, type PhaseAmps } from '../core/units.ts';
import { Breaker } from './breaker.ts';
import type { Building } from './building.ts';
import type { SimCharger } from './charger/charger.ts';
import { SimMeter } from './meter.ts';

const ALL_PHASES: PhaseSet = [true, true, true];

export interface PlantOptions {
  readonly site: Site;
  /** By the id in the site; chargers that are missing are not built yet. */
  readonly chargers: ReadonlyMap<string, SimCharger>;
  /** What else hangs on a circuit, by circuit id. */
  readonly buildings: ReadonlyMap<string, Building>;
}

/**
 * The electrical truth of a site: what really flows through every circuit, what its breaker makes
 * of it, and what its meter shows.
 */
export class Plant {
  readonly breakers: ReadonlyMap<string, Breaker>;
  readonly meters: ReadonlyMap<string, SimMeter>;
  readonly #options: PlantOptions;
  /** Children before parents. */
  readonly #upwards: readonly Circuit[];
  #amps: ReadonlyMap<string, PhaseAmps> = new Map();
  #elapsedMs = 0;

  constructor(options: PlantOptions) {
    const { circuits, meters, voltageVolts } = options.site;
    this.#options = options;
    this.#upwards = [...circuits].reverse();
    this.breakers = new Map(circuits.map(({ id, limitAmps }) => [id, new Breaker(limitAmps)]));
    this.meters = new Map(meters.map(({ id }) => [id, new SimMeter(id, voltageVolts)]));
  }

  /** Moves everything on by `ms`. */
  step(ms: number): void {
    const { site, chargers, buildings } = this.#options;
    this.#elapsedMs += ms;
    const sums = new Map(site.circuits.map(({ id }) => [id, new LineSum()]));
    for (const { id, circuit, phases, lineToLine } of site.chargers) {
      const charger = chargers.get(id);
      if (charger === undefined) continue;
      const loaded = loadedPhases(phases, undefined);
      sums.get(circuit)?.add(charger.step(ms), loaded, lineToLine === true);
    }
    for (const [circuit, building] of buildings) {
      sums.get(circuit)?.add(building.amps(this.#elapsedMs), ALL_PHASES, false);
    }
    const amps = new Map<string, PhaseAmps>();
    for (const { id, parent, meter } of this.#upwards) {
      const sum = sums.get(id) ?? new LineSum();
      if (parent !== undefined) sums.get(parent)?.merge(sum);
      const here = sum.amps;
      amps.set(id, here);
      this.breakers.get(id)?.step(ms, here);
      if (meter !== undefined) this.meters.get(meter)?.step(ms, here);
    }
    this.#amps = amps;
  }

  /** Time that has passed for the plant. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** True current through a circuit; the root when none is named. */
  amps(circuit = this.#options.site.circuits[0]?.id ?? ''): PhaseAmps {
    return this.#amps.get(circuit) ?? NO_AMPS;
  }
}
