import type { ConnectorStatus } from './charger-event.ts';
import type { PhaseAmps } from './units.ts';

/** What is known of one charger. Built by folding ChargerEvents; immutable. */
export interface ChargerState {
  readonly id: string;
  readonly online: boolean;
  /** Monotonic ms of the last change of `online`. */
  readonly onlineChangedAtMs: number;
  readonly version?: '1.6' | '2.0.1' | '2.1';
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
  readonly statusAtMs: number;
  readonly errorCode?: string;
  readonly transaction?: TransactionState;
  /** Latest measured draw, by terminal of the charger. */
  readonly terminalAmps?: PhaseAmps;
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
  /** Terminals seen to carry current in this transaction; undefined until seen long enough. */
  readonly activeTerminals?: readonly boolean[];
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
  readonly known: boolean;
}

export const UNKNOWN_ABILITIES: Abilities = { rateUnits: ['A'], known: false };
