import type { Frame } from './frame.ts';
import { payloadBytes, readFrame } from './frame.ts';
import { findValue, replaceSpan, setMember } from './splice.ts';

/** Where the 1.6 transaction id stands in the calls that carry it (1.6 §6). */
const PATHS: ReadonlyMap<string, readonly string[]> = new Map([
  ['MeterValues', ['transactionId']],
  ['StopTransaction', ['transactionId']],
  ['RemoteStopTransaction', ['transactionId']],
  ['SetChargingProfile', ['csChargingProfiles', 'transactionId']],
]);

export const carriesTransactionId = (action: string): boolean => PATHS.has(action);

/** The transaction id in a 1.6 call; undefined when there is none. */
export const transactionIdIn = (call: Frame): number | undefined => {
  const path = PATHS.get(call.action);
  const span = path && findValue(call.bytes, call.payloadStart, path);
  if (span === undefined) return undefined;
  const id = Number(call.bytes.toString('latin1', span.start, span.end).replaceAll('"', ''));
  return Number.isSafeInteger(id) ? id : undefined;
};

/** The same call with another transaction id; every other byte stays. */
export const withTransactionId = (call: Frame, id: number): Frame => {
  const path = PATHS.get(call.action);
  const span = path && findValue(call.bytes, call.payloadStart, path);
  return span === undefined ? call : readFrame(replaceSpan(call.bytes, span, String(id)));
};

/** StartTransaction.conf with another transaction id. */
export const answerWithTransactionId = (answer: Frame, id: number): Frame => {
  const span = findValue(answer.bytes, answer.payloadStart, ['transactionId']);
  return span === undefined ? answer : readFrame(replaceSpan(answer.bytes, span, String(id)));
};

/** 2.x: an event that was not delivered live says so (E11.FR.02, E12.FR.02). */
export const markedOffline = (call: Frame): Frame =>
  call.action === 'TransactionEvent'
    ? readFrame(setMember(call.bytes, call.payloadStart, 'offline', 'true'))
    : call;

/** 2.x E14: messages of the transaction are still held, although the charger has none left. */
export const withMessagesInQueue = (answer: Frame): Frame =>
  readFrame(setMember(answer.bytes, answer.payloadStart, 'messagesInQueue', 'true'));

/** The same call under another message id. */
export const withMessageId = (call: Frame, id: string): Frame => {
  const head = `[2,${JSON.stringify(id)},${JSON.stringify(call.action)}`;
  const payload = payloadBytes(call);
  const comma = payload.length === 0 ? '' : ',';
  return readFrame(Buffer.concat([Buffer.from(head + comma), payload, Buffer.of(0x5d)]));
};
