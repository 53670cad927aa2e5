import type { ChargingSchedule, OperationMode } from '../profiles/profile.ts';
import {
  type Payload,
  readInteger,
  readNumber,
  readObject,
  readText,
  readTime,
} from './payload.ts';
import { OPERATION_MODES } from './profile-names.ts';
import type { OcppVersion } from './version.ts';

/** What keeps a profile from being read; `missing` and `invalid` have error codes of their own. */
export interface ProfileFault {
  readonly fault: 'missing' | 'invalid';
  readonly problem: string;
}

export const missing = (what: string): ProfileFault => ({
  fault: 'missing',
  problem: `no ${what}`,
});
export const invalid = (what: string): ProfileFault => ({
  fault: 'invalid',
  problem: `unusable ${what}`,
});

/** A number of something: never negative. */
export const readAmount = (value: unknown): number | undefined => {
  const amount = readNumber(value);
  return amount !== undefined && amount >= 0 ? amount : undefined;
};

/** limitAtSoC (K01.FR.100). */
export const readLimitAtSoc = (value: unknown): ChargingSchedule['limitAtSoc'] => {
  const raw = readObject(value);
  const socPercent = readAmount(raw['soc']);
  const limit = readAmount(raw['limit']);
  return socPercent === undefined || limit === undefined ? undefined : { socPercent, limit };
};

/** A transaction of 1.6. */
export const readNumericId = (value: unknown): string | undefined => readInteger(value)?.toString();
export const readMode = (value: unknown): OperationMode | undefined =>
  OPERATION_MODES.find((name) => name === value);

type Readers = Readonly<Record<string, (value: unknown) => unknown>>;
type Fields = Readonly<Record<OcppVersion, Readers>>;

/**
 * Optional fields that may be absent, but not unreadable: a profile whose end, transaction or delay
 * was overlooked would hold for longer, or for somebody else, than its sender meant.
 */
const fields = (all: Readers, v16: Readers, v2x: Readers, v21: Readers): Fields => ({
  '1.6': { ...all, ...v16 },
  '2.0.1': { ...all, ...v2x },
  '2.1': { ...all, ...v2x, ...v21 },
});
export const PROFILE_FIELDS = fields(
  { validFrom: readTime, validTo: readTime },
  { transactionId: readNumericId },
  { transactionId: readText },
  {
    maxOfflineDuration: readInteger,
    dynUpdateTime: readTime,
    dynUpdateInterval: readInteger,
  },
);
export const SCHEDULE_FIELDS = fields(
  { startSchedule: readTime, duration: readAmount },
  {},
  {},
  { limitAtSoC: readLimitAtSoc, randomizedDelay: readInteger },
);
export const PERIOD_FIELDS = fields(
  { numberPhases: readInteger },
  {},
  { phaseToUse: readInteger },
  { limit_L2: readAmount, limit_L3: readAmount, operationMode: readMode },
);

/** What some senders write instead of leaving a field out. */
const says = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** The first of the fields that says something which cannot be read. */
export const unreadableField = (raw: Payload, readers: Readers): string | undefined =>
  Object.keys(readers).find((name) => says(raw[name]) && readers[name]?.(raw[name]) === undefined);
