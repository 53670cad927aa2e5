import {
  optional,
  type Payload,
  readInteger,
  readList,
  readNumber,
  readObject,
} from '../payload.ts';
import { purpose2xOf, purpose16Of } from './bridge-words.ts';
import { beyondLimits } from './plain-limits.ts';

/** A text says why it has no partner in the other version. */
export type Translated = Payload | string;

const KEPT = ['stackLevel', 'recurrencyKind', 'validFrom', 'validTo'] as const;
const kept = (profile: Payload): Payload =>
  Object.assign({}, ...KEPT.map((key) => optional(key, profile[key])));

/** A 2.x charging profile for a 1.6 charger; its transaction id is the charger's already. */
export const profile16 = (value: unknown): Translated => {
  const profile = readObject(value);
  const purpose = purpose16Of(profile['chargingProfilePurpose']);
  if (purpose === undefined) return 'OCPP 1.6 has no such purpose of a charging profile';
  const kind = profile['chargingProfileKind'];
  if (kind === 'Dynamic') return 'OCPP 1.6 has no dynamic charging profiles';
  const schedules = readList(profile['chargingSchedule']);
  if (schedules.length !== 1) return 'OCPP 1.6 takes one schedule in a profile';
  const beyond = beyondLimits(profile);
  if (beyond !== undefined) return `OCPP 1.6 takes plain limits only, no ${beyond}`;
  const transactionId = readInteger(profile['transactionId']);
  return {
    chargingProfileId: profile['id'],
    ...optional('transactionId', transactionId),
    ...kept(profile),
    chargingProfilePurpose: purpose,
    chargingProfileKind: kind,
    chargingSchedule: schedule16(schedules[0]),
  };
};

const schedule16 = (value: unknown): Payload => {
  const schedule = readObject(value);
  const periods = readList(schedule['chargingSchedulePeriod']).map(readObject);
  return {
    ...optional('duration', schedule['duration']),
    ...optional('startSchedule', schedule['startSchedule']),
    chargingRateUnit: schedule['chargingRateUnit'],
    ...optional('minChargingRate', schedule['minChargingRate']),
    chargingSchedulePeriod: periods.map(({ startPeriod, limit, numberPhases }) => ({
      startPeriod,
      limit: Math.floor((readNumber(limit) ?? 0) * 10 + 1e-6) / 10,
      ...optional('numberPhases', numberPhases),
    })),
  };
};

/** A 1.6 charging profile for a 2.x charger. */
export const profile2x = (value: unknown): Translated => {
  const profile = readObject(value);
  const id = readInteger(profile['chargingProfileId']) ?? 0;
  const purpose = purpose2xOf(profile['chargingProfilePurpose']);
  if (purpose === undefined) return 'OCPP 2.x has no such purpose of a charging profile';
  const { transactionId } = profile;
  const schedule = readObject(profile['chargingSchedule']);
  return {
    id,
    ...optional('transactionId', transactionId === undefined ? undefined : String(transactionId)),
    ...kept(profile),
    chargingProfilePurpose: purpose,
    chargingProfileKind: profile['chargingProfileKind'],
    chargingSchedule: [{ id, ...schedule }],
  };
};
