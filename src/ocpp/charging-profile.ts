import { timestamp } from '../core/time.ts';
import type { ChargingProfile, ChargingSchedule, SchedulePeriod } from '../profiles/profile.ts';
import { type OcppCall, optional, readObject, readText } from './payload.ts';
import { KIND, PURPOSE_2X, PURPOSE_16 } from './profile-names.ts';
import type { OcppVersion } from './version.ts';

/** SetChargingProfile for a connector (1.6) or EVSE (2.x); 0 is the charger as a whole. */
export const setChargingProfileCall = (
  version: OcppVersion,
  connector: number,
  profile: ChargingProfile,
): OcppCall => ({
  action: 'SetChargingProfile',
  payload:
    version === '1.6'
      ? { connectorId: connector, csChargingProfiles: profilePayload16(profile) }
      : { evseId: connector, chargingProfile: profilePayload2x(profile) },
});

/** Whether a charger took a profile; any status but Accepted is a refusal. */
export const profileAnswer = (
  response: unknown,
): { readonly accepted: boolean; readonly reason?: string } => {
  const answer = readObject(response);
  const status = readText(answer['status']) ?? 'no status';
  if (status === 'Accepted') return { accepted: true };
  const code = readText(readObject(answer['statusInfo'])['reasonCode']);
  return { accepted: false, reason: code === undefined ? status : `${status} (${code})` };
};

/** A charger that is told to wait without a time waits this long; it never waits longer than that. */
const RETRY_SECONDS = 60;
const RETRY_MOST_SECONDS = 3_600;

/**
 * How long a charger of 2.1 wants to be left alone by profiles that wear out its memory, seconds
 * (K01.FR.56, FR.57: "<xx> seconds before retry"); undefined when it said nothing of that kind.
 */
export const rateLimitSeconds = (response: unknown): number | undefined => {
  const info = readObject(readObject(response)['statusInfo']);
  if (readText(info['reasonCode']) !== 'RateLimitExceeded') return undefined;
  const told = /(\d{1,9})\s*s/i.exec(readText(info['additionalInfo']) ?? '')?.[1];
  const seconds = told === undefined ? RETRY_SECONDS : Number(told);
  return Math.max(1, Math.min(seconds, RETRY_MOST_SECONDS));
};

const profilePayload16 = (profile: ChargingProfile): object => {
  const { transactionId, schedule } = profile;
  return {
    chargingProfileId: profile.id,
    ...optional('transactionId', decimal(transactionId)),
    stackLevel: profile.stackLevel,
    chargingProfilePurpose: PURPOSE_16[profile.purpose],
    chargingProfileKind: KIND[profile.kind],
    ...optional('recurrencyKind', recurrencyName(profile)),
    ...optional('validFrom', time(profile.validFromMs)),
    ...optional('validTo', time(profile.validToMs)),
    chargingSchedule: schedulePayload(schedule, '1.6'),
  };
};

/** 1.6 ids are numbers; another one cannot be said, and null would break the charger's reader. */
const decimal = (id: string | undefined): number | undefined =>
  id !== undefined && /^-?\d{1,15}$/.test(id) ? Number(id) : undefined;

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
  chargingSchedule: [{ id: 1, ...schedulePayload(profile.schedule, '2.x') }],
});

/** A schedule as 1.6 and 2.x write it; 1.6 has no phaseToUse. */
const schedulePayload = (schedule: ChargingSchedule, dialect: '1.6' | '2.x'): object => ({
  ...optional('duration', schedule.durationSeconds),
  ...optional('startSchedule', time(schedule.startMs)),
  chargingRateUnit: schedule.unit,
  chargingSchedulePeriod: schedule.periods.map((period) => periodPayload(period, dialect)),
  ...optional('minChargingRate', schedule.minChargingRate),
});

/** One decimal is what 1.6 allows; rounded down, since it is a limit. Starts are whole seconds. */
export const periodPayload = (period: SchedulePeriod, dialect: '1.6' | '2.x'): object => ({
  startPeriod: Math.floor(period.startSeconds),
  limit: Math.floor(period.limit * 10 + 1e-6) / 10,
  ...optional('numberPhases', period.numberPhases),
  ...(dialect === '1.6' ? {} : optional('phaseToUse', period.phaseToUse)),
});

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : timestamp(ms);

const recurrencyName = ({ recurrency }: ChargingProfile): string | undefined => {
  if (recurrency === undefined) return undefined;
  return recurrency === 'daily' ? 'Daily' : 'Weekly';
};
