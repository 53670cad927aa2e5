import { type InstalledProfile, periodAt } from './period.ts';
import type { ChargingSchedule, ProfilePurpose, RateUnit, SchedulePeriod } from './profile.ts';
import type { Zone } from './zone.ts';

/** For whom the stack is evaluated. */
export interface ProfileContext {
  readonly connector: number;
  readonly transaction?: { readonly id: string; readonly startedAtMs: number };
  readonly zone: Zone;
  /** Configured voltage, not the measured one (K01.FR.50). */
  readonly voltageVolts: number;
  /** Phases that the connector supplies. */
  readonly phases: number;
  /** UsePriorityCharging is active (2.1, K21). */
  readonly priorityActive?: boolean;
  /** Epoch ms since when the charger has not reached its CSMS (K01.FR.101). */
  readonly offlineSinceMs?: number;
}

export interface LimitAt {
  /** Amps per phase; undefined: no profile limits it. */
  readonly limitAmps: number | undefined;
  readonly numberPhases: number;
  /** Nothing changes before this instant. */
  readonly untilMs: number;
  /** The profiles whose limit it is, or is a sum of. */
  readonly sources: readonly { readonly purpose: ProfilePurpose; readonly id: number }[];
}

/** Periods in one composite schedule; a longer one is cut and ends earlier. */
const PERIODS_MOST = 1_024;
const NEVER = Number.POSITIVE_INFINITY;

interface Leading {
  readonly amps: number;
  readonly numberPhases: number;
  readonly source: { readonly purpose: ProfilePurpose; readonly id: number };
}

/**
 * The limit at an instant (OCPP 2.x §3.6 SC.01, 1.6 §3.13): per purpose the highest stack level
 * that has a period now; TxProfile before TxDefaultProfile, priority before both; then the least of
 * these, the station's maximum and external constraints; local generation is added on top.
 */
export const limitAt = (
  installed: readonly InstalledProfile[],
  context: ProfileContext,
  atMs: number,
): LimitAt => {
  let untilMs = NEVER;
  const leading = (purpose: ProfilePurpose): Leading | undefined => {
    const found = leadingOf(installed, purpose, context, atMs);
    untilMs = Math.min(untilMs, found.untilMs);
    return found.leading;
  };
  const priority = context.priorityActive === true ? leading('priority') : undefined;
  const transaction = priority ?? leading('tx');
  const limits = [
    leading('station-max'),
    leading('external-constraints'),
    transaction ?? leading('tx-default'),
  ].filter((limit) => limit !== undefined);
  const generation = leading('local-generation');
  const least = limits.reduce<Leading | undefined>(
    (low, limit) => (low === undefined || limit.amps < low.amps ? limit : low),
    undefined,
  );
  if (least === undefined) {
    return { limitAmps: undefined, numberPhases: context.phases, untilMs, sources: [] };
  }
  return {
    limitAmps: least.amps + (generation?.amps ?? 0),
    numberPhases: Math.min(context.phases, ...limits.map((limit) => limit.numberPhases)),
    untilMs,
    sources: [least.source, ...(generation === undefined ? [] : [generation.source])],
  };
};

/**
 * The schedule that results over a window. Stretches without any limit have no period, which is
 * why a schedule may begin later than the window (GetCompositeSchedule, K08).
 */
export const compositeSchedule = (
  installed: readonly InstalledProfile[],
  context: ProfileContext,
  fromMs: number,
  durationSeconds: number,
  unit: RateUnit,
): ChargingSchedule => {
  const endMs = fromMs + durationSeconds * 1000;
  const periods: SchedulePeriod[] = [];
  let atMs = fromMs;
  while (atMs < endMs && periods.length < PERIODS_MOST) {
    const { limitAmps, numberPhases, untilMs } = limitAt(installed, context, atMs);
    if (limitAmps !== undefined) {
      const perAmp = unit === 'A' ? 1 : context.voltageVolts * numberPhases;
      append(periods, {
        startSeconds: (atMs - fromMs) / 1000,
        limit: limitAmps * perAmp,
        numberPhases,
      });
    }
    atMs = untilMs;
  }
  return { startMs: fromMs, durationSeconds, unit, periods };
};

const append = (periods: SchedulePeriod[], period: SchedulePeriod): void => {
  const last = periods.at(-1);
  if (last?.limit === period.limit && last.numberPhases === period.numberPhases) return;
  periods.push(period);
};

const leadingOf = (
  installed: readonly InstalledProfile[],
  purpose: ProfilePurpose,
  context: ProfileContext,
  atMs: number,
): { readonly leading: Leading | undefined; readonly untilMs: number } => {
  let best: InstalledProfile | undefined;
  let bestPeriod: SchedulePeriod | undefined;
  let untilMs = NEVER;
  for (const candidate of installed) {
    if (candidate.profile.purpose !== purpose || !applies(candidate, context)) continue;
    const validity = offlineValidity(candidate, context, atMs);
    if (validity !== undefined) untilMs = Math.min(untilMs, validity.untilMs);
    if (validity?.valid === false) continue;
    const start = context.transaction?.startedAtMs;
    const at = periodAt(candidate, start, context.zone, atMs);
    untilMs = Math.min(untilMs, at.untilMs);
    if (at.period === undefined || !outranks(candidate, best, context)) continue;
    best = candidate;
    bestPeriod = at.period;
  }
  if (best === undefined || bestPeriod === undefined) return { leading: undefined, untilMs };
  const numberPhases = bestPeriod.numberPhases ?? Math.min(3, context.phases);
  const watts = best.profile.schedule.unit === 'W';
  const amps = watts ? bestPeriod.limit / (context.voltageVolts * numberPhases) : bestPeriod.limit;
  return { leading: { amps, numberPhases, source: { purpose, id: best.profile.id } }, untilMs };
};

/** TxProfiles belong to their transaction; others to their connector, or to all of them. */
const applies = ({ connector, profile }: InstalledProfile, context: ProfileContext): boolean => {
  if (connector !== 0 && connector !== context.connector) return false;
  if (profile.purpose !== 'tx') return true;
  if (context.transaction === undefined) return false;
  return profile.transactionId === undefined || profile.transactionId === context.transaction.id;
};

/** A default of the connector replaces the one of connector 0 (1.6 §3.13.1); then stack level;
 * of two alike, the one that came later. */
const outranks = (
  candidate: InstalledProfile,
  best: InstalledProfile | undefined,
  context: ProfileContext,
): boolean => {
  if (best === undefined) return true;
  if (candidate.profile.purpose === 'tx-default' && candidate.connector !== best.connector) {
    return candidate.connector === context.connector;
  }
  const levels = candidate.profile.stackLevel - best.profile.stackLevel;
  return levels > 0 || (levels === 0 && candidate.receivedAtMs >= best.receivedAtMs);
};

/** K01.FR.101: a profile with maxOfflineDuration is invalid while offline longer than that. */
const offlineValidity = (
  { profile }: InstalledProfile,
  { offlineSinceMs }: ProfileContext,
  atMs: number,
): { readonly valid: boolean; readonly untilMs: number } | undefined => {
  if (profile.maxOfflineSeconds === undefined || offlineSinceMs === undefined) return undefined;
  const endsAtMs = offlineSinceMs + profile.maxOfflineSeconds * 1000;
  return atMs < endsAtMs ? { valid: true, untilMs: endsAtMs } : { valid: false, untilMs: NEVER };
};
