import type { Reason, ReasonChain } from './reason.ts';
import type { PhaseAmps } from './units.ts';

/**
 * One question to the allocator, already frozen: what is free on every circuit, and who wants it.
 * All limits are what is left for the demands below (limit - margin - load of others - reserves).
 */
export interface AllocationProblem {
  /** Parents before children. */
  readonly circuits: readonly AllocationCircuit[];
  readonly demands: readonly Demand[];
}

export interface AllocationCircuit {
  readonly id: string;
  /** Index of the parent in `circuits`; -1 for the root. */
  readonly parent: number;
  readonly freeAmps: PhaseAmps;
  readonly freeWatts?: number;
  /** What made `freeAmps` as low as it is, per phase; goes into the reason chain. */
  readonly reasons: readonly [ReasonChain, ReasonChain, ReasonChain];
  readonly wattsReason?: ReasonChain;
}

export interface Demand {
  /** "charger/connector". */
  readonly id: string;
  /** Index of the leaf circuit. */
  readonly circuit: number;
  /** Site phases that this demand loads (after rotation); unknown = every wired phase. */
  readonly phases: readonly [boolean, boolean, boolean];
  readonly volts: number;
  /** Semi-continuity: the offer is 0 or in [minAmps, maxAmps]. */
  readonly minAmps: number;
  readonly maxAmps: number;
  /** Why maxAmps is what it is (charger rating, CSMS profile, learned car maximum). */
  readonly maxReason: Reason;
  /** Smallest increment, > 0; offers are multiples of it, besides minAmps itself. */
  readonly stepAmps: number;
  /** > 0; share grows in proportion. */
  readonly weight: number;
  /** Higher is admitted first. */
  readonly priorityClass: number;
  /** Within a class, higher is admitted first (rotation credit, then need). */
  readonly admissionScore: number;
  /** Previous offer: ties keep it. */
  readonly previousAmps: number;
}

export interface Allocation {
  /** In the order of `problem.demands`. */
  readonly offers: readonly AllocatedOffer[];
}

export interface AllocatedOffer {
  readonly id: string;
  readonly amps: number;
  /** Innermost first; for a demand at its maximum the chain starts with `maxReason`. */
  readonly reasons: ReasonChain;
}
