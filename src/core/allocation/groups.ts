import { WIRINGS, wiringOf } from './phasor.ts';
import type { AllocationCircuit, Demand } from './problem.ts';
import type { Scratch } from './scratch.ts';

/**
 * Demands of one circuit, wiring and voltage load the same rows to the same extent. There are few
 * such groups however many demands there are, so whatever is true of rows is written once a group.
 */
export interface Groups {
  readonly count: number;
  readonly groupOf: Int32Array;
  /** One demand of each group. */
  readonly samples: Int32Array;
  /** Demands of group g, in their order: from starts[g] to starts[g + 1]. */
  readonly starts: Int32Array;
  readonly members: Int32Array;
}

const NONE = -1;
const ALL_PHASES = 3;

/** The number of a group does not depend on the order of the demands. */
export const groupsOf = (
  circuits: readonly AllocationCircuit[],
  demands: readonly Demand[],
  masks: Int32Array,
  scratch: Scratch,
): Groups => {
  const { groupOf, heads, nexts, founders } = foundGroups(circuits, demands, masks, scratch);
  const samples = scratch.integers(demands.length);
  const numbers = scratch.integers(demands.length);
  let count = 0;
  for (let slot = 0; slot < heads.length; slot += 1) {
    for (let found = heads[slot]!; found !== NONE; found = nexts[found]!) {
      numbers[found] = count;
      samples[count] = founders[found]!;
      count += 1;
    }
  }
  const starts = scratch.integers(count + 1);
  for (let i = 0; i < groupOf.length; i += 1) {
    groupOf[i] = numbers[groupOf[i]!]!;
    starts[groupOf[i]! + 1]! += 1;
  }
  for (let g = 0; g < count; g += 1) starts[g + 1]! += starts[g]!;
  const next = scratch.copyOfIntegers(starts);
  const members = scratch.integers(demands.length);
  for (let i = 0; i < groupOf.length; i += 1) {
    const group = groupOf[i]!;
    members[next[group]!] = i;
    next[group]! += 1;
  }
  return { count, groupOf, samples, starts, members };
};

/** Groups in the order in which they turned up; those of one circuit and wiring are a list. */
const foundGroups = (
  circuits: readonly AllocationCircuit[],
  demands: readonly Demand[],
  masks: Int32Array,
  scratch: Scratch,
) => {
  const groupOf = scratch.integers(demands.length);
  const heads = scratch.integers(circuits.length * WIRINGS).fill(NONE);
  const nexts = scratch.integers(demands.length);
  const founders = scratch.integers(demands.length);
  const keys = scratch.floats(demands.length);
  let count = 0;
  for (let i = 0; i < groupOf.length; i += 1) {
    const { circuit, lineToLine, volts, wattsPhases = 0, phaseUnknown } = demands[i]!;
    const slot = circuit * WIRINGS + wiringOf(masks[i]!, lineToLine);
    const key = 2 * (volts * (ALL_PHASES + 1) + wattsPhases) + (phaseUnknown === true ? 1 : 0);
    let before = NONE;
    let at = heads[slot]!;
    while (at !== NONE && keys[at]! < key) {
      before = at;
      at = nexts[at]!;
    }
    if (at === NONE || keys[at] !== key) {
      founders[count] = i;
      keys[count] = key;
      nexts[count] = at;
      if (before === NONE) heads[slot] = count;
      else nexts[before] = count;
      at = count;
      count += 1;
    }
    groupOf[i] = at;
  }
  return { groupOf, heads, nexts, founders };
};

/** Amps of all demands of a group together. */
export const totalOf = ({ starts, members }: Groups, group: number, amps: Float64Array): number => {
  const end = starts[group + 1]!;
  let total = 0;
  for (let m = starts[group]!; m < end; m += 1) total += amps[members[m]!]!;
  return total;
};
