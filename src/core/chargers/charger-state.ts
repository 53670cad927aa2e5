import type { PhaseAmps } from '../units.ts';
import type { ConnectorStatus } from './charger-event.ts';

export type OcppVersion = '1.6' | '2.0.1' | '2.1';

/** What is known of one charger. Built by folding ChargerEvents; immutable. */
export interface ChargerState {
  readonly id: string;
  readonly online: boolean;
  /** Monotonic ms of the last change of `online`. */
  readonly onlineChangedAtMs: number;
  readonly version?: OcppVersion;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly serial?: string;
  readonly abilities: Abilities;
  readonly connectors: ReadonlyMap<number, ConnectorState>;
}

export interface ConnectorState {
  readonly connector: number;
  readonly status: ConnectorStatus;
  /** Since when; a status that is only repeated keeps it. */
  readonly statusAtMs: number;
  readonly errorCode?: string;
  readonly transaction?: TransactionState;
  /** The transaction that ended last: what is still said of it is late. */
  readonly endedTransactionId?: string;
  /** Latest measured draw, by terminal of the charger. */
  readonly terminalAmps?: PhaseAmps;
  /** Terminals that were told of in it, when some were left out. */
  readonly terminalsTold?: readonly boolean[];
  readonly watts?: number;
  readonly measuredAtMs?: number;
  readonly energyWh?: number;
  readonly socPercent?: number;
}

export interface TransactionState {
  readonly id: string;
  readonly idToken?: string;
  readonly startedAtMs: number;
  readonly meterStartWh?: number;
  /** Last time that the charger spoke of it, or that current was measured in it. */
  readonly seenAtMs?: number;
  /** Terminals that the car uses; undefined until it has been charging long enough to tell. */
  readonly activeTerminals?: readonly boolean[];
  /** Terminals that carried current, or may have, at any time so far. */
  readonly carriedTerminals?: readonly boolean[];
  /** Since when the car has been following an offer without a pause. */
  readonly activeSinceMs?: number;
}

/** Read once after boot from the charger (GetConfiguration / GetVariables). */
export interface Abilities {
  readonly rateUnits: readonly ('A' | 'W')[];
  readonly maxStackLevel?: number;
  readonly maxPeriods?: number;
  readonly maxProfiles?: number;
  readonly phaseSwitching?: boolean;
  readonly meterIntervalSeconds?: number;
  /** Quantities in its periodic meter values, in the names of the standard. */
  readonly measurands?: readonly string[];
  readonly connectors?: number;
  /** Whether it claims to know charging profiles; some do not claim it and do. */
  readonly smartCharging?: boolean;
  /** Changes of a limit up to this share are not worth a message (LimitChangeSignificance). */
  readonly limitChangePercent?: number;
  readonly known: boolean;
}

export const UNKNOWN_ABILITIES: Abilities = { rateUnits: ['A'], known: false };
