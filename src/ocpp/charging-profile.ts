import { timestamp } from '../core/time.ts';
import type { ChargingProfile, ChargingSchedule } from '../profiles/profile.ts';
import {
  isPayload,
  optional,
  type Payload,
  readInteger,
  readList,
  readNumber,
  readObject,
  readText,
} from './payload.ts';
import { KIND, keyOf, PURPOSE_2X, PURPOSE_16 } from './profile-names.ts';
import type { OcppVersion } from './version.ts';

export interface ProfileCall {
  readonly action: string;
  readonly payload: object;
}

/** SetChargingProfile for a connector (1.6) or EVSE (2.x); 0 is the charger as a whole. */
export const setChargingProfileCall = (
  version: OcppVersion,
  connector: number,
  profile: ChargingProfile,
): ProfileCall => ({
  action: 'SetChargingProfile',
  payload:
    version === '1.6'
      ? { connectorId: connector, csChargingProfiles: profilePayload16(profile) }
      : { evseId: connector, chargingProfile: profilePayload2x(profile) },
});

/** Whether a charger took a profile; any status but Accepted is a refusal. */
export const profileAnswer = (
  _version: OcppVersion,
  response: unknown,
): { readonly accepted: boolean; readonly reason?: string } => {
  const answer = readObject(response);
  const status = readText(answer['status']) ?? 'no status';
  if (status === 'Accepted') return { accepted: true };
  const code = readText(readObject(answer['statusInfo'])['reasonCode']);
  return { accepted: false, reason: code === undefined ? status : `${status} (${code})` };
};

export const profilePayload16 = (profile: ChargingProfile): object => {
  const { transactionId, schedule } = profile;
  return {
    chargingProfileId: profile.id,
    ...optional('transactionId', transactionId === undefined ? undefined : Number(transactionId)),
    stackLevel: profile.stackLevel,
    chargingProfilePurpose: PURPOSE_16[profile.purpose],
    chargingProfileKind: KIND[profile.kind],
    ...optional('recurrencyKind', recurrencyName(profile)),
    ...optional('validFrom', time(profile.validFromMs)),
    ...optional('validTo', time(profile.validToMs)),
    chargingSchedule: schedulePayload(schedule),
  };
};

export const profilePayload2x = (profile: ChargingProfile): object => ({
  id: profile.id,
  stackLevel: profile.stackLevel,
  chargingProfilePurpose: PURPOSE_2X[profile.purpose],
  chargingProfileKind: KIND[profile.kind],
  ...optional('recurrencyKind', recurrencyName(profile)),
  ...optional('validFrom', time(profile.validFromMs)),
  ...optional('validTo', time(profile.validToMs)),
  ...optional('transactionId', profile.transactionId),
  ...optional('maxOfflineDuration', profile.maxOfflineSeconds),
  ...optional('invalidAfterOfflineDuration', profile.invalidAfterOffline),
  ...optional('dynUpdateTime', time(profile.updatedAtMs)),
  chargingSchedule: [{ id: 1, ...schedulePayload(profile.schedule) }],
});

const schedulePayload = (schedule: ChargingSchedule): object => ({
  ...optional('duration', schedule.durationSeconds),
  ...optional('startSchedule', time(schedule.startMs)),
  chargingRateUnit: schedule.unit,
  chargingSchedulePeriod: schedule.periods.map((period) => ({
    startPeriod: period.startSeconds,
    // One decimal is what 1.6 allows; rounded down, since it is a limit.
    limit: Math.floor(period.limit * 10 + 1e-6) / 10,
    ...optional('numberPhases', period.numberPhases),
    ...optional('phaseToUse', period.phaseToUse),
  })),
  ...optional('minChargingRate', schedule.minChargingRate),
});

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : timestamp(ms);

const recurrencyName = ({ recurrency }: ChargingProfile): string | undefined => {
  if (recurrency === undefined) return undefined;
  return recurrency === 'daily' ? 'Daily' : 'Weekly';
};

/** The profile in a SetChargingProfile payload, or why it cannot be read. */
export const readSetChargingProfile = (
  version: OcppVersion,
  payload: unknown,
):
  | { readonly connector: number; readonly profile: ChargingProfile }
  | { readonly problem: string } => {
  const request = readObject(payload);
  const connector = readInteger(request[version === '1.6' ? 'connectorId' : 'evseId']);
  const raw = request[version === '1.6' ? 'csChargingProfiles' : 'chargingProfile'];
  if (connector === undefined || connector < 0) return { problem: 'no connector' };
  const read = readProfile(version, raw);
  return 'problem' in read ? read : { connector, profile: read.profile };
};

/** A profile object of 1.6 or 2.x, or why it cannot be read. Only the first schedule is used. */
export const readProfile = (
  version: OcppVersion,
  value: unknown,
): { readonly profile: ChargingProfile } | { readonly problem: string } => {
  if (!isPayload(value)) return { problem: 'no profile' };
  const old = version === '1.6';
  const id = readInteger(value[old ? 'chargingProfileId' : 'id']);
  const stackLevel = readInteger(value['stackLevel']);
  const purpose = keyOf(old ? PURPOSE_16 : PURPOSE_2X, value['chargingProfilePurpose']);
  const kind = keyOf(KIND, value['chargingProfileKind']);
  const schedule = readSchedule(
    old ? value['chargingSchedule'] : readList(value['chargingSchedule'])[0],
  );
  if (id === undefined) return { problem: 'no profile id' };
  if (stackLevel === undefined || stackLevel < 0) return { problem: 'no stackLevel' };
  if (purpose === undefined) return { problem: 'unknown chargingProfilePurpose' };
  if (kind === undefined) return { problem: 'unknown chargingProfileKind' };
  if (schedule === undefined) return { problem: 'unusable chargingSchedule' };
  const transactionId = old
    ? readInteger(value['transactionId'])?.toString()
    : readText(value['transactionId']);
  const recurrency = readText(value['recurrencyKind']);
  return {
    profile: {
      id,
      stackLevel,
      purpose,
      kind,
      ...(recurrency === 'Daily' ? { recurrency: 'daily' } : {}),
      ...(recurrency === 'Weekly' ? { recurrency: 'weekly' } : {}),
      ...optional('validFromMs', readTime(value['validFrom'])),
      ...optional('validToMs', readTime(value['validTo'])),
      ...optional('transactionId', transactionId),
      ...optional('maxOfflineSeconds', readInteger(value['maxOfflineDuration'])),
      ...optional('updatedAtMs', readTime(value['dynUpdateTime'])),
      schedule,
    },
  };
};

const readSchedule = (value: unknown): ChargingSchedule | undefined => {
  const raw: Payload = readObject(value);
  const unit = raw['chargingRateUnit'];
  const periods = readList(raw['chargingSchedulePeriod']).map((entry) => {
    const period = readObject(entry);
    return {
      startSeconds: readNumber(period['startPeriod']) ?? Number.NaN,
      limit: readNumber(period['limit']) ?? Number.NaN,
      ...optional('numberPhases', readInteger(period['numberPhases'])),
      ...optional('phaseToUse', readInteger(period['phaseToUse'])),
    };
  });
  const usable = periods.every(({ startSeconds, limit }) => startSeconds >= 0 && limit >= 0);
  if ((unit !== 'A' && unit !== 'W') || periods.length === 0 || !usable) return undefined;
  return {
    unit,
    periods,
    ...optional('startMs', readTime(raw['startSchedule'])),
    ...optional('durationSeconds', readInteger(raw['duration'])),
    ...optional('minChargingRate', readNumber(raw['minChargingRate'])),
  };
};

const readTime = (value: unknown): number | undefined => {
  const text = readText(value);
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};
