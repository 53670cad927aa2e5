import type { Payload } from '../payload.ts';
import type { Family } from './rules.ts';

/** What a CSMS is told when what it asks about is not there: no such thing, or its charger is away. */
const STATUS: Readonly<Record<Family, Readonly<Record<string, string>>>> = {
  '1.6': {
    ClearChargingProfile: 'Unknown',
    ReserveNow: 'Unavailable',
    UnlockConnector: 'UnlockFailed',
  },
  '2.x': {
    ClearChargingProfile: 'Unknown',
    GetChargingProfiles: 'NoProfiles',
    ReserveNow: 'Unavailable',
    UnlockConnector: 'UnlockFailed',
  },
};

/** Their answers are empty. */
const WITHOUT_STATUS: ReadonlySet<string> = new Set(['CostUpdated', 'NotifyWebPaymentStarted']);

export const absentAnswer = (family: Family, action: string, why: string): Payload => {
  if (action === 'GetTransactionStatus') return { messagesInQueue: false, ongoingIndicator: false };
  if (WITHOUT_STATUS.has(action)) return {};
  const status = STATUS[family][action] ?? 'Rejected';
  if (family === '1.6') return { status };
  return { status, statusInfo: { reasonCode: 'NotFound', additionalInfo: why.slice(0, 512) } };
};

/** What is asked for when a station is told to start a session at no place in particular. */
export const outletKey = (family: Family): 'connectorId' | 'evseId' =>
  family === '1.6' ? 'connectorId' : 'evseId';
