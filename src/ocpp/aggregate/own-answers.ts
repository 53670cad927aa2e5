import { type Payload, readInteger, readList, readObject, readText } from '../payload.ts';
import type { OcppVersion } from '../version.ts';
import type { Family } from './rules.ts';

/** What the station says of itself. */
export interface StationFacts {
  readonly version: OcppVersion;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  readonly firmware: string;
  readonly outlets: number;
  readonly heartbeatSeconds: number;
}

/** BootNotification of the station. */
export const bootOf = (facts: StationFacts): Payload => {
  const { version, vendor, model, serial, firmware } = facts;
  return version === '1.6'
    ? {
        chargePointVendor: vendor.slice(0, 20),
        chargePointModel: model.slice(0, 20),
        firmwareVersion: firmware.slice(0, 50),
        ...(serial === undefined ? {} : { chargePointSerialNumber: serial.slice(0, 25) }),
      }
    : {
        reason: 'PowerUp',
        chargingStation: {
          vendorName: vendor.slice(0, 50),
          model: model.slice(0, 20),
          firmwareVersion: firmware.slice(0, 50),
          ...(serial === undefined ? {} : { serialNumber: serial.slice(0, 25) }),
        },
      };
};

/** Keys of a 1.6 station; all are read-only. */
const keysOf = (facts: StationFacts): ReadonlyMap<string, string> =>
  new Map([
    ['NumberOfConnectors', String(facts.outlets)],
    ['HeartbeatInterval', String(facts.heartbeatSeconds)],
    [
      'SupportedFeatureProfiles',
      'Core,LocalAuthListManagement,Reservation,RemoteTrigger,SmartCharging',
    ],
    ['AuthorizeRemoteTxRequests', 'true'],
    ['ChargePointVendor', facts.vendor],
    ['ChargePointModel', facts.model],
  ]);

/** The same for 2.x, as Component.Variable. */
const variablesOf = (facts: StationFacts): ReadonlyMap<string, string> =>
  new Map([
    ['OCPPCommCtrlr.HeartbeatInterval', String(facts.heartbeatSeconds)],
    ['ChargingStation.VendorName', facts.vendor],
    ['ChargingStation.Model', facts.model],
    ['ChargingStation.SerialNumber', facts.serial ?? ''],
    ['ChargingStation.EVSECount', String(facts.outlets)],
  ]);

type Answer = (request: Payload, facts: StationFacts) => Payload;

const getConfiguration: Answer = (request, facts) => {
  const keys = keysOf(facts);
  const asked = readList(request['key']).map((key) => readText(key, 50) ?? '');
  const names = asked.length === 0 ? [...keys.keys()] : asked.filter((key) => keys.has(key));
  const unknownKey = asked.filter((key) => !keys.has(key));
  return {
    configurationKey: names.map((key) => ({ key, readonly: true, value: keys.get(key) })),
    ...(unknownKey.length === 0 ? {} : { unknownKey }),
  };
};

const nameOf = (entry: Payload): string => {
  const component = readText(readObject(entry['component'])['name']) ?? '';
  return `${component}.${readText(readObject(entry['variable'])['name']) ?? ''}`;
};

const knowsComponent = (variables: ReadonlyMap<string, string>, name: string): boolean =>
  [...variables.keys()].some((known) => known.split('.')[0] === name.split('.')[0]);

const getVariables: Answer = (request, facts) => {
  const variables = variablesOf(facts);
  return {
    getVariableResult: readList(request['getVariableData']).map((each) => {
      const entry = readObject(each);
      const { component, variable } = entry;
      const value = variables.get(nameOf(entry));
      const unknown = knowsComponent(variables, nameOf(entry))
        ? 'UnknownVariable'
        : 'UnknownComponent';
      return value === undefined || value === ''
        ? { attributeStatus: unknown, component, variable }
        : { attributeStatus: 'Accepted', attributeValue: value, component, variable };
    }),
  };
};

const setVariables: Answer = (request, facts) => {
  const variables = variablesOf(facts);
  return {
    setVariableResult: readList(request['setVariableData']).map((each) => {
      const entry = readObject(each);
      const { component, variable } = entry;
      const known = variables.has(nameOf(entry));
      const unknown = knowsComponent(variables, nameOf(entry))
        ? 'UnknownVariable'
        : 'UnknownComponent';
      return { attributeStatus: known ? 'Rejected' : unknown, component, variable };
    }),
  };
};

const ANSWERS: Readonly<Record<Family, Readonly<Record<string, Answer>>>> = {
  '1.6': {
    GetConfiguration: getConfiguration,
    ChangeConfiguration: (request, facts) => ({
      status: keysOf(facts).has(readText(request['key']) ?? '') ? 'Rejected' : 'NotSupported',
    }),
  },
  '2.x': {
    GetBaseReport: () => ({ status: 'NotSupported' }),
    GetVariables: getVariables,
    SetVariables: setVariables,
  },
};

/** The station's own answer. Undefined: it has none for this action. */
export const ownAnswer = (
  family: Family,
  action: string,
  request: Payload,
  facts: StationFacts,
): Payload | undefined =>
  Object.hasOwn(ANSWERS[family], action) ? ANSWERS[family][action]?.(request, facts) : undefined;

/** Messages of its own that a CSMS can ask the station for, whatever the version. */
export const OWN_TRIGGERS: ReadonlySet<string> = new Set(['BootNotification', 'Heartbeat']);

/** The heartbeat interval of an accepted boot, in seconds. */
export const intervalOf = (answer: Payload): number =>
  Math.min(86_400, Math.max(1, readInteger(answer['interval']) || 300));
