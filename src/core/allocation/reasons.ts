import type { Reason, ReasonChain } from '../reason.ts';
import { AMPS_EPSILON, PHASES } from '../units.ts';
import { ADMITTED, TOO_SMALL } from './admit.ts';
import { AT_MAXIMUM, type Filled } from './fill.ts';
import { ROWS_PER_CIRCUIT, type Rows, WATTS_ROW } from './rows.ts';

/** Why a demand got what it got, innermost first. */
export const reasonsFor = (
  rows: Rows,
  index: number,
  verdict: number,
  { bottleneck }: Filled,
  amps: number,
): ReasonChain => {
  const demand = rows.problem.demands[index]!;
  if (verdict === TOO_SMALL) return [minimumReason(rows, index), demand.maxReason];
  if (verdict !== ADMITTED)
    return [minimumReason(rows, index, verdict), ...rowReasons(rows, verdict)];
  const row = bottleneck[index]!;
  if (row === AT_MAXIMUM || amps >= demand.maxAmps - AMPS_EPSILON) {
    const steppedDown = amps < demand.maxAmps - AMPS_EPSILON;
    return steppedDown ? [stepReason(rows, index), demand.maxReason] : [demand.maxReason];
  }
  return rowReasons(rows, row);
};

const rowReasons = ({ problem: { circuits } }: Rows, row: number): ReasonChain => {
  const circuit = circuits[Math.floor(row / ROWS_PER_CIRCUIT)]!;
  const kind = row % ROWS_PER_CIRCUIT;
  if (kind !== WATTS_ROW) return circuit.reasons[kind as 0 | 1 | 2];
  const unnamed: Reason = {
    kind: 'circuit-watts',
    id: circuit.id,
    text: `${circuit.id}: power limit`,
  };
  return circuit.wattsReason ?? [unnamed];
};

const minimumReason = (
  { problem: { demands, circuits } }: Rows,
  index: number,
  row?: number,
): Reason => {
  const { id, minAmps } = demands[index]!;
  if (row === undefined)
    return { kind: 'minimum', id, text: `less than its minimum of ${minAmps} A` };
  const circuit = circuits[Math.floor(row / ROWS_PER_CIRCUIT)]!;
  const kind = row % ROWS_PER_CIRCUIT;
  const where = kind === WATTS_ROW ? circuit.id : `${circuit.id} ${PHASES[kind as 0 | 1 | 2]}`;
  const text = `waits: less than ${minAmps} A left on ${where}`;
  return kind === WATTS_ROW
    ? { kind: 'minimum', id: circuit.id, text }
    : { kind: 'minimum', id: circuit.id, phase: PHASES[kind as 0 | 1 | 2], text };
};

const stepReason = ({ problem: { demands } }: Rows, index: number): Reason => {
  const { id, stepAmps } = demands[index]!;
  return { kind: 'step', id, text: `steps of ${stepAmps} A` };
};
