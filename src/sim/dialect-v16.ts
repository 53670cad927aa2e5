import type { ConnectorStatus } from '../core/charger-event.ts';
import type { Dialect, SessionReport } from './dialect.ts';

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

const sample = (value: number, measurand: string, unit: string, phase?: string): object => ({
  value: value.toFixed(1),
  context: 'Sample.Periodic',
  measurand,
  unit,
  ...(phase === undefined ? {} : { phase }),
});

const meterValue = ({ at, terminalAmps, watts, energyWh }: SessionReport): object => ({
  timestamp: at,
  sampledValue: [
    ...terminalAmps.map((amps, i) => sample(amps, 'Current.Import', 'A', `L${i + 1}`)),
    sample(watts, 'Power.Active.Import', 'W'),
    sample(energyWh, 'Energy.Active.Import.Register', 'Wh'),
  ],
});

/** OCPP 1.6: the CSMS gives transaction ids; nothing marks a message as late but its timestamp. */
export const dialect16: Dialect = {
  boot: ({ vendor, model }) => ({
    action: 'BootNotification',
    payload: { chargePointVendor: vendor, chargePointModel: model, firmwareVersion: '1.0.0' },
  }),
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
  updated: (report) => ({
    action: 'MeterValues',
    payload: {
      connectorId: report.connector,
      ...(report.transactionId === undefined
        ? {}
        : { transactionId: Number(report.transactionId) }),
      meterValue: [meterValue(report)],
    },
  }),
  ended: ({ transactionId, idTag, energyWh, at }, reason) => ({
    action: 'StopTransaction',
    payload: {
      transactionId: Number(transactionId ?? -1),
      idTag,
      meterStop: Math.round(energyWh),
      timestamp: at,
      reason,
    },
  }),
};
