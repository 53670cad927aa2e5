import type { ChargingProfile, SchedulePeriod } from './profile.ts';
import type { Zone } from './zone.ts';

/** A profile as it lies in a charger (or in the gateway for it). */
export interface InstalledProfile {
  /** 0: the charger as a whole, or for TxDefaultProfile all of its connectors. */
  readonly connector: number;
  readonly profile: ChargingProfile;
  /** Epoch ms; the start of a schedule that names none and belongs to no transaction. */
  readonly receivedAtMs: number;
}

/** The period in force, or none, and when that may change next. */
export interface PeriodAt {
  readonly period: SchedulePeriod | undefined;
  readonly untilMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const none = (untilMs: number): PeriodAt => ({ period: undefined, untilMs });

/**
 * The period of one profile at an instant. Valid from `validFrom` up to, not including, `validTo`
 * (K01.FR.36/.37); `duration` cuts off its periods (K01.FR.11/.12); outside its schedule a profile
 * says nothing, so that a lower stack level or no limit holds (K01.FR.13).
 */
export const periodAt = (
  { profile, receivedAtMs }: InstalledProfile,
  transactionStartMs: number | undefined,
  zone: Zone,
  atMs: number,
): PeriodAt => {
  const { validFromMs = Number.NEGATIVE_INFINITY, validToMs = NEVER, schedule } = profile;
  if (atMs >= validToMs) return none(NEVER);
  if (atMs < validFromMs) return none(validFromMs);
  const span = scheduleSpan(profile, receivedAtMs, transactionStartMs, zone, atMs);
  if (span === undefined) return none(validToMs);
  const { startMs, endMs } = span;
  if (atMs < startMs) return none(Math.min(startMs, validToMs));
  const durationEndMs = startMs + (schedule.durationSeconds ?? NEVER) * 1000;
  if (atMs >= durationEndMs) return none(Math.min(endMs, validToMs));
  const cutMs = Math.min(durationEndMs, endMs, validToMs);
  const elapsedSeconds = (atMs - startMs) / 1000;
  let found: SchedulePeriod | undefined;
  for (const period of schedule.periods) {
    if (period.startSeconds > elapsedSeconds) {
      return { period: found, untilMs: Math.min(startMs + period.startSeconds * 1000, cutMs) };
    }
    found = period;
  }
  return { period: found, untilMs: cutMs };
};

/** Start of the schedule that is running or comes next, and the start of the one after it. */
const scheduleSpan = (
  { kind, schedule, recurrency, updatedAtMs }: ChargingProfile,
  receivedAtMs: number,
  transactionStartMs: number | undefined,
  zone: Zone,
  atMs: number,
): { readonly startMs: number; readonly endMs: number } | undefined => {
  switch (kind) {
    case 'absolute':
      return { startMs: schedule.startMs ?? receivedAtMs, endMs: NEVER };
    case 'relative':
      return { startMs: transactionStartMs ?? receivedAtMs, endMs: NEVER };
    case 'dynamic':
      return { startMs: updatedAtMs ?? schedule.startMs ?? receivedAtMs, endMs: NEVER };
    case 'recurring': {
      if (schedule.startMs === undefined) return undefined;
      const days = recurrency === 'weekly' ? 7 : 1;
      if (atMs < schedule.startMs) return { startMs: schedule.startMs, endMs: NEVER };
      return {
        startMs: zone.lastOccurrence(schedule.startMs, atMs, days),
        endMs: zone.nextOccurrence(schedule.startMs, atMs, days),
      };
    }
  }
};
