import type { ChargerEvent, ConnectorStatus } from '../../core/chargers/charger-event.ts';
import { readMeterValues } from '../meter-values.ts';
import {
  optional,
  type Payload,
  readInteger,
  readList,
  readNumber,
  readObject,
  readText,
  readTime,
} from '../payload.ts';

/** ConnectorStatusEnumType; `Occupied` says nothing about energy, the transaction does. */
const STATUS: ReadonlyMap<unknown, ConnectorStatus> = new Map([
  ['Available', 'available'],
  ['Occupied', 'preparing'],
  ['Reserved', 'reserved'],
  ['Unavailable', 'unavailable'],
  ['Faulted', 'faulted'],
]);

/** ChargingStateEnumType of a transaction. */
const CHARGING_STATE: ReadonlyMap<unknown, ConnectorStatus> = new Map([
  ['Charging', 'charging'],
  ['EVConnected', 'preparing'],
  ['SuspendedEV', 'suspended-ev'],
  ['SuspendedEVSE', 'suspended-evse'],
  ['Idle', 'finishing'],
]);

export const REQUESTS_2X: ReadonlySet<string> = new Set([
  'BootNotification',
  'StatusNotification',
  'NotifyEvent',
  'TransactionEvent',
  'MeterValues',
  'NotifyEVChargingNeeds',
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
      return [booted(readObject(payload['chargingStation']))];
    case 'StatusNotification':
      return statusOf(payload['evseId'], STATUS.get(payload['connectorStatus']));
    case 'NotifyEvent':
      return readList(payload['eventData']).flatMap((event) => monitored(readObject(event)));
    case 'MeterValues': {
      const connector = evseOf(payload['evseId']);
      if (connector === undefined) return [];
      return [{ type: 'measured', connector, atMs, ...readMeterValues(payload['meterValue']) }];
    }
    case 'TransactionEvent':
      return transactionEvent(payload, atMs);
    case 'NotifyEVChargingNeeds':
      return carNeeds(evseOf(payload['evseId']), readObject(payload['chargingNeeds']));
    default:
      return [];
  }
};

const booted = (station: Payload): ChargerEvent => ({
  type: 'booted',
  vendor: readText(station['vendorName']) ?? '',
  model: readText(station['model']) ?? '',
  ...optional('firmware', readText(station['firmwareVersion'])),
  ...optional('serial', readText(station['serialNumber'])),
});

const statusOf = (evse: unknown, status: ConnectorStatus | undefined): readonly ChargerEvent[] => {
  const connector = evseOf(evse);
  if (connector === undefined || status === undefined) return [];
  return [{ type: 'status', connector, status }];
};

/** Chargers may report their state as component variables instead of StatusNotification. */
const monitored = (event: Payload): readonly ChargerEvent[] => {
  const evse = readObject(readObject(event['component'])['evse'])['id'];
  const value = event['actualValue'];
  // Names of components and variables are compared without regard to case.
  switch (readText(readObject(event['variable'])['name'])?.toLowerCase()) {
    case 'availabilitystate':
      return statusOf(evse, STATUS.get(value));
    case 'chargingstate':
      return statusOf(evse, CHARGING_STATE.get(value));
    default:
      return [];
  }
};

const transactionEvent = (payload: Payload, atMs: number): readonly ChargerEvent[] => {
  const info = readObject(payload['transactionInfo']);
  const transactionId = readText(info['transactionId']);
  if (transactionId === undefined) return [];
  const connector = evseOf(readObject(payload['evse'])['id']);
  const meterValue = payload['meterValue'];
  const sampled = readMeterValues(meterValue);
  const type = payload['eventType'];
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
  const events: ChargerEvent[] = [];
  if (type === 'Started' && connector !== undefined) {
    events.push({
      type: 'transaction-started',
      connector,
      transactionId,
      ...optional('idToken', readText(readObject(payload['idToken'])['idToken'])),
      ...optional('meterStartWh', sampled.energyWh),
    });
  }
  const status = CHARGING_STATE.get(info['chargingState']);
  if (status !== undefined) {
    events.push({
      type: 'charging-state',
      transactionId,
      status,
      ...optional('connector', connector),
    });
  }
  // What was measured while the charger was offline is not the present draw (E11.FR.02).
  if (readList(meterValue).length > 0 && payload['offline'] !== true) {
    events.push({ type: 'measured', connector: connector ?? 0, atMs, transactionId, ...sampled });
  }
  return events;
};

/** By AC, by DC, or of a car that can also give energy back (2.1). */
const carNeeds = (connector: number | undefined, needs: Payload): readonly ChargerEvent[] => {
  if (connector === undefined || connector === 0) return [];
  const ac = readObject(needs['acChargingParameters']);
  const dc = readObject(needs['dcChargingParameters']);
  const v2x = readObject(needs['v2xChargingParameters']);
  const energyWh =
    readNumber(ac['energyAmount']) ??
    readNumber(dc['energyAmount']) ??
    readNumber(v2x['evTargetEnergyRequest']);
  const socPercent = readNumber(dc['stateOfCharge']);
  return [
    {
      type: 'car-needs',
      connector,
      ...(energyWh === undefined || energyWh < 0 ? {} : { energyWh }),
      ...optional('departsAtWallMs', readTime(needs['departureTime'])),
      ...(socPercent === undefined || socPercent < 0 || socPercent > 100 ? {} : { socPercent }),
    },
  ];
};

const evseOf = (value: unknown): number | undefined => {
  const evse = readInteger(value);
  return evse !== undefined && evse >= 0 ? evse : undefined;
};
