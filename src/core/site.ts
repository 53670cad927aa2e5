import type { PhaseSwitching } from './chargers/phase-switch.ts';
import type { LpcSpec } from './limits/lpc.ts';
import type { PhaseAmps } from './units.ts';

/** The site as configured. Built by config/, read by everything else, never changed in place. */
export interface Site {
  readonly id: string;
  /** IANA zone for time-of-day rules. */
  readonly timezone: string;
  /** Nominal phase-to-neutral voltage, used for every A <-> W conversion (K01.FR.50). */
  readonly voltageVolts: number;
  /** Parents before children; the first one is the root. */
  readonly circuits: readonly Circuit[];
  readonly meters: readonly MeterSpec[];
  readonly chargers: readonly ChargerSpec[];
  readonly emsSources: readonly EmsSourceSpec[];
  /** Idle connectors whose fallback is kept free on every circuit for the next cars to start. */
  readonly arrivalReserve: number;
}

/** A node of the tree of fuses. */
export interface Circuit {
  readonly id: string;
  readonly parent?: string;
  readonly limitAmps: PhaseAmps;
  readonly limitWatts?: number;
  /** Cars between different lines are below: the current of a line is the sum of phasors. */
  readonly phasorSum?: boolean;
  /** Most by which the charging current of one phase may be above that of another. */
  readonly unbalanceAmps?: number;
  /** Kept free below the limit: meter error and PWM tolerance. */
  readonly marginAmps: number;
  readonly meter?: string;
  /** Load of others assumed per phase when the circuit has no meter, or the meter is lost. */
  readonly assumedLoadAmps: PhaseAmps;
  /** Raises leave room for this quantile of the worst steps of others in a day; absent: for none. */
  readonly stepReserveQuantile?: number;
}

export interface MeterSpec {
  readonly id: string;
  /** File name in devices/meters without extension. */
  readonly device: string;
  readonly connect: string;
  /** Where readings come from when not by Modbus from `connect`. */
  readonly source?: MeterSource;
  /** pv feeds in (negative); a battery is positive while it charges; absent: a load. */
  readonly role?: 'load' | 'pv' | 'battery';
  readonly unit: number;
  readonly pollMs: number;
  /** Multiplies currents and powers (current-transformer ratio not known to the meter). */
  readonly ctRatio: number;
  /** Current transformers mounted backwards. */
  readonly invert: boolean;
  /** Meter phase that sits on site phase L1, L2, L3 (0-based). */
  readonly phaseOrder: readonly [number, number, number];
  /** Added to each current after ratio and sign; absent: 0. */
  readonly offsetAmps?: number;
  /** Most amps per phase that generation below it may feed back; absent: 0. */
  readonly exportMostAmps?: number;
  /** Readings equal in every number for longer are frozen; 0: never; absent: 60 s. */
  readonly frozenMs?: number;
}

export type MeterSource =
  | { readonly kind: 'mqtt'; readonly topic: string }
  | { readonly kind: 'charger'; readonly charger: string }
  | { readonly kind: 'sum'; readonly terms: readonly MeterTerm[] };

/** A meter in a sum, or in a difference with factor -1. */
export interface MeterTerm {
  readonly meter: string;
  readonly factor: 1 | -1;
}

export interface ChargerSpec {
  readonly id: string;
  readonly circuit: string;
  /** Site phases at the charger's terminals L1, L2, L3 in order, 0-based: `phases: L2L3L1` = [1,2,0]. */
  readonly phases: readonly number[];
  /**
   * Connected between the two lines of `phases`, without neutral (208 V of a 120/208 V wye). What it
   * draws flows through both.
   */
  readonly lineToLine?: boolean | undefined;
  /** Rating of each connector: never offered more, and the worst case of a charger that disobeys. */
  readonly maxAmps: number;
  /** Least current a car accepts; offers are 0 or at least this (IEC 61851-1: 6 A). */
  readonly minAmps: number;
  /** What each connector does by itself when it no longer hears us. */
  readonly fallbackAmps: number;
  /** The installer vouches that the charger holds its fallback without ever having been told by us. */
  readonly fallbackTrusted: boolean;
  /** Smallest change of current the charger follows. */
  readonly stepAmps: number;
  /**
   * A DC charger: output over input. Its amps here are those of its three phases; it is told its
   * limit, and tells its draw, in watts of its output.
   */
  readonly dcEfficiency?: number;
  /** The charger knows only these values, ascending; replaces `stepAmps`. */
  readonly stepsAmps?: readonly number[];
  readonly weight: number;
  /** It may be switched between three phases and one, where it can be; absent: never. */
  readonly phaseSwitching?: PhaseSwitching;
  /** Its make is known to charge on as many phases as a profile names (1.6 does not say). */
  readonly honoursNumberPhases?: boolean;
  /** unsafe: its make has trouble after a pause of 0 A; absent: safe. */
  readonly zeroAmpPause?: 'unsafe';
  /** It is a whole site of its own and may load any of its phases at any time. */
  readonly usesAllPhases?: boolean;
  /** Connectors known before the charger was ever seen. */
  readonly connectors: number;
  /**
   * overlay: profiles of the CSMS are relayed, and the site's limit lies above them as the maximum
   * of the charger. Otherwise the gateway keeps them (virtualised).
   */
  readonly csmsProfiles?: 'virtualised' | 'overlay';
}

export interface EmsSourceSpec {
  readonly id: string;
  readonly circuit: string;
  /** In force before the first limit arrived and after the last one expired; absent = no limit. */
  readonly failsafeAmps?: number;
  readonly failsafeWatts?: number;
  /** It has to be heard: see lpc. */
  readonly lpc?: LpcSpec;
  /** It dims devices (§14a EnWG): what has to be left to them, and a record is kept of each case. */
  readonly dimmingFloorWatts?: number;
}
