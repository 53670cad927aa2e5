import { type Payload, readList, readObject, readText } from '../payload.ts';

/** A configuration value of 1.6 has at most 500 characters. */
const VALUE_MOST = 500;

/**
 * Configuration keys of 1.6 (§9), few per call: a charger may refuse more keys at once than its
 * GetConfigurationMaxKeys, and a refused call leaves the other one.
 */
const KEYS: readonly (readonly string[])[] = [
  [
    'ChargeProfileMaxStackLevel',
    'ChargingScheduleAllowedChargingRateUnit',
    'ChargingScheduleMaxPeriods',
    'MaxChargingProfilesInstalled',
    'ConnectorSwitch3to1PhaseSupported',
  ],
  [
    'MeterValueSampleInterval',
    'MeterValuesSampledData',
    'NumberOfConnectors',
    'SupportedFeatureProfiles',
  ],
  // How it would authorise by itself: for the time when the CSMS is away.
  [
    'LocalAuthorizeOffline',
    'AllowOfflineTxForUnknownId',
    'LocalAuthListEnabled',
    'AuthorizationCacheEnabled',
    'StopTransactionOnInvalidId',
  ],
];

export const ABILITY_CALLS_16 = KEYS.map((keys) => ({
  action: 'GetConfiguration',
  payload: { key: keys },
}));

/** Values by key in lower case: chargers differ in the case of keys. */
export const abilityValues16 = (answers: readonly unknown[]): ReadonlyMap<string, string> =>
  new Map(
    answers
      .flatMap((answer) => readList(readObject(answer)['configurationKey']))
      .flatMap((entry) => keyAndValue(readObject(entry))),
  );

const keyAndValue = (entry: Payload): readonly (readonly [string, string])[] => {
  const key = readText(entry['key'])?.trim().toLowerCase();
  const value = readText(entry['value'], VALUE_MOST);
  return key === undefined || value === undefined ? [] : [[key, value]];
};
