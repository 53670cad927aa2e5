import type { AllocationProblem, Demand } from '../allocation-problem.ts';

/** Rows of a circuit: amps on L1, L2, L3, and watts. */
export const ROWS_PER_CIRCUIT = 4;
export const WATTS_ROW = 3;

/**
 * The problem as flat arrays. Row `circuit * 4 + p` bounds the sum of `coefficient * amps` over
 * every demand at or below the circuit that loads phase p; row 3 is its watts.
 */
export interface Rows {
  readonly problem: AllocationProblem;
  readonly parents: Int32Array;
  readonly limits: Float64Array;
  /** Watts per amp of each demand (volts times phases). */
  readonly wattsPerAmp: Float64Array;
  /** Demands at or below each circuit. */
  readonly below: readonly Int32Array[];
}

export const rowsOf = (problem: AllocationProblem): Rows => {
  const { circuits, demands } = problem;
  const parents = Int32Array.from(circuits, (circuit) => circuit.parent);
  const limits = new Float64Array(circuits.length * ROWS_PER_CIRCUIT);
  circuits.forEach((circuit, index) => {
    limits.set(circuit.freeAmps, index * ROWS_PER_CIRCUIT);
    limits[index * ROWS_PER_CIRCUIT + WATTS_ROW] = circuit.freeWatts ?? Number.POSITIVE_INFINITY;
  });
  const counts = new Int32Array(circuits.length);
  for (const { circuit } of demands) {
    for (let c = circuit; c >= 0; c = parents[c] ?? -1) counts[c]! += 1;
  }
  const below = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  demands.forEach(({ circuit }, index) => {
    for (let c = circuit; c >= 0; c = parents[c] ?? -1) {
      below[c]![counts[c]!] = index;
      counts[c]! += 1;
    }
  });
  return {
    problem,
    parents,
    limits,
    wattsPerAmp: Float64Array.from(demands, wattsPerAmpOf),
    below,
  };
};

const wattsPerAmpOf = ({ phases, volts }: Demand): number =>
  volts * (Number(phases[0]) + Number(phases[1]) + Number(phases[2]));

/** Adds `amps` of one demand to every row above it. */
export const load = (rows: Rows, sums: Float64Array, demand: number, amps: number): void => {
  const { circuit, phases } = rows.problem.demands[demand]!;
  const watts = amps * rows.wattsPerAmp[demand]!;
  for (let c = circuit; c >= 0; c = rows.parents[c]!) {
    const base = c * ROWS_PER_CIRCUIT;
    if (phases[0]) sums[base]! += amps;
    if (phases[1]) sums[base + 1]! += amps;
    if (phases[2]) sums[base + 2]! += amps;
    sums[base + WATTS_ROW]! += watts;
  }
};

/** The first row from the leaf up that has no room for `amps` more of a demand, or -1. */
export const blockingRow = (
  rows: Rows,
  sums: Float64Array,
  demand: number,
  amps: number,
  tolerance: number,
): number => {
  const { circuit, phases } = rows.problem.demands[demand]!;
  const watts = amps * rows.wattsPerAmp[demand]!;
  for (let c = circuit; c >= 0; c = rows.parents[c]!) {
    const base = c * ROWS_PER_CIRCUIT;
    for (let p = 0; p < 3; p += 1) {
      if (phases[p] && sums[base + p]! + amps > rows.limits[base + p]! + tolerance) return base + p;
    }
    const row = base + WATTS_ROW;
    // Watts are hundreds of times larger than amps: the tolerance scales with them.
    if (sums[row]! + watts > rows.limits[row]! + tolerance * rows.wattsPerAmp[demand]!) return row;
  }
  return -1;
};
