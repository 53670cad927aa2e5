import { optional, type Payload, readInteger, readList, readObject, readText } from '../payload.ts';
import { meterValues2x, registerValue, triggerOf } from './bridge-meter.ts';
import { dataText } from './bridge-parts.ts';
import { connectorStatusOf, idTagInfoOf, idTokenOf, stoppedOf } from './bridge-words.ts';

/** One call of a 1.6 charger as a 2.x CSMS hears it, and the CSMS's answer in 1.6. */
export interface UpCall {
  readonly action: string;
  readonly payload: Payload;
  readonly answer: (answer: Payload) => Payload;
}

/** What the gateway knows of a transaction that is told in 2.x. */
export interface EventFacts {
  readonly transactionId: string;
  /** The station's EVSE number. */
  readonly evseId: number;
  readonly seqNo: number;
  /** It happened before this connection with the CSMS was made. */
  readonly offline: boolean;
  readonly chargingState?: string;
  readonly remoteStartId?: number;
}

const nothing = (): Payload => ({});
const tagAnswer = (answer: Payload): Payload =>
  answer['idTokenInfo'] === undefined ? {} : { idTagInfo: idTagInfoOf(answer['idTokenInfo']) };

/** Authorize: the answer has to say something of the card. */
export const authorize2x = (asked: Payload): UpCall => ({
  action: 'Authorize',
  payload: { idToken: idTokenOf(asked['idTag']) },
  answer: (answer) => ({ idTagInfo: idTagInfoOf(answer['idTokenInfo']) }),
});

export const status2x = (asked: Payload, evseId: number, now: string): UpCall => ({
  action: 'StatusNotification',
  payload: {
    timestamp: readText(asked['timestamp']) ?? now,
    connectorStatus: connectorStatusOf(asked['status']),
    evseId,
    connectorId: 1,
  },
  answer: nothing,
});

/** Meter values outside of a transaction; undefined: 2.x has no word for any of them. */
export const meterValues2xCall = (asked: Payload, evseId: number): UpCall | undefined => {
  const meterValue = meterValues2x(asked['meterValue']);
  if (meterValue.length === 0) return undefined;
  return { action: 'MeterValues', payload: { evseId, meterValue }, answer: nothing };
};

const event = (
  eventType: 'Started' | 'Updated' | 'Ended',
  facts: EventFacts,
  told: { readonly timestamp: unknown; readonly triggerReason: string },
  extra: { readonly info?: Payload; readonly top: Payload },
): Payload => ({
  eventType,
  ...told,
  seqNo: facts.seqNo,
  ...(facts.offline ? { offline: true } : {}),
  transactionInfo: {
    transactionId: facts.transactionId,
    ...optional('chargingState', facts.chargingState),
    ...extra.info,
  },
  evse: { id: facts.evseId, connectorId: 1 },
  ...extra.top,
});

/** StartTransaction; `localId` is what the charger is told. */
export const started2x = (asked: Payload, facts: EventFacts, localId: number): UpCall => {
  const { timestamp, meterStart, reservationId } = asked;
  const triggerReason = facts.remoteStartId === undefined ? 'Authorized' : 'RemoteStart';
  const register = registerValue(readInteger(meterStart) ?? 0, 'Transaction.Begin', timestamp);
  const payload = event(
    'Started',
    facts,
    { timestamp, triggerReason },
    {
      info: optional('remoteStartId', facts.remoteStartId),
      top: {
        ...optional('reservationId', readInteger(reservationId)),
        idToken: idTokenOf(asked['idTag']),
        meterValue: [register],
      },
    },
  );
  return {
    action: 'TransactionEvent',
    payload,
    answer: (answer) => ({
      transactionId: localId,
      idTagInfo: idTagInfoOf(answer['idTokenInfo']),
    }),
  };
};

/** MeterValues of a transaction; undefined: 2.x has no word for any of them. */
export const updated2x = (asked: Payload, facts: EventFacts): UpCall | undefined => {
  const meterValue = meterValues2x(asked['meterValue']);
  const timestamp = readObject(readList(meterValue)[0])['timestamp'];
  if (meterValue.length === 0) return undefined;
  const told = { timestamp, triggerReason: triggerOf(asked['meterValue']) };
  const payload = event('Updated', facts, told, { top: { meterValue } });
  return { action: 'TransactionEvent', payload, answer: nothing };
};

/** StopTransaction. */
export const ended2x = (asked: Payload, facts: EventFacts): UpCall => {
  const { timestamp, meterStop, reason, transactionData, idTag } = asked;
  const [triggerReason, stoppedReason] = stoppedOf(reason);
  const register = registerValue(readInteger(meterStop) ?? 0, 'Transaction.End', timestamp);
  const card = readText(idTag);
  const payload = event(
    'Ended',
    facts,
    { timestamp, triggerReason },
    {
      info: { stoppedReason },
      top: {
        ...optional('idToken', card === undefined ? undefined : idTokenOf(card)),
        meterValue: [...meterValues2x(transactionData), register],
      },
    },
  );
  return { action: 'TransactionEvent', payload, answer: tagAnswer };
};

export const securityEvent = (payload: Payload): UpCall => ({
  action: 'SecurityEventNotification',
  payload,
  answer: nothing,
});

/** Vendor messages have the same form in both versions; 1.6 data is text. */
export const dataTransfer = (payload: Payload): UpCall => ({
  action: 'DataTransfer',
  payload,
  answer: ({ status, data }) => ({
    status: readText(status) ?? 'Rejected',
    ...optional('data', dataText(data)),
  }),
});
