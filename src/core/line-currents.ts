import type { PhaseSet } from './meters/site-phases.ts';
import { addAmps, NO_AMPS, type PhaseAmps } from './units.ts';

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

  /** All that flows on the lines of another circuit. */
  merge(other: LineSum): void {
    for (const p of [0, 1, 2] as const) {
      this.#inPhase[p] += other.#inPhase[p];
      this.#leading[p] += other.#leading[p];
      this.#lagging[p] += other.#lagging[p];
    }
  }

  /**
   * Amps more that a car may take until a line that it loads reaches its limit; negative by as much
   * as one is over.
   */
  roomFor(limits: PhaseAmps, phases: PhaseSet, lineToLine: boolean): number {
    let room = Number.POSITIVE_INFINITY;
    for (const p of [0, 1, 2] as const) {
      if (!phases[p]) continue;
      const here = this.#line(p);
      // Along the angle of the car, and across it.
      const along = lineToLine ? this.#along(p, phases) : this.#real(p);
      const across = here ** 2 - along ** 2;
      room = Math.min(
        room,
        here > limits[p] ? limits[p] - here : Math.sqrt(limits[p] ** 2 - across) - along,
      );
    }
    return room;
  }

  #real(p: 0 | 1 | 2): number {
    return this.#inPhase[p] + (this.#leading[p] + this.#lagging[p]) * COS_30;
  }

  #along(p: 0 | 1 | 2, phases: PhaseSet): number {
    const leads = phases[((p + 1) % 3) as 0 | 1 | 2];
    const [own, other] = leads ? [this.#leading, this.#lagging] : [this.#lagging, this.#leading];
    return own[p] + other[p] / 2 + this.#inPhase[p] * COS_30;
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

/** Where currents of cars come together: on a circuit with cars between two lines as phasors. */
export const sumOnLines = <T>(
  phasorSum: boolean | undefined,
  cars: readonly T[],
  ampsOf: (car: T) => PhaseAmps,
  wiringOf: (car: T) => { readonly phases: PhaseSet; readonly lineToLine: boolean },
): PhaseAmps => {
  if (phasorSum !== true) return cars.reduce((sum, car) => addAmps(sum, ampsOf(car)), NO_AMPS);
  const sum = new LineSum();
  for (const car of cars) {
    const { phases, lineToLine } = wiringOf(car);
    sum.add(ampsOf(car), phases, lineToLine);
  }
  return sum.amps;
};

/** Share of the current of a car between two lines that is in phase with the voltage of a line. */
export const IN_PHASE_SHARE = COS_30;

/**
 * The most that others can draw on a line of which the meter shows `meterAmps` while cars draw
 * `carAmps`: loads at a power factor near one are at most 60 degrees from the cars on it.
 */
export const othersAmps = (meterAmps: number, carAmps: number): number =>
  meterAmps <= carAmps
    ? meterAmps - carAmps
    : Math.sqrt(meterAmps ** 2 - (COS_30 * carAmps) ** 2) - carAmps / 2;
