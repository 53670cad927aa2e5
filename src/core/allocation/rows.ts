import type { AllocationCircuit, AllocationProblem, Claim, Demand } from '../allocation-problem.ts';
import { NO_AMPS } from '../units.ts';
import { CHORDS, chordCoefficients } from './phasor.ts';
import { Scratch } from './scratch.ts';
import { stepAbove, stepBelow } from './steps.ts';

/**
 * Kinds of rows of a circuit: 0, 1, 2 are the amps of a phase, then the chords of L1, L2, L3, then
 * watts, then differences.
 */
const CHORD_KIND = 3;
export const WATTS_KIND = CHORD_KIND + 3 * CHORDS;
const DIFFERENCE_KIND = WATTS_KIND + 1;
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

/**
 * The problem as flat arrays. A row bounds the sum of coefficient times amps of its demands; only
 * rows with a finite limit exist. Coefficients are 1 on a phase, volts times phases on watts, and
 * on a difference 1 for cars that add to it and -1 for those that lower it, on a chord see phasor.ts.
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
  /** Phases that each demand may load, bit p for phase p. */
  readonly masks: Int32Array;
  /** Rows of demand i, from its leaf circuit up: entries starts[i] to starts[i + 1]. */
  readonly starts: Int32Array;
  readonly entries: Int32Array;
  readonly coefficients: Float64Array;
  /** Demands that add to row r: members memberStarts[r] to memberStarts[r + 1]. */
  readonly memberStarts: Int32Array;
  readonly members: Int32Array;
  readonly memberCoefficients: Float64Array;
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

export const rowsOf = (
  circuits: readonly AllocationCircuit[],
  demands: readonly Demand[],
  scratch: Scratch = new Scratch(),
): Rows => {
  const { limits, circuitOf, kindOf, firsts, hasDifferences } = rowTable(circuits, scratch);
  const masks = masksOf(demands, scratch);
  const { starts, entries, coefficients } = entriesOf(
    { circuits, demands, scratch, masks, kindOf, firsts },
    pathLengths(circuits, firsts, scratch),
  );
  const { memberStarts, members, memberCoefficients } = membersOf(
    demands.length,
    limits.length,
    scratch,
    {
      starts,
      entries,
      coefficients,
    },
  );
  const count = demands.length;
  // One literal: spreading these objects costs more than filling some of the arrays.
  return {
    circuits,
    demands,
    scratch,
    limits,
    circuitOf,
    kindOf,
    hasDifferences,
    masks,
    starts,
    entries,
    coefficients,
    memberStarts,
    members,
    memberCoefficients,
    leastAmps: leastOf(demands, scratch),
    mostAmps: scratch.floats(count),
    weights: scratch.floats(count),
    urgencies: scratch.floats(count),
    scores: scratch.floats(count),
    ranks: scratch.floats(count),
    order: undefined,
  };
};

/** The rows of a problem with all its claims. */
export const claimedRows = (
  { circuits, demands }: Pick<AllocationProblem, 'circuits' | 'demands'>,
  scratch?: Scratch,
): Rows => {
  const rows = rowsOf(circuits, demands, scratch);
  for (let i = 0; i < demands.length; i += 1) claim(rows, i, demands[i]!);
  return rows;
};

export const claim = (rows: Rows, index: number, by: Claim): void => {
  const demand = rows.demands[index]!;
  const { maxAmps, weight, urgency = 1, admissionScore, mustKeep } = by;
  rows.mostAmps[index] = Number.isFinite(maxAmps) ? stepBelow(demand, maxAmps) : 0;
  // Not a number is the least weight too.
  rows.weights[index] = Number.isNaN(weight) ? LEAST_WEIGHT : Math.max(weight, LEAST_WEIGHT);
  rows.urgencies[index] = urgency;
  rows.scores[index] = admissionScore;
  rows.ranks[index] = 2 * demand.priorityClass + (mustKeep === true ? 1 : 0);
};

/** Whether it is kept on within its class. */
export const isKept = ({ ranks, demands }: Rows, index: number): boolean =>
  ranks[index]! > 2 * demands[index]!.priorityClass;

export const isDifference = (rows: Rows, row: number): boolean =>
  rows.kindOf[row]! >= DIFFERENCE_KIND;

/** Amps of a row of this kind are worth as much less as there are more rows of the same limit. */
export const isChord = (rows: Rows, row: number): boolean =>
  rows.kindOf[row]! >= CHORD_KIND && rows.kindOf[row]! < WATTS_KIND;

/** The phase that a row is about; undefined for watts. */
export const phaseOfRow = (rows: Rows, row: number): 0 | 1 | 2 | undefined => {
  const kind = rows.kindOf[row]!;
  if (kind === WATTS_KIND) return undefined;
  if (kind >= DIFFERENCE_KIND) return DIFFERENCES[kind - DIFFERENCE_KIND]![0];
  return kind < CHORD_KIND ? (kind as 0 | 1 | 2) : lineOf(kind);
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

interface RowTable {
  readonly limits: Float64Array;
  readonly circuitOf: Int32Array;
  readonly kindOf: Int32Array;
  /** Rows of circuit c: from firsts[c] to firsts[c + 1]. */
  readonly firsts: Int32Array;
  readonly hasDifferences: boolean;
}

const rowTable = (circuits: readonly AllocationCircuit[], scratch: Scratch): RowTable => {
  const firsts = scratch.integers(circuits.length + 1);
  let hasDifferences = false;
  for (let c = 0; c < circuits.length; c += 1) {
    const { freeAmps, freeWatts, unbalance, phasorSum } = circuits[c]!;
    const perLine = phasorSum === true ? CHORDS : 1;
    const lines = bounds(freeAmps[0]) + bounds(freeAmps[1]) + bounds(freeAmps[2]);
    const differences = unbalance === undefined ? 0 : DIFFERENCES.length;
    const watts = freeWatts === undefined ? 0 : bounds(freeWatts);
    firsts[c + 1] = firsts[c]! + lines * perLine + watts + differences;
    hasDifferences ||= unbalance !== undefined;
  }
  const count = firsts[circuits.length]!;
  const table: RowTable = {
    limits: scratch.floats(count),
    circuitOf: scratch.integers(count),
    kindOf: scratch.integers(count),
    firsts,
    hasDifferences,
  };
  for (let c = 0; c < circuits.length; c += 1) fillTable(table, circuits[c]!, c);
  return table;
};

/** Whether a limit makes a row. */
const bounds = (limit: number): 0 | 1 => (limit === Number.POSITIVE_INFINITY ? 0 : 1);

const fillTable = (
  { limits, circuitOf, kindOf, firsts }: RowTable,
  { freeAmps, freeWatts, unbalance, phasorSum }: AllocationCircuit,
  circuit: number,
): void => {
  let at = firsts[circuit]!;
  const add = (kind: number, limit: number): void => {
    if (bounds(limit) === 0) return;
    // What is not a number is no room at all.
    limits[at] = Number.isNaN(limit) ? 0 : limit;
    circuitOf[at] = circuit;
    kindOf[at] = kind;
    at += 1;
  };
  for (let p = 0; p < freeAmps.length; p += 1) {
    const limit = freeAmps[p as 0 | 1 | 2];
    if (phasorSum !== true) add(p, limit);
    else for (let k = 0; k < CHORDS; k += 1) add(CHORD_KIND + p * CHORDS + k, limit);
  }
  if (freeWatts !== undefined) add(WATTS_KIND, freeWatts);
  if (unbalance === undefined) return;
  const base = unbalance.baseAmps ?? NO_AMPS;
  for (let k = 0; k < DIFFERENCES.length; k += 1) {
    const [above, below] = DIFFERENCES[k]!;
    const limit = unbalance.limitAmps - base[above] + base[below];
    // Room for every place that was counted: one without a bound bounds nothing.
    add(DIFFERENCE_KIND + k, Math.min(limit, Number.MAX_VALUE));
  }
};

/** Rows of each circuit and of all above it. */
const pathLengths = (
  circuits: readonly AllocationCircuit[],
  firsts: Int32Array,
  scratch: Scratch,
): Int32Array => {
  const lengths = scratch.integers(circuits.length);
  for (let c = 0; c < lengths.length; c += 1) {
    const { parent } = circuits[c]!;
    lengths[c] = firsts[c + 1]! - firsts[c]! + (parent < 0 ? 0 : lengths[parent]!);
  }
  return lengths;
};

const masksOf = (demands: readonly Demand[], scratch: Scratch): Int32Array => {
  const masks = scratch.integers(demands.length);
  for (let i = 0; i < masks.length; i += 1) {
    const { phases } = demands[i]!;
    // A demand on no known phase may load every one.
    masks[i] = (phases[0] ? 1 : 0) | (phases[1] ? 2 : 0) | (phases[2] ? 4 : 0) || ALL_PHASES;
  }
  return masks;
};

type Entries = Pick<Rows, 'starts' | 'entries' | 'coefficients'>;
type Table = Pick<RowTable, 'kindOf' | 'firsts'> &
  Pick<Rows, 'circuits' | 'demands' | 'scratch' | 'masks'>;

const entriesOf = (table: Table, lengths: Int32Array): Entries => {
  const { circuits, demands, scratch, masks, kindOf, firsts } = table;
  let most = 0;
  for (let i = 0; i < demands.length; i += 1) most += lengths[demands[i]!.circuit]!;
  const starts = scratch.integers(demands.length + 1);
  const entries = scratch.integers(most);
  const coefficients = scratch.floats(most);
  let at = 0;
  for (let i = 0; i < demands.length; i += 1) {
    const demand = demands[i]!;
    const mask = masks[i]!;
    const chords = chordCoefficients(mask, demand.lineToLine === true);
    for (let c = demand.circuit; c >= 0; c = circuits[c]!.parent) {
      const end = firsts[c + 1]!;
      for (let row = firsts[c]!; row < end; row += 1) {
        const kind = kindOf[row]!;
        const coefficient =
          kind < CHORD_KIND
            ? (mask >> kind) & 1
            : kind < WATTS_KIND
              ? chords[kind - CHORD_KIND]!
              : otherwise(kind, mask, demand);
        if (coefficient === 0) continue;
        entries[at] = row;
        coefficients[at] = coefficient;
        at += 1;
      }
    }
    starts[i + 1] = at;
  }
  return { starts, entries, coefficients };
};

/** Coefficient on watts or on the difference of two phases. */
const otherwise = (kind: number, mask: number, demand: Demand): number => {
  if (kind === WATTS_KIND) {
    return demand.volts * (demand.wattsPhases ?? (mask & 1) + ((mask >> 1) & 1) + (mask >> 2));
  }
  const [above, below] = DIFFERENCES[kind - DIFFERENCE_KIND]!;
  return ((mask >> above) & 1) - ((mask >> below) & 1);
};

const membersOf = (
  demands: number,
  rowCount: number,
  scratch: Scratch,
  { starts, entries, coefficients }: Entries,
) => {
  const memberStarts = scratch.integers(rowCount + 1);
  const used = starts[demands]!;
  for (let e = 0; e < used; e += 1) {
    if (coefficients[e]! > 0) memberStarts[entries[e]! + 1]! += 1;
  }
  for (let row = 0; row < rowCount; row += 1) memberStarts[row + 1]! += memberStarts[row]!;
  const next = scratch.integers(rowCount + 1);
  next.set(memberStarts);
  const members = scratch.integers(entries.length);
  const memberCoefficients = scratch.floats(entries.length);
  for (let i = 0; i < demands; i += 1) {
    const end = starts[i + 1]!;
    for (let e = starts[i]!; e < end; e += 1) {
      if (coefficients[e]! <= 0) continue;
      const row = entries[e]!;
      members[next[row]!] = i;
      memberCoefficients[next[row]!] = coefficients[e]!;
      next[row]! += 1;
    }
  }
  return { memberStarts, members, memberCoefficients };
};

const leastOf = (demands: readonly Demand[], scratch: Scratch): Float64Array => {
  const leastAmps = scratch.floats(demands.length);
  for (let i = 0; i < leastAmps.length; i += 1) {
    const { minAmps, stepsAmps } = demands[i]!;
    leastAmps[i] = stepsAmps === undefined ? minAmps : stepAbove(demands[i]!, -1);
  }
  return leastAmps;
};
