import { clamp, mapPhases, NO_AMPS, type PhaseAmps } from '../core/units.ts';
import { between, type Random } from './random.ts';

/** A change of the building's load at a time of the simulation. */
export interface LoadStep {
  readonly atMs: number;
  readonly untilMs: number;
  readonly amps: PhaseAmps;
}

/** Something that goes on and off by itself, such as a kettle or a heat pump. */
export interface Appliance {
  readonly amps: PhaseAmps;
  /** How long it stays on, seconds. */
  readonly onSeconds: number;
  /** How often it comes on, on average. */
  readonly timesPerHour: number;
}

export const KETTLE: Appliance = { amps: [9, 0, 0], onSeconds: 180, timesPerHour: 1.5 };
export const HEAT_PUMP: Appliance = { amps: [6, 6, 6], onSeconds: 1_200, timesPerHour: 1 };

/** Share of the base load by hour of the day: people get up, work, cook. */
export const OFFICE_DAY: readonly number[] = [
  0.4, 0.4, 0.4, 0.4, 0.4, 0.5, 0.7, 0.9, 1.1, 1.2, 1.2, 1.3, 1.3, 1.2, 1.2, 1.1, 1.1, 1, 0.8, 0.7,
  0.6, 0.5, 0.4, 0.4,
];

const HOUR_MS = 3_600_000;

interface Running {
  readonly appliance: Appliance;
  nextMs: number;
  offMs: number;
}

/**
 * Everything behind a circuit that is not a charger: a base load with a daily shape and noise,
 * appliances, and steps. Ask it in order of time; the same seed gives the same building.
 */
export class Building {
  readonly #baseAmps: PhaseAmps;
  readonly #roofAmps: PhaseAmps;
  readonly #noiseAmps: number;
  readonly #steps: readonly LoadStep[];
  readonly #day: readonly number[];
  readonly #startHour: number;
  readonly #running: readonly Running[];
  readonly #random: Random;

  constructor(options: {
    readonly baseAmps: PhaseAmps;
    /** What panels on its roof feed in, whatever it takes itself; absent: none. */
    readonly roofAmps?: PhaseAmps;
    readonly noiseAmps?: number;
    readonly steps?: readonly LoadStep[];
    readonly appliances?: readonly Appliance[];
    /** Factor of the base load by hour, 24 numbers; flat when absent. */
    readonly day?: readonly number[];
    /** Hour of the day at which the simulation starts. */
    readonly startHour?: number;
    readonly random: Random;
  }) {
    this.#baseAmps = options.baseAmps;
    this.#roofAmps = options.roofAmps ?? NO_AMPS;
    this.#noiseAmps = options.noiseAmps ?? 0;
    this.#steps = options.steps ?? [];
    this.#day = options.day ?? [1];
    this.#startHour = options.startHour ?? 6;
    this.#random = options.random;
    this.#running = (options.appliances ?? []).map((appliance) => ({
      appliance,
      nextMs: this.#waitMs(appliance),
      offMs: 0,
    }));
  }

  /** Load at `atMs` since the start of the simulation. */
  amps(atMs: number): PhaseAmps {
    const factor = this.#factor(atMs);
    for (const running of this.#running) this.#switch(running, atMs);
    const active = [
      ...this.#steps.filter((step) => atMs >= step.atMs && atMs < step.untilMs),
      ...this.#running.filter(({ offMs }) => atMs < offMs).map(({ appliance }) => appliance),
    ];
    return mapPhases((p) => {
      const noise = between(this.#random, -this.#noiseAmps, this.#noiseAmps);
      const extra = active.reduce((sum, load) => sum + load.amps[p], 0);
      return Math.max(0, this.#baseAmps[p] * factor + noise + extra) - this.#roofAmps[p];
    });
  }

  /** Between two hours the load changes steadily. */
  #factor(atMs: number): number {
    const hours = this.#startHour + atMs / HOUR_MS;
    const before = Math.floor(hours);
    const from = this.#day[before % this.#day.length] ?? 1;
    const to = this.#day[(before + 1) % this.#day.length] ?? 1;
    return from + (to - from) * clamp(hours - before, 0, 1);
  }

  #switch(running: Running, atMs: number): void {
    if (atMs < running.nextMs) return;
    running.offMs = running.nextMs + running.appliance.onSeconds * 1000;
    running.nextMs = running.offMs + this.#waitMs(running.appliance);
  }

  /** Time until it comes on, exponentially distributed. */
  #waitMs({ timesPerHour }: Appliance): number {
    return (-Math.log(1 - this.#random()) * HOUR_MS) / timesPerHour;
  }
}
