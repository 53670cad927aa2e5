import { type Frame, parsePayload } from '../frame.ts';
import { isPayload, type Payload, readObject } from '../payload.ts';

/**
 * How soon a call of the station goes out when several wait: what begins or ends a transaction,
 * then a driver with a card in the hand, then what happens within transactions, then statuses, then
 * the rest.
 */
export const URGENCIES = ['transaction', 'driver', 'progress', 'status', 'other'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** A call's place among those that wait. */
export interface Place {
  readonly urgency: Urgency;
  /** A newer call of the same subject takes the place of one that waits; absent: never. */
  readonly subject?: string;
}

/** The place of a call in the words of the CSMS's version. */
export const placeOf = (call: Frame): Place => {
  switch (call.action) {
    case 'BootNotification':
    case 'StartTransaction':
    case 'StopTransaction':
      return { urgency: 'transaction' };
    case 'Authorize':
      return { urgency: 'driver' };
    case 'TransactionEvent':
      return { urgency: isUpdate(payloadOf(call)) ? 'progress' : 'transaction' };
    case 'MeterValues':
      return meterPlace(payloadOf(call));
    case 'StatusNotification':
      return { urgency: 'status', subject: `status ${outletIn(payloadOf(call))}` };
    case 'Heartbeat':
      return { urgency: 'other', subject: 'heartbeat' };
    default:
      return { urgency: 'other' };
  }
};

/** An update that brings a token is a driver who waits. */
const isUpdate = (event: Payload): boolean =>
  event['eventType'] === 'Updated' && !isPayload(event['idToken']);

const meterPlace = (values: Payload): Place =>
  values['transactionId'] === undefined
    ? { urgency: 'other', subject: `meter ${outletIn(values)}` }
    : { urgency: 'progress' };

const outletIn = (payload: Payload): string =>
  String(
    payload['connectorId'] !== undefined && payload['evseId'] === undefined
      ? payload['connectorId']
      : payload['evseId'],
  );

const payloadOf = (call: Frame): Payload => {
  try {
    return readObject(parsePayload(call));
  } catch {
    return {};
  }
};
