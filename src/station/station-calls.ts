import { timestamp } from '../core/time.ts';
import type { CallAnswer } from '../gateway/interceptor.ts';
import { ONLY_IN_21 } from '../ocpp/aggregate/narrow-v21.ts';
import { downRule, familyOf } from '../ocpp/aggregate/rules.ts';
import { type Payload, readInteger, readObject, readText } from '../ocpp/payload.ts';
import {
  changeAnswer,
  configurationAnswer,
  getVariablesAnswer,
  inventory,
  reported,
  reports,
  type StationVariable,
  setVariablesAnswer,
  tooManyItems,
} from '../ocpp/station/variables.ts';
import { resetReason, type StationCall } from '../ocpp/station/words.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { FirmwareCache } from './firmware-cache.ts';
import type { Monitoring } from './monitoring.ts';
import type { SiteLimit } from './site-limit.ts';
import { clearSiteCache, type SiteTokens, sendSiteList } from './site-tokens.ts';

/** What a CALL of the CSMS to the controller's own station may use. */
export interface StationDesk {
  readonly version: OcppVersion;
  readonly nowWallMs: number;
  readonly variables: readonly StationVariable[];
  readonly limit: SiteLimit;
  readonly monitoring: Monitoring;
  /** Undefined: switched off. */
  readonly firmware: FirmwareCache | undefined;
  /** Undefined: nothing is remembered of drivers here. */
  readonly tokens: SiteTokens | undefined;
  /** Sends calls after the answer. */
  readonly later: (...calls: readonly StationCall[]) => void;
  /** The message that TriggerMessage asks for, by its name; undefined: there is none such. */
  readonly triggered: (message: string) => StationCall | 'Rejected' | undefined;
  /** Restarts the gateway's service, for the reason that its boot will name; the journal is safe. */
  readonly restart: (reason: string) => void;
  /** Uploads a redacted bundle; the name of the file. */
  readonly uploadLog: (url: string, requestId: number | undefined) => string;
}

type Answer = (payload: Payload, desk: StationDesk) => CallAnswer | Promise<CallAnswer>;

const status = (word: string): CallAnswer => ({ payload: { status: word } });
const refuse =
  (word: string): Answer =>
  () =>
    status(word);

const reset: Answer = (payload, { version, restart }) => {
  if (version !== '1.6' && payload['evseId'] !== undefined) return status('Rejected');
  restart(resetReason(payload['type']));
  return status('Accepted');
};

const trigger: Answer = (payload, { triggered, later }) => {
  const call = triggered(readText(payload['requestedMessage']) ?? '');
  if (call === undefined) return status('NotImplemented');
  if (call === 'Rejected') return status(call);
  later(call);
  return status('Accepted');
};

const baseReport: Answer = (payload, desk) => {
  const found = inventory(desk.variables, payload);
  return found === undefined ? status('NotSupported') : report(desk, found, payload);
};

const getReport: Answer = (payload, desk) => {
  const found = reported(desk.variables, payload);
  return found.length === 0 ? status('EmptyResultSet') : report(desk, found, payload);
};

const report = (
  { later, nowWallMs }: StationDesk,
  variables: readonly StationVariable[],
  payload: Payload,
): CallAnswer => {
  const pages = reports(variables, payload, timestamp(nowWallMs));
  later(...pages.map((page) => ({ action: 'NotifyReport', payload: page })));
  return status('Accepted');
};

const getProfiles: Answer = (payload, { limit, later }) => {
  const { answer, reports: pages } = limit.profiles(payload);
  later(...pages.map((page) => ({ action: 'ReportChargingProfiles', payload: page })));
  return answer;
};

/** Logs of the gateway, without secrets (2.x N01, 1.6 security extensions). */
const getLog: Answer = (payload, { uploadLog }) => {
  const url = readText(readObject(payload['log'])['remoteLocation'], 2_000);
  if (url === undefined) return status('Rejected');
  const filename = uploadLog(url, readInteger(payload['requestId']));
  return { payload: { status: 'Accepted', filename } };
};

const getDiagnostics: Answer = (payload, { uploadLog }) => {
  const url = readText(payload['location'], 2_000);
  return { payload: url === undefined ? {} : { fileName: uploadLog(url, undefined) } };
};

/** The program is not updated over OCPP, and says so (1.6 has no status in the answer). */
const updateFirmware: Answer = (_payload, { version, later }) => {
  if (version !== '1.6') return status('Rejected');
  later({ action: 'FirmwareStatusNotification', payload: { status: 'DownloadFailed' } });
  return { payload: {} };
};

const set: Answer = (payload, { limit, version }) => limit.set(version, payload);
const clear: Answer = (payload, { limit, version }) => limit.clear(version, payload);
const composite: Answer = (payload, { limit, version }) => limit.composite(version, payload);

const monitoringReport: Answer = (payload, { monitoring, later, nowWallMs }) => {
  const { answer, reports: pages } = monitoring.report(payload, nowWallMs);
  later(...pages.map((page) => ({ action: 'NotifyMonitoringReport', payload: page })));
  return answer;
};

const NO_CACHE: CallAnswer = {
  errorCode: 'NotSupported',
  description: 'firmware is not kept here: upstream.controller.firmwareCache is not set',
};

const COMMON: readonly (readonly [string, Answer])[] = [
  ['SetChargingProfile', set],
  ['ClearChargingProfile', clear],
  ['GetCompositeSchedule', composite],
  ['Reset', reset],
  ['TriggerMessage', trigger],
  ['UpdateFirmware', updateFirmware],
  ['ChangeAvailability', refuse('Rejected')],
  ['ClearCache', (_payload, { tokens }) => clearSiteCache(tokens)],
  ['SendLocalList', (payload, { version, tokens }) => sendSiteList(version, payload, tokens)],
  ['DataTransfer', refuse('UnknownVendorId')],
  ['ReserveNow', refuse('Rejected')],
  ['CancelReservation', refuse('Rejected')],
];

const ACTIONS_16: ReadonlyMap<string, Answer> = new Map([
  ...COMMON,
  [
    'GetConfiguration',
    (payload, desk) => ({ payload: configurationAnswer(desk.variables, payload) }),
  ],
  ['ChangeConfiguration', (payload, desk) => ({ payload: changeAnswer(desk.variables, payload) })],
  ['GetDiagnostics', getDiagnostics],
  ['GetLog', getLog],
  ['RemoteStartTransaction', refuse('Rejected')],
  ['RemoteStopTransaction', refuse('Rejected')],
  ['UnlockConnector', refuse('NotSupported')],
  [
    'GetLocalListVersion',
    (_payload, { tokens }) => ({ payload: { listVersion: tokens?.siteListVersion() ?? -1 } }),
  ],
]);
const ACTIONS_2X: ReadonlyMap<string, Answer> = new Map([
  ...COMMON,
  ['GetVariables', (payload, desk) => ({ payload: getVariablesAnswer(desk.variables, payload) })],
  ['SetVariables', (payload, desk) => ({ payload: setVariablesAnswer(desk.variables, payload) })],
  ['GetBaseReport', baseReport],
  ['GetReport', getReport],
  ['GetChargingProfiles', getProfiles],
  ['GetLog', getLog],
  ['RequestStartTransaction', refuse('Rejected')],
  ['RequestStopTransaction', refuse('Rejected')],
  ['GetTransactionStatus', () => ({ payload: { messagesInQueue: false } })],
  ['UnlockConnector', refuse('UnknownConnector')],
  [
    'GetLocalListVersion',
    (_payload, { tokens }) => ({ payload: { versionNumber: tokens?.siteListVersion() ?? 0 } }),
  ],
  [
    'SetVariableMonitoring',
    (payload, { monitoring, variables }) => monitoring.set(payload, variables),
  ],
  ['ClearVariableMonitoring', (payload, { monitoring }) => monitoring.clear(payload)],
  ['SetMonitoringBase', (payload, { monitoring }) => monitoring.base(payload)],
  ['SetMonitoringLevel', (payload, { monitoring }) => monitoring.level(payload)],
  ['GetMonitoringReport', monitoringReport],
  ['PublishFirmware', (payload, { firmware }) => firmware?.publish(payload) ?? NO_CACHE],
  ['UnpublishFirmware', (payload, { firmware }) => firmware?.unpublish(payload) ?? NO_CACHE],
]);

/** The controller's answer to a call of the CSMS (error codes: OCPP-J 2.1 §4.3). */
export const stationAnswer = (
  action: string,
  payload: unknown,
  desk: StationDesk,
): CallAnswer | Promise<CallAnswer> => {
  const answer = (desk.version === '1.6' ? ACTIONS_16 : ACTIONS_2X).get(action);
  if (desk.version !== '1.6' && tooManyItems(payload)) return TOO_MANY;
  if (answer !== undefined) return answer(readObject(payload), desk);
  const description = `a controller without connectors has no ${action}`;
  return {
    errorCode: isKnown(desk.version, action) ? 'NotSupported' : 'NotImplemented',
    description,
  };
};

const TOO_MANY: CallAnswer = {
  errorCode: 'OccurrenceConstraintViolation',
  description: 'more items than DeviceDataCtrlr.ItemsPerMessage',
};

/** Whether the version has such a message at all. */
const isKnown = (version: OcppVersion, action: string): boolean =>
  downRule(familyOf(version), action) !== undefined &&
  (version !== '2.0.1' || !ONLY_IN_21.has(action));
