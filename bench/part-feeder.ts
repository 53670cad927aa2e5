// The fuses of a bench site and what is on them, checked exactly: the magnitude of the phasor sum on
// each line. On purpose nothing of the allocator is in here.
import type { AllocationCircuit } from '../src/core/allocation/problem.ts';
import type { PhaseSet } from '../src/core/meters/site-phases.ts';

export interface Fuse {
  readonly id: string;
  /** Index; -1 for the root. Parents come first. */
  readonly parent: number;
  readonly limitAmps: number;
}

/** How a car is connected. */
export interface Wired {
  /** Index of its fuse. */
  readonly circuit: number;
  readonly phases: PhaseSet;
  readonly lineToLine: boolean;
}

const TOLERANCE_AMPS = 1e-6;
const ANGLE = Math.PI / 6;

export class Feeder {
  readonly fuses: readonly Fuse[];
  /** Real and imaginary part of L1, L2, L3 of each fuse, against the voltage of the line. */
  readonly #sums: Float64Array;

  constructor(fuses: readonly Fuse[]) {
    this.fuses = fuses;
    this.#sums = new Float64Array(fuses.length * 6);
  }

  clear(): void {
    this.#sums.fill(0);
  }

  add({ circuit, phases, lineToLine }: Wired, amps: number): void {
    for (let at = circuit; at >= 0; at = this.fuses[at]?.parent ?? -1) {
      for (let p = 0; p < 3; p += 1) {
        if (phases[p as 0 | 1 | 2] !== true) continue;
        const angle = lineToLine ? (phases[((p + 1) % 3) as 0 | 1 | 2] ? ANGLE : -ANGLE) : 0;
        this.#sums[at * 6 + p * 2]! += amps * Math.cos(angle);
        this.#sums[at * 6 + p * 2 + 1]! += amps * Math.sin(angle);
      }
    }
  }

  /** Every fuse from this one up holds. */
  holds(circuit = 0): boolean {
    for (let at = circuit; at >= 0; at = this.fuses[at]?.parent ?? -1) {
      const limit = (this.fuses[at]?.limitAmps ?? 0) + TOLERANCE_AMPS;
      for (let k = at * 6; k < at * 6 + 6; k += 2) {
        if (Math.hypot(this.#sums[k]!, this.#sums[k + 1]!) > limit) return false;
      }
    }
    return true;
  }

  /** As the allocator sees it, with everything free. */
  circuits(phasorSum: boolean): readonly AllocationCircuit[] {
    return this.fuses.map(({ id, parent, limitAmps }) => {
      const reason = [{ kind: 'circuit', id, text: id }] as const;
      const freeAmps = [limitAmps, limitAmps, limitAmps] as const;
      // Below a pod all cars are between the same lines: their currents add as numbers.
      const phasor = phasorSum && parent < 0 ? { phasorSum } : {};
      return { id, parent, freeAmps, reasons: [reason, reason, reason] as const, ...phasor };
    });
  }
}
