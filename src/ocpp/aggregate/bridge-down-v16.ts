import { LOCAL_LIST_MOST } from '../authorization.ts';
import { optional, type Payload, readInteger, readList, readObject, readText } from '../payload.ts';
import {
  type DownCall,
  type DownTranslator,
  dataText,
  noPartner,
  same,
  statusIn,
  statusOf,
} from './bridge-parts.ts';
import { profile16 } from './bridge-profile.ts';
import { idTagInfoOf, idTagOf, LONG_TOKEN, purpose16Of } from './bridge-words.ts';

const evseIdOf = (value: unknown): number | undefined => readInteger(readObject(value)['id']);

const TRIGGERS: Readonly<Record<string, string>> = {
  BootNotification: 'BootNotification',
  Heartbeat: 'Heartbeat',
  MeterValues: 'MeterValues',
  StatusNotification: 'StatusNotification',
  // In 1.6 the values of a transaction are MeterValues.
  TransactionEvent: 'MeterValues',
};

const listEntry = (value: unknown): Payload => {
  const { idToken, idTokenInfo } = readObject(value);
  const idTagInfo = idTokenInfo === undefined ? undefined : idTagInfoOf(idTokenInfo);
  return { idTag: idTagOf(idToken), ...optional('idTagInfo', idTagInfo) };
};

const setProfile = (asked: Payload): DownCall => {
  const profile = profile16(asked['chargingProfile']);
  if (typeof profile === 'string') return { refuse: profile };
  const connectorId = asked['evseId'];
  return { action: 'SetChargingProfile', payload: { connectorId, csChargingProfiles: profile } };
};

const start = (asked: Payload): DownCall => {
  const idTag = idTagOf(asked['idToken']);
  if (idTag === undefined) return { refuse: LONG_TOKEN };
  const given = asked['chargingProfile'];
  const profile = given === undefined ? undefined : profile16(given);
  if (typeof profile === 'string') return { refuse: profile };
  const payload = {
    ...optional('connectorId', asked['evseId']),
    idTag,
    ...optional('chargingProfile', profile),
  };
  return { action: 'RemoteStartTransaction', payload };
};

const reserve = (asked: Payload): DownCall => {
  const idTag = idTagOf(asked['idToken']);
  if (idTag === undefined) return { refuse: LONG_TOKEN };
  const payload = {
    connectorId: asked['evseId'] ?? 0,
    expiryDate: asked['expiryDateTime'],
    idTag,
    ...optional('parentIdTag', idTagOf(asked['groupIdToken'])),
    reservationId: asked['id'],
  };
  return { action: 'ReserveNow', payload };
};

const clear = (asked: Payload): DownCall => {
  const { evseId, chargingProfilePurpose, stackLevel } = readObject(
    asked['chargingProfileCriteria'],
  );
  const purpose = purpose16Of(chargingProfilePurpose);
  if (chargingProfilePurpose !== undefined && purpose === undefined) {
    return { answer: { status: 'Unknown' } };
  }
  const payload = {
    ...optional('id', asked['chargingProfileId']),
    ...optional('connectorId', evseId),
    ...optional('chargingProfilePurpose', purpose),
    ...optional('stackLevel', stackLevel),
  };
  return { action: 'ClearChargingProfile', payload };
};

const composite = (answer: Payload, asked: Payload): Payload => {
  const schedule = answer['chargingSchedule'];
  if (answer['status'] !== 'Accepted' || schedule === undefined) return statusOf(answer);
  const { duration, startSchedule, chargingRateUnit, chargingSchedulePeriod } =
    readObject(schedule);
  const periods = readList(chargingSchedulePeriod).map(readObject);
  return {
    status: 'Accepted',
    schedule: {
      evseId: asked['evseId'],
      duration: duration ?? asked['duration'],
      scheduleStart: answer['scheduleStart'] ?? startSchedule,
      chargingRateUnit,
      chargingSchedulePeriod: periods.map(({ startPeriod, limit, numberPhases }) => ({
        startPeriod,
        limit,
        ...optional('numberPhases', numberPhases),
      })),
    },
  };
};

const reset = (asked: Payload, outlets: number): DownCall => {
  if (readInteger(asked['evseId']) !== undefined && outlets > 1) {
    return { refuse: 'OCPP 1.6 resets a whole charger, which has other connectors too' };
  }
  const type = asked['type'] === 'OnIdle' ? 'Soft' : 'Hard';
  return { action: 'Reset', payload: { type } };
};

const trigger = (asked: Payload): DownCall => {
  const message = TRIGGERS[readText(asked['requestedMessage']) ?? ''];
  if (message === undefined) return { answer: { status: 'NotImplemented' } };
  const connectorId = evseIdOf(asked['evse']);
  const payload = { requestedMessage: message, ...optional('connectorId', connectorId) };
  return { action: 'TriggerMessage', payload };
};

const sendList = (asked: Payload): DownCall => {
  const list = readList(asked['localAuthorizationList'], LOCAL_LIST_MOST);
  const entries = list.map(listEntry);
  if (entries.some(({ idTag }) => idTag === undefined)) return { refuse: LONG_TOKEN };
  const { versionNumber: listVersion, updateType } = asked;
  const payload = { listVersion, updateType, localAuthorizationList: entries };
  return { action: 'SendLocalList', payload };
};

const dataTransfer = (asked: Payload): DownCall => {
  const { vendorId, messageId, data } = asked;
  const text = dataText(data);
  const payload = { vendorId, ...optional('messageId', messageId), ...optional('data', text) };
  return { action: 'DataTransfer', payload };
};

const NO_COST = 'OCPP 1.6 has no message for what a session costs';
/** Answered without the charger, and no refusal. */
export const IN_THE_BOOKS = 'the station knows it from its books';
const NO_SUCH = 'OCPP 1.6 has no such message';

const inTheBooks = (answer: Payload): DownTranslator => ({
  reason: IN_THE_BOOKS,
  request: () => ({ answer }),
  answer: (given) => given,
});

/** Calls of a 2.x CSMS for a 1.6 charger. */
export const TO_CHARGER_16: Readonly<Record<string, DownTranslator>> = {
  CancelReservation: same('CancelReservation'),
  ChangeAvailability: {
    to: 'ChangeAvailability',
    request: (asked) => ({
      action: 'ChangeAvailability',
      payload: { connectorId: evseIdOf(asked['evse']) ?? 0, type: asked['operationalStatus'] },
    }),
    answer: statusOf,
  },
  ClearCache: same('ClearCache'),
  ClearChargingProfile: {
    to: 'ClearChargingProfile',
    request: clear,
    answer: statusOf,
  },
  CostUpdated: noPartner(NO_COST),
  DataTransfer: {
    to: 'DataTransfer',
    request: dataTransfer,
    answer: (answer) => ({ ...statusOf(answer), ...optional('data', answer['data']) }),
  },
  GetChargingProfiles: inTheBooks({ status: 'NoProfiles' }),
  GetCompositeSchedule: {
    to: 'GetCompositeSchedule',
    request: ({ evseId, duration, chargingRateUnit }) => ({
      action: 'GetCompositeSchedule',
      payload: {
        connectorId: evseId,
        duration,
        ...optional('chargingRateUnit', chargingRateUnit),
      },
    }),
    answer: composite,
  },
  GetLocalListVersion: {
    to: 'GetLocalListVersion',
    request: () => ({ action: 'GetLocalListVersion', payload: {} }),
    answer: ({ listVersion }) => ({ versionNumber: Math.max(0, readInteger(listVersion) ?? 0) }),
  },
  GetTransactionStatus: inTheBooks({ messagesInQueue: false }),
  NotifyAllowedEnergyTransfer: noPartner(NO_SUCH),
  NotifyWebPaymentStarted: noPartner(NO_SUCH),
  RequestStartTransaction: {
    to: 'RemoteStartTransaction',
    request: start,
    answer: statusOf,
  },
  RequestStopTransaction: {
    to: 'RemoteStopTransaction',
    request: (asked) => ({
      action: 'RemoteStopTransaction',
      payload: { transactionId: readInteger(asked['transactionId']) ?? 0 },
    }),
    answer: statusOf,
  },
  ReserveNow: {
    to: 'ReserveNow',
    request: reserve,
    answer: statusOf,
  },
  Reset: {
    to: 'Reset',
    request: (asked, { outlets }) => reset(asked, outlets),
    answer: statusOf,
  },
  SendLocalList: {
    to: 'SendLocalList',
    request: sendList,
    answer: statusIn({ NotSupported: 'Failed' }),
  },
  SetChargingProfile: {
    to: 'SetChargingProfile',
    request: setProfile,
    answer: statusIn({ NotSupported: 'Rejected' }),
  },
  TriggerMessage: {
    to: 'TriggerMessage',
    request: trigger,
    answer: statusOf,
  },
  UnlockConnector: {
    to: 'UnlockConnector',
    request: ({ evseId }) => ({ action: 'UnlockConnector', payload: { connectorId: evseId } }),
    answer: statusIn({ NotSupported: 'UnknownConnector' }),
  },
  UpdateDynamicSchedule: noPartner(NO_SUCH),
  UsePriorityCharging: noPartner(NO_SUCH),
};
