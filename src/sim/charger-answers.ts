import { readInteger, readObject, readText } from '../ocpp/payload.ts';
import type { OcppVersion } from '../ocpp/version.ts';

export type CsmsAnswer =
  | { readonly result: object; readonly afterwards?: () => void }
  | { readonly error: string };

/** What a simulated charger can do when its CSMS asks. */
export interface ChargerDeeds {
  readonly version: OcppVersion;
  readonly meterIntervalSeconds: number;
  reboot(): void;
  /** Sends status and meter values of one connector, or of all. */
  report(connector: number | undefined): void;
  /** False: no such transaction. */
  stop(transactionId: string): boolean;
  /** False: no car waits there. */
  start(connector: number | undefined, idTag: string): boolean;
}

/** Answers the calls of a CSMS that are not about charging profiles. */
export const answerCsms = (action: string, payload: unknown, deeds: ChargerDeeds): CsmsAnswer => {
  const request = readObject(payload);
  switch (action) {
    case 'GetConfiguration':
      return { result: { configurationKey: configuration(deeds), unknownKey: [] } };
    case 'GetVariables':
      return { result: { getVariableResult: variables(request, deeds) } };
    case 'Reset':
      return { result: { status: 'Accepted' }, afterwards: () => deeds.reboot() };
    case 'TriggerMessage': {
      const evse = readInteger(readObject(request['evse'])['id']);
      const connector = readInteger(request['connectorId']) ?? evse;
      return { result: { status: 'Accepted' }, afterwards: () => deeds.report(connector) };
    }
    case 'RemoteStopTransaction':
    case 'RequestStopTransaction': {
      const id = request['transactionId'];
      const stopped = deeds.stop(typeof id === 'number' ? String(id) : (readText(id) ?? ''));
      return { result: { status: stopped ? 'Accepted' : 'Rejected' } };
    }
    case 'RemoteStartTransaction': {
      const started = deeds.start(
        readInteger(request['connectorId']),
        readText(request['idTag']) ?? '',
      );
      return { result: { status: started ? 'Accepted' : 'Rejected' } };
    }
    case 'RequestStartTransaction': {
      const token = readText(readObject(request['idToken'])['idToken']) ?? '';
      const started = deeds.start(readInteger(request['evseId']), token);
      return { result: { status: started ? 'Accepted' : 'Rejected' } };
    }
    case 'ChangeConfiguration':
    case 'ChangeAvailability':
    case 'ClearCache':
    case 'SendLocalList':
      return { result: { status: 'Accepted' } };
    case 'UnlockConnector':
      return { result: { status: 'Unlocked' } };
    case 'GetLocalListVersion':
      return { result: deeds.version === '1.6' ? { listVersion: 0 } : { versionNumber: 0 } };
    case 'DataTransfer':
      return { result: { status: 'UnknownVendorId' } };
    default:
      return { error: 'NotImplemented' };
  }
};

const configuration = ({ meterIntervalSeconds }: ChargerDeeds): readonly object[] =>
  [
    ['ChargeProfileMaxStackLevel', '8'],
    ['ChargingScheduleAllowedChargingRateUnit', 'Current,Power'],
    ['ChargingScheduleMaxPeriods', '24'],
    ['MaxChargingProfilesInstalled', '8'],
    ['MeterValueSampleInterval', String(meterIntervalSeconds)],
  ].map(([key, value]) => ({ key, readonly: true, value }));

const VARIABLES: Readonly<Record<string, string>> = {
  ProfileStackLevel: '8',
  RateUnit: 'A,W',
  PeriodsPerSchedule: '24',
};

const variables = (
  request: Readonly<Record<string, unknown>>,
  { meterIntervalSeconds }: ChargerDeeds,
): readonly object[] =>
  (Array.isArray(request['getVariableData']) ? request['getVariableData'] : []).map((asked) => {
    const { component, variable } = readObject(asked);
    const name = readText(readObject(variable)['name']) ?? '';
    const value = name === 'TxUpdatedInterval' ? String(meterIntervalSeconds) : VARIABLES[name];
    return value === undefined
      ? { attributeStatus: 'UnknownVariable', component, variable }
      : { attributeStatus: 'Accepted', attributeValue: value, component, variable };
  });
