import { mapPhases, NO_AMPS, type PhaseAmps } from '../core/units.ts';
import { between, type Random } from './random.ts';

/** A change of the building's load at a time of the simulation. */
export interface LoadStep {
  readonly atMs: number;
  readonly untilMs: number;
  readonly amps: PhaseAmps;
}

/**
 * Everything behind a circuit that is not a charger: a base load with noise, and steps. Ask it in
 * order of time; the same seed gives the same building.
 */
export class Building {
  readonly #baseAmps: PhaseAmps;
  readonly #roofAmps: PhaseAmps;
  readonly #noiseAmps: number;
  readonly #steps: readonly LoadStep[];
  readonly #random: Random;

  constructor(options: {
    readonly baseAmps: PhaseAmps;
    /** What panels on its roof feed in, whatever it takes itself; absent: none. */
    readonly roofAmps?: PhaseAmps;
    readonly noiseAmps?: number;
    readonly steps?: readonly LoadStep[];
    readonly random: Random;
  }) {
    this.#baseAmps = options.baseAmps;
    this.#roofAmps = options.roofAmps ?? NO_AMPS;
    this.#noiseAmps = options.noiseAmps ?? 0;
    this.#steps = options.steps ?? [];
    this.#random = options.random;
  }

  /** Load at `atMs` since the start of the simulation. */
  amps(atMs: number): PhaseAmps {
    const steps = this.#steps.filter((step) => atMs >= step.atMs && atMs < step.untilMs);
    return mapPhases((p) => {
      const noise = between(this.#random, -this.#noiseAmps, this.#noiseAmps);
      const extra = steps.reduce((sum, load) => sum + load.amps[p], 0);
      return Math.max(0, this.#baseAmps[p] + noise + extra) - this.#roofAmps[p];
    });
  }
}
