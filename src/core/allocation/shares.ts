import { admit } from './admit.ts';
import type { Filled } from './fill.ts';
import type { Objective } from './problem.ts';
import { round } from './round.ts';
import type { Rows } from './rows.ts';
import { throughput } from './throughput.ts';
import { fillBalanced } from './unbalance.ts';

/** What each demand gets, on its steps. */
export interface Shares extends Filled {
  /** ADMITTED, TOO_SMALL or the row that kept it out. */
  readonly verdicts: Int32Array;
}

/** Who is on. By the other objectives that cannot be told before all amps are given out. */
export interface Admission {
  readonly verdicts: Int32Array;
  readonly shares: Shares | undefined;
}

export const admission = (rows: Rows, objective: Objective = 'fair'): Admission => {
  if (objective === 'fair') return { verdicts: admit(rows), shares: undefined };
  const shares = throughput(rows, objective === 'in-order');
  return { verdicts: shares.verdicts, shares };
};

/** Uses and changes the verdicts of its argument. */
export const sharesAfter = (rows: Rows, { verdicts, shares }: Admission): Shares => {
  if (shares !== undefined) return shares;
  const filled = fillBalanced(rows, verdicts);
  const amps = round(rows, verdicts, filled);
  return { amps, bottleneck: filled.bottleneck, verdicts };
};

export const sharesOf = (rows: Rows, objective?: Objective): Shares =>
  sharesAfter(rows, admission(rows, objective));
