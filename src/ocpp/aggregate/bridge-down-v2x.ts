import { LOCAL_LIST_MOST } from '../authorization.ts';
import { optional, type Payload, readInteger, readList, readObject, readText } from '../payload.ts';
import {
  type DownCall,
  type DownTranslator,
  dataText,
  same,
  statusIn,
  statusOf,
} from './bridge-parts.ts';
import { profile2x } from './bridge-profile.ts';
import { idTokenInfoOf, idTokenOf, purpose2xOf } from './bridge-words.ts';

const evseOf = (connectorId: unknown): Payload | undefined => {
  const id = readInteger(connectorId) ?? 0;
  return id > 0 ? { id } : undefined;
};

const TRIGGERS = new Set(['BootNotification', 'Heartbeat', 'MeterValues', 'StatusNotification']);

const start = (asked: Payload, remoteStartId: number): DownCall => {
  const given = asked['chargingProfile'];
  const profile = given === undefined ? undefined : profile2x(given);
  if (typeof profile === 'string') return { refuse: profile };
  const payload = {
    ...optional('evseId', asked['connectorId']),
    remoteStartId,
    idToken: idTokenOf(asked['idTag']),
    ...optional('chargingProfile', profile),
  };
  return { action: 'RequestStartTransaction', payload };
};

const setProfile = (asked: Payload): DownCall => {
  const profile = profile2x(asked['csChargingProfiles']);
  if (typeof profile === 'string') return { refuse: profile };
  const evseId = asked['connectorId'];
  return { action: 'SetChargingProfile', payload: { evseId, chargingProfile: profile } };
};

const clear = (asked: Payload): DownCall => {
  const { id, connectorId, chargingProfilePurpose, stackLevel } = asked;
  const criteria = {
    ...optional('evseId', connectorId),
    ...optional('chargingProfilePurpose', purpose2xOf(chargingProfilePurpose)),
    ...optional('stackLevel', stackLevel),
  };
  const payload = {
    ...optional('chargingProfileId', id),
    // In 2.x either an id or criteria are needed: clear all is an empty set of criteria.
    ...(id !== undefined && Object.keys(criteria).length === 0
      ? {}
      : { chargingProfileCriteria: criteria }),
  };
  return { action: 'ClearChargingProfile', payload };
};

const composite = (answer: Payload, asked: Payload): Payload => {
  const { scheduleStart, chargingRateUnit, chargingSchedulePeriod, duration } = readObject(
    answer['schedule'],
  );
  if (answer['status'] !== 'Accepted' || scheduleStart === undefined) return statusOf(answer);
  const periods = readList(chargingSchedulePeriod).map(readObject);
  return {
    status: 'Accepted',
    connectorId: asked['connectorId'],
    scheduleStart,
    chargingSchedule: {
      ...optional('duration', duration),
      startSchedule: scheduleStart,
      chargingRateUnit,
      chargingSchedulePeriod: periods.map(({ startPeriod, limit, numberPhases }) => ({
        startPeriod,
        limit: limit ?? 0,
        ...optional('numberPhases', numberPhases),
      })),
    },
  };
};

const trigger = (asked: Payload): DownCall => {
  const message = readText(asked['requestedMessage']) ?? '';
  if (!TRIGGERS.has(message)) return { answer: { status: 'NotImplemented' } };
  const evse = evseOf(asked['connectorId']);
  const place = evse === undefined ? undefined : { ...evse, connectorId: 1 };
  return {
    action: 'TriggerMessage',
    payload: { requestedMessage: message, ...optional('evse', place) },
  };
};

const sendList = (asked: Payload): DownCall => ({
  action: 'SendLocalList',
  payload: {
    versionNumber: asked['listVersion'],
    updateType: asked['updateType'],
    ...listOf(readList(asked['localAuthorizationList'], LOCAL_LIST_MOST)),
  },
});

/** 2.x takes no empty list. */
const listOf = (entries: readonly unknown[]): Payload =>
  entries.length === 0
    ? {}
    : {
        localAuthorizationList: entries.map((entry) => {
          const { idTag, idTagInfo } = readObject(entry);
          const info = idTagInfo === undefined ? undefined : idTokenInfoOf(idTagInfo);
          return { idToken: idTokenOf(idTag), ...optional('idTokenInfo', info) };
        }),
      };

const TRIGGER: DownTranslator = { to: 'TriggerMessage', request: trigger, answer: statusOf };

/** Calls of a 1.6 CSMS for a 2.x charger. */
export const TO_CHARGER_2X: Readonly<Record<string, DownTranslator>> = {
  CancelReservation: same('CancelReservation'),
  ChangeAvailability: {
    to: 'ChangeAvailability',
    request: ({ connectorId, type }) => ({
      action: 'ChangeAvailability',
      payload: { operationalStatus: type, ...optional('evse', evseOf(connectorId)) },
    }),
    answer: statusOf,
  },
  ClearCache: same('ClearCache'),
  ClearChargingProfile: {
    to: 'ClearChargingProfile',
    request: clear,
    answer: statusOf,
  },
  DataTransfer: {
    to: 'DataTransfer',
    request: (payload) => ({ action: 'DataTransfer', payload }),
    answer: ({ data, ...answer }) => {
      const text = dataText(data);
      return { ...statusOf(answer), ...optional('data', text) };
    },
  },
  ExtendedTriggerMessage: TRIGGER,
  GetCompositeSchedule: {
    to: 'GetCompositeSchedule',
    request: ({ connectorId, duration, chargingRateUnit }) => ({
      action: 'GetCompositeSchedule',
      payload: {
        evseId: connectorId,
        duration,
        ...optional('chargingRateUnit', chargingRateUnit),
      },
    }),
    answer: composite,
  },
  GetLocalListVersion: {
    to: 'GetLocalListVersion',
    request: () => ({ action: 'GetLocalListVersion', payload: {} }),
    answer: ({ versionNumber }) => ({ listVersion: readInteger(versionNumber) ?? 0 }),
  },
  RemoteStartTransaction: {
    to: 'RequestStartTransaction',
    request: (asked, { newRemoteStartId }) => start(asked, newRemoteStartId()),
    answer: statusOf,
  },
  RemoteStopTransaction: {
    to: 'RequestStopTransaction',
    request: ({ transactionId }) => ({
      action: 'RequestStopTransaction',
      payload: { transactionId: String(transactionId) },
    }),
    answer: statusOf,
  },
  ReserveNow: {
    to: 'ReserveNow',
    request: (asked) => {
      const parent = readText(asked['parentIdTag']);
      const payload = {
        id: asked['reservationId'],
        expiryDateTime: asked['expiryDate'],
        idToken: idTokenOf(asked['idTag']),
        ...optional('evseId', evseOf(asked['connectorId'])?.['id']),
        ...optional('groupIdToken', parent === undefined ? undefined : idTokenOf(parent)),
      };
      return { action: 'ReserveNow', payload };
    },
    answer: statusOf,
  },
  Reset: {
    to: 'Reset',
    request: ({ type }) => ({
      action: 'Reset',
      payload: { type: type === 'Soft' ? 'OnIdle' : 'Immediate' },
    }),
    answer: statusIn({ Scheduled: 'Accepted' }),
  },
  SendLocalList: {
    to: 'SendLocalList',
    request: sendList,
    answer: statusOf,
  },
  SetChargingProfile: {
    to: 'SetChargingProfile',
    request: setProfile,
    answer: statusOf,
  },
  TriggerMessage: TRIGGER,
  UnlockConnector: {
    to: 'UnlockConnector',
    request: ({ connectorId }) => ({
      action: 'UnlockConnector',
      payload: { evseId: connectorId, connectorId: 1 },
    }),
    answer: statusIn({
      OngoingAuthorizedTransaction: 'UnlockFailed',
      UnknownConnector: 'NotSupported',
    }),
  },
};
