import type { ConnectorStatus } from '../core/charger-event.ts';
import type { Dialect, SessionReport } from './dialect.ts';

const CHARGING_STATE: Readonly<Partial<Record<ConnectorStatus, string>>> = {
  charging: 'Charging',
  'suspended-ev': 'SuspendedEV',
  'suspended-evse': 'SuspendedEVSE',
  finishing: 'Idle',
};

const CONNECTOR_STATUS: Readonly<Partial<Record<ConnectorStatus, string>>> = {
  available: 'Available',
  reserved: 'Reserved',
  unavailable: 'Unavailable',
  faulted: 'Faulted',
};

const sample = (value: number, measurand: string, unit: string, phase?: string): object => ({
  value: Math.round(value * 10) / 10,
  context: 'Sample.Periodic',
  measurand,
  unitOfMeasure: { unit },
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

/** OCPP 2.0.1 and 2.1: the charger makes the transaction id and numbers its events. */
export const dialect2x: Dialect = {
  boot: ({ vendor, model }) => ({
    action: 'BootNotification',
    payload: {
      reason: 'PowerUp',
      chargingStation: { vendorName: vendor, model, firmwareVersion: '2.0.0' },
    },
  }),
  status: (connector, status, at) => ({
    action: 'StatusNotification',
    payload: {
      timestamp: at,
      connectorStatus: CONNECTOR_STATUS[status] ?? 'Occupied',
      evseId: connector,
      connectorId: 1,
    },
  }),
  authorize: (idTag) => ({
    action: 'Authorize',
    payload: { idToken: { idToken: idTag, type: 'ISO14443' } },
  }),
  started: (report) =>
    event(report, 'Started', 'Authorized', {
      top: { idToken: { idToken: report.idTag, type: 'ISO14443' } },
    }),
  updated: (report) => event(report, 'Updated', 'MeterValuePeriodic'),
  ended: (report, reason) =>
    event(report, 'Ended', 'EVDeparted', { info: { stoppedReason: reason } }),
};
