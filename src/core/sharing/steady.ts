import { ADMITTED } from '../allocation/admit.ts';
import type { AllocationCircuit, Objective } from '../allocation/problem.ts';
import { isDifference, phaseOfRow, type Rows } from '../allocation/rows.ts';
import { type Admission, admission, type Shares, sharesAfter } from '../allocation/shares.ts';
import type { Reason } from '../reason.ts';
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
  let asked = admission(rows, objective);
  if (!rows.circuits.some(({ lookAmps, passing }) => (lookAmps ?? passing) !== undefined))
    return asked;
  for (const length of ['long', 'short'] as const) {
    const looks = (i: number): boolean =>
      contenders[i]!.look?.length === length && held[i] === undefined;
    if (!contenders.some((_each, i) => looks(i) && asked.verdicts[i] === ADMITTED)) continue;
    const limits = changeLimits(rows, ({ lookAmps, passing }, phase) =>
      phase === undefined ? -(passing?.watts ?? 0) : -(lookAmps?.[length][phase] ?? 0),
    );
    const { verdicts } = admission(rows, objective);
    rows.limits.set(limits);
    let late = false;
    for (let i = 0; i < contenders.length; i += 1) {
      const { look, idle } = contenders[i]!;
      if (idle || look === undefined || !looks(i) || verdicts[i] === ADMITTED) continue;
      held[i] = passingOn(rows, verdicts[i]!) ?? look.reason;
      rows.mostAmps[i] = 0;
      late = true;
    }
    if (late) asked = admission(rows, objective);
  }
  return asked;
};

/** Why nobody is started into the power of a row. */
const passingOn = (rows: Rows, row: number): Reason | undefined =>
  row < 0 || phaseOfRow(rows, row) !== undefined
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
  const claims = scratch.floats(mostAmps.length);
  claims.set(mostAmps);
  for (let i = 0; i < contenders.length; i += 1) if (!charges(contenders[i]!)) mostAmps[i] = 0;
  const limits = changeLimits(rows, ({ keepOnAmps = 0 }, phase) =>
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

/**
 * Adds to the amps that are free on each phase, and to the watts (phase undefined); what they were
 * before, to be set again.
 */
const changeLimits = (
  rows: Rows,
  more: (circuit: AllocationCircuit, phase: 0 | 1 | 2 | undefined) => number,
): Float64Array => {
  const { limits, circuits, circuitOf, scratch } = rows;
  const before = scratch.floats(limits.length);
  before.set(limits);
  for (let row = 0; row < limits.length; row += 1) {
    if (isDifference(rows, row)) continue;
    limits[row]! += more(circuits[circuitOf[row]!]!, phaseOfRow(rows, row));
  }
  return before;
};
