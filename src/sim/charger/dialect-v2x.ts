import type { ConnectorStatus } from '../../core/chargers/charger-event.ts';
import { readObject, readText } from '../../ocpp/payload.ts';
import {
  type BootFacts,
  type Dialect,
  meterValueOf,
  type SessionReport,
  type StopReason,
  type UpdateReason,
} from './dialect.ts';

const CHARGING_STATE: Readonly<Partial<Record<ConnectorStatus, string>>> = {
  charging: 'Charging',
  'suspended-ev': 'SuspendedEV',
  'suspended-evse': 'SuspendedEVSE',
  finishing: 'EVConnected',
  available: 'Idle',
};

const CONNECTOR_STATUS: Readonly<Partial<Record<ConnectorStatus, string>>> = {
  available: 'Available',
  reserved: 'Reserved',
  unavailable: 'Unavailable',
  faulted: 'Faulted',
};

const BOOT_REASON: Readonly<Record<BootFacts['reason'], string>> = {
  'power-up': 'PowerUp',
  reset: 'RemoteReset',
  triggered: 'Triggered',
};

const UPDATE_TRIGGER: Readonly<Record<UpdateReason, string>> = {
  periodic: 'MeterValuePeriodic',
  'state-changed': 'ChargingStateChanged',
  triggered: 'Trigger',
};

/** triggerReason and stoppedReason of an end. */
const STOP_REASON: Readonly<Record<StopReason, readonly [string, string]>> = {
  local: ['StopAuthorized', 'Local'],
  remote: ['RemoteStop', 'Remote'],
  'ev-disconnected': ['EVCommunicationLost', 'EVDisconnected'],
  deauthorized: ['Deauthorized', 'DeAuthorized'],
  reset: ['ResetCommand', 'ImmediateReset'],
  unlock: ['UnlockCommand', 'Other'],
};

const sample = (value: number, measurand: string, unit: string, phase?: string): object => ({
  value: Math.round(value * 10) / 10,
  context: 'Sample.Periodic',
  measurand,
  unitOfMeasure: { unit },
  ...(phase === undefined ? {} : { phase }),
});

const meterValue = (report: SessionReport): object => meterValueOf(report, sample);

const event = (
  report: SessionReport,
  eventType: 'Started' | 'Updated' | 'Ended',
  triggerReason: string,
  extra: { readonly info?: object; readonly top?: object } = {},
) => ({
  action: 'TransactionEvent',
  payload: {
    eventType,
    timestamp: report.at,
    triggerReason,
    seqNo: report.seqNo,
    ...(report.offline ? { offline: true } : {}),
    transactionInfo: {
      transactionId: report.transactionId ?? '',
      chargingState: CHARGING_STATE[report.chargingState] ?? 'EVConnected',
      ...extra.info,
    },
    evse: { id: report.connector, connectorId: 1 },
    meterValue: [meterValue(report)],
    ...extra.top,
  },
});

const token = (idTag: string): object => ({ idToken: { idToken: idTag, type: 'ISO14443' } });

/** OCPP 2.0.1 and 2.1: the charger makes the transaction id and numbers its events. */
export const dialect2x: Dialect = {
  boot: ({ vendor, model, firmware, reason }) => ({
    action: 'BootNotification',
    payload: {
      reason: BOOT_REASON[reason],
      chargingStation: { vendorName: vendor, model, firmwareVersion: firmware },
    },
  }),
  statusWord: (status) => CONNECTOR_STATUS[status] ?? 'Occupied',
  status: (connector, status, at) => ({
    action: 'StatusNotification',
    payload: {
      timestamp: at,
      connectorStatus: CONNECTOR_STATUS[status] ?? 'Occupied',
      evseId: connector,
      connectorId: 1,
    },
  }),
  authorize: (idTag) => ({ action: 'Authorize', payload: token(idTag) }),
  started: (report) => {
    const { remoteStartId, idTag } = report;
    const trigger = remoteStartId === undefined ? 'Authorized' : 'RemoteStart';
    const info = remoteStartId === undefined ? {} : { remoteStartId };
    return event(report, 'Started', trigger, { info, top: token(idTag) });
  },
  updated: (report, reason) => event(report, 'Updated', UPDATE_TRIGGER[reason]),
  ended: (report, reason) => {
    const [triggerReason, stoppedReason] = STOP_REASON[reason];
    return event(report, 'Ended', triggerReason, { info: { stoppedReason } });
  },
  sampled: (report) => ({
    action: 'MeterValues',
    payload: { evseId: report.connector, meterValue: [meterValue(report)] },
  }),
  tokenStatus: (answer) => readText(readObject(answer['idTokenInfo'])['status']),
};
