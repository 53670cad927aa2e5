/** Counts of one gateway since its start. */
export interface LinkCounters {
  framesRelayed: number;
  ownCalls: number;
  malformed: number;
  /** Calls answered here in place of the CSMS. */
  heldCalls: number;
  /** Answers that belong to no open call. */
  readonly dropped: { late: number; duplicate: number; foreign: number };
}

export const newLinkCounters = (): LinkCounters => ({
  framesRelayed: 0,
  ownCalls: 0,
  malformed: 0,
  heldCalls: 0,
  dropped: { late: 0, duplicate: 0, foreign: 0 },
});
