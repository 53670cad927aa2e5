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
  /** Leaf circuit of each demand. */
  readonly leaves: Int32Array;
  /** Phases of each demand as bits: 1 is L1, 2 is L2, 4 is L3. */
  readonly masks: Uint8Array;
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
    ...perDemand(demands),
    below,
  };
};

const perDemand = (demands: readonly Demand[]) => {
  const wattsPerAmp = new Float64Array(demands.length);
  const leaves = new Int32Array(demands.length);
  const masks = new Uint8Array(demands.length);
  for (let i = 0; i < demands.length; i += 1) {
    const { circuit, phases, volts } = demands[i]!;
    const mask = (phases[0] ? 1 : 0) | (phases[1] ? 2 : 0) | (phases[2] ? 4 : 0);
    masks[i] = mask;
    leaves[i] = circuit;
    wattsPerAmp[i] = volts * ((mask & 1) + ((mask >> 1) & 1) + (mask >> 2));
  }
  return { wattsPerAmp, leaves, masks };
};

/** Adds `amps` of one demand to every row above it. */
export const load = (rows: Rows, sums: Float64Array, demand: number, amps: number): void => {
  const { parents, masks, leaves, wattsPerAmp } = rows;
  const mask = masks[demand]!;
  const watts = amps * wattsPerAmp[demand]!;
  for (let c = leaves[demand]!; c >= 0; c = parents[c]!) {
    const base = c * ROWS_PER_CIRCUIT;
    if (mask & 1) sums[base]! += amps;
    if (mask & 2) sums[base + 1]! += amps;
    if (mask & 4) sums[base + 2]! += amps;
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
  const { parents, limits, masks, leaves, wattsPerAmp } = rows;
  const mask = masks[demand]!;
  const perAmp = wattsPerAmp[demand]!;
  const most = amps - tolerance;
  for (let c = leaves[demand]!; c >= 0; c = parents[c]!) {
    const base = c * ROWS_PER_CIRCUIT;
    if (mask & 1 && sums[base]! + most > limits[base]!) return base;
    if (mask & 2 && sums[base + 1]! + most > limits[base + 1]!) return base + 1;
    if (mask & 4 && sums[base + 2]! + most > limits[base + 2]!) return base + 2;
    // Watts are hundreds of times larger than amps: the tolerance scales with them.
    const row = base + WATTS_ROW;
    if (sums[row]! + most * perAmp > limits[row]!) return row;
  }
  return -1;
};
