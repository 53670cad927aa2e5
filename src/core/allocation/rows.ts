import { type Groups, totalOf } from './groups.ts';
import { CHORDS, magnitude, reach } from './phasor.ts';
import type { AllocationCircuit, Demand } from './problem.ts';
import type { Scratch } from './scratch.ts';
import { stepBelow } from './steps.ts';

/**
 * Kinds of rows of a circuit: 0, 1, 2 are the amps of a phase, then the chords of L1, L2, L3 where
 * currents add as phasors, then watts, then differences.
 */
export const CHORD_KIND = 3;
export const WATTS_KIND = CHORD_KIND + 3 * CHORDS;
export const DIFFERENCE_KIND = WATTS_KIND + 1;
/** Phases (above, below) of the rows that limit the difference between two phases. */
export const DIFFERENCES = [
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 2],
  [2, 0],
  [2, 1],
] as const;
const LEAST_WEIGHT = 1e-6;

/**
 * The problem as flat arrays. A row bounds the sum of coefficient times amps of its demands; only
 * rows with a finite limit exist. Coefficients are 1 on a phase, volts times phases on watts, and
 * on a difference 1 for cars that add to it and -1 for those that lower it. A phasor is the two
 * rows of its chords (see phasor.ts): the first has no limit, the second that of the magnitude.
 */
export interface Rows {
  readonly circuits: readonly AllocationCircuit[];
  readonly demands: readonly Demand[];
  /** Where every stage takes its arrays from. */
  readonly scratch: Scratch;
  readonly limits: Float64Array;
  readonly circuitOf: Int32Array;
  readonly kindOf: Int32Array;
  readonly hasDifferences: boolean;
  /** What is taken of each row before anybody gets anything. */
  readonly taken: Float64Array;
  /** Phases that each demand may load, bit p for phase p. */
  readonly masks: Int32Array;
  readonly groups: Groups;
  /**
   * Rows of group g, from its leaf circuit up: entries starts[g] to starts[g + 1]. Differences come
   * last, from plainEnds[g] on, and those that it lowers at the very end, from raisingEnds[g] on.
   */
  readonly starts: Int32Array;
  readonly plainEnds: Int32Array;
  readonly raisingEnds: Int32Array;
  readonly entries: Int32Array;
  readonly coefficients: Float64Array;
  /** Groups that add to row r: users userStarts[r] to userStarts[r + 1]. */
  readonly userStarts: Int32Array;
  readonly users: Int32Array;
  /** Least and most offer of each demand that is on its steps; most is 0 when there is none. */
  readonly leastAmps: Float64Array;
  /** Claims of the demands; nobody claims anything before `claim`. */
  readonly mostAmps: Float64Array;
  readonly weights: Float64Array;
  readonly urgencies: Float64Array;
  readonly scores: Float64Array;
  /** Class, then who is kept: being kept counts within a class only. */
  readonly ranks: Float64Array;
  /** Demands in the order of admission, once somebody asked for it (see admit.ts). */
  order: Int32Array | undefined;
}

/** What a demand may have at most, and where it stands among those of its class. */
export const claim = (
  rows: Rows,
  index: number,
  maxAmps: number,
  admissionScore: number,
  mustKeep: boolean,
): void => {
  const demand = rows.demands[index]!;
  rows.mostAmps[index] = Number.isFinite(maxAmps) ? stepBelow(demand, maxAmps) : 0;
  rows.scores[index] = admissionScore;
  rows.ranks[index] = 2 * demand.priorityClass + (mustKeep ? 1 : 0);
};

/** What its amps count beside those of others; not a number is the least weight too. */
export const weigh = (rows: Rows, index: number, weight: number, urgency: number): void => {
  rows.weights[index] = Number.isNaN(weight) ? LEAST_WEIGHT : Math.max(weight, LEAST_WEIGHT);
  rows.urgencies[index] = urgency;
};

/** Whether it is kept on within its class. */
export const isKept = ({ ranks, demands }: Rows, index: number): boolean =>
  ranks[index]! > 2 * demands[index]!.priorityClass;

export const isDifference = (rows: Rows, row: number): boolean =>
  rows.kindOf[row]! >= DIFFERENCE_KIND;

/** The row has the limit of a phasor, and the row before it is the other chord. */
export const isPhasor = (kind: number): boolean =>
  kind > CHORD_KIND && kind < WATTS_KIND && (kind - CHORD_KIND) % CHORDS === 1;

/** The phase that a row is about; undefined for watts. */
export const phaseOfRow = (rows: Rows, row: number): 0 | 1 | 2 | undefined => {
  const kind = rows.kindOf[row]!;
  if (kind === WATTS_KIND) return undefined;
  if (kind >= DIFFERENCE_KIND) return DIFFERENCES[kind - DIFFERENCE_KIND]![0];
  return kind < CHORD_KIND ? (kind as 0 | 1 | 2) : lineOf(kind);
};

const lineOf = (kind: number): 0 | 1 | 2 => Math.floor((kind - CHORD_KIND) / CHORDS) as 0 | 1 | 2;

/** Adds `amps` of one demand to the sum of every row that it is on. */
export const load = (rows: Rows, sums: Float64Array, demand: number, amps: number): void =>
  loadGroup(rows, sums, rows.groups.groupOf[demand]!, amps);

/** Adds `amps` of a group to the sum of every row that it is on. */
export const loadGroup = (rows: Rows, sums: Float64Array, group: number, amps: number): void => {
  const { starts, entries, coefficients } = rows;
  const end = starts[group + 1]!;
  for (let e = starts[group]!; e < end; e += 1) sums[entries[e]!]! += coefficients[e]! * amps;
};

/** Adds the amps of all demands to the sums. */
export const loadAll = (rows: Rows, sums: Float64Array, amps: Float64Array): void => {
  const { count } = rows.groups;
  for (let g = 0; g < count; g += 1) loadGroup(rows, sums, g, totalOf(rows.groups, g, amps));
};

/** What the limit of a row is compared with. */
export const sumOf = ({ kindOf }: Rows, sums: Float64Array, row: number): number =>
  isPhasor(kindOf[row]!) ? magnitude(sums[row - 1]!, sums[row]!) : sums[row]!;

/** The first row from the leaf up that has no room for `amps` more of a demand, or -1. */
export const blockingRow = (
  rows: Rows,
  sums: Float64Array,
  demand: number,
  amps: number,
  toleranceAmps: number,
  limits: Float64Array = rows.limits,
): number => {
  const { starts, raisingEnds, entries, coefficients, kindOf } = rows;
  const group = rows.groups.groupOf[demand]!;
  const end = raisingEnds[group]!;
  // Watts are hundreds of times larger than amps: the tolerance scales with them.
  const more = amps - toleranceAmps;
  for (let e = starts[group]!; e < end; e += 1) {
    const row = entries[e]!;
    const sum = sums[row]! + coefficients[e]! * more;
    const after = isPhasor(kindOf[row]!)
      ? magnitude(sums[row - 1]! + coefficients[e - 1]! * more, sum)
      : sum;
    if (!(after <= limits[row]!)) return row;
  }
  return -1;
};

/** Amps more that a demand may have until the row of an entry is full; below zero when it is over. */
export const roomOn = (rows: Rows, sums: Float64Array, entry: number): number => {
  const { entries, coefficients, limits, kindOf } = rows;
  const row = entries[entry]!;
  if (!isPhasor(kindOf[row]!)) return (limits[row]! - sums[row]!) / coefficients[entry]!;
  return reach(
    limits[row]!,
    sums[row - 1]!,
    sums[row]!,
    coefficients[entry - 1]!,
    coefficients[entry]!,
  );
};
