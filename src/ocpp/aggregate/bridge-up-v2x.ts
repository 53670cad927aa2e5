import { optional, type Payload, readInteger, readObject, readText } from '../payload.ts';
import { meterValues16, registersOf } from './bridge-meter.ts';
import type { UpCall } from './bridge-up-v16.ts';
import { idTokenInfoOf, reasonOf } from './bridge-words.ts';

const nothing = (): Payload => ({});
const tokenAnswer = (answer: Payload): Payload =>
  answer['idTagInfo'] === undefined ? {} : { idTokenInfo: idTokenInfoOf(answer['idTagInfo']) };

/** Authorize: the answer has to say something of the token. */
export const authorize16 = (idTag: string): UpCall => ({
  action: 'Authorize',
  payload: { idTag },
  answer: (answer) => ({ idTokenInfo: idTokenInfoOf(answer['idTagInfo']) }),
});

/** A 1.6 status of one of the station's connectors. */
export const status16 = (connectorId: number, status: string, timestamp: unknown): UpCall => ({
  action: 'StatusNotification',
  payload: {
    connectorId,
    errorCode: status === 'Faulted' ? 'OtherError' : 'NoError',
    status,
    ...optional('timestamp', timestamp),
  },
  answer: nothing,
});

/** Meter values, of a transaction or not; undefined: 1.6 has no word for any of them. */
export const meterValues16Call = (
  list: unknown,
  connectorId: number,
  transactionId: number | undefined,
): UpCall | undefined => {
  const meterValue = meterValues16(list);
  if (meterValue.length === 0) return undefined;
  const payload = { connectorId, ...optional('transactionId', transactionId), meterValue };
  return { action: 'MeterValues', payload, answer: nothing };
};

/** What a 1.6 StartTransaction needs, gathered from the events until there is a token. */
export interface StartFacts {
  readonly connectorId: number;
  readonly idTag: string;
  readonly meterStartWh: number;
  readonly startedAt: string;
}

export const startTransaction16 = (facts: StartFacts, event: Payload): UpCall => ({
  action: 'StartTransaction',
  payload: {
    connectorId: facts.connectorId,
    idTag: facts.idTag,
    meterStart: facts.meterStartWh,
    ...optional('reservationId', readInteger(event['reservationId'])),
    timestamp: facts.startedAt,
  },
  answer: tokenAnswer,
});

export const stopTransaction16 = (
  event: Payload,
  transactionId: number,
  stop: { readonly meterStopWh: number; readonly idTag: string | undefined },
): UpCall => {
  const data = meterValues16(event['meterValue']);
  return {
    action: 'StopTransaction',
    payload: {
      ...optional('idTag', stop.idTag),
      meterStop: stop.meterStopWh,
      timestamp: event['timestamp'],
      transactionId,
      reason: reasonOf(readObject(event['transactionInfo'])['stoppedReason']),
      ...(data.length === 0 ? {} : { transactionData: data }),
    },
    answer: tokenAnswer,
  };
};

/** What an event says of its transaction. */
export const readEvent = (event: Payload) => {
  const info = readObject(event['transactionInfo']);
  return {
    type: readText(event['eventType']),
    localId: readText(info['transactionId']),
    evseId: readInteger(readObject(event['evse'])['id']),
    chargingState: readText(info['chargingState']),
    timestamp: readText(event['timestamp']) ?? '',
    registers: registersOf(event['meterValue']),
    hasToken: readObject(event['idToken'])['idToken'] !== undefined,
  };
};
