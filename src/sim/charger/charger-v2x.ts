import { timestamp } from '../../core/time.ts';
import { type Payload, readInteger, readList, readObject, readText } from '../../ocpp/payload.ts';
import type { CsmsAnswer } from './charger-conduct.ts';
import type { ChargerDeeds } from './charger-deeds.ts';

type Answer = (request: Payload, deeds: ChargerDeeds) => CsmsAnswer;

const status = (value: string, reasonCode?: string): CsmsAnswer => ({
  result: {
    status: value,
    ...(reasonCode === undefined ? {} : { statusInfo: { reasonCode } }),
  },
});
const yesOrNo = (yes: boolean): CsmsAnswer => status(yes ? 'Accepted' : 'Rejected');
const evseOf = (value: unknown): number | undefined => readInteger(readObject(value)['id']);

/** "Component.Variable" of a GetVariables or SetVariables entry. */
const nameOf = (entry: Payload): string =>
  `${readText(readObject(entry['component'])['name']) ?? ''}.` +
  `${readText(readObject(entry['variable'])['name']) ?? ''}`;
const placeOf = ({ component, variable }: Payload): object => ({ component, variable });

/** Variables in one NotifyReport. */
const REPORT_MOST = 4;

const baseReport = (requestId: number, deeds: ChargerDeeds): void => {
  const settings = deeds.parts.settings.all();
  for (let at = 0; at < settings.length; at += REPORT_MOST) {
    deeds.say('NotifyReport', {
      requestId,
      generatedAt: timestamp(deeds.wallMs()),
      seqNo: at / REPORT_MOST,
      tbc: at + REPORT_MOST < settings.length,
      reportData: settings.slice(at, at + REPORT_MOST).map(({ name, value, readonly }) => ({
        component: { name: name.split('.')[0] },
        variable: { name: name.split('.')[1] },
        variableAttribute: [{ value, mutability: readonly ? 'ReadOnly' : 'ReadWrite' }],
      })),
    });
  }
};

/** Answers of a 2.0.1 or 2.1 charger to its CSMS, by action. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  GetVariables: (request, { parts: { settings } }) => ({
    result: {
      getVariableResult: readList(request['getVariableData']).map((value) => {
        const asked = readObject(value);
        const found = settings.find(nameOf(asked));
        return found === undefined
          ? { attributeStatus: 'UnknownVariable', ...placeOf(asked) }
          : { attributeStatus: 'Accepted', attributeValue: found.value, ...placeOf(asked) };
      }),
    },
  }),
  SetVariables: (request, { parts: { settings } }) => ({
    result: {
      setVariableResult: readList(request['setVariableData']).map((value) => {
        const asked = readObject(value);
        const changed = settings.change(nameOf(asked), readText(asked['attributeValue']) ?? '');
        const attributeStatus = changed === 'Unknown' ? 'UnknownVariable' : changed;
        return { attributeStatus, ...placeOf(asked) };
      }),
    },
  }),
  GetBaseReport: (request, deeds) => ({
    result: { status: 'Accepted' },
    afterwards: () => baseReport(readInteger(request['requestId']) ?? 0, deeds),
  }),
  Reset: (_request, deeds) => ({
    result: { status: 'Accepted' },
    afterwards: () => deeds.reset(),
  }),
  TriggerMessage: (request, deeds) => {
    const message = readText(request['requestedMessage']) ?? '';
    const afterwards = deeds.trigger(message, evseOf(request['evse']));
    if (afterwards === undefined) return status('NotImplemented');
    return { result: { status: 'Accepted' }, afterwards };
  },
  RequestStartTransaction: (request, deeds) =>
    yesOrNo(
      deeds.start({
        connector: readInteger(request['evseId']),
        idTag: readText(readObject(request['idToken'])['idToken']) ?? '',
        profile: request['chargingProfile'],
        remoteStartId: readInteger(request['remoteStartId']),
      }),
    ),
  RequestStopTransaction: (request, deeds) =>
    yesOrNo(deeds.stop(readText(request['transactionId']) ?? '')),
  GetTransactionStatus: (request, deeds) => {
    const id = readText(request['transactionId']);
    const messagesInQueue = deeds.holdsMessages();
    if (id === undefined) return { result: { messagesInQueue } };
    const connectors = Array.from({ length: deeds.connectors }, (_, i) => i + 1);
    const ongoingIndicator = connectors.some((c) => deeds.transactionAt(c)?.id === id);
    return { result: { messagesInQueue, ongoingIndicator } };
  },
  UnlockConnector: (request, deeds) => {
    const evse = readInteger(request['evseId']) ?? 0;
    if (evse < 1 || evse > deeds.connectors) return status('UnknownConnector');
    if (deeds.transactionAt(evse) !== undefined) return status('OngoingAuthorizedTransaction');
    return status('Unlocked');
  },
  ChangeAvailability: (request, deeds) => {
    const evse = evseOf(request['evse']) ?? 0;
    if (evse > deeds.connectors) return status('Rejected');
    return status(deeds.setOperative(evse, request['operationalStatus'] === 'Operative'));
  },
  SetChargingProfile: (request, deeds) => {
    const verdict = deeds.setProfile(request);
    return status(verdict.status, verdict.reason);
  },
  ClearChargingProfile: (request, { parts: { profiles } }) => status(profiles.clear(request)),
  GetChargingProfiles: (request, deeds) => {
    const found = deeds.parts.profiles.reported(request);
    if (found.size === 0) return status('NoProfiles');
    const requestId = readInteger(request['requestId']) ?? 0;
    return {
      result: { status: 'Accepted' },
      afterwards: () => {
        let left = found.size;
        for (const [evseId, chargingProfile] of found) {
          left -= 1;
          deeds.say('ReportChargingProfiles', {
            requestId,
            chargingLimitSource: 'CSO',
            evseId,
            chargingProfile,
            ...(left > 0 ? { tbc: true } : {}),
          });
        }
      },
    };
  },
  GetCompositeSchedule: (request, deeds) => {
    const evseId = readInteger(request['evseId']);
    const composite = deeds.composite(evseId, request);
    if (composite === undefined) return status('Rejected', 'UnknownEvse');
    const { at, ...schedule } = composite;
    return { result: { status: 'Accepted', schedule: { ...schedule, evseId, scheduleStart: at } } };
  },
  SendLocalList: (request, { parts: { localList } }) => status(localList.update(request)),
  GetLocalListVersion: (_request, { parts: { localList } }) => ({
    result: { versionNumber: localList.version },
  }),
  ClearCache: () => status('Accepted'),
  DataTransfer: () => status('UnknownVendorId'),
};

export const answerCsms2x = (
  action: string,
  request: Payload,
  deeds: ChargerDeeds,
): CsmsAnswer | undefined =>
  Object.hasOwn(ANSWERS, action) ? ANSWERS[action]?.(request, deeds) : undefined;
