import type { Reason, ReasonChain } from '../reason.ts';
import type { PhaseAmps } from '../units.ts';

/**
 * One question to the allocator, already frozen: what is free on every circuit, and who wants it.
 * All limits are what is left for the demands below (limit - margin - load of others - reserves).
 */
export interface AllocationProblem {
  /** Parents before children. */
  readonly circuits: readonly AllocationCircuit[];
  readonly demands: readonly RankedDemand[];
  /**
   * fair (default): weighted max-min. throughput: as much useful power as the fuses carry, which
   * lets a car wait whose amps would cost others more than they bring. in-order: each takes all that
   * it can, in the order of admission.
   */
  readonly objective?: Objective;
}

export type Objective = 'fair' | 'throughput' | 'in-order';

export interface AllocationCircuit {
  readonly id: string;
  /** Index of the parent in `circuits`; -1 for the root. */
  readonly parent: number;
  readonly freeAmps: PhaseAmps;
  /**
   * Cars between two lines are below, or beside others: currents of a line add as phasors, and
   * `freeAmps` bounds their magnitude. Without it they add as numbers, which is safe but too strict.
   */
  readonly phasorSum?: boolean;
  /** Of `freeAmps`, what was not free all through the look before a start, by its length. */
  readonly lookAmps?: { readonly long: PhaseAmps; readonly short: PhaseAmps };
  /** Beyond `freeAmps`, what may be used so that a car which charges is not stopped. */
  readonly keepOnAmps?: number;
  readonly freeWatts?: number;
  /** Of `freeWatts`, what will not last: cars that charge may have it, none is started into it. */
  readonly passing?: { readonly watts: number; readonly reason: Reason };
  /** What made `freeAmps` as low as it is, per phase; goes into the reason chain. */
  readonly reasons: readonly [ReasonChain, ReasonChain, ReasonChain];
  readonly wattsReason?: ReasonChain;
  readonly unbalance?: UnbalanceLimit;
}

/**
 * The most by which the charging current of one phase may be above that of another (VDE-AR-N 4100
 * §5.5: 20 A in Germany). Only charging counts, and cars on three phases cancel out.
 */
export interface UnbalanceLimit {
  readonly limitAmps: number;
  /** Charging current of connectors below that are not among the demands; 0 when absent. */
  readonly baseAmps?: PhaseAmps;
  /** By [above][below]: amps by which they may be further apart than offers and `baseAmps` tell. */
  readonly apartAmps?: readonly [PhaseAmps, PhaseAmps, PhaseAmps];
  readonly reasons: ReasonChain;
}

/** Who wants current, where, and in which steps. */
export interface Demand {
  /** "charger/connector". */
  readonly id: string;
  /** Index of the leaf circuit. */
  readonly circuit: number;
  /** Site phases that this demand loads (after rotation); unknown = every wired phase. */
  readonly phases: readonly [boolean, boolean, boolean];
  /** It loads only some of them, nobody knows which: it counts in full on every difference. */
  readonly phaseUnknown?: boolean | undefined;
  /** The two phases are the lines that it is connected between; one current flows through both. */
  readonly lineToLine?: boolean | undefined;
  /** Watts are volts times amps times phases. */
  readonly volts: number;
  /** Phases that its power counts with, where it is told to use fewer than it may load. */
  readonly wattsPhases?: number | undefined;
  /** Semi-continuity: the offer is 0 or in [minAmps, maxAmps]. */
  readonly minAmps: number;
  readonly maxAmps: number;
  /** Why maxAmps is what it is (charger rating, CSMS profile, learned car maximum). */
  readonly maxReason: Reason;
  /** Smallest increment, > 0; offers are multiples of it, besides minAmps itself. */
  readonly stepAmps: number;
  /** Chargers that know only certain values (6, 8, 10, 13, 16): ascending; replaces `stepAmps`. */
  readonly stepsAmps?: readonly number[] | undefined;
  /** > 0; share grows in proportion. */
  readonly weight: number;
  /** Higher is admitted first. */
  readonly priorityClass: number;
  /** Previous offer: ties keep it. */
  readonly previousAmps: number;
}

/** What it claims this time. */
export interface Claim {
  readonly maxAmps: number;
  readonly weight: number;
  /** Throughput only: share of its full power that it needs from now on, 0..1; 1 when absent. */
  readonly urgency?: number;
  /** Is on and has not been on long enough: goes before the score within its class. */
  readonly mustKeep?: boolean;
  /** Within a class, higher is admitted first (rotation credit, then need). */
  readonly admissionScore: number;
}

export interface RankedDemand extends Demand, Claim {}

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
