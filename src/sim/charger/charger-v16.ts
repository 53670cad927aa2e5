import { type Payload, readInteger, readList, readText } from '../../ocpp/payload.ts';
import type { CsmsAnswer } from './charger-conduct.ts';
import type { ChargerDeeds } from './charger-deeds.ts';

type Answer = (request: Payload, deeds: ChargerDeeds) => CsmsAnswer;

const status = (value: string): CsmsAnswer => ({ result: { status: value } });
const yesOrNo = (yes: boolean): CsmsAnswer => status(yes ? 'Accepted' : 'Rejected');

/** Answers of a 1.6 charger to its CSMS, by action. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  GetConfiguration: (request, { parts: { settings } }) => {
    const asked = readList(request['key']).map((key) => readText(key) ?? '');
    const found = asked.length === 0 ? settings.all() : asked.map((key) => settings.find(key));
    return {
      result: {
        configurationKey: found
          .filter((setting) => setting !== undefined)
          .map(({ name, value, readonly }) => ({ key: name, readonly, value })),
        unknownKey: asked.filter((key) => settings.find(key) === undefined),
      },
    };
  },
  ChangeConfiguration: (request, { parts: { settings, profiles, terminals } }) => {
    const key = readText(request['key']) ?? '';
    if (key === 'PowerLimit') {
      const known = profiles.setByVendor(
        'configuration',
        readText(request['value']) ?? '',
        terminals,
      );
      return status(known ? 'Accepted' : 'NotSupported');
    }
    const changed = settings.change(key, readText(request['value']) ?? '');
    return status(changed === 'Unknown' ? 'NotSupported' : changed);
  },
  Reset: (_request, deeds) => ({
    result: { status: 'Accepted' },
    afterwards: () => deeds.reset(),
  }),
  TriggerMessage: (request, deeds) => {
    const message = readText(request['requestedMessage']) ?? '';
    const afterwards = deeds.trigger(message, readInteger(request['connectorId']));
    if (afterwards === undefined) return status('NotImplemented');
    return { result: { status: 'Accepted' }, afterwards };
  },
  RemoteStartTransaction: (request, deeds) =>
    yesOrNo(
      deeds.start({
        connector: readInteger(request['connectorId']),
        idTag: readText(request['idTag']) ?? '',
        profile: request['chargingProfile'],
        remoteStartId: undefined,
      }),
    ),
  RemoteStopTransaction: (request, deeds) =>
    yesOrNo(deeds.stop(String(readInteger(request['transactionId']) ?? ''))),
  UnlockConnector: (request, deeds) => {
    const connector = readInteger(request['connectorId']) ?? 0;
    if (connector < 1 || connector > deeds.connectors) return status('NotSupported');
    return { result: { status: 'Unlocked' }, afterwards: () => deeds.unlock(connector) };
  },
  ChangeAvailability: (request, deeds) => {
    const connector = readInteger(request['connectorId']) ?? 0;
    if (connector > deeds.connectors) return status('Rejected');
    return status(deeds.setOperative(connector, request['type'] === 'Operative'));
  },
  SetChargingProfile: (request, deeds) => status(deeds.setProfile(request).status),
  ClearChargingProfile: (request, { parts: { profiles } }) => status(profiles.clear(request)),
  GetCompositeSchedule: (request, deeds) => {
    const connector = readInteger(request['connectorId']);
    const composite = deeds.composite(connector, request);
    if (composite === undefined) return status('Rejected');
    const { at, ...schedule } = composite;
    return {
      result: {
        status: 'Accepted',
        connectorId: connector,
        scheduleStart: at,
        chargingSchedule: { ...schedule, startSchedule: at },
      },
    };
  },
  SendLocalList: (request, { parts: { localList } }) => status(localList.update(request)),
  GetLocalListVersion: (_request, { parts: { localList } }) => ({
    result: { listVersion: localList.version },
  }),
  ClearCache: () => status('Accepted'),
  DataTransfer: (request, { parts: { profiles, terminals } }) => {
    const data = readText(request['data']) ?? '';
    const known = profiles.setByVendor('data-transfer', data, terminals);
    return status(known ? 'Accepted' : 'UnknownVendorId');
  },
};

export const answerCsms16 = (
  action: string,
  request: Payload,
  deeds: ChargerDeeds,
): CsmsAnswer | undefined =>
  Object.hasOwn(ANSWERS, action) ? ANSWERS[action]?.(request, deeds) : undefined;
