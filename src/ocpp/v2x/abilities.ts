import { type Payload, readList, readObject, readText } from '../payload.ts';

/** Attribute values may be long lists (2.x: up to 2500 characters). */
const VALUE_MOST = 2_500;

/**
 * Component variables, few per call: a charger may refuse more at once than its
 * DeviceDataCtrlr.ItemsPerMessage, and a refused call leaves the other one.
 */
const VARIABLES: readonly (readonly (readonly [component: string, variable: string])[])[] = [
  [
    ['SmartChargingCtrlr', 'Enabled'],
    ['SmartChargingCtrlr', 'ProfileStackLevel'],
    ['SmartChargingCtrlr', 'RateUnit'],
    ['SmartChargingCtrlr', 'PeriodsPerSchedule'],
    ['SmartChargingCtrlr', 'LimitChangeSignificance'],
  ],
  [
    ['SmartChargingCtrlr', 'Phases3to1'],
    ['SmartChargingCtrlr', 'ACPhaseSwitchingSupported'],
    ['SampledDataCtrlr', 'TxUpdatedInterval'],
    ['SampledDataCtrlr', 'TxUpdatedMeasurands'],
  ],
  // How it would authorise by itself: for the time when the CSMS is away.
  [
    ['AuthCtrlr', 'LocalAuthorizeOffline'],
    ['AuthCtrlr', 'OfflineTxForUnknownIdEnabled'],
    ['LocalAuthListCtrlr', 'Enabled'],
    ['AuthCacheCtrlr', 'Enabled'],
    ['TxCtrlr', 'StopTxOnInvalidId'],
  ],
];

export const ABILITY_CALLS_2X = VARIABLES.map((variables) => ({
  action: 'GetVariables',
  payload: {
    getVariableData: variables.map(([component, variable]) => ({
      component: { name: component },
      variable: { name: variable },
    })),
  },
}));

/** Values by "component.variable" in lower case; names are compared without regard to case. */
export const abilityValues2x = (answers: readonly unknown[]): ReadonlyMap<string, string> =>
  new Map(
    answers
      .flatMap((answer) => readList(readObject(answer)['getVariableResult']))
      .flatMap((entry) => nameAndValue(readObject(entry))),
  );

const nameAndValue = (result: Payload): readonly (readonly [string, string])[] => {
  const component = readText(readObject(result['component'])['name']);
  const variable = readText(readObject(result['variable'])['name']);
  const value = readText(result['attributeValue'], VALUE_MOST);
  const refused = (result['attributeStatus'] ?? 'Accepted') !== 'Accepted';
  if (component === undefined || variable === undefined || value === undefined || refused)
    return [];
  return [[`${component}.${variable}`.toLowerCase(), value]];
};
