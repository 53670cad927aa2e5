import type {
  ChargingProfile,
  ChargingSchedule,
  OperationMode,
  SchedulePeriod,
} from '../profiles/profile.ts';
import {
  isPayload,
  optional,
  type Payload,
  readInteger,
  readList,
  readLocalTime,
  readNumber,
  readObject,
  readText,
  readTime,
} from './payload.ts';
import {
  invalid,
  missing,
  PERIOD_FIELDS,
  PROFILE_FIELDS,
  type ProfileFault,
  readAmount,
  readLimitAtSoc,
  readMode,
  readNumericId,
  SCHEDULE_FIELDS,
  unreadableField,
} from './profile-fields.ts';
import { KIND, keyOf, PURPOSE_2X, PURPOSE_16 } from './profile-names.ts';
import type { OcppVersion } from './version.ts';

/** A schedule that the standard allows to be longer than this does not fit any charger. */
const PERIODS_READ_MOST = 1_024;
/** The second and third are for a car that speaks ISO 15118 (K01.FR.34). */
const SCHEDULES_MOST = 3;

/** The profile in a SetChargingProfile payload, or why it cannot be read. */
export const readSetChargingProfile = (
  version: OcppVersion,
  payload: unknown,
): { readonly connector: number; readonly profile: ChargingProfile } | ProfileFault => {
  const request = readObject(payload);
  const place = version === '1.6' ? 'connectorId' : 'evseId';
  if (request[place] === undefined) return missing(place);
  const connector = readInteger(request[place]);
  if (connector === undefined || connector < 0) return invalid(place);
  const read = readProfile(
    version,
    request[version === '1.6' ? 'csChargingProfiles' : 'chargingProfile'],
  );
  return 'problem' in read ? read : { connector, profile: read.profile };
};

/** The profile object of a SetChargingProfile payload as it was sent. */
export const profileIn = (version: OcppVersion, payload: unknown): Payload =>
  readObject(readObject(payload)[version === '1.6' ? 'csChargingProfiles' : 'chargingProfile']);

/** A profile object of 1.6 or 2.x, or why it cannot be read. */
export const readProfile = (
  version: OcppVersion,
  value: unknown,
): { readonly profile: ChargingProfile } | ProfileFault => {
  if (value === undefined) return missing('the profile');
  if (!isPayload(value)) return invalid('the profile');
  const old = version === '1.6';
  const idName = old ? 'chargingProfileId' : 'id';
  const names = [idName, 'stackLevel', 'chargingProfilePurpose', 'chargingProfileKind'];
  const absent = [...names, 'chargingSchedule'].find((name) => value[name] === undefined);
  if (absent !== undefined) return missing(absent);
  const id = readInteger(value[idName]);
  const stackLevel = readInteger(value['stackLevel']);
  const purpose = keyOf(old ? PURPOSE_16 : PURPOSE_2X, value['chargingProfilePurpose']);
  const kind = keyOf(KIND, value['chargingProfileKind']);
  if (id === undefined) return invalid(idName);
  if (stackLevel === undefined || stackLevel < 0) return invalid('stackLevel');
  if (purpose === undefined || !knownPurpose(version, purpose)) {
    return invalid('chargingProfilePurpose');
  }
  if (kind === undefined || (kind === 'dynamic' && version !== '2.1')) {
    return invalid('chargingProfileKind');
  }
  const unreadable = unreadableField(value, PROFILE_FIELDS[version]);
  if (unreadable !== undefined) return invalid(unreadable);
  const schedules = readSchedules(version, value['chargingSchedule']);
  if ('problem' in schedules) return schedules;
  const [schedule, ...alternatives] = schedules.schedules;
  if (schedule === undefined) return missing('chargingSchedule');
  return {
    profile: {
      id,
      stackLevel,
      purpose,
      kind,
      ...optionalFields(version, value),
      schedule,
      ...(alternatives.length === 0 ? {} : { alternatives }),
    },
  };
};

const optionalFields = (
  version: OcppVersion,
  value: Payload,
): Omit<ChargingProfile, 'id' | 'stackLevel' | 'purpose' | 'kind' | 'schedule'> => {
  const readId = version === '1.6' ? readNumericId : readText;
  const recurrency = readText(value['recurrencyKind']);
  const newest = version === '2.1';
  return {
    ...(recurrency === 'Daily' ? { recurrency: 'daily' } : {}),
    ...(recurrency === 'Weekly' ? { recurrency: 'weekly' } : {}),
    ...optional('validFromMs', readTime(value['validFrom'])),
    ...optional('validToMs', readTime(value['validTo'])),
    ...optional('transactionId', readId(value['transactionId'])),
    ...(newest ? optional('maxOfflineSeconds', readInteger(value['maxOfflineDuration'])) : {}),
    ...(newest && value['invalidAfterOfflineDuration'] === true
      ? { invalidAfterOffline: true }
      : {}),
    ...(newest ? optional('updatedAtMs', readTime(value['dynUpdateTime'])) : {}),
    ...(newest ? optional('updateIntervalSeconds', readInteger(value['dynUpdateInterval'])) : {}),
  };
};

const readSchedules = (
  version: OcppVersion,
  value: unknown,
): { readonly schedules: readonly ChargingSchedule[] } | ProfileFault => {
  const list = version === '1.6' ? [value] : readList(value);
  if (list.length > SCHEDULES_MOST) return invalid('chargingSchedule');
  const schedules: ChargingSchedule[] = [];
  for (const each of list) {
    const schedule = readSchedule(version, each);
    if ('problem' in schedule) return schedule;
    schedules.push(schedule);
  }
  return { schedules };
};

const readSchedule = (version: OcppVersion, value: unknown): ChargingSchedule | ProfileFault => {
  const raw = readObject(value);
  const unit = raw['chargingRateUnit'];
  if (unit === undefined) return missing('chargingRateUnit');
  if (unit !== 'A' && unit !== 'W') return invalid('chargingRateUnit');
  const list = readList(raw['chargingSchedulePeriod']);
  if (list.length === 0) return missing('chargingSchedulePeriod');
  if (list.length > PERIODS_READ_MOST) return invalid('chargingSchedulePeriod');
  const periods = list.map((entry) => readPeriod(version, readObject(entry)));
  const fault = periods.find((period) => 'problem' in period);
  if (fault !== undefined && 'problem' in fault) return fault;
  const unreadable = unreadableField(raw, SCHEDULE_FIELDS[version]);
  if (unreadable !== undefined) return invalid(unreadable);
  const localTime = version === '2.1' && raw['useLocalTime'] === true;
  const start = raw['startSchedule'];
  return {
    unit,
    periods: periods.filter((period): period is SchedulePeriod => !('problem' in period)),
    ...optional('startMs', localTime ? readLocalTime(start) : readTime(start)),
    ...(localTime ? { localTime } : {}),
    ...optional('durationSeconds', readAmount(raw['duration'])),
    ...optional('minChargingRate', readNumber(raw['minChargingRate'])),
    ...(version === '2.1' ? optional('limitAtSoc', readLimitAtSoc(raw['limitAtSoC'])) : {}),
    ...(version === '2.1'
      ? optional('randomizedDelaySeconds', readInteger(raw['randomizedDelay']))
      : {}),
  };
};

const readPeriod = (version: OcppVersion, raw: Payload): SchedulePeriod | ProfileFault => {
  const startSeconds = readNumber(raw['startPeriod']);
  if (startSeconds === undefined) return missing('startPeriod');
  // 2.1 made the limit optional: a period may only say how to charge.
  const optionalLimit = version === '2.1' && raw['limit'] === undefined;
  const limit = optionalLimit ? Number.POSITIVE_INFINITY : readNumber(raw['limit']);
  if (limit === undefined) return missing('limit');
  if (startSeconds < 0 || limit < 0) return invalid('chargingSchedulePeriod');
  const unreadable = unreadableField(raw, PERIOD_FIELDS[version]);
  if (unreadable !== undefined) return invalid(unreadable);
  const mode = readMode(raw['operationMode']);
  const newest = version === '2.1';
  return {
    startSeconds,
    limit,
    ...optional('numberPhases', readInteger(raw['numberPhases'])),
    ...(version === '1.6' ? {} : optional('phaseToUse', readInteger(raw['phaseToUse']))),
    ...(newest ? optional('limitL2', readAmount(raw['limit_L2'])) : {}),
    ...(newest ? optional('limitL3', readAmount(raw['limit_L3'])) : {}),
    ...(newest ? optional<'operationMode', OperationMode>('operationMode', mode) : {}),
    ...(newest && raw['evseSleep'] === true ? { evseSleep: true } : {}),
  };
};

const knownPurpose = (version: OcppVersion, purpose: ChargingProfile['purpose']): boolean =>
  version === '2.1' || (purpose !== 'priority' && purpose !== 'local-generation');
