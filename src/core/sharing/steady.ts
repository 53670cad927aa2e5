import { ADMITTED, admissionOrder, admit, type Gate, isPossible } from '../allocation/admit.ts';
import type { AllocationCircuit, Objective } from '../allocation/problem.ts';
import { blockingRow, isDifference, load, phaseOfRow, type Rows } from '../allocation/rows.ts';
import { type Admission, admission, type Shares, sharesAfter } from '../allocation/shares.ts';
import type { Reason } from '../reason.ts';
import { AMPS_EPSILON } from '../units.ts';
import type { Contender } from './share.ts';

export interface SteadyShares {
  readonly shares: Shares;
  /** Somebody who wants amps gets none, or would get none without the margin. */
  readonly waits: boolean;
}

/**
 * Shares so that a load which swings does not switch cars on and off:
 * - A car that is to start has to fit beside the load of the whole look before a start. Until it does,
 *   those that charge keep its amps: it could not take them yet. Nor does it start into power that
 *   will not last.
 * - A car that charges is not stopped for less than what a circuit keeps of its margin for that.
 * Who has to look on loses its claim in `rows`, and is added to `held`.
 */
export const steadily = (
  rows: Rows,
  contenders: readonly Contender[],
  objective: Objective,
  held: (Reason | undefined)[],
): SteadyShares => {
  const asked = withoutLateStarts(rows, contenders, objective, held);
  const isOn = (i: number): boolean => asked.verdicts[i] === ADMITTED;
  let starts = false;
  let stops = false;
  let waits = false;
  for (let i = 0; i < contenders.length; i += 1) {
    if (contenders[i]!.idle) continue;
    waits ||= !isOn(i) && contenders[i]!.maxAmps > 0;
    if (charges(contenders[i]!)) stops ||= !isOn(i) && wants(contenders[i]!);
    else starts ||= isOn(i);
  }
  // Where one starts in the place of another it is that one's turn.
  const kept = stops && !starts ? keptOn(rows, contenders, objective, asked) : undefined;
  return { shares: kept ?? sharesAfter(rows, asked), waits };
};

const charges = ({ turn, previousAmps }: Contender): boolean => turn.on && previousAmps > 0;
const wants = ({ maxAmps, minAmps }: Contender): boolean => maxAmps >= minAmps;

const withoutLateStarts = (
  rows: Rows,
  contenders: readonly Contender[],
  objective: Objective,
  held: (Reason | undefined)[],
): Admission => {
  const someoneLooks = contenders.some((contender, i) => looks(contender, held[i]));
  if (!someoneLooks) return admission(rows, objective);
  const isLate = lateStarts(rows, contenders, held);
  if (objective === 'fair' && !rows.hasDifferences) {
    return { verdicts: admit(rows, isLate), shares: undefined };
  }
  const asked = admission(rows, objective);
  const starts = contenders.some(
    (contender, i) => asked.verdicts[i] === ADMITTED && looks(contender, held[i]),
  );
  return starts && holdLateStarts(rows, asked, isLate) ? admission(rows, objective) : asked;
};

const looks = ({ look, idle }: Contender, held: Reason | undefined): boolean =>
  look !== undefined && !idle && held === undefined;

/**
 * Whoever is to start has to fit beside the minimums of those before it and the load of its look.
 * Otherwise it is held, and has no claim any more.
 */
const lateStarts = (
  rows: Rows,
  contenders: readonly Contender[],
  held: (Reason | undefined)[],
): Gate => {
  const limits: { long?: Float64Array; short?: Float64Array } = {};
  return (index, sums) => {
    const contender = contenders[index]!;
    const { look } = contender;
    if (look === undefined || !looks(contender, held[index])) return false;
    limits[look.length] ??= lookLimits(rows, look.length);
    const row = fullRow(rows, sums, index, limits[look.length]!);
    if (row < 0) return false;
    held[index] = passingOn(rows, row) ?? look.reason;
    rows.mostAmps[index] = 0;
    return true;
  };
};

/**
 * Where the order of admission alone does not say who is on, since the market does or somebody later
 * lowers a difference: in that order, whoever would fit without the load of its look, also those that
 * were left out; whether anybody is held.
 */
const holdLateStarts = (rows: Rows, { verdicts }: Admission, isLate: Gate): boolean => {
  const sums = rows.scratch.copyOf(rows.taken);
  const order = admissionOrder(rows);
  let late = false;
  for (let k = 0; k < order.length; k += 1) {
    const i = order[k]!;
    const fits = isPossible(rows, i) && fullRow(rows, sums, i, rows.limits) < 0;
    if (fits && isLate(i, sums)) late = true;
    else if (verdicts[i] === ADMITTED) load(rows, sums, i, rows.leastAmps[i]!);
  }
  return late;
};

/** The row that has no room for the minimum; those after it may still lower a difference. */
const fullRow = (rows: Rows, sums: Float64Array, index: number, limits: Float64Array): number => {
  const row = blockingRow(rows, sums, index, rows.leastAmps[index]!, AMPS_EPSILON, limits);
  return row >= 0 && isDifference(rows, row) ? -1 : row;
};

/** Limits for a start after a look of this length. */
const lookLimits = (rows: Rows, length: 'long' | 'short'): Float64Array => {
  const limits = rows.scratch.copyOf(rows.limits);
  changeLimits(rows, limits, ({ lookAmps, passing }, phase) =>
    phase === undefined ? -(passing?.watts ?? 0) : -(lookAmps?.[length][phase] ?? 0),
  );
  return limits;
};

/** Why nobody is started into the power of a row. */
const passingOn = (rows: Rows, row: number): Reason | undefined =>
  phaseOfRow(rows, row) !== undefined
    ? undefined
    : rows.circuits[rows.circuitOf[row]!]!.passing?.reason;

/** Shares that keep more of those on which charge, by the margin; undefined where it cannot. */
const keptOn = (
  rows: Rows,
  contenders: readonly Contender[],
  objective: Objective,
  asked: Admission,
): Shares | undefined => {
  if (!rows.circuits.some(({ keepOnAmps = 0 }) => keepOnAmps > 0)) return undefined;
  const { mostAmps, scratch } = rows;
  const claims = scratch.copyOf(mostAmps);
  const limits = scratch.copyOf(rows.limits);
  for (let i = 0; i < contenders.length; i += 1) if (!charges(contenders[i]!)) mostAmps[i] = 0;
  changeLimits(rows, rows.limits, ({ keepOnAmps = 0 }, phase) =>
    phase === undefined ? 0 : keepOnAmps,
  );
  const kept = admission(rows, objective);
  const shares = isBetter(kept, asked) ? sharesAfter(rows, kept) : undefined;
  rows.limits.set(limits);
  mostAmps.set(claims);
  for (let i = 0; i < contenders.length; i += 1) {
    // The others wait for what they waited for before.
    if (shares !== undefined && !charges(contenders[i]!)) shares.verdicts[i] = asked.verdicts[i]!;
  }
  return shares;
};

/** It keeps somebody on whom the other one stops, and stops nobody whom the other one keeps. */
const isBetter = (kept: Admission, asked: Admission): boolean => {
  let more = false;
  for (let i = 0; i < kept.verdicts.length; i += 1) {
    const before = asked.verdicts[i] === ADMITTED;
    const after = kept.verdicts[i] === ADMITTED;
    if (before && !after) return false;
    more ||= after && !before;
  }
  return more;
};

/** Adds to the amps that are free on each phase, and to the watts (phase undefined). */
const changeLimits = (
  rows: Rows,
  limits: Float64Array,
  more: (circuit: AllocationCircuit, phase: 0 | 1 | 2 | undefined) => number,
): void => {
  for (let row = 0; row < limits.length; row += 1) {
    if (isDifference(rows, row)) continue;
    limits[row]! += more(rows.circuits[rows.circuitOf[row]!]!, phaseOfRow(rows, row));
  }
};
