import type { ChargerEvent, ConnectorStatus } from '../../core/chargers/charger-event.ts';
import { readMeterValues } from '../meter-values.ts';
import {
  optional,
  type Payload,
  readInteger,
  readNumber,
  readObject,
  readText,
} from '../payload.ts';

/** ChargePointStatus of 1.6 (§7.7). */
const STATUS: ReadonlyMap<unknown, ConnectorStatus> = new Map([
  ['Available', 'available'],
  ['Preparing', 'preparing'],
  ['Charging', 'charging'],
  ['SuspendedEV', 'suspended-ev'],
  ['SuspendedEVSE', 'suspended-evse'],
  ['Finishing', 'finishing'],
  ['Reserved', 'reserved'],
  ['Unavailable', 'unavailable'],
  ['Faulted', 'faulted'],
]);

export const REQUESTS_16: ReadonlySet<string> = new Set([
  'BootNotification',
  'StatusNotification',
  'StopTransaction',
  'MeterValues',
]);
export const ANSWERS_16: ReadonlySet<string> = new Set(['StartTransaction']);

/** What a 1.6 charger's request says. */
export const observeRequest16 = (
  action: string,
  request: unknown,
  atMs: number,
): readonly ChargerEvent[] => {
  const payload = readObject(request);
  switch (action) {
    case 'BootNotification':
      return [
        {
          type: 'booted',
          vendor: readText(payload['chargePointVendor']) ?? '',
          model: readText(payload['chargePointModel']) ?? '',
          ...optional('firmware', readText(payload['firmwareVersion'])),
          ...optional('serial', serialOf(payload)),
        },
      ];
    case 'StatusNotification': {
      const connector = connectorOf(payload);
      const status = STATUS.get(payload['status']);
      if (connector === undefined || status === undefined) return [];
      const errorCode = readText(payload['errorCode']);
      const error = errorCode === 'NoError' ? undefined : errorCode;
      return [{ type: 'status', connector, status, ...optional('errorCode', error) }];
    }
    case 'StopTransaction': {
      const transactionId = transactionOf(payload);
      if (transactionId === undefined) return [];
      // transactionData is history by now: it says nothing of the present draw.
      return [
        {
          type: 'transaction-ended',
          transactionId,
          ...optional('reason', readText(payload['reason'])),
          ...optional('meterStopWh', readNumber(payload['meterStop'])),
        },
      ];
    }
    case 'MeterValues': {
      const connector = connectorOf(payload);
      if (connector === undefined) return [];
      return [
        {
          type: 'measured',
          connector,
          atMs,
          ...optional('transactionId', transactionOf(payload)),
          ...readMeterValues(payload['meterValue']),
        },
      ];
    }
    default:
      return [];
  }
};

/** The transaction id of 1.6 is the CSMS's: it is in the answer to StartTransaction (§4.8). */
export const observeAnswer16 = (
  action: string,
  request: unknown,
  response: unknown,
): readonly ChargerEvent[] => {
  if (action !== 'StartTransaction') return [];
  const asked = readObject(request);
  const connector = connectorOf(asked);
  const transactionId = transactionOf(readObject(response));
  if (connector === undefined || transactionId === undefined) return [];
  return [
    {
      type: 'transaction-started',
      connector,
      transactionId,
      ...optional('idToken', readText(asked['idTag'])),
      ...optional('meterStartWh', readNumber(asked['meterStart'])),
    },
  ];
};

const connectorOf = (payload: Payload): number | undefined => {
  const connector = readInteger(payload['connectorId']);
  return connector !== undefined && connector >= 0 ? connector : undefined;
};

/** Any integer is an id of the CSMS, also 0 and negative ones. */
const transactionOf = (payload: Payload): string | undefined => {
  const id = readInteger(payload['transactionId']);
  return id === undefined ? undefined : String(id);
};

/** The charge box serial number is the older name of the same thing. */
const serialOf = (payload: Payload): string | undefined =>
  readText(payload['chargePointSerialNumber']) ?? readText(payload['chargeBoxSerialNumber']);
