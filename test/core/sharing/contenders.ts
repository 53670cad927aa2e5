import type { AllocationCircuit } from '../../../src/core/allocation/problem.ts';
import type { Contender } from '../../../src/core/sharing/share.ts';
import { newTurn } from '../../../src/core/sharing/turns.ts';

const reason = (id: string) => ({ kind: 'circuit', id, text: id }) as const;

/** One fuse of as many amps on every phase. */
export const fuse = (amps: number): AllocationCircuit => ({
  id: 'main',
  parent: -1,
  freeAmps: [amps, amps, amps],
  reasons: [[reason('main')], [reason('main')], [reason('main')]],
});

/** A car on the phases named by their digits. */
export const contender = (
  id: string,
  phases = '123',
  changes: Partial<Contender> = {},
): Contender => ({
  id,
  circuit: 0,
  phases: [phases.includes('1'), phases.includes('2'), phases.includes('3')],
  volts: 230,
  minAmps: 6,
  maxAmps: 32,
  maxReason: { kind: 'charger', id, text: 'rated' },
  stepAmps: 1,
  weight: 1,
  previousAmps: 0,
  priorityClass: 0,
  idle: false,
  urgencyNow: undefined,
  turn: newTurn(id),
  cameAtMs: 0,
  ...changes,
});
