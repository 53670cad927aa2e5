import type { ChargerEvent, ConnectorStatus } from '../../core/charger-event.ts';
import { readMeterValues } from '../meter-values.ts';
import { optional, type Payload, readInteger, readList, readObject, readText } from '../payload.ts';

/** ConnectorStatusEnumType; `Occupied` says nothing about energy, the transaction does. */
const STATUS: Readonly<Record<string, ConnectorStatus>> = {
  Available: 'available',
  Occupied: 'preparing',
  Reserved: 'reserved',
  Unavailable: 'unavailable',
  Faulted: 'faulted',
};

/** ChargingStateEnumType of a transaction. */
const CHARGING_STATE: Readonly<Record<string, ConnectorStatus>> = {
  Charging: 'charging',
  EVConnected: 'preparing',
  SuspendedEV: 'suspended-ev',
  SuspendedEVSE: 'suspended-evse',
  Idle: 'finishing',
};

export const REQUESTS_2X: ReadonlySet<string> = new Set([
  'BootNotification',
  'StatusNotification',
  'NotifyEvent',
  'TransactionEvent',
  'MeterValues',
]);

/** What a 2.0.1 or 2.1 charger's request says. */
export const observeRequest2x = (
  action: string,
  request: unknown,
  atMs: number,
): readonly ChargerEvent[] => {
  const payload = readObject(request);
  switch (action) {
    case 'BootNotification':
      return boot(readObject(payload['chargingStation']));
    case 'StatusNotification': {
      const connector = readInteger(payload['evseId']);
      const status = STATUS[readText(payload['connectorStatus']) ?? ''];
      if (connector === undefined || status === undefined) return [];
      return [{ type: 'status', connector, status }];
    }
    case 'NotifyEvent':
      return readList(payload['eventData']).flatMap((event) => availability(readObject(event)));
    case 'MeterValues': {
      const connector = readInteger(payload['evseId']);
      if (connector === undefined) return [];
      return [{ type: 'measured', connector, atMs, ...readMeterValues(payload['meterValue']) }];
    }
    case 'TransactionEvent':
      return transactionEvent(payload, atMs);
    default:
      return [];
  }
};

const boot = (station: Payload): readonly ChargerEvent[] => [
  {
    type: 'booted',
    vendor: readText(station['vendorName']) ?? '',
    model: readText(station['model']) ?? '',
    ...optional('firmware', readText(station['firmwareVersion'])),
    ...optional('serial', readText(station['serialNumber'])),
  },
];

/** 2.1 chargers may report availability as a component variable instead of StatusNotification. */
const availability = (event: Payload): readonly ChargerEvent[] => {
  if (readText(readObject(event['variable'])['name']) !== 'AvailabilityState') return [];
  const connector = readInteger(readObject(readObject(event['component'])['evse'])['id']);
  const status = STATUS[readText(event['actualValue']) ?? ''];
  if (connector === undefined || status === undefined) return [];
  return [{ type: 'status', connector, status }];
};

const transactionEvent = (payload: Payload, atMs: number): readonly ChargerEvent[] => {
  const info = readObject(payload['transactionInfo']);
  const transactionId = readText(info['transactionId']);
  if (transactionId === undefined) return [];
  const connector = readInteger(readObject(payload['evse'])['id']);
  const meterValue = payload['meterValue'];
  const sampled = readMeterValues(meterValue);
  const events: ChargerEvent[] = [];
  const type = readText(payload['eventType']);
  if (type === 'Started' && connector !== undefined) {
    events.push({
      type: 'transaction-started',
      connector,
      transactionId,
      ...optional('idToken', readText(readObject(payload['idToken'])['idToken'])),
      ...optional('meterStartWh', sampled.energyWh),
    });
  }
  if (type === 'Ended') {
    return [
      {
        type: 'transaction-ended',
        transactionId,
        ...optional('connector', connector),
        ...optional('reason', readText(info['stoppedReason'])),
        ...optional('meterStopWh', sampled.energyWh),
      },
    ];
  }
  const status = CHARGING_STATE[readText(info['chargingState']) ?? ''];
  if (status !== undefined) {
    events.push({
      type: 'charging-state',
      transactionId,
      status,
      ...optional('connector', connector),
    });
  }
  if (readList(meterValue).length > 0) {
    events.push({ type: 'measured', connector: connector ?? 0, atMs, transactionId, ...sampled });
  }
  return events;
};
