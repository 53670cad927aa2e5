import { type Payload, readInteger, readList, readObject, readText } from '../ocpp/payload.ts';
import type { SimCall } from './charger/dialect.ts';

/** What became of the transaction messages of one charger on their way to the CSMS. */
export interface MessageAudit {
  /** Acknowledged to the charger and never received by the CSMS. */
  readonly lost: readonly string[];
  /** Received more than once. */
  readonly repeated: readonly string[];
  /** Repeats whose content differs from the first, ids and the offline flag aside. */
  readonly altered: readonly string[];
  /** First receptions that came after a message which the charger sent later. */
  readonly inverted: readonly string[];
  /** Received, but never sent by the charger. */
  readonly invented: readonly string[];
}

/** Whether billing depends on a message: these are never lost, repeated at worst. */
export const isTransactionMessage = (action: string, payload: unknown): boolean =>
  action === 'StartTransaction' ||
  action === 'StopTransaction' ||
  action === 'TransactionEvent' ||
  (action === 'MeterValues' && readObject(payload)['transactionId'] !== undefined);

/**
 * What identifies a message whoever carries it: in 2.x transaction and seqNo; in 1.6 its kind,
 * connector and time, since ids of transactions may be mapped on the way.
 */
export const messageKey = (action: string, payload: unknown): string => {
  const message = readObject(payload);
  switch (action) {
    case 'TransactionEvent': {
      const id = readText(readObject(message['transactionInfo'])['transactionId']);
      return `${id} #${readInteger(message['seqNo'])}`;
    }
    case 'MeterValues': {
      const value = readObject(readList(message['meterValue'])[0]);
      return `MeterValues ${message['connectorId']} ${readText(value['timestamp'])}`;
    }
    case 'StartTransaction':
      return `StartTransaction ${message['connectorId']} ${readText(message['timestamp'])}`;
    default:
      return `${action} ${readText(message['timestamp'])} ${message['meterStop'] ?? ''}`;
  }
};

/**
 * Compares what was acknowledged to a charger, in its order, with what the CSMS received. `held`
 * are messages that the charger has not got rid of yet, `discarded` those that it gave up: both may
 * have arrived all the same.
 */
export const auditMessages = (
  acknowledged: readonly SimCall[],
  received: readonly SimCall[],
  held: readonly SimCall[] = [],
  discarded: readonly SimCall[] = [],
): MessageAudit => {
  const givenUp = new Set(discarded.map(({ action, payload }) => messageKey(action, payload)));
  const sent = [...acknowledged, ...held].map(({ action, payload }) => messageKey(action, payload));
  const place = new Map(sent.map((key, i) => [key, i]));
  const first = new Map<string, SimCall>();
  const repeated: string[] = [];
  const altered: string[] = [];
  const inverted: string[] = [];
  const invented: string[] = [];
  let furthest = -1;
  for (const call of received) {
    const key = messageKey(call.action, call.payload);
    const before = first.get(key);
    if (before !== undefined) {
      repeated.push(key);
      if (content(before.payload) !== content(call.payload)) altered.push(key);
      continue;
    }
    first.set(key, call);
    const at = place.get(key);
    if (at === undefined) {
      if (!givenUp.has(key)) invented.push(key);
    } else if (at < furthest) inverted.push(key);
    else furthest = at;
  }
  const lost = acknowledged
    .map(({ action, payload }) => messageKey(action, payload))
    .filter((key) => !first.has(key));
  return { lost, repeated, altered, inverted, invented };
};

/** Takes out of `acknowledged` what has arrived; an audit of the rest still finds what is lost. */
export const forgetArrived = (acknowledged: SimCall[], received: readonly SimCall[]): void => {
  const arrived = new Set(received.map(({ action, payload }) => messageKey(action, payload)));
  const open = acknowledged.filter(
    ({ action, payload }) => !arrived.has(messageKey(action, payload)),
  );
  acknowledged.splice(0, acknowledged.length, ...open);
};

const content = (payload: unknown): string => {
  const { transactionId: _id, offline: _offline, ...rest }: Payload = readObject(payload);
  return JSON.stringify(rest);
};
