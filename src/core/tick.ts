import type { Carried } from './carried.ts';
import type { ChargerState, ConnectorState } from './chargers/charger-state.ts';
import type { Enforcement, Obedience, Surroundings } from './chargers/enforcement.ts';
import type { PhaseUse } from './chargers/phase-switch.ts';
import type { CircuitTree } from './circuit-tree.ts';
import type { Limit } from './limits/limit.ts';
import type { Reading } from './meters/reading.ts';
import type { PhaseSet } from './meters/site-phases.ts';
import type { Preference } from './preferences.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { Policy } from './sharing/policy.ts';
import type { WakeUp } from './sharing/wake-ladder.ts';
import type { Wish } from './sharing/wish.ts';
import type { ChargerSpec, Site } from './site.ts';
import type { PhaseAmps } from './units.ts';

/** "charger/connector", unique on the site. */
export type ConnectorKey = string;
export const connectorKey = (charger: string, connector: number): ConnectorKey =>
  `${charger}/${connector}`;
/** The charger of a key; its id may have a slash of its own. */
export const chargerOfKey = (key: ConnectorKey): string => key.slice(0, key.lastIndexOf('/'));

/** Everything that one control cycle knows, frozen. */
export interface TickInput extends Carried {
  /** Monotonic ms. */
  readonly nowMs: number;
  /** Wall clock, epoch ms: for departures and time-of-day rules only. */
  readonly wallMs: number;
  /** Monotonic ms at which this run of the gateway began. */
  readonly startedAtMs: number;
  /** When the tick before was, monotonic ms. */
  readonly lastTickAtMs?: number;
  readonly site: Site;
  readonly tree: CircuitTree;
  readonly settings: ControlSettings;
  readonly policy: Policy;
  readonly chargers: ReadonlyMap<string, ChargerState>;
  readonly enforcement: ReadonlyMap<ConnectorKey, Enforcement>;
  /** Chargers that hold their fallback: accepted by them, or vouched for by the installer. */
  readonly fallbackProven: ReadonlySet<string>;
  /** Chargers that earlier runs of the gateway saw. */
  readonly seenBefore: ReadonlySet<string>;
  /** How far the clocks of chargers are ahead of ours, ms, by charger; absent: not known. */
  readonly clocksAheadMs: ReadonlyMap<string, number>;
  /** Latest reading of each meter, and the latest one that was good. */
  readonly readings: ReadonlyMap<string, MeterState>;
  readonly limits: readonly Limit[];
  /** How `limits` will change, as far as is known, by rising time. */
  readonly ahead: readonly LimitsAhead[];
  /** What the profiles of the CSMS allow. */
  readonly profiles: ProfileLimits;
  /** What was asked for single connectors. */
  readonly preferences: ReadonlyMap<ConnectorKey, Preference>;
  readonly wishes: ReadonlyMap<ConnectorKey, Wish>;
}

/** Limits from outside that hold from an instant on (monotonic ms). */
export interface LimitsAhead {
  readonly atMs: number;
  readonly limits: readonly Limit[];
}

/** Most amps per phase from an instant on (monotonic ms). */
export interface LaterAmps {
  readonly atMs: number;
  readonly amps: number;
}

/** Limits by the CSMS's charging profiles, amps per phase. */
export interface ProfileLimits {
  readonly connectors: ReadonlyMap<ConnectorKey, ProfileLimit>;
  /** All connectors of a charger together, by charger. */
  readonly stations: ReadonlyMap<string, ProfileLimit>;
}

export interface ProfileLimit {
  readonly amps: number;
  readonly reason: Reason;
  /** Phases that may be used, when fewer than the charger has. */
  readonly numberPhases?: number;
  readonly phaseToUse?: number;
  /** Charging with less is inefficient: the share is at least this or nothing (minChargingRate). */
  readonly minAmps?: number;
  /** Lower limits that are known to come within the life of an offer, by rising time. */
  readonly later?: readonly LaterAmps[];
}

export interface MeterState {
  readonly latest: Reading;
  readonly lastGood?: Reading;
  readonly memory?: MeterMemory;
}

/** What later readings of a meter are compared with; see meter-check. */
export interface MeterMemory {
  readonly atMs: number;
  /** Readings in a row far below the level, and that level. */
  readonly falls: number;
  readonly level?: PhaseAmps;
  /** Since when it shows less than the chargers below it said they draw. */
  readonly lowSinceMs?: number;
  /** The reading that has not changed since, and what the chargers drew then. */
  readonly unchanged?: {
    readonly text: string;
    readonly amps: PhaseAmps;
    readonly sinceMs: number;
    readonly draws?: PhaseAmps;
    readonly movedAtMs?: number;
  };
}

export interface ControlSettings {
  /** Life of an offer at the charger, renewed at half of it. */
  readonly lifeMs: number;
  /** Least time between two raises of one connector. */
  readonly raiseIntervalMs: number;
  /** Share of the gap that one raise closes, and the least amps of a raise. */
  readonly raiseShare: number;
  readonly raiseLeastAmps: number;
  /** Changes smaller than this are not sent, except to free a violated limit. */
  readonly deadBandAmps: number;
  /** A measurement of a charger older than this says nothing any more. */
  readonly measurementLifeMs: number;
  /** Raises leave room for the largest load of others seen in this time. */
  readonly raiseWindowMs: number;
  /** The same for starts: a car that is on for moments wears contactors, and may not come again. */
  readonly startLookMs: number;
}

export const DEFAULT_SETTINGS: ControlSettings = {
  lifeMs: 120_000,
  raiseIntervalMs: 10_000,
  raiseShare: 0.5,
  raiseLeastAmps: 3,
  deadBandAmps: 1,
  measurementLifeMs: 90_000,
  raiseWindowMs: 15_000,
  startLookMs: 60_000,
};

/** shared: takes part in the allocation. idle: no car draws. reserved: budgeted, not steered. */
export type ConnectorRole = 'shared' | 'idle' | 'reserved';

/** One connector in one tick, with what it may draw. */
export interface ConnectorTick {
  readonly key: ConnectorKey;
  readonly charger: ChargerSpec;
  readonly connector: number;
  readonly state: ConnectorState;
  readonly circuit: number;
  readonly role: ConnectorRole;
  readonly phases: PhaseSet;
  /** Seen not to load all of them, and which ones it does load is not known. */
  readonly phaseUnknown: boolean;
  /** Site phases at its terminals, as far as they are known: -1 where not. */
  readonly wiring: readonly number[];
  /** On how many phases it charges, where it can be switched. */
  readonly use: PhaseUse | undefined;
  /** Phases that its power is reckoned with: as many as it is told to use. */
  readonly powerPhases: number;
  readonly around: Surroundings;
  readonly enforcement: Enforcement;
  readonly obedience: Obedience;
  /** What that rests on, in words; undefined while it is not known. */
  readonly obedienceBasis: string | undefined;
  /** Worst case per loaded phase, and by site phase. */
  readonly worstAmps: number;
  /** The worst case that raises have to leave room for, per loaded phase. */
  readonly raiseWorstAmps: number;
  readonly worstSiteAmps: PhaseAmps;
  readonly drawSiteAmps: PhaseAmps | undefined;
  readonly profileLimit: ProfileLimit | undefined;
  /** Whether its car sleeps, of the present stay; absent: not known yet. */
  readonly wakeUp?: WakeUp | undefined;
}

/** What the gateway wants a charger to do. */
export interface Command {
  readonly key: ConnectorKey;
  readonly charger: string;
  readonly connector: number;
  readonly transactionId: string;
  readonly amps: number;
  readonly kind: 'reduce' | 'raise' | 'renew';
  readonly numberPhases?: 1 | 3;
  readonly phaseToUse?: 1 | 2 | 3;
  /** What becomes of the offer by itself, by rising time. */
  readonly later?: readonly LaterAmps[];
}

/** One circuit in one tick. */
export interface CircuitTick {
  readonly id: string;
  readonly limitAmps: PhaseAmps;
  readonly limitWatts?: number;
  /** What of it others count with, where a mean is limited; absent: their load as it swings. */
  readonly othersWatts?: number;
  readonly limitReasons: readonly [ReasonChain, ReasonChain, ReasonChain];
  readonly wattsReasons?: ReasonChain;
  readonly load: CircuitLoad;
  readonly measuredAmps?: PhaseAmps;
}

/** How far the meter of a circuit can be relied on. */
export type MeterTrust = 'fresh' | 'no-raise' | 'hold' | 'lost';

export interface CircuitLoad {
  /** Load of others now, and the one that raises have to leave room for. */
  readonly uncontrolledAmps: PhaseAmps;
  readonly forRaiseAmps: PhaseAmps;
  /** The one that cars which are to start have to leave room for. */
  readonly forStartAmps: PhaseAmps;
  /** Largest sum of all phases in the same time: what shares of a limit in watts leave room for. */
  readonly forStartSumAmps: number;
  /** Kept free above the load of others now by raises of cars that are on; absent: nothing. */
  readonly stepReserveAmps?: PhaseAmps;
  readonly trust: MeterTrust;
  readonly problem?: string;
}

export interface ConnectorDecision {
  readonly tick: ConnectorTick;
  readonly targetAmps: number;
  readonly reasons: ReasonChain;
  /** Most that it may take later, where that is less than its target at some time. */
  readonly later?: readonly LaterAmps[];
  /** Less goes out whatever the difference is. */
  readonly atOnce?: true;
}

export interface Decision {
  readonly connectors: readonly ConnectorDecision[];
  readonly circuits: readonly CircuitTick[];
  /** Reductions first. */
  readonly commands: readonly Command[];
  /** Plain sentences about what is wrong now. */
  readonly alarms: readonly string[];
  /** For the next tick. */
  readonly carried: Carried;
}

/** A snapshot, and what was decided on it. */
export interface Cycle {
  readonly input: TickInput;
  readonly decision: Decision;
}
