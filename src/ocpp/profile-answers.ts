import { timestamp } from '../core/time.ts';
import type { ProfileBook } from '../profiles/book.ts';
import type { ChargingSchedule } from '../profiles/profile.ts';
import type { ReasonCode } from '../profiles/validate.ts';
import { periodPayload } from './charging-profile.ts';
import type { ProfileFault } from './profile-fields.ts';
import type { OcppVersion } from './version.ts';

/** Profiles in one ReportChargingProfiles; the standard leaves the number open. */
const PROFILES_IN_REPORT = 10;

/** Answer to SetChargingProfile, RemoteStartTransaction and the like; 1.6 has no room for reasons. */
export const statusAnswer = (
  version: OcppVersion,
  status: string,
  refusal?: { readonly reasonCode: ReasonCode | 'InternalError'; readonly rule: string },
): object =>
  version === '1.6' || refusal === undefined
    ? { status }
    : {
        status,
        statusInfo: {
          reasonCode: refusal.reasonCode,
          additionalInfo: refusal.rule.slice(0, ADDITIONAL_INFO_MOST),
        },
      };
/** 512 characters are allowed for additionalInfo in 2.x; some stacks keep less. */
const ADDITIONAL_INFO_MOST = 255;

/** Answer to GetCompositeSchedule. `schedule` starts at its `startMs`, whole seconds. */
export const compositeAnswer = (
  version: OcppVersion,
  connector: number,
  schedule: ChargingSchedule,
): object => {
  const { startMs = 0, durationSeconds = 0, unit, periods } = schedule;
  const scheduleStart = timestamp(startMs);
  if (periods.length === 0) return { status: 'Accepted' };
  const dialect = version === '1.6' ? '1.6' : '2.x';
  const body = {
    duration: durationSeconds,
    chargingRateUnit: unit,
    chargingSchedulePeriod: periods.map((period) => periodPayload(period, dialect)),
  };
  return version === '1.6'
    ? {
        status: 'Accepted',
        connectorId: connector,
        scheduleStart,
        chargingSchedule: { ...body, startSchedule: scheduleStart },
      }
    : { status: 'Accepted', schedule: { evseId: connector, scheduleStart, ...body } };
};

/** ReportChargingProfiles messages: one or more per EVSE, all but the last with tbc (K09). */
export const profileReports = (requestId: number, book: ProfileBook): readonly object[] => {
  const groups = [...new Set(book.map(({ connector }) => connector))]
    .sort((a, b) => a - b)
    .flatMap((connector) => {
      const profiles = book.filter((each) => each.connector === connector);
      return chunks(profiles.map(({ asSent }) => asSent)).map((chargingProfile) => ({
        requestId,
        chargingLimitSource: 'CSO',
        evseId: connector,
        chargingProfile,
      }));
    });
  return groups.map((report, index) =>
    index < groups.length - 1 ? { ...report, tbc: true } : report,
  );
};

const chunks = (list: readonly object[]): readonly (readonly object[])[] =>
  Array.from({ length: Math.ceil(list.length / PROFILES_IN_REPORT) }, (_, i) =>
    list.slice(i * PROFILES_IN_REPORT, (i + 1) * PROFILES_IN_REPORT),
  );

/** Error codes of a message whose form is wrong; 1.6 spells one of them in its own way. */
export const errorCodeOf = (version: OcppVersion, { fault }: ProfileFault): string => {
  if (fault === 'invalid') return 'PropertyConstraintViolation';
  return version === '1.6' ? 'OccurenceConstraintViolation' : 'OccurrenceConstraintViolation';
};

/** The code for a payload that is no JSON at all. */
export const unreadableCode = (version: OcppVersion): string =>
  version === '1.6' ? 'FormationViolation' : 'FormatViolation';
