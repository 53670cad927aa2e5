import type { OcppVersion } from '../core/chargers/charger-state.ts';
import type { InstalledProfile } from './period.ts';
import type { ChargingProfile, ChargingSchedule, SchedulePeriod } from './profile.ts';

/** Where a profile is to go, and what is known of that place. */
export interface ProfilePlace {
  readonly version: OcppVersion;
  /** 1.6 connectorId or 2.x EVSE id; 0 is the charger as a whole. */
  readonly connector: number;
  /** Highest connector number of the charger. */
  readonly connectors: number;
  /** Transaction that runs on the connector. */
  readonly transactionId?: string;
  /** It came with a remote start: its transaction does not exist yet. */
  readonly withStart?: boolean;
  readonly installed: readonly InstalledProfile[];
  /** What the charger told of itself; absent: it did not. */
  readonly maxStackLevel?: number;
  readonly maxPeriods?: number;
  readonly phaseSwitching?: boolean;
  /** Phases that it supplies; absent: not known. */
  readonly phases?: number;
  /** It gives direct current: its car has no phases. */
  readonly direct?: boolean;
}

/** Why a profile is refused. `reasonCode` goes into statusInfo of 2.x, `rule` into the log. */
export interface Refusal {
  readonly rule: string;
  readonly reasonCode: ReasonCode;
}

/** Reason codes of the appendix of 2.x that apply to profiles. */
export type ReasonCode =
  | 'DuplicateProfile'
  | 'InvalidOperationMode'
  | 'InvalidProfile'
  | 'InvalidSchedule'
  | 'InvalidStackLevel'
  | 'MissingParam'
  | 'NoPhaseForDC'
  | 'NoProfile'
  | 'OutOfStorage'
  | 'PhaseConflict'
  | 'TxNotFound'
  | 'UnknownEvse';

interface Rule {
  readonly rule: string;
  readonly only?: 'v16' | 'v2x' | 'v21';
  readonly reasonCode: ReasonCode;
  readonly broken: (profile: ChargingProfile, place: ProfilePlace) => boolean;
}

/** Profiles of the CSMS that are kept for one charger. */
export const PROFILES_KEPT_MOST = 200;

const schedules = ({ schedule, alternatives }: ChargingProfile): readonly ChargingSchedule[] => [
  schedule,
  ...(alternatives ?? []),
];
const periods = (profile: ChargingProfile): readonly SchedulePeriod[] =>
  schedules(profile).flatMap((schedule) => schedule.periods);
const ofTransaction = ({ purpose }: ChargingProfile): boolean => purpose === 'tx';

/** In the order in which they are looked at: the first that is broken answers. */
const RULES: readonly Rule[] = [
  {
    rule: 'K01.FR.28 unknown EVSE or connector',
    reasonCode: 'UnknownEvse',
    broken: (_profile, { connector, connectors }) => connector > connectors,
  },
  {
    rule: 'K01.FR.22 external constraints are not the business of a CSMS',
    reasonCode: 'InvalidProfile',
    broken: ({ purpose }) => purpose === 'external-constraints',
  },
  {
    rule: 'K27 local generation is told by the station, not to it',
    reasonCode: 'InvalidProfile',
    broken: ({ purpose }) => purpose === 'local-generation',
  },
  {
    rule: 'F01.FR.08, 1.6 §5.11 a profile of a remote start is a TxProfile without a transaction',
    reasonCode: 'InvalidProfile',
    broken: (profile, { withStart }) =>
      withStart === true && (!ofTransaction(profile) || profile.transactionId !== undefined),
  },
  {
    rule: 'K04.FR.03, 1.6 §3.13.1 the maximum of the station goes to 0',
    reasonCode: 'InvalidProfile',
    broken: ({ purpose }, { connector }) => purpose === 'station-max' && connector !== 0,
  },
  {
    rule: 'K01.FR.38 the maximum of the station is not relative',
    only: 'v2x',
    reasonCode: 'InvalidProfile',
    broken: ({ purpose, kind }) => purpose === 'station-max' && kind === 'relative',
  },
  {
    rule: 'K01.FR.16, 1.6 §3.13.1 a TxProfile goes to one connector',
    reasonCode: 'InvalidProfile',
    broken: (profile, { connector, withStart }) =>
      ofTransaction(profile) && connector === 0 && withStart !== true,
  },
  {
    rule: 'K01.FR.03 a TxProfile names its transaction',
    only: 'v2x',
    reasonCode: 'MissingParam',
    broken: (profile, { withStart }) =>
      ofTransaction(profile) && profile.transactionId === undefined && withStart !== true,
  },
  {
    rule: 'K01.FR.09, FR.33, 1.6 §3.13.1 the transaction of a TxProfile is running there',
    reasonCode: 'TxNotFound',
    broken: (profile, { transactionId, withStart }) =>
      ofTransaction(profile) &&
      withStart !== true &&
      (transactionId === undefined || (profile.transactionId ?? transactionId) !== transactionId),
  },
  {
    rule: 'ChargeProfileMaxStackLevel, SmartChargingCtrlr.ProfileStackLevel',
    reasonCode: 'InvalidStackLevel',
    broken: ({ stackLevel }, { maxStackLevel }) => stackLevel > (maxStackLevel ?? stackLevel),
  },
  {
    rule: 'K01.FR.34 several schedules are for a car that chooses, in its transaction',
    only: 'v2x',
    reasonCode: 'InvalidSchedule',
    broken: ({ purpose, alternatives }) => alternatives !== undefined && purpose !== 'tx',
  },
  {
    rule: 'K01.FR.31, 1.6 §7.13 the first period starts at 0',
    reasonCode: 'InvalidSchedule',
    broken: (profile) => schedules(profile).some((each) => each.periods[0]?.startSeconds !== 0),
  },
  {
    rule: 'K01.FR.35 periods follow one another',
    reasonCode: 'InvalidSchedule',
    broken: (profile) => schedules(profile).some(({ periods: list }) => !rises(list)),
  },
  {
    rule: 'K01.FR.40 absolute and recurring schedules name their start',
    only: 'v2x',
    reasonCode: 'InvalidSchedule',
    broken: (profile) =>
      (profile.kind === 'absolute' || profile.kind === 'recurring') &&
      schedules(profile).some(({ startMs }) => startMs === undefined),
  },
  {
    rule: '1.6 §3.13.2 a recurring schedule names its start',
    only: 'v16',
    reasonCode: 'InvalidSchedule',
    broken: ({ kind, schedule }) => kind === 'recurring' && schedule.startMs === undefined,
  },
  {
    rule: 'K01.FR.41 a relative schedule names none',
    only: 'v2x',
    reasonCode: 'InvalidSchedule',
    broken: (profile) =>
      profile.kind === 'relative' &&
      schedules(profile).some(({ startMs }) => startMs !== undefined),
  },
  {
    rule: 'K01.FR.60 a recurrency belongs to a recurring profile, and only there',
    only: 'v2x',
    reasonCode: 'InvalidProfile',
    broken: ({ kind, recurrency }) => (kind === 'recurring') !== (recurrency !== undefined),
  },
  {
    rule: '1.6 §7.10 a recurring profile has its recurrency',
    only: 'v16',
    reasonCode: 'InvalidProfile',
    broken: ({ kind, recurrency }) => kind === 'recurring' && recurrency === undefined,
  },
  {
    rule: 'K28 a dynamic profile has one schedule of one period',
    reasonCode: 'InvalidSchedule',
    broken: (profile) => profile.kind === 'dynamic' && periods(profile).length !== 1,
  },
  {
    rule: 'K01.FR.122 only a dynamic profile says how it is updated',
    reasonCode: 'InvalidProfile',
    broken: ({ kind, updatedAtMs, updateIntervalSeconds }) =>
      kind !== 'dynamic' && (updatedAtMs !== undefined || updateIntervalSeconds !== undefined),
  },
  {
    rule: 'K01.FR.70, FR.73 priority charging has no duration',
    reasonCode: 'InvalidSchedule',
    broken: (profile) =>
      profile.purpose === 'priority' &&
      schedules(profile).some(({ durationSeconds }) => durationSeconds !== undefined),
  },
  {
    rule: 'K01.FR.71, FR.111 to FR.116 the operation mode is one that amps can express',
    reasonCode: 'InvalidOperationMode',
    broken: (profile) => periods(profile).some((period) => !modeAllowed(profile, period)),
  },
  {
    rule: 'K01.FR.126 an EVSE sleeps only while it idles',
    reasonCode: 'InvalidSchedule',
    broken: (profile) => periods(profile).some(({ evseSleep }) => evseSleep === true),
  },
  {
    rule: 'K01.FR.95 random delays belong to profiles of transactions',
    reasonCode: 'InvalidSchedule',
    broken: (profile) =>
      !ofTransaction(profile) &&
      profile.purpose !== 'tx-default' &&
      schedules(profile).some(({ randomizedDelaySeconds = 0 }) => randomizedDelaySeconds > 0),
  },
  {
    rule: 'K01.FR.142 to FR.146 limits of L2 and L3 go with one of L1, in a TxProfile',
    reasonCode: 'PhaseConflict',
    broken: (profile) =>
      periods(profile).some(
        ({ limit, limitL2, limitL3 }) =>
          (limitL2 !== undefined || limitL3 !== undefined) &&
          (!ofTransaction(profile) || limit === Number.POSITIVE_INFINITY),
      ),
  },
  {
    rule: 'numberPhases is 1 to 3, K01.FR.46 phaseToUse only with one phase',
    reasonCode: 'InvalidSchedule',
    broken: (profile) => periods(profile).some((period) => !phasesSound(period)),
  },
  {
    rule: 'K01.FR.44 phases are not for direct current',
    only: 'v21',
    reasonCode: 'NoPhaseForDC',
    broken: (profile, { direct }) =>
      direct === true &&
      periods(profile).some((each) => (each.numberPhases ?? each.phaseToUse) !== undefined),
  },
  {
    rule: 'K01.FR.43 fewer phases need a charger that can leave some out',
    only: 'v2x',
    reasonCode: 'InvalidSchedule',
    broken: (profile, { phases = 0, phaseSwitching, direct }) =>
      phaseSwitching !== true &&
      direct !== true &&
      periods(profile).some(({ numberPhases }) => (numberPhases ?? phases) < phases),
  },
  {
    rule: 'K01.FR.48 phaseToUse needs a charger that switches phases',
    only: 'v2x',
    reasonCode: 'InvalidSchedule',
    broken: (profile, { phaseSwitching }) =>
      phaseSwitching !== true &&
      periods(profile).some(({ phaseToUse }) => phaseToUse !== undefined),
  },
  {
    rule: 'ChargingScheduleMaxPeriods, SmartChargingCtrlr.PeriodsPerSchedule',
    reasonCode: 'InvalidSchedule',
    broken: (profile, { maxPeriods }) =>
      maxPeriods !== undefined &&
      maxPeriods > 0 &&
      schedules(profile).some((each) => each.periods.length > maxPeriods),
  },
  {
    rule: 'K01.FR.06, FR.39, FR.52, FR.53 another profile lies in that place at the same time',
    only: 'v2x',
    reasonCode: 'DuplicateProfile',
    broken: (profile, { connector, installed }) =>
      installed.some((other) => duplicates(profile, connector, other)),
  },
  {
    rule: 'K01.FR.141 two profiles that hold together ask for different phases',
    only: 'v21',
    reasonCode: 'PhaseConflict',
    broken: (profile, place) => phaseConflict(profile, place),
  },
  {
    rule: 'more profiles than are kept',
    reasonCode: 'OutOfStorage',
    broken: ({ id }, { installed }) =>
      installed.length >= PROFILES_KEPT_MOST && !installed.some(({ profile }) => profile.id === id),
  },
];

/**
 * What forbids a profile in a place, or undefined. The form of the message was checked before
 * (required fields, known names); these are the rules of K01, K04, K28 and 1.6 §3.13.
 */
export const refusalOf = (profile: ChargingProfile, place: ProfilePlace): Refusal | undefined => {
  const found = RULES.find(
    ({ only, broken }) => concerns(only, place.version) && broken(profile, place),
  );
  return found === undefined ? undefined : { rule: found.rule, reasonCode: found.reasonCode };
};

const concerns = (only: Rule['only'], version: OcppVersion): boolean => {
  if (only === undefined) return true;
  if (only === 'v21') return version === '2.1';
  return (only === 'v16') === (version === '1.6');
};

const rises = (list: readonly SchedulePeriod[]): boolean =>
  list.every(({ startSeconds }, i) => i === 0 || startSeconds > (list[i - 1]?.startSeconds ?? 0));

/** Amps can say "charge" and "what the outside allows"; setpoints and V2X they cannot. */
const modeAllowed = (
  { purpose }: ChargingProfile,
  { operationMode = 'ChargingOnly' }: SchedulePeriod,
): boolean =>
  operationMode === 'ChargingOnly' ||
  (operationMode === 'ExternalLimits' && (purpose === 'tx' || purpose === 'tx-default'));

const phasesSound = ({ numberPhases, phaseToUse }: SchedulePeriod): boolean =>
  (numberPhases === undefined || (numberPhases >= 1 && numberPhases <= 3)) &&
  (phaseToUse === undefined || (numberPhases === 1 && phaseToUse >= 1 && phaseToUse <= 3));

const duplicates = (
  profile: ChargingProfile,
  connector: number,
  { connector: otherConnector, profile: other }: InstalledProfile,
): boolean => {
  const whole = profile.purpose === 'tx-default' && (connector === 0 || otherConnector === 0);
  const meet = overlap(profile, other);
  return (
    other.id !== profile.id &&
    other.purpose === profile.purpose &&
    other.stackLevel === profile.stackLevel &&
    other.transactionId === profile.transactionId &&
    (whole ? connector !== otherConnector || meet : connector === otherConnector && meet)
  );
};

const overlap = (a: ChargingProfile, b: ChargingProfile): boolean =>
  (a.validFromMs ?? Number.NEGATIVE_INFINITY) < (b.validToMs ?? Number.POSITIVE_INFINITY) &&
  (b.validFromMs ?? Number.NEGATIVE_INFINITY) < (a.validToMs ?? Number.POSITIVE_INFINITY);

const phaseConflict = (
  profile: ChargingProfile,
  { connector, installed }: ProfilePlace,
): boolean => {
  const wanted = namedPhases(profile);
  if (wanted.size === 0) return false;
  return installed.some(
    (other) =>
      other.profile.purpose !== profile.purpose &&
      (other.connector === connector || other.connector === 0 || connector === 0) &&
      [...namedPhases(other.profile)].some((phase) => !wanted.has(phase)),
  );
};

const namedPhases = (profile: ChargingProfile): ReadonlySet<number> =>
  new Set(
    periods(profile).flatMap(({ phaseToUse }) => (phaseToUse === undefined ? [] : [phaseToUse])),
  );
