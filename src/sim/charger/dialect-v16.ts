import type { ConnectorStatus } from '../../core/chargers/charger-event.ts';
import { readObject, readText } from '../../ocpp/payload.ts';
import { type Dialect, meterValueOf, type SessionReport, type StopReason } from './dialect.ts';

const STATUS: Readonly<Record<ConnectorStatus, string>> = {
  available: 'Available',
  preparing: 'Preparing',
  charging: 'Charging',
  'suspended-ev': 'SuspendedEV',
  'suspended-evse': 'SuspendedEVSE',
  finishing: 'Finishing',
  reserved: 'Reserved',
  unavailable: 'Unavailable',
  faulted: 'Faulted',
};

const STOP_REASON: Readonly<Record<StopReason, string>> = {
  local: 'Local',
  remote: 'Remote',
  'ev-disconnected': 'EVDisconnected',
  deauthorized: 'DeAuthorized',
  reset: 'SoftReset',
  unlock: 'UnlockCommand',
};

const sample = (value: number, measurand: string, unit: string, phase?: string): object => ({
  value: value.toFixed(1),
  context: 'Sample.Periodic',
  measurand,
  unit,
  ...(phase === undefined ? {} : { phase }),
});

const meterValue = (report: SessionReport): object => meterValueOf(report, sample);

const meterValues = (report: SessionReport) => ({
  action: 'MeterValues',
  payload: {
    connectorId: report.connector,
    ...(report.transactionId === undefined ? {} : { transactionId: Number(report.transactionId) }),
    meterValue: [meterValue(report)],
  },
});

/** OCPP 1.6: the CSMS gives transaction ids; nothing marks a message as late but its timestamp. */
export const dialect16: Dialect = {
  boot: ({ vendor, model, firmware }) => ({
    action: 'BootNotification',
    payload: { chargePointVendor: vendor, chargePointModel: model, firmwareVersion: firmware },
  }),
  statusWord: (status) => STATUS[status],
  status: (connector, status, at) => ({
    action: 'StatusNotification',
    payload: {
      connectorId: connector,
      errorCode: 'NoError',
      status: STATUS[status],
      timestamp: at,
    },
  }),
  authorize: (idTag) => ({ action: 'Authorize', payload: { idTag } }),
  started: ({ connector, idTag, energyWh, at }) => ({
    action: 'StartTransaction',
    payload: { connectorId: connector, idTag, meterStart: Math.round(energyWh), timestamp: at },
  }),
  // A change of state is a StatusNotification in 1.6.
  updated: (report, reason) => (reason === 'state-changed' ? undefined : meterValues(report)),
  ended: ({ transactionId, idTag, energyWh, at }, reason) => ({
    action: 'StopTransaction',
    payload: {
      transactionId: Number(transactionId ?? -1),
      idTag,
      meterStop: Math.round(energyWh),
      timestamp: at,
      reason: STOP_REASON[reason],
    },
  }),
  sampled: (report) => meterValues({ ...report, transactionId: undefined }),
  tokenStatus: (answer) => readText(readObject(answer['idTagInfo'])['status']),
};
