import type { Reason, ReasonChain } from '../reason.ts';
import { AMPS_EPSILON, PHASES } from '../units.ts';
import { ADMITTED, TOO_SMALL } from './admit.ts';
import { AT_MAXIMUM } from './fill.ts';
import type { Demand } from './problem.ts';
import { isDifference, phaseOfRow, type Rows } from './rows.ts';
import type { Shares } from './shares.ts';

/** Chains of demands that wait, by the row that they wait for: many of them share one. */
export type WaitingChains = (Waiting | undefined)[];

/** Why a demand got what it got, innermost first. */
export const reasonsOf = (
  rows: Rows,
  { amps, bottleneck, verdicts }: Shares,
  index: number,
  waiting: WaitingChains,
): ReasonChain => {
  const demand = rows.demands[index]!;
  const verdict = verdicts[index]!;
  if (verdict === TOO_SMALL) {
    return demand.maxAmps > 0 ? [tooSmall(demand), demand.maxReason] : [demand.maxReason];
  }
  if (verdict !== ADMITTED) {
    const known = waiting[verdict];
    if (known?.minAmps === demand.minAmps) return known.chain;
    const chain = waitingFor(rows, demand, verdict);
    waiting[verdict] = { minAmps: demand.minAmps, chain };
    return chain;
  }
  const row = bottleneck[index]!;
  if (amps[index]! >= demand.maxAmps - AMPS_EPSILON) return [demand.maxReason];
  return row === AT_MAXIMUM ? [stepReason(demand), demand.maxReason] : rowReasons(rows, row);
};

interface Waiting {
  readonly minAmps: number;
  readonly chain: ReasonChain;
}

const rowReasons = (rows: Rows, row: number): ReasonChain => {
  const circuit = rows.circuits[rows.circuitOf[row]!]!;
  const phase = phaseOfRow(rows, row);
  if (isDifference(rows, row)) return circuit.unbalance?.reasons ?? [];
  if (phase !== undefined) return circuit.reasons[phase];
  const text = `${circuit.id}: power limit`;
  return circuit.wattsReason ?? [{ kind: 'circuit-watts', id: circuit.id, text }];
};

const tooSmall = ({ id, minAmps }: Demand): Reason => ({
  kind: 'minimum',
  id,
  text: `less than its minimum of ${minAmps} A`,
});

const waitingFor = (rows: Rows, { minAmps }: Demand, row: number): ReasonChain => {
  const { id } = rows.circuits[rows.circuitOf[row]!]!;
  const p = phaseOfRow(rows, row);
  const where = p === undefined ? id : `${id} ${PHASES[p]}`;
  const text = `waits: less than ${minAmps} A left on ${where}`;
  const kind = 'minimum';
  const reason: Reason =
    p === undefined ? { kind, id, text } : { kind, id, phase: PHASES[p], text };
  return [reason, ...rowReasons(rows, row)];
};

const stepReason = ({ id, stepAmps, stepsAmps }: Demand): Reason => {
  const text =
    stepsAmps === undefined ? `steps of ${stepAmps} A` : `steps ${stepsAmps.join('/')} A`;
  return { kind: 'step', id, text };
};
