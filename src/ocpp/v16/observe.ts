import type { ChargerEvent, ConnectorStatus } from '../../core/charger-event.ts';
import { readMeterValues } from '../meter-values.ts';
import { optional, readInteger, readNumber, readObject, readText } from '../payload.ts';

/** ChargePointStatus of 1.6 (§7.7). */
const STATUS: Readonly<Record<string, ConnectorStatus>> = {
  Available: 'available',
  Preparing: 'preparing',
  Charging: 'charging',
  SuspendedEV: 'suspended-ev',
  SuspendedEVSE: 'suspended-evse',
  Finishing: 'finishing',
  Reserved: 'reserved',
  Unavailable: 'unavailable',
  Faulted: 'faulted',
};

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
          ...optional('serial', readText(payload['chargePointSerialNumber'])),
        },
      ];
    case 'StatusNotification': {
      const connector = readInteger(payload['connectorId']);
      const status = STATUS[readText(payload['status']) ?? ''];
      if (connector === undefined || connector < 0 || status === undefined) return [];
      const errorCode = readText(payload['errorCode']);
      const error = errorCode === 'NoError' ? undefined : errorCode;
      return [{ type: 'status', connector, status, ...optional('errorCode', error) }];
    }
    case 'StopTransaction': {
      const id = readInteger(payload['transactionId']);
      if (id === undefined) return [];
      return [
        {
          type: 'transaction-ended',
          transactionId: String(id),
          ...optional('reason', readText(payload['reason'])),
          ...optional('meterStopWh', readNumber(payload['meterStop'])),
        },
      ];
    }
    case 'MeterValues': {
      const connector = readInteger(payload['connectorId']);
      if (connector === undefined || connector < 0) return [];
      const id = readInteger(payload['transactionId']);
      return [
        {
          type: 'measured',
          connector,
          atMs,
          ...optional('transactionId', id === undefined ? undefined : String(id)),
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
  const answer = readObject(response);
  const connector = readInteger(asked['connectorId']);
  const id = readInteger(answer['transactionId']);
  if (connector === undefined || id === undefined) return [];
  return [
    {
      type: 'transaction-started',
      connector,
      transactionId: String(id),
      ...optional('idToken', readText(asked['idTag'])),
      ...optional('meterStartWh', readNumber(asked['meterStart'])),
    },
  ];
};
