import type { Family } from './rules.ts';

/**
 * Calls of chargers of each family that a CSMS of the other family hears, and as what. Everything
 * else has no partner there.
 */
export const UP_PARTNERS: Readonly<Record<Family, Readonly<Record<string, string>>>> = {
  '1.6': {
    Authorize: 'Authorize',
    DataTransfer: 'DataTransfer',
    MeterValues: 'TransactionEvent (Updated); outside of a transaction MeterValues',
    SecurityEventNotification: 'SecurityEventNotification',
    StartTransaction: 'TransactionEvent (Started)',
    StatusNotification:
      'StatusNotification; the charging state goes with the next TransactionEvent',
    StopTransaction: 'TransactionEvent (Ended)',
  },
  '2.x': {
    Authorize: 'Authorize',
    DataTransfer: 'DataTransfer',
    MeterValues: 'MeterValues',
    SecurityEventNotification: 'SecurityEventNotification',
    StatusNotification: 'StatusNotification; Occupied as the transaction says',
    TransactionEvent: 'StartTransaction, MeterValues, StopTransaction, StatusNotification',
  },
};
