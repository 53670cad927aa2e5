import { isPayload, type Payload, readInteger, readObject, readText } from './payload.ts';
import type { OcppVersion } from './version.ts';

/**
 * What is queued while the CSMS is away and then delivered in order: 1.6 §3.7 (Start, Stop, meter
 * values), 2.x E04/E11/E12 (TransactionEvent), and security events (A04).
 */
const QUEUED_16: ReadonlySet<string> = new Set([
  'StartTransaction',
  'StopTransaction',
  'MeterValues',
  'SecurityEventNotification',
]);
const QUEUED_201: ReadonlySet<string> = new Set([
  'TransactionEvent',
  'MeterValues',
  'SecurityEventNotification',
]);
/** What 2.1 added that somebody is billed by: payments at a terminal, batteries that were swapped. */
const QUEUED_21: ReadonlySet<string> = new Set([...QUEUED_201, 'NotifySettlement', 'BatterySwap']);
const QUEUED = { '1.6': QUEUED_16, '2.0.1': QUEUED_201, '2.1': QUEUED_21 } as const;

export const isQueued = (version: OcppVersion, action: string): boolean =>
  QUEUED[version].has(action);

/**
 * Whether a queued message begins, carries on or ends a transaction. A charger sends these strictly one
 * after the other, and others in between: a security event of its start before it repeats a Start.
 */
export const isOfTransaction = (action: string): boolean =>
  action === 'StartTransaction' || action === 'StopTransaction' || action === 'TransactionEvent';

/** Whether a message is the first one of its transaction. */
export const beginsTransaction = (
  version: OcppVersion,
  action: string,
  payload: () => unknown,
): boolean =>
  version === '1.6'
    ? action === 'StartTransaction'
    : action === 'TransactionEvent' && readObject(payload())['eventType'] === 'Started';

/** The transaction a queued message belongs to, by the id that the charger uses. */
export const transactionOf = (version: OcppVersion, payload: unknown): string | undefined => {
  const message = readObject(payload);
  if (version === '1.6') {
    const id = readInteger(message['transactionId']);
    return id === undefined ? undefined : String(id);
  }
  const { transactionInfo, transactionId } = message;
  return readText(readObject(transactionInfo)['transactionId'] ?? transactionId);
};

/** Updates that say why a limit ended the charging are kept (2.1 E12.FR.04). */
const KEPT_TRIGGERS: ReadonlySet<unknown> = new Set([
  'LimitSet',
  'CostLimitReached',
  'EnergyLimitReached',
  'TimeLimitReached',
  'SoCLimitReached',
]);

/**
 * Whether a message may be dropped when space runs short: meter values and updates, never a start
 * or an end (E11.FR.04, J02.FR.12), nor an update with a token.
 */
export const isThinnable = (version: OcppVersion, action: string, payload: unknown): boolean => {
  if (action === 'MeterValues') return true;
  if (version === '1.6' || action !== 'TransactionEvent') return false;
  const event: Payload = readObject(payload);
  return (
    event['eventType'] === 'Updated' &&
    !KEPT_TRIGGERS.has(event['triggerReason']) &&
    !isPayload(event['idToken'])
  );
};
