import { type Abilities, UNKNOWN_ABILITIES } from '../core/charger-state.ts';
import { optional, readInteger, readList, readObject, readText } from './payload.ts';
import type { OcppVersion } from './version.ts';

/** 1.6 configuration keys (§9.4 and the smart-charging profile). */
const KEYS_16 = [
  'ChargeProfileMaxStackLevel',
  'ChargingScheduleAllowedChargingRateUnit',
  'ChargingScheduleMaxPeriods',
  'MaxChargingProfilesInstalled',
  'ConnectorSwitch3to1PhaseSupported',
  'MeterValueSampleInterval',
] as const;

/** 2.x component variables; the same order in the request and in what is read back. */
const VARIABLES_2X = [
  ['SmartChargingCtrlr', 'ProfileStackLevel'],
  ['SmartChargingCtrlr', 'RateUnit'],
  ['SmartChargingCtrlr', 'PeriodsPerSchedule'],
  ['SmartChargingCtrlr', 'Phases3to1'],
  ['SampledDataCtrlr', 'TxUpdatedInterval'],
] as const;

/** The calls that ask a charger what it can do; their answers go to `readAbilities` in order. */
export const abilityCalls = (
  version: OcppVersion,
): readonly { readonly action: string; readonly payload: object }[] =>
  version === '1.6'
    ? [{ action: 'GetConfiguration', payload: { key: [...KEYS_16] } }]
    : [
        {
          action: 'GetVariables',
          payload: {
            getVariableData: VARIABLES_2X.map(([component, variable]) => ({
              component: { name: component },
              variable: { name: variable },
            })),
          },
        },
      ];

/** What the answers say; `undefined` for a call that was refused or not answered. */
export const readAbilities = (version: OcppVersion, answers: readonly unknown[]): Abilities => {
  if (answers[0] === undefined) return UNKNOWN_ABILITIES;
  const values = version === '1.6' ? values16(answers[0]) : values2x(answers[0]);
  const of = (...names: readonly string[]) =>
    names.map((name) => values.get(name.toLowerCase())).find((value) => value !== undefined);
  return {
    known: values.size > 0,
    rateUnits: rateUnits(of('ChargingScheduleAllowedChargingRateUnit', 'RateUnit')),
    ...optional(
      'maxStackLevel',
      readInteger(of('ChargeProfileMaxStackLevel', 'ProfileStackLevel')),
    ),
    ...optional('maxPeriods', readInteger(of('ChargingScheduleMaxPeriods', 'PeriodsPerSchedule'))),
    ...optional('maxProfiles', readInteger(of('MaxChargingProfilesInstalled'))),
    ...optional('phaseSwitching', flag(of('ConnectorSwitch3to1PhaseSupported', 'Phases3to1'))),
    ...optional(
      'meterIntervalSeconds',
      readInteger(of('MeterValueSampleInterval', 'TxUpdatedInterval')),
    ),
  };
};

/** Chargers differ in the case of keys. */
const values16 = (answer: unknown): ReadonlyMap<string, string> =>
  new Map(
    readList(readObject(answer)['configurationKey']).flatMap((entry) => {
      const key = readText(readObject(entry)['key']);
      const value = readText(readObject(entry)['value']);
      return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value] as const];
    }),
  );

const values2x = (answer: unknown): ReadonlyMap<string, string> =>
  new Map(
    readList(readObject(answer)['getVariableResult']).flatMap((entry) => {
      const result = readObject(entry);
      const name = readText(readObject(result['variable'])['name']);
      const value = readText(result['attributeValue']);
      return name === undefined || value === undefined
        ? []
        : [[name.toLowerCase(), value] as const];
    }),
  );

/** "Current", "Power", "A", "W" in any mix, with spaces and quotes around them. */
const rateUnits = (value: string | undefined): Abilities['rateUnits'] => {
  const names = (value ?? '').split(/[\s,"']+/).map((name) => name.toLowerCase());
  const units: ('A' | 'W')[] = [];
  if (names.includes('current') || names.includes('a')) units.push('A');
  if (names.includes('power') || names.includes('w')) units.push('W');
  return units.length > 0 ? units : UNKNOWN_ABILITIES.rateUnits;
};

const flag = (value: string | undefined): boolean | undefined =>
  value === undefined ? undefined : value.trim().toLowerCase() === 'true';
