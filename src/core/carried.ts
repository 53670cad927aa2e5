import type { Decision } from './tick.ts';

/** What one tick leaves for the next: models and states, all of them told from snapshots. */
export type Carried = Pick<
  Decision,
  | 'background'
  | 'turns'
  | 'policyState'
  | 'learned'
  | 'wiring'
  | 'meterEvidence'
  | 'phaseUse'
  | 'floors'
  | 'wakeUps'
  | 'defiances'
>;

/** What the first tick begins with, but for the wiring that was learned in earlier runs. */
export const newlyCarried = (wiring: Carried['wiring']): Carried => ({
  background: new Map(),
  turns: new Map(),
  policyState: {},
  learned: new Map(),
  wiring,
  meterEvidence: new Map(),
  phaseUse: new Map(),
  floors: new Map(),
  wakeUps: new Map(),
  defiances: new Map(),
});

export const carriedBy = (decision: Decision): Carried => ({
  background: decision.background,
  turns: decision.turns,
  policyState: decision.policyState,
  learned: decision.learned,
  wiring: decision.wiring,
  meterEvidence: decision.meterEvidence,
  phaseUse: decision.phaseUse,
  floors: decision.floors,
  wakeUps: decision.wakeUps,
  defiances: decision.defiances,
});
