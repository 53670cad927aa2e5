import type { ConnectorStatus } from '../../core/chargers/charger-event.ts';
import type { Payload } from '../../ocpp/payload.ts';

/** What a simulated charger says about one charging session. */
export interface SessionReport {
  readonly connector: number;
  readonly idTag: string;
  /** 1.6: unknown until the CSMS answered the start. */
  readonly transactionId: string | undefined;
  readonly remoteStartId: number | undefined;
  readonly seqNo: number;
  readonly energyWh: number;
  readonly terminalAmps: readonly number[];
  readonly watts: number;
  readonly volts: number;
  readonly offeredAmps: number;
  readonly chargingState: ConnectorStatus;
  readonly at: string;
  /** Sent later than it happened, because the charger was offline (E11, E12). */
  readonly offline: boolean;
}

export interface SimCall {
  readonly action: string;
  readonly payload: object;
}

export type UpdateReason = 'periodic' | 'state-changed' | 'triggered';
export type StopReason =
  | 'local'
  | 'remote'
  | 'ev-disconnected'
  | 'deauthorized'
  | 'reset'
  | 'unlock';

export interface BootFacts {
  readonly vendor: string;
  readonly model: string;
  readonly firmware: string;
  readonly reason: 'power-up' | 'reset' | 'triggered';
}

/** How one OCPP version words what a charger has to say. */
export interface Dialect {
  boot(facts: BootFacts): SimCall;
  /** How a status is reported; two that sound alike need no second report. */
  statusWord(status: ConnectorStatus): string;
  status(connector: number, status: ConnectorStatus, at: string): SimCall;
  authorize(idTag: string): SimCall;
  started(report: SessionReport): SimCall;
  /** Undefined: this version has no message for that. */
  updated(report: SessionReport, reason: UpdateReason): SimCall | undefined;
  ended(report: SessionReport, reason: StopReason): SimCall;
  /** Meter values that belong to no transaction. */
  sampled(report: SessionReport): SimCall;
  /** What the CSMS says about the token in an answer; undefined: nothing. */
  tokenStatus(answer: Payload): string | undefined;
}

/** How one version writes a single sampled value. */
export type SampleWriter = (
  value: number,
  measurand: string,
  unit: string,
  phase?: string,
) => object;

/** The meter value of a session: what both versions report, each in its own form. */
export const meterValueOf = (report: SessionReport, sample: SampleWriter): object => ({
  timestamp: report.at,
  sampledValue: [
    ...report.terminalAmps.map((amps, i) => sample(amps, 'Current.Import', 'A', `L${i + 1}`)),
    ...report.terminalAmps.map((_, i) => sample(report.volts, 'Voltage', 'V', `L${i + 1}-N`)),
    sample(report.watts, 'Power.Active.Import', 'W'),
    sample(report.offeredAmps, 'Current.Offered', 'A'),
    sample(report.energyWh, 'Energy.Active.Import.Register', 'Wh'),
  ],
});
