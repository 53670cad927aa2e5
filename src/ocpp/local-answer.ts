import { timestamp } from '../core/time.ts';
import { type Token, type TokenVerdict, tokenIn, verdictPayload } from './authorization.ts';
import { isPayload, readInteger, readList, readObject, readText } from './payload.ts';
import type { OcppVersion } from './version.ts';

/** What the gateway knows when it answers in place of the CSMS. */
export interface LocalContext {
  readonly nowWallMs: number;
  /** False after a power cut without a clock: a wrong time is worse than none. */
  readonly clockTrusted: boolean;
  /** Heartbeat interval of the last boot that this CSMS accepted; undefined: it never did. */
  readonly acceptedIntervalSeconds?: number;
  readonly unknownBoot: 'pending' | 'reject';
  readonly verdict: (token: Token) => TokenVerdict;
  /** A transaction id of our own for a 1.6 charger. */
  readonly newTransactionId: () => number;
}

/** How the gateway stands in for the CSMS. */
export type LocalAnswer =
  /** Answered only after the message is on disk; it is delivered later, in order. */
  | { readonly keep: 'queue'; readonly payload: object; readonly transactionId?: number }
  /** Answered at once; only the newest under this key is delivered later. */
  | { readonly keep: 'latest'; readonly key: string; readonly payload: object }
  /** Answered at once and over. */
  | { readonly keep: 'nothing'; readonly payload: object }
  /** An honest failure: nobody but the CSMS can answer this. */
  | { readonly keep: 'error'; readonly code: string; readonly description: string };

/** A charger that is told to wait asks again after this long. */
const PENDING_INTERVAL_SECONDS = 60;

type Answer = (payload: unknown, context: LocalContext) => LocalAnswer;

const nothing = (payload: object): LocalAnswer => ({ keep: 'nothing', payload });
const queue = (payload: object): LocalAnswer => ({ keep: 'queue', payload });
const failure = (description: string): LocalAnswer => ({
  keep: 'error',
  code: 'InternalError',
  description,
});

const boot: Answer = (_payload, context) => {
  const { acceptedIntervalSeconds, clockTrusted, nowWallMs, unknownBoot } = context;
  const currentTime = timestamp(nowWallMs);
  if (acceptedIntervalSeconds !== undefined && clockTrusted) {
    return nothing({ status: 'Accepted', currentTime, interval: acceptedIntervalSeconds });
  }
  const status = unknownBoot === 'reject' ? 'Rejected' : 'Pending';
  return nothing({ status, currentTime, interval: PENDING_INTERVAL_SECONDS });
};

const heartbeat: Answer = (_payload, { clockTrusted, nowWallMs }) =>
  clockTrusted
    ? nothing({ currentTime: timestamp(nowWallMs) })
    : failure('the time is not known while the CSMS is away');

const infoOf = (version: OcppVersion, payload: unknown, context: LocalContext): object => {
  const token = tokenIn(version, payload) ?? { id: '' };
  return verdictPayload(version, context.verdict(token));
};

const start16: Answer = (payload, context) => {
  const transactionId = context.newTransactionId();
  const idTagInfo = infoOf('1.6', payload, context);
  return { keep: 'queue', payload: { transactionId, idTagInfo }, transactionId };
};

const stop16: Answer = (payload, context) =>
  queue(
    tokenIn('1.6', payload) === undefined ? {} : { idTagInfo: infoOf('1.6', payload, context) },
  );

/** A contract certificate cannot be checked here (C07). */
const authorize2x: Answer = (payload, context) => {
  const { certificate, iso15118CertificateHashData } = readObject(payload);
  return certificate !== undefined || iso15118CertificateHashData !== undefined
    ? failure('certificates cannot be checked while the CSMS is away')
    : nothing({ idTokenInfo: infoOf('2.0.1', payload, context) });
};

const event2x: Answer = (payload, context) =>
  queue(
    isPayload(readObject(payload)['idToken'])
      ? { idTokenInfo: infoOf('2.0.1', payload, context) }
      : {},
  );

/** Under which key only the newest is kept, by action: a state that later ones of it replace. */
type Keys = Readonly<Record<string, (payload: unknown) => string>>;

const statusKey = (payload: unknown): string => {
  const { evseId, connectorId } = readObject(payload);
  return `${readInteger(evseId) ?? 0} ${readInteger(connectorId) ?? 0}`;
};

/** Events of the same variables replace each other, as far as they came in one message. */
const eventKey = (payload: unknown): string =>
  readList(readObject(payload)['eventData'])
    .map((each) => {
      const { component, variable } = readObject(each);
      const { name, evse } = readObject(component);
      const place = readInteger(readObject(evse)['id']) ?? 0;
      return `${readText(name) ?? ''} ${place} ${readText(readObject(variable)['name']) ?? ''}`;
    })
    .join();

/** A limit from outside and its end are two states, heard in their order (K11 to K13). */
const limitKey = (payload: unknown): string => {
  const { evseId, chargingLimitSource, chargingLimit } = readObject(payload);
  const source = chargingLimitSource ?? readObject(chargingLimit)['chargingLimitSource'];
  return `${readInteger(evseId) ?? 0} ${readText(source) ?? ''}`;
};

const reservationKey = (payload: unknown): string =>
  `${readInteger(readObject(payload)['reservationId']) ?? 0}`;
const alone = (): string => '';

const STATES: Keys = {
  FirmwareStatusNotification: alone,
  LogStatusNotification: alone,
  StatusNotification: statusKey,
};
const STATES_16: Keys = {
  ...STATES,
  DiagnosticsStatusNotification: alone,
  SignedFirmwareStatusNotification: alone,
};
const STATES_2X: Keys = {
  ...STATES,
  ClearedChargingLimit: limitKey,
  NotifyChargingLimit: limitKey,
  NotifyEvent: eventKey,
  PublishFirmwareStatusNotification: alone,
  ReservationStatusUpdate: reservationKey,
};

/** Whether only the newest of what a message tells of is kept. */
export const tellsState = (version: OcppVersion, action: string): boolean =>
  Object.hasOwn(version === '1.6' ? STATES_16 : STATES_2X, action);

const kept = (keys: Keys): readonly (readonly [string, Answer])[] =>
  Object.entries(keys).map(([action, keyOf]) => [
    action,
    (payload) => ({ keep: 'latest', key: `${action} ${keyOf(payload)}`, payload: {} }),
  ]);

const COMMON: readonly (readonly [string, Answer])[] = [
  ['BootNotification', boot],
  ['Heartbeat', heartbeat],
  ['MeterValues', () => queue({})],
  ['SecurityEventNotification', () => queue({})],
  ['DataTransfer', () => nothing({ status: 'Rejected' })],
  ['SignCertificate', () => nothing({ status: 'Rejected' })],
];

const ANSWERS_16: ReadonlyMap<string, Answer> = new Map([
  ...COMMON,
  ...kept(STATES_16),
  ['Authorize', (payload, context) => nothing({ idTagInfo: infoOf('1.6', payload, context) })],
  ['StartTransaction', start16],
  ['StopTransaction', stop16],
]);

const ANSWERS_2X: ReadonlyMap<string, Answer> = new Map([
  ...COMMON,
  ...kept(STATES_2X),
  ['Authorize', authorize2x],
  ['TransactionEvent', event2x],
  ['Get15118EVCertificate', () => nothing({ status: 'Failed', exiResponse: '' })],
  ['GetCertificateStatus', () => nothing({ status: 'Failed' })],
  ['NotifyEVChargingNeeds', () => nothing({ status: 'Rejected' })],
  ['NotifyEVChargingSchedule', () => nothing({ status: 'Rejected' })],
]);

const ANSWERS_21: ReadonlyMap<string, Answer> = new Map([
  ...ANSWERS_2X,
  ['NotifySettlement', () => queue({})],
  ['BatterySwap', () => queue({})],
]);
const ANSWERS = { '1.6': ANSWERS_16, '2.0.1': ANSWERS_2X, '2.1': ANSWERS_21 } as const;

/**
 * The answer to a charger's CALL while the CSMS is away (2.1 part 4 §6.3; for 2.0.1 and 1.6 a
 * documented choice). What only the CSMS can know fails honestly and is never accepted.
 */
export const localAnswer = (
  version: OcppVersion,
  action: string,
  payload: unknown,
  context: LocalContext,
): LocalAnswer => {
  const answer = ANSWERS[version].get(action);
  return answer === undefined ? failure('the CSMS is unreachable') : answer(payload, context);
};
