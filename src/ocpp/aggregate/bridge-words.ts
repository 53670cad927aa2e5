import { optional, type Payload, readObject, readText } from '../payload.ts';
import { keyOf, PURPOSE_2X, PURPOSE_16 } from '../profile-names.ts';
import type { Family } from './rules.ts';

/** Words of 1.6 in 2.x and back, where one means the other. What has no partner is not in here. */

/** 1.6 idTag: CiString20. */
const ID_TAG_MOST = 20;
export const LONG_TOKEN = 'OCPP 1.6 takes identifiers of at most 20 characters';

/** Undefined: it does not fit, and part of a card number is another card. */
export const idTagOf = (idToken: unknown): string | undefined => {
  const text = readText(readObject(idToken)['idToken']);
  return text === undefined || text.length > ID_TAG_MOST ? undefined : text;
};

export const idTokenOf = (idTag: unknown): Payload => ({
  idToken: readText(idTag) ?? '',
  type: 'ISO14443',
});

const TAG_STATUS = new Set(['Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx']);

/** idTokenInfo of 2.x as idTagInfo. */
export const idTagInfoOf = (info: unknown): Payload => {
  const { status, cacheExpiryDateTime, groupIdToken } = readObject(info);
  const word = readText(status) ?? 'Accepted';
  return {
    status: TAG_STATUS.has(word) ? word : 'Invalid',
    ...optional('expiryDate', readText(cacheExpiryDateTime)),
    ...optional('parentIdTag', idTagOf(groupIdToken)),
  };
};

/** idTagInfo of 1.6 as idTokenInfo. */
export const idTokenInfoOf = (info: unknown): Payload => {
  const { status, expiryDate, parentIdTag } = readObject(info);
  const parent = readText(parentIdTag);
  return {
    status: readText(status) ?? 'Accepted',
    ...optional('cacheExpiryDateTime', readText(expiryDate)),
    ...optional('groupIdToken', parent === undefined ? undefined : idTokenOf(parent)),
  };
};

type Words = Readonly<Record<string, string>>;
const lookUp = (words: Words, word: unknown): string | undefined => {
  const key = readText(word);
  return key !== undefined && Object.hasOwn(words, key) ? words[key] : undefined;
};

const CONNECTOR_STATUS: Words = {
  Available: 'Available',
  Preparing: 'Occupied',
  Charging: 'Occupied',
  SuspendedEV: 'Occupied',
  SuspendedEVSE: 'Occupied',
  Finishing: 'Occupied',
  Reserved: 'Reserved',
  Unavailable: 'Unavailable',
  Faulted: 'Faulted',
};
export const connectorStatusOf = (status: unknown): string =>
  lookUp(CONNECTOR_STATUS, status) ?? 'Unavailable';

const CHARGING_STATE: Words = {
  Preparing: 'EVConnected',
  Charging: 'Charging',
  SuspendedEV: 'SuspendedEV',
  SuspendedEVSE: 'SuspendedEVSE',
  Finishing: 'EVConnected',
};
/** chargingState of a 1.6 status. */
export const chargingStateOf = (status: unknown): string | undefined =>
  lookUp(CHARGING_STATE, status);

const STATUS_OF_STATE: Words = {
  Charging: 'Charging',
  SuspendedEV: 'SuspendedEV',
  SuspendedEVSE: 'SuspendedEVSE',
  EVConnected: 'Preparing',
};
/** 1.6 status of a chargingState. */
export const statusOfState = (state: unknown): string | undefined => lookUp(STATUS_OF_STATE, state);

/** Of each 1.6 reason: triggerReason and stoppedReason. */
const STOPPED: Readonly<Record<string, readonly [string, string]>> = {
  EmergencyStop: ['AbnormalCondition', 'EmergencyStop'],
  EVDisconnected: ['EVCommunicationLost', 'EVDisconnected'],
  HardReset: ['ResetCommand', 'ImmediateReset'],
  Local: ['StopAuthorized', 'Local'],
  Other: ['AbnormalCondition', 'Other'],
  PowerLoss: ['AbnormalCondition', 'PowerLoss'],
  Reboot: ['ResetCommand', 'Reboot'],
  Remote: ['RemoteStop', 'Remote'],
  SoftReset: ['ResetCommand', 'Reboot'],
  UnlockCommand: ['UnlockCommand', 'Other'],
  DeAuthorized: ['Deauthorized', 'DeAuthorized'],
};
/** Absent means Local (1.6 §6.50). */
export const stoppedOf = (reason: unknown): readonly [string, string] =>
  STOPPED[readText(reason) ?? 'Local'] ?? ['AbnormalCondition', 'Other'];

const REASON: Words = {
  DeAuthorized: 'DeAuthorized',
  EmergencyStop: 'EmergencyStop',
  EVDisconnected: 'EVDisconnected',
  ImmediateReset: 'HardReset',
  Local: 'Local',
  MasterPass: 'Local',
  PowerLoss: 'PowerLoss',
  Reboot: 'Reboot',
  Remote: 'Remote',
};
/** 1.6 reason of a stoppedReason. */
export const reasonOf = (stoppedReason: unknown): string =>
  stoppedReason === undefined ? 'Local' : (lookUp(REASON, stoppedReason) ?? 'Other');

export const purpose2xOf = (purpose: unknown): string | undefined => {
  const key = keyOf(PURPOSE_16, purpose);
  return key === undefined ? undefined : PURPOSE_2X[key];
};
export const purpose16Of = (purpose: unknown): string | undefined => {
  const key = keyOf(PURPOSE_2X, purpose);
  return key === undefined ? undefined : PURPOSE_16[key];
};

/** Error codes that 1.6 spells in its own way. */
const ERROR_CODE: Words = {
  FormationViolation: 'FormatViolation',
  OccurenceConstraintViolation: 'OccurrenceConstraintViolation',
};
const ERROR_CODE_16: Words = {
  ...Object.fromEntries(Object.entries(ERROR_CODE).map(([a, b]) => [b, a])),
  MessageTypeNotSupported: 'ProtocolError',
  RpcFrameworkError: 'ProtocolError',
};
/** The code of an error as the other family writes it. */
export const errorCodeIn = (family: Family, code: string): string =>
  lookUp(family === '1.6' ? ERROR_CODE_16 : ERROR_CODE, code) ?? code;
