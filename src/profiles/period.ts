import type { ChargingProfile, ChargingSchedule, SchedulePeriod } from './profile.ts';
import { delayedStarts, periodAmong } from './random-delay.ts';
import type { Zone } from './zone.ts';

/** A profile as it lies in a charger (or in the gateway for it). */
export interface InstalledProfile {
  /** 0: the charger as a whole, or for TxDefaultProfile all of its connectors. */
  readonly connector: number;
  readonly profile: ChargingProfile;
  /** Epoch ms, of a dynamic one the last update: where a schedule of no transaction begins. */
  readonly receivedAtMs: number;
}

/** The period in force, or none, and when that may change next. */
export interface PeriodAt {
  readonly period: SchedulePeriod | undefined;
  readonly untilMs: number;
}

/** What the time of a schedule is counted from. */
export interface Bearings {
  /** Start of the transaction, epoch ms: where relative schedules begin (K01.FR.42). */
  readonly relativeStartMs: number;
  readonly zone: Zone;
  /** Charger, connector and transaction: what random delays follow from (K01.FR.93). */
  readonly delaySeed: string;
}

/** Where in its schedule a profile is. Not begun: `elapsedMs` is negative. */
interface Position {
  readonly elapsedMs: number;
  /** The schedule begins anew after this; Infinity when it runs once. */
  readonly roundMs: number;
  /** `elapsedMs` grows evenly until this instant. */
  readonly steadyUntilMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const DAY_MS = 24 * 60 * 60_000;
const none = (untilMs: number): PeriodAt => ({ period: undefined, untilMs });

/**
 * The period of one schedule of a profile at an instant. Valid from `validFrom` up to, not
 * including, `validTo` (K01.FR.36/.37); `duration` cuts off its periods (K01.FR.11/.12); outside
 * its schedule a profile says nothing, so that a lower level or no limit holds (K01.FR.13).
 */
export const periodAt = (
  installed: InstalledProfile,
  schedule: ChargingSchedule,
  bearings: Bearings,
  atMs: number,
): PeriodAt => {
  const { validFromMs = Number.NEGATIVE_INFINITY, validToMs = NEVER } = installed.profile;
  if (atMs >= validToMs) return none(NEVER);
  if (atMs < validFromMs) return none(validFromMs);
  const position = positionAt(installed, schedule, bearings, atMs);
  if (position === undefined) return none(validToMs);
  const { elapsedMs, roundMs } = position;
  const steadyUntilMs = Math.min(position.steadyUntilMs, validToMs);
  // Where in the schedule the answer changes; turned into an instant at the end.
  let changesMs = 0;
  let found: SchedulePeriod | undefined;
  const durationMs = (schedule.durationSeconds ?? NEVER) * 1000;
  if (elapsedMs >= durationMs) {
    changesMs = roundMs;
  } else if (elapsedMs >= 0) {
    const place = placeIn(installed, schedule, bearings, elapsedMs);
    found = place.period;
    changesMs = Math.min(durationMs, roundMs, place.nextMs);
  }
  return { period: found, untilMs: Math.min(atMs + changesMs - elapsedMs, steadyUntilMs) };
};

const placeIn = (
  { profile, receivedAtMs }: InstalledProfile,
  schedule: ChargingSchedule,
  { delaySeed }: Bearings,
  elapsedMs: number,
): { readonly period: SchedulePeriod | undefined; readonly nextMs: number } => {
  const { periods, randomizedDelaySeconds = 0 } = schedule;
  if (randomizedDelaySeconds > 0) {
    const seed = `${delaySeed}/${profile.id}/${receivedAtMs}`;
    const starts = delayedStarts(schedule, seed);
    const { period, nextSeconds } = periodAmong(periods, starts, elapsedMs / 1000);
    return { period, nextMs: nextSeconds * 1000 };
  }
  let found: SchedulePeriod | undefined;
  for (const period of periods) {
    const startMs = period.startSeconds * 1000;
    if (startMs > elapsedMs) return { period: found, nextMs: startMs };
    found = period;
  }
  return { period: found, nextMs: NEVER };
};

const once = (fromMs: number, atMs: number): Position => ({
  elapsedMs: atMs - fromMs,
  roundMs: NEVER,
  steadyUntilMs: NEVER,
});

const positionAt = (
  { profile, receivedAtMs }: InstalledProfile,
  { startMs, localTime = false }: ChargingSchedule,
  bearings: Bearings,
  atMs: number,
): Position | undefined => {
  const startOfCharging = isStationWide(profile) ? receivedAtMs : bearings.relativeStartMs;
  switch (profile.kind) {
    case 'dynamic':
      // A CSMS whose clock is ahead of ours does not put off what it asks for.
      return once(Math.min(profile.updatedAtMs ?? receivedAtMs, receivedAtMs), atMs);
    case 'relative':
      return once(startOfCharging, atMs);
    case 'absolute': {
      if (startMs === undefined) return once(startOfCharging, atMs);
      if (!localTime) return once(startMs, atMs);
      const { zone } = bearings;
      const elapsedMs = zone.toLocal(atMs) - startMs;
      return { elapsedMs, roundMs: NEVER, steadyUntilMs: zone.steadyUntilMs(atMs) };
    }
    case 'recurring': {
      if (startMs === undefined) return undefined;
      const { zone } = bearings;
      const firstMs = localTime ? zone.toInstant(startMs) : startMs;
      if (atMs < firstMs) return once(firstMs, atMs);
      return recurringAt(profile, localTime ? startMs : zone.toLocal(startMs), zone, atMs);
    }
  }
};

/**
 * Rounds are counted on the local clock: on the day of a change of the clock, part of a round is
 * skipped or repeated, so that a period of 08:00 begins at 08:00 and no hour lies between two
 * rounds (K01.FR.91, which asks for it with useLocalTime).
 */
const recurringAt = (
  { recurrency }: ChargingProfile,
  anchorLocalMs: number,
  zone: Zone,
  atMs: number,
): Position => {
  const roundMs = recurrency === 'weekly' ? 7 * DAY_MS : DAY_MS;
  // A clock set back to before the first round leaves it at its beginning: there was none before.
  const sinceAnchorMs = Math.max(0, zone.toLocal(atMs) - anchorLocalMs);
  const elapsedMs = sinceAnchorMs - Math.floor(sinceAnchorMs / roundMs) * roundMs;
  return { elapsedMs, roundMs, steadyUntilMs: zone.steadyUntilMs(atMs) };
};

const isStationWide = ({ purpose }: ChargingProfile): boolean =>
  purpose === 'station-max' || purpose === 'external-constraints' || purpose === 'local-generation';
