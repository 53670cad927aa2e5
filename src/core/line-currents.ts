import type { PhaseSet } from './site-phases.ts';
import type { PhaseAmps } from './units.ts';

/**
 * Currents of cars on the lines of one circuit, kept apart by their angle: cars between two lines
 * load the one 30 degrees before its own voltage and the other 30 degrees after it.
 */
export class LineSum {
  readonly #inPhase: [number, number, number] = [0, 0, 0];
  readonly #leading: [number, number, number] = [0, 0, 0];
  readonly #lagging: [number, number, number] = [0, 0, 0];

  /** Amps on each line that a car loads; between two lines the larger one flows through both. */
  add(amps: PhaseAmps, phases: PhaseSet, lineToLine: boolean): void {
    for (const p of [0, 1, 2] as const) {
      if (!lineToLine) this.#inPhase[p] += amps[p];
      else if (phases[p]) {
        const next = ((p + 1) % 3) as 0 | 1 | 2;
        const side = phases[next] ? this.#leading : this.#lagging;
        side[p] += Math.max(amps[0], amps[1], amps[2]);
      }
    }
  }

  /** Current of each line: the magnitude of the phasor sum. */
  get amps(): PhaseAmps {
    return [this.#line(0), this.#line(1), this.#line(2)];
  }

  #line(p: 0 | 1 | 2): number {
    return lineAmps(this.#inPhase[p], this.#leading[p], this.#lagging[p]);
  }
}

const COS_30 = Math.sqrt(3) / 2;

/** |z + x e^(j30) + y e^(-j30)|; grows with each of the three. */
const lineAmps = (inPhase: number, leading: number, lagging: number): number =>
  leading === 0 && lagging === 0
    ? inPhase
    : Math.hypot(inPhase + (leading + lagging) * COS_30, (leading - lagging) / 2);
