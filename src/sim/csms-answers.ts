import { timestamp } from '../core/time.ts';
import { type Payload, readInteger, readList, readObject, readText } from '../ocpp/payload.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { CsmsConduct } from './csms.ts';

/** What a simulated CSMS keeps about transactions of 1.6, whose ids it gives out. */
export interface CsmsBooks {
  nextTransactionId: number;
  /** Id by the content of its StartTransaction: a repeated start gets the same one. */
  readonly starts: Map<string, number>;
  /** Charger by transaction id. */
  readonly given: Map<number, string>;
}

export interface ChargerCall {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly action: string;
  readonly payload: Payload;
  readonly conduct: CsmsConduct;
  readonly books: CsmsBooks;
  readonly wallMs: number;
}

export interface CsmsReply {
  /** Absent: the action is not known. */
  readonly result?: object;
  /** What is wrong with the call although it is answered. */
  readonly problem?: string;
}

/** Calls that are answered with an empty object in every version. */
const NOTED = new Set([
  'StatusNotification',
  'FirmwareStatusNotification',
  'DiagnosticsStatusNotification',
  'LogStatusNotification',
  'SecurityEventNotification',
  'SignedFirmwareStatusNotification',
  'NotifyEvent',
  'NotifyReport',
  'NotifyMonitoringReport',
  'NotifyChargingLimit',
  'ClearedChargingLimit',
  'ReportChargingProfiles',
  'NotifyCustomerInformation',
  'NotifyDisplayMessages',
  'NotifyPriorityCharging',
  'PublishFirmwareStatusNotification',
  'ReservationStatusUpdate',
]);

const vendorStatus = ({ payload, conduct }: ChargerCall): string =>
  conduct.vendors.has(readText(payload['vendorId']) ?? '') ? 'Accepted' : 'UnknownVendorId';

/** The answer of a CSMS to a charger's call. */
export const answerCharger = (call: ChargerCall): CsmsReply => {
  const { action, conduct, wallMs } = call;
  const now = timestamp(wallMs);
  switch (action) {
    case 'BootNotification':
      return {
        result: {
          status: conduct.bootStatus,
          currentTime: now,
          interval: conduct.heartbeatSeconds,
        },
      };
    case 'Heartbeat':
      return { result: { currentTime: now } };
    case 'Authorize':
      return { result: authorized(call) };
    case 'StartTransaction':
      return startTransaction(call);
    case 'StopTransaction':
      return stopTransaction(call);
    case 'MeterValues':
      return meterValues(call);
    case 'TransactionEvent':
      return { result: tokenOf(call) === undefined ? {} : authorized(call) };
    case 'DataTransfer':
      return { result: { status: vendorStatus(call) } };
    case 'NotifyEVChargingNeeds':
      return { result: { status: 'Rejected' } };
    case 'NotifyEVChargingSchedule':
      return { result: { status: 'Accepted' } };
    case 'PullDynamicScheduleUpdate':
      return { result: pulled(call) };
    default:
      return NOTED.has(action) ? { result: {} } : {};
  }
};

const pulled = ({ conduct }: ChargerCall): object =>
  conduct.dynamicAmps === undefined
    ? { status: 'Rejected' }
    : { status: 'Accepted', scheduleUpdate: { limit: conduct.dynamicAmps } };

const tokenOf = ({ payload }: ChargerCall): string | undefined =>
  readText(payload['idTag']) ?? readText(readObject(payload['idToken'])['idToken']);

const authorized = (call: ChargerCall): object => {
  const status = call.conduct.blockedTags.has(tokenOf(call) ?? '') ? 'Blocked' : 'Accepted';
  return call.version === '1.6' ? { idTagInfo: { status } } : { idTokenInfo: { status } };
};

const startTransaction = (call: ChargerCall): CsmsReply => {
  const { books, charger, payload } = call;
  const content = `${charger} ${JSON.stringify(payload)}`;
  const transactionId = books.starts.get(content) ?? books.nextTransactionId;
  if (transactionId === books.nextTransactionId) books.nextTransactionId += 1;
  books.starts.set(content, transactionId);
  books.given.set(transactionId, charger);
  return { result: { transactionId, ...authorized(call) } };
};

const stopTransaction = (call: ChargerCall): CsmsReply => {
  const problem = strangeId(call);
  const result = tokenOf(call) === undefined ? {} : authorized(call);
  return problem === undefined ? { result } : { result, problem };
};

const meterValues = (call: ChargerCall): CsmsReply => {
  const empty = readList(call.payload['meterValue']).length === 0;
  const problem = empty ? 'MeterValues without a value' : strangeId(call);
  return problem === undefined ? { result: {} } : { result: {}, problem };
};

/** A 1.6 transaction id that this CSMS never gave to this charger. */
const strangeId = ({ version, charger, action, payload, books }: ChargerCall) => {
  const id = readInteger(payload['transactionId']);
  if (version !== '1.6' || id === undefined || books.given.get(id) === charger) return undefined;
  return `${action} of transaction ${id}, which is not one of this charger`;
};
