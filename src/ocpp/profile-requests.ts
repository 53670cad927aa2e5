import type { ProfileCriteria } from '../profiles/book.ts';
import type { ProfilePurpose, RateUnit } from '../profiles/profile.ts';
import {
  isPayload,
  type OcppCall,
  optional,
  type Payload,
  readInteger,
  readList,
  readNumber,
  readObject,
  readText,
} from './payload.ts';
import {
  invalid,
  missing,
  type ProfileFault,
  readAmount,
  unreadableField,
} from './profile-fields.ts';
import { keyOf, PURPOSE_2X, PURPOSE_16 } from './profile-names.ts';
import type { OcppVersion } from './version.ts';

/** What a CSMS asks about profiles, besides SetChargingProfile (read-profile.ts). */
export interface CompositeRequest {
  readonly connector: number;
  readonly durationSeconds: number;
  readonly unit?: RateUnit;
}

export interface ProfilesRequest {
  readonly requestId: number;
  readonly criteria: ProfileCriteria;
  /** Profiles of the CSMS are among those that are wanted. */
  readonly ofCsms: boolean;
}

export interface PriorityRequest {
  readonly transactionId: string;
  readonly activate: boolean;
}

export interface DynamicRequest {
  readonly id: number;
  /** Fields of the period that get new values, by their names on the wire. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A composite schedule is never made for longer: beyond it nothing is planned. */
const COMPOSITE_MOST_SECONDS = 366 * 86_400;
/** Matches no profile. */
const NOTHING: ProfileCriteria = { ids: [] };

/**
 * ClearChargingProfile: by id alone (K10.FR.02), else by every criterion that is there. Limits that
 * come from elsewhere are not the CSMS's to clear (K10.FR.06, FR.08): they match nothing.
 */
export const readClearProfile = (
  version: OcppVersion,
  payload: unknown,
): ProfileCriteria | ProfileFault => {
  const request = readObject(payload);
  const old = version === '1.6';
  const idName = old ? 'id' : 'chargingProfileId';
  if (request[idName] !== undefined) {
    const id = readInteger(request[idName]);
    return id === undefined ? invalid(idName) : { ids: [id] };
  }
  const criteria = old ? request : (request['chargingProfileCriteria'] ?? {});
  return isPayload(criteria) ? readCriteria(version, criteria) : invalid('chargingProfileCriteria');
};

/** GetCompositeSchedule; `unit` absent: the gateway chooses. */
export const readComposite = (
  version: OcppVersion,
  payload: unknown,
): CompositeRequest | ProfileFault => {
  const request = readObject(payload);
  const place = version === '1.6' ? 'connectorId' : 'evseId';
  if (request[place] === undefined) return missing(place);
  if (request['duration'] === undefined) return missing('duration');
  const connector = readInteger(request[place]);
  const duration = readInteger(request['duration']);
  const unit = request['chargingRateUnit'];
  if (connector === undefined || connector < 0) return invalid(place);
  if (duration === undefined || duration < 0) return invalid('duration');
  if (unit !== undefined && unit !== 'A' && unit !== 'W') return invalid('chargingRateUnit');
  return {
    connector,
    durationSeconds: Math.min(duration, COMPOSITE_MOST_SECONDS),
    ...(unit === undefined ? {} : { unit }),
  };
};

/** GetChargingProfiles (2.x, K09). Ids stand alone; profiles of a CSMS have the source CSO. */
export const readGetProfiles = (payload: unknown): ProfilesRequest | ProfileFault => {
  const request = readObject(payload);
  const requestId = readInteger(request['requestId']);
  if (requestId === undefined) return missing('requestId');
  const criterion = readObject(request['chargingProfile']);
  const asked = readList(criterion['chargingProfileId']);
  const ids = asked.flatMap((id) => readInteger(id) ?? []);
  const sources = readList(criterion['chargingLimitSource']);
  const connector = readInteger(request['evseId']);
  const on = connector === undefined ? {} : { connector };
  const ofCsms = sources.length === 0 || sources.includes('CSO');
  if (asked.length > 0) return { requestId, ofCsms, criteria: { ids, ...on } };
  const criteria = readCriteria('2.0.1', criterion);
  return 'problem' in criteria ? criteria : { requestId, ofCsms, criteria: { ...criteria, ...on } };
};

/** UsePriorityCharging (2.1, K21). */
export const readUsePriority = (payload: unknown): PriorityRequest | ProfileFault => {
  const request = readObject(payload);
  const transactionId = readText(request['transactionId']);
  const activate = request['activate'];
  if (transactionId === undefined) return missing('transactionId');
  return typeof activate === 'boolean' ? { transactionId, activate } : missing('activate');
};

/** NotifyPriorityCharging of a charger (2.1, K22). */
export const readPriorityNotice = (payload: unknown): PriorityRequest | ProfileFault => {
  const { transactionId, activated } = readObject(payload);
  return readUsePriority({ transactionId, activate: activated });
};

/** UpdateDynamicSchedule (2.1, K28). */
export const readDynamicUpdate = (payload: unknown): DynamicRequest | ProfileFault => {
  const request = readObject(payload);
  const id = readInteger(request['chargingProfileId']);
  if (id === undefined) return missing('chargingProfileId');
  const read = dynamicFigures(readObject(request['scheduleUpdate']));
  return 'problem' in read ? read : { id, figures: read.figures };
};

const FIGURES = { limit: readAmount, limit_L2: readAmount, limit_L3: readAmount };

/** The new figures of a scheduleUpdate; none is a sign of life of what holds (K28.FR.13). */
export const dynamicFigures = (update: Payload): Pick<DynamicRequest, 'figures'> | ProfileFault => {
  const unreadable = unreadableField(update, FIGURES);
  if (unreadable !== undefined) return invalid(unreadable);
  const figures = Object.entries(FIGURES).flatMap(([name, read]) => {
    const value = read(update[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { figures: Object.fromEntries(figures) };
};

/** A dynamic profile as the CSMS would read it back after an update. */
export const withDynamicUpdate = (
  asSent: object,
  figures: Readonly<Record<string, number>>,
  at: string,
): object => {
  const profile = readObject(asSent);
  const schedule = readObject(readList(profile['chargingSchedule'])[0]);
  const period = readObject(readList(schedule['chargingSchedulePeriod'])[0]);
  return {
    ...profile,
    dynUpdateTime: at,
    chargingSchedule: [{ ...schedule, chargingSchedulePeriod: [{ ...period, ...figures }] }],
  };
};

/** GetCompositeSchedule to a charger. */
export const compositeCall = (
  version: OcppVersion,
  connector: number,
  duration: number,
): OcppCall => ({
  action: 'GetCompositeSchedule',
  payload:
    version === '1.6' ? { connectorId: connector, duration } : { evseId: connector, duration },
});

/** The periods of an answer to it; undefined when it was refused. */
export const compositeLimits = (
  version: OcppVersion,
  answer: Payload,
): readonly { readonly startSeconds: number; readonly limit: number }[] | undefined => {
  if (answer['status'] !== 'Accepted') return undefined;
  const schedule = readObject(answer[version === '1.6' ? 'chargingSchedule' : 'schedule']);
  return readList(schedule['chargingSchedulePeriod']).flatMap((each) => {
    const startSeconds = readNumber(readObject(each)['startPeriod']);
    const limit = readNumber(readObject(each)['limit']);
    return startSeconds === undefined || limit === undefined ? [] : [{ startSeconds, limit }];
  });
};

const readCriteria = (version: OcppVersion, raw: Payload): ProfileCriteria | ProfileFault => {
  const old = version === '1.6';
  const named = raw['chargingProfilePurpose'];
  const purpose: ProfilePurpose | undefined = keyOf(old ? PURPOSE_16 : PURPOSE_2X, named);
  if (named !== undefined && purpose === undefined) return invalid('chargingProfilePurpose');
  const place = old ? 'connectorId' : 'evseId';
  const unreadable = unreadableField(raw, { [place]: readInteger, stackLevel: readInteger });
  if (unreadable !== undefined) return invalid(unreadable);
  if (purpose === 'external-constraints' || purpose === 'local-generation') return NOTHING;
  return {
    ...optional('connector', readInteger(raw[place])),
    ...optional('stackLevel', readInteger(raw['stackLevel'])),
    ...optional<'purpose', ProfilePurpose>('purpose', purpose),
  };
};
