import { NO_AMPS } from '../units.ts';
import { groupsOf } from './groups.ts';
import { CHORDS, chordsOf, wiringOf } from './phasor.ts';
import type { AllocationCircuit, AllocationProblem, Demand } from './problem.ts';
import {
  CHORD_KIND,
  claim,
  DIFFERENCE_KIND,
  DIFFERENCES,
  type Rows,
  WATTS_KIND,
  weigh,
} from './rows.ts';
import { Scratch } from './scratch.ts';
import { stepAbove } from './steps.ts';

const ALL_PHASES = 7;

/** The rows of a question, of which nobody has claimed anything yet. */
export const rowsOf = (
  circuits: readonly AllocationCircuit[],
  demands: readonly Demand[],
  scratch: Scratch = new Scratch(),
): Rows => {
  const { limits, circuitOf, kindOf, firsts, hasDifferences } = rowTable(circuits, scratch);
  const masks = masksOf(demands, scratch);
  const groups = groupsOf(circuits, demands, masks, scratch);
  const { starts, plainEnds, raisingEnds, entries, coefficients } = entriesOf(
    { circuits, demands, scratch, masks, groups, kindOf, firsts, hasDifferences },
    pathLengths(circuits, firsts, scratch),
  );
  const { userStarts, users } = usersOf(groups.count, limits.length, scratch, {
    starts,
    raisingEnds,
    entries,
  });
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
    taken: scratch.floats(limits.length),
    masks,
    groups,
    starts,
    plainEnds,
    raisingEnds,
    entries,
    coefficients,
    userStarts,
    users,
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
  for (let i = 0; i < demands.length; i += 1) {
    const { maxAmps, admissionScore, mustKeep = false, weight, urgency = 1 } = demands[i]!;
    claim(rows, i, maxAmps, admissionScore, mustKeep);
    weigh(rows, i, weight, urgency);
  }
  return rows;
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
    // What is not a number is no room at all.
    limits[at] = Number.isNaN(limit) ? 0 : limit;
    circuitOf[at] = circuit;
    kindOf[at] = kind;
    at += 1;
  };
  for (let p = 0; p < freeAmps.length; p += 1) {
    const limit = freeAmps[p as 0 | 1 | 2];
    if (bounds(limit) === 0) continue;
    if (phasorSum === true) {
      add(CHORD_KIND + p * CHORDS, Number.POSITIVE_INFINITY);
      add(CHORD_KIND + p * CHORDS + 1, limit);
    } else {
      add(p, limit);
    }
  }
  if (freeWatts !== undefined && bounds(freeWatts) === 1) add(WATTS_KIND, freeWatts);
  if (unbalance === undefined) return;
  const { baseAmps: base = NO_AMPS, apartAmps: apart } = unbalance;
  for (let k = 0; k < DIFFERENCES.length; k += 1) {
    const [above, below] = DIFFERENCES[k]!;
    const more = apart?.[above][below] ?? 0;
    const limit = unbalance.limitAmps - base[above] + base[below] - more;
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

type Entries = Pick<Rows, 'starts' | 'plainEnds' | 'raisingEnds' | 'entries' | 'coefficients'>;
type Table = Pick<RowTable, 'kindOf' | 'firsts' | 'hasDifferences'> &
  Pick<Rows, 'circuits' | 'demands' | 'scratch' | 'masks' | 'groups'>;

const entriesOf = (table: Table, lengths: Int32Array): Entries => {
  const { circuits, demands, scratch, masks, groups, kindOf, firsts, hasDifferences } = table;
  const { count, samples } = groups;
  let most = 0;
  for (let g = 0; g < count; g += 1) most += lengths[demands[samples[g]!]!.circuit]!;
  const starts = scratch.integers(count + 1);
  const plainEnds = scratch.integers(count);
  const raisingEnds = scratch.integers(count);
  const entries = scratch.integers(most);
  const coefficients = scratch.floats(most);
  let at = 0;
  const add = (row: number, coefficient: number): void => {
    entries[at] = row;
    coefficients[at] = coefficient;
    at += 1;
  };
  /** Differences that a group raises (sign 1), or lowers (-1). */
  const addDifferences = (circuit: number, differences: Float64Array, sign: number): void => {
    for (let c = circuit; c >= 0; c = circuits[c]!.parent) {
      const end = firsts[c + 1]!;
      const first = end - DIFFERENCES.length;
      if (first < firsts[c]! || kindOf[first] !== DIFFERENCE_KIND) continue;
      for (let row = first; row < end; row += 1) {
        const coefficient = differences[row - first]!;
        if (coefficient === sign) add(row, coefficient);
      }
    }
  };
  for (let g = 0; g < count; g += 1) {
    const demand = demands[samples[g]!]!;
    const mask = masks[samples[g]!]!;
    const chords = chordsOf(wiringOf(mask, demand.lineToLine));
    for (let c = demand.circuit; c >= 0; c = circuits[c]!.parent) {
      const end = firsts[c + 1]!;
      for (let row = firsts[c]!; row < end && kindOf[row]! <= WATTS_KIND; row += 1) {
        const kind = kindOf[row]!;
        if (kind < CHORD_KIND) {
          if (((mask >> kind) & 1) === 1) add(row, 1);
        } else if (kind === WATTS_KIND) {
          add(row, wattsPerAmp(demand, mask));
        } else if (chords[kind - CHORD_KIND]! > 0) {
          add(row, chords[kind - CHORD_KIND]!);
        }
      }
    }
    plainEnds[g] = at;
    const differences = demand.phaseUnknown === true ? EVERY_DIFFERENCE : DIFFERENCES_OF[mask]!;
    if (hasDifferences) addDifferences(demand.circuit, differences, 1);
    raisingEnds[g] = at;
    if (hasDifferences) addDifferences(demand.circuit, differences, -1);
    starts[g + 1] = at;
  }
  return { starts, plainEnds, raisingEnds, entries, coefficients };
};

const wattsPerAmp = ({ volts, wattsPhases }: Demand, mask: number): number =>
  volts * (wattsPhases ?? (mask & 1) + ((mask >> 1) & 1) + (mask >> 2));

/** By mask of phases: what an amp adds to each of the differences. */
const DIFFERENCES_OF: readonly Float64Array[] = Array.from({ length: ALL_PHASES + 1 }, (_, mask) =>
  Float64Array.from(DIFFERENCES, ([above, below]) => ((mask >> above) & 1) - ((mask >> below) & 1)),
);

/** Whichever phase it is on, it may be the high one, and a counterweight to nobody. */
const EVERY_DIFFERENCE = new Float64Array(DIFFERENCES.length).fill(1);

const usersOf = (
  groupCount: number,
  rowCount: number,
  scratch: Scratch,
  { starts, raisingEnds, entries }: Pick<Entries, 'starts' | 'raisingEnds' | 'entries'>,
) => {
  const userStarts = scratch.integers(rowCount + 1);
  for (let g = 0; g < groupCount; g += 1) {
    const end = raisingEnds[g]!;
    for (let e = starts[g]!; e < end; e += 1) userStarts[entries[e]! + 1]! += 1;
  }
  for (let row = 0; row < rowCount; row += 1) userStarts[row + 1]! += userStarts[row]!;
  const next = scratch.copyOfIntegers(userStarts);
  const users = scratch.integers(entries.length);
  for (let g = 0; g < groupCount; g += 1) {
    const end = raisingEnds[g]!;
    for (let e = starts[g]!; e < end; e += 1) {
      const row = entries[e]!;
      users[next[row]!] = g;
      next[row]! += 1;
    }
  }
  return { userStarts, users };
};

const leastOf = (demands: readonly Demand[], scratch: Scratch): Float64Array => {
  const leastAmps = scratch.floats(demands.length);
  for (let i = 0; i < leastAmps.length; i += 1) {
    const { minAmps, stepsAmps } = demands[i]!;
    leastAmps[i] = stepsAmps === undefined ? minAmps : stepAbove(demands[i]!, -1);
  }
  return leastAmps;
};
