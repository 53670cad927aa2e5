import type { AllocationCircuit, AllocationProblem, Demand } from '../allocation-problem.ts';
import { NO_AMPS } from '../units.ts';
import { CHORDS, chordCoefficient } from './phasor.ts';
import { Scratch } from './scratch.ts';
import { stepAbove, stepBelow } from './steps.ts';

/**
 * Kinds of rows of a circuit: 0, 1, 2 are the amps of a phase, then watts, then differences, then
 * the chords of L1, L2, L3.
 */
export const WATTS_KIND = 3;
const DIFFERENCE_KIND = 4;
const CHORD_KIND = 10;
/** Phases (above, below) of the rows that limit the difference between two phases. */
const DIFFERENCES = [
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 2],
  [2, 0],
  [2, 1],
] as const;
const ALL_PHASES = 7;
const LEAST_WEIGHT = 1e-6;
const NO_ROWS: readonly number[] = [];

/**
 * The problem as flat arrays. A row bounds the sum of coefficient times amps of its demands; only
 * rows with a finite limit exist. Coefficients are 1 on a phase, volts times phases on watts, and
 * on a difference 1 for cars that add to it and -1 for those that lower it, on a chord see phasor.ts.
 */
export interface Rows {
  readonly problem: AllocationProblem;
  /** Where every stage takes its arrays from. */
  readonly scratch: Scratch;
  readonly limits: Float64Array;
  readonly circuitOf: Int32Array;
  readonly kindOf: Int32Array;
  readonly hasDifferences: boolean;
  /** Rows of demand i, from its leaf circuit up: entries starts[i] to starts[i + 1]. */
  readonly starts: Int32Array;
  readonly entries: Int32Array;
  readonly coefficients: Float64Array;
  /** Demands that add to row r: members memberStarts[r] to memberStarts[r + 1]. */
  readonly memberStarts: Int32Array;
  readonly members: Int32Array;
  /** Least and most offer of each demand that is on its steps; most is 0 when there is none. */
  readonly leastAmps: Float64Array;
  readonly mostAmps: Float64Array;
  readonly weights: Float64Array;
}

export const rowsOf = (problem: AllocationProblem, scratch: Scratch = new Scratch()): Rows => {
  const { limits, circuitOf, kindOf, hasDifferences, paths } = rowTable(problem.circuits);
  const { starts, entries, coefficients } = entriesOf(problem.demands, paths, kindOf, scratch);
  const perRow = { starts, entries, coefficients };
  const { memberStarts, members } = membersOf(
    problem.demands.length,
    limits.length,
    perRow,
    scratch,
  );
  const { leastAmps, mostAmps, weights } = rangesOf(problem.demands, scratch);
  // One literal: spreading these objects costs more than filling some of the arrays.
  return {
    problem,
    scratch,
    limits: copy(scratch.floats(limits.length), limits),
    circuitOf: copy(scratch.integers(limits.length), circuitOf),
    kindOf: copy(scratch.integers(limits.length), kindOf),
    hasDifferences,
    starts,
    entries,
    coefficients,
    memberStarts,
    members,
    leastAmps,
    mostAmps,
    weights,
  };
};

export const isDifference = (rows: Rows, row: number): boolean =>
  rows.kindOf[row]! >= DIFFERENCE_KIND && rows.kindOf[row]! < CHORD_KIND;

/** Amps of a row of this kind are worth as much less as there are more rows of the same limit. */
export const isChord = (rows: Rows, row: number): boolean => rows.kindOf[row]! >= CHORD_KIND;

/** The phase that a row is about; undefined for watts. */
export const phaseOfRow = (rows: Rows, row: number): 0 | 1 | 2 | undefined => {
  const kind = rows.kindOf[row]!;
  if (kind === WATTS_KIND) return undefined;
  if (kind >= CHORD_KIND) return lineOf(kind);
  return kind < WATTS_KIND ? (kind as 0 | 1 | 2) : DIFFERENCES[kind - DIFFERENCE_KIND]![0];
};

const lineOf = (kind: number): 0 | 1 | 2 => Math.floor((kind - CHORD_KIND) / CHORDS) as 0 | 1 | 2;

/** Adds `amps` of one demand to the sum of every row that it is on. */
export const load = (rows: Rows, sums: Float64Array, demand: number, amps: number): void => {
  const { starts, entries, coefficients } = rows;
  const end = starts[demand + 1]!;
  for (let e = starts[demand]!; e < end; e += 1) sums[entries[e]!]! += coefficients[e]! * amps;
};

/** The first row from the leaf up that has no room for `amps` more of a demand, or -1. */
export const blockingRow = (
  rows: Rows,
  sums: Float64Array,
  demand: number,
  amps: number,
  toleranceAmps: number,
): number => {
  const { starts, entries, coefficients, limits } = rows;
  const end = starts[demand + 1]!;
  const more = amps - toleranceAmps;
  for (let e = starts[demand]!; e < end; e += 1) {
    const row = entries[e]!;
    const coefficient = coefficients[e]!;
    // Watts are hundreds of times larger than amps: the tolerance scales with them.
    if (coefficient > 0 && !(sums[row]! + coefficient * more <= limits[row]!)) return row;
  }
  return -1;
};

const copy = <T extends Float64Array | Int32Array>(to: T, from: ArrayLike<number>): T => {
  for (let i = 0; i < from.length; i += 1) to[i] = from[i]!;
  return to;
};

interface RowTable {
  readonly limits: readonly number[];
  readonly circuitOf: readonly number[];
  readonly kindOf: readonly number[];
  readonly hasDifferences: boolean;
  /** Rows of each circuit and of every circuit above it. */
  readonly paths: readonly (readonly number[])[];
}

/** Rows while they are collected. */
interface GrowingTable {
  readonly limits: number[];
  readonly circuitOf: number[];
  readonly kindOf: number[];
}

const rowTable = (circuits: readonly AllocationCircuit[]): RowTable => {
  const limits: number[] = [];
  const circuitOf: number[] = [];
  const kindOf: number[] = [];
  const table: GrowingTable = { limits, circuitOf, kindOf };
  const paths: (readonly number[])[] = [];
  let hasDifferences = false;
  for (let c = 0; c < circuits.length; c += 1) {
    const { freeAmps, freeWatts, unbalance, parent, phasorSum } = circuits[c]!;
    const first = limits.length;
    for (let p = 0; p < WATTS_KIND; p += 1) {
      const limit = freeAmps[p as 0 | 1 | 2];
      if (phasorSum === true) addChords(table, c, p, limit);
      else addRow(table, c, p, limit);
    }
    if (freeWatts !== undefined) addRow(table, c, WATTS_KIND, freeWatts);
    if (unbalance !== undefined) {
      hasDifferences = true;
      const base = unbalance.baseAmps ?? NO_AMPS;
      for (let k = 0; k < DIFFERENCES.length; k += 1) {
        const [above, below] = DIFFERENCES[k]!;
        const limit = unbalance.limitAmps - base[above] + base[below];
        addRow(table, c, DIFFERENCE_KIND + k, limit);
      }
    }
    const path: number[] = [];
    for (let row = first; row < limits.length; row += 1) path.push(row);
    const above = paths[parent] ?? NO_ROWS;
    for (let k = 0; k < above.length; k += 1) path.push(above[k]!);
    paths.push(path);
  }
  return { limits, circuitOf, kindOf, hasDifferences, paths };
};

const addRow = (table: GrowingTable, circuit: number, kind: number, limit: number): void => {
  if (limit === Number.POSITIVE_INFINITY) return;
  // What is not a number is no room at all.
  table.limits.push(Number.isNaN(limit) ? 0 : limit);
  table.circuitOf.push(circuit);
  table.kindOf.push(kind);
};

const addChords = (table: GrowingTable, circuit: number, line: number, limit: number): void => {
  for (let k = 0; k < CHORDS; k += 1) {
    addRow(table, circuit, CHORD_KIND + line * CHORDS + k, limit);
  }
};

type Entries = Pick<Rows, 'starts' | 'entries' | 'coefficients'>;

const entriesOf = (
  demands: readonly Demand[],
  paths: RowTable['paths'],
  kindOf: RowTable['kindOf'],
  scratch: Scratch,
): Entries => {
  let most = 0;
  for (let i = 0; i < demands.length; i += 1) most += paths[demands[i]!.circuit]!.length;
  const starts = scratch.integers(demands.length + 1);
  const entries = scratch.integers(most);
  const coefficients = scratch.floats(most);
  let at = 0;
  for (let i = 0; i < demands.length; i += 1) {
    const { circuit, phases } = demands[i]!;
    // A demand on no known phase may load every one.
    const mask = (phases[0] ? 1 : 0) | (phases[1] ? 2 : 0) | (phases[2] ? 4 : 0) || ALL_PHASES;
    const path = paths[circuit]!;
    for (let k = 0; k < path.length; k += 1) {
      const row = path[k]!;
      const kind = kindOf[row]!;
      const coefficient =
        kind < WATTS_KIND ? (mask >> kind) & 1 : otherwise(kind, mask, demands[i]!);
      if (coefficient === 0) continue;
      entries[at] = row;
      coefficients[at] = coefficient;
      at += 1;
    }
    starts[i + 1] = at;
  }
  return { starts, entries, coefficients };
};

/** Coefficient on watts, on a chord, or on the difference of two phases. */
const otherwise = (kind: number, mask: number, demand: Demand): number => {
  if (kind >= CHORD_KIND) {
    return chordCoefficient(
      lineOf(kind),
      (kind - CHORD_KIND) % CHORDS,
      mask,
      demand.lineToLine === true,
    );
  }
  if (kind === WATTS_KIND) {
    return demand.volts * (demand.wattsPhases ?? (mask & 1) + ((mask >> 1) & 1) + (mask >> 2));
  }
  const [above, below] = DIFFERENCES[kind - DIFFERENCE_KIND]!;
  return ((mask >> above) & 1) - ((mask >> below) & 1);
};

const membersOf = (demands: number, rowCount: number, perDemand: Entries, scratch: Scratch) => {
  const { starts, entries, coefficients } = perDemand;
  const memberStarts = scratch.integers(rowCount + 1);
  const used = starts[demands]!;
  for (let e = 0; e < used; e += 1) {
    if (coefficients[e]! > 0) memberStarts[entries[e]! + 1]! += 1;
  }
  for (let row = 0; row < rowCount; row += 1) memberStarts[row + 1]! += memberStarts[row]!;
  const next = copy(scratch.integers(rowCount + 1), memberStarts);
  const members = scratch.integers(entries.length);
  for (let i = 0; i < demands; i += 1) {
    for (let e = starts[i]!; e < starts[i + 1]!; e += 1) {
      if (coefficients[e]! <= 0) continue;
      const row = entries[e]!;
      members[next[row]!] = i;
      next[row]! += 1;
    }
  }
  return { memberStarts, members };
};

const rangesOf = (demands: readonly Demand[], scratch: Scratch) => {
  const leastAmps = scratch.floats(demands.length);
  const mostAmps = scratch.floats(demands.length);
  const weights = scratch.floats(demands.length);
  for (let i = 0; i < demands.length; i += 1) {
    const demand = demands[i]!;
    const { minAmps, maxAmps, weight, stepsAmps } = demand;
    leastAmps[i] = stepsAmps === undefined ? minAmps : stepAbove(demand, -1);
    mostAmps[i] = Number.isFinite(maxAmps) ? stepBelow(demand, maxAmps) : 0;
    // Not a number is the least weight too.
    weights[i] = Number.isNaN(weight) ? LEAST_WEIGHT : Math.max(weight, LEAST_WEIGHT);
  }
  return { leastAmps, mostAmps, weights };
};
