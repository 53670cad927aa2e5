import type { ConnectorStatus } from '../core/charger-event.ts';

/** What a simulated charger says about one charging session. */
export interface SessionReport {
  readonly connector: number;
  readonly idTag: string;
  /** 1.6: unknown until the CSMS answered the start. */
  readonly transactionId: string | undefined;
  readonly seqNo: number;
  readonly energyWh: number;
  readonly terminalAmps: readonly number[];
  readonly watts: number;
  readonly chargingState: ConnectorStatus;
  readonly at: string;
  /** Sent later than it happened, because the charger was offline (E11, E12). */
  readonly offline: boolean;
}

export interface SimCall {
  readonly action: string;
  readonly payload: object;
}

/** How one OCPP version words what a charger has to say. */
export interface Dialect {
  boot(facts: { readonly vendor: string; readonly model: string }): SimCall;
  status(connector: number, status: ConnectorStatus, at: string): SimCall;
  authorize(idTag: string): SimCall;
  started(report: SessionReport): SimCall;
  updated(report: SessionReport): SimCall;
  ended(report: SessionReport, reason: string): SimCall;
}
