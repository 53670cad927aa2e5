import { type Abilities, UNKNOWN_ABILITIES } from '../core/chargers/charger-state.ts';
import { type OcppCall, optional, readInteger } from './payload.ts';
import { ABILITY_CALLS_2X, abilityValues2x } from './v2x/abilities.ts';
import { ABILITY_CALLS_16, abilityValues16 } from './v16/abilities.ts';
import type { OcppVersion } from './version.ts';

/** The calls that ask a charger what it can do; their answers go to `readAbilities` in order. */
export const abilityCalls = (version: OcppVersion): readonly OcppCall[] =>
  version === '1.6' ? ABILITY_CALLS_16 : ABILITY_CALLS_2X;

/**
 * What the answers say; `undefined` for a call that was refused or not answered. What a charger
 * does not tell keeps its default, and `known` is false when it told nothing.
 */
export const readAbilities = (version: OcppVersion, answers: readonly unknown[]): Abilities => {
  const values = version === '1.6' ? abilityValues16(answers) : abilityValues2x(answers);
  if (values.size === 0) return UNKNOWN_ABILITIES;
  const names = version === '1.6' ? NAMES_16 : NAMES_2X;
  const text = (ability: Ability): string | undefined =>
    names[ability].map((name) => values.get(name)).find((value) => value !== undefined);
  const number = (ability: Ability): number | undefined => count(text(ability));
  return {
    known: true,
    rateUnits: rateUnits(text('rateUnits')),
    ...optional('maxStackLevel', number('maxStackLevel')),
    ...optional('maxPeriods', number('maxPeriods')),
    ...optional('maxProfiles', number('maxProfiles')),
    ...optional('phaseSwitching', flag(text('phaseSwitching'))),
    ...optional('meterIntervalSeconds', number('meterIntervalSeconds')),
    ...optional('measurands', listOf(text('measurands'))),
    ...optional('connectors', number('connectors')),
    ...optional('smartCharging', smartCharging(version, text('smartCharging'))),
    ...optional('limitChangePercent', number('limitChangePercent')),
  };
};

type Ability = Exclude<keyof Abilities, 'known'>;

/** In lower case; the first name that the charger knows counts. */
const NAMES_16: Readonly<Record<Ability, readonly string[]>> = {
  rateUnits: ['chargingscheduleallowedchargingrateunit'],
  maxStackLevel: ['chargeprofilemaxstacklevel'],
  maxPeriods: ['chargingschedulemaxperiods'],
  maxProfiles: ['maxchargingprofilesinstalled'],
  phaseSwitching: ['connectorswitch3to1phasesupported'],
  meterIntervalSeconds: ['metervaluesampleinterval'],
  measurands: ['metervaluessampleddata'],
  connectors: ['numberofconnectors'],
  smartCharging: ['supportedfeatureprofiles'],
  limitChangePercent: [],
};
const NAMES_2X: Readonly<Record<Ability, readonly string[]>> = {
  rateUnits: ['smartchargingctrlr.rateunit'],
  maxStackLevel: ['smartchargingctrlr.profilestacklevel'],
  maxPeriods: ['smartchargingctrlr.periodsperschedule'],
  maxProfiles: [],
  phaseSwitching: ['smartchargingctrlr.phases3to1', 'smartchargingctrlr.acphaseswitchingsupported'],
  meterIntervalSeconds: ['sampleddatactrlr.txupdatedinterval'],
  measurands: ['sampleddatactrlr.txupdatedmeasurands'],
  connectors: [],
  smartCharging: ['smartchargingctrlr.enabled'],
  limitChangePercent: ['smartchargingctrlr.limitchangesignificance'],
};

/** Items of a list, which chargers write with spaces and quotes around them. */
const listOf = (value: string | undefined): readonly string[] | undefined =>
  value?.split(/[\s,;"']+/).filter((item) => item !== '');

/** "Current", "Power", "A", "W" in any mix. */
const rateUnits = (value: string | undefined): Abilities['rateUnits'] => {
  const names = (listOf(value) ?? []).map((name) => name.toLowerCase());
  const units: ('A' | 'W')[] = [];
  if (names.includes('current') || names.includes('a')) units.push('A');
  if (names.includes('power') || names.includes('w')) units.push('W');
  return units.length > 0 ? units : UNKNOWN_ABILITIES.rateUnits;
};

const smartCharging = (version: OcppVersion, value: string | undefined): boolean | undefined =>
  version === '1.6'
    ? listOf(value)?.some((feature) => feature.toLowerCase() === 'smartcharging')
    : flag(value);

const flag = (value: string | undefined): boolean | undefined => {
  const word = listOf(value)?.[0]?.toLowerCase();
  return word === undefined ? undefined : word === 'true' || word === '1';
};

const count = (value: string | undefined): number | undefined => {
  const number = readInteger(listOf(value)?.[0]);
  return number !== undefined && number >= 0 ? number : undefined;
};
