import { type Leading, type ProfileContext, type ProfileSource, ProfileStack } from './leading.ts';
import type { InstalledProfile } from './period.ts';
import type { ChargingSchedule, RateUnit, SchedulePeriod } from './profile.ts';

export type { ProfileContext } from './leading.ts';

export interface LimitAt {
  /** Amps per phase; undefined: no profile limits it. */
  readonly limitAmps: number | undefined;
  readonly numberPhases: number;
  /** The one phase to charge on, when `numberPhases` is 1 and a profile names it (K01.FR.46). */
  readonly phaseToUse?: number;
  /** Amps per phase below which charging is inefficient, by the profile of the transaction. */
  readonly minAmps?: number;
  /** Nothing changes before this instant. */
  readonly untilMs: number;
  /** The profiles whose limit it is, or is a sum of. */
  readonly sources: readonly ProfileSource[];
}

/** A limit besides the profiles: what a circuit, an EMS or the present offer leaves (SC.04). */
export interface Cap {
  readonly amps: number;
  /** Epoch ms; absent: until further notice. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** What a composite schedule is asked for. `fromMs`: epoch ms, best at a whole second. */
export interface CompositeWindow {
  readonly fromMs: number;
  readonly durationSeconds: number;
  readonly unit: RateUnit;
}

/** Periods in one composite schedule; a longer one is cut and its duration ends there. */
const PERIODS_MOST = 1_024;
/** Looks at the profiles for one composite schedule, whatever periods come out. */
const STEPS_MOST = 20_000;
/** The number that the standard's own examples write for "no limit" (2.1 §3.7.1). */
const NO_LIMIT = 999_999;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * The limit at an instant (OCPP 2.x §3.6 SC.01, 1.6 §3.13): per purpose the highest stack level
 * that has a period now; TxProfile before TxDefaultProfile, priority before both; then the least of
 * these, the station's maximum and external constraints; local generation is added on top. The
 * fewest phases of all that apply hold (K01.FR.140).
 */
export const limitAt = (
  installed: readonly InstalledProfile[],
  context: ProfileContext,
  atMs: number,
): LimitAt => limitOf(new ProfileStack(installed, context, atMs), context, atMs);

const limitOf = (stack: ProfileStack, context: ProfileContext, atMs: number): LimitAt => {
  stack.untilMs = NEVER;
  const transaction =
    (context.priorityActive === true ? stack.leading('priority', atMs) : undefined) ??
    stack.leading('tx', atMs) ??
    stack.leading('tx-default', atMs);
  const station = stack.leading('station-max', atMs);
  const external = stack.leading('external-constraints', atMs);
  const generation = stack.leading('local-generation', atMs);
  const least = lower(lower(station, external), transaction);
  const numberPhases = Math.min(
    context.phases,
    transaction?.numberPhases ?? NEVER,
    station?.numberPhases ?? NEVER,
    external?.numberPhases ?? NEVER,
  );
  const phase = transaction?.phaseToUse ?? station?.phaseToUse ?? external?.phaseToUse;
  const phases = {
    numberPhases,
    ...(numberPhases === 1 && phase !== undefined ? { phaseToUse: phase } : {}),
  };
  if (least === undefined || least.amps === NEVER) {
    return { limitAmps: undefined, ...phases, untilMs: stack.untilMs, sources: [] };
  }
  const limitAmps = least.amps + (generation?.amps ?? 0);
  return {
    limitAmps: limitAmps === NEVER ? undefined : limitAmps,
    ...phases,
    ...(transaction?.minAmps === undefined ? {} : { minAmps: transaction.minAmps }),
    untilMs: stack.untilMs,
    sources: generation === undefined ? [least.source] : [least.source, generation.source],
  };
};

const lower = (a: Leading | undefined, b: Leading | undefined): Leading | undefined =>
  a === undefined || (b !== undefined && b.amps < a.amps) ? b : a;

/**
 * The schedule that results over a window, caps included (GetCompositeSchedule, K08). Its value at
 * each whole second is the limit at that instant. A stretch without limit counts as the rating of
 * the connector; when that is not told, the schedule begins with its first limit.
 */
export const compositeSchedule = (
  installed: readonly InstalledProfile[],
  context: ProfileContext,
  fromMs: number,
  durationSeconds: number,
  unit: RateUnit,
  caps: readonly Cap[] = [],
): ChargingSchedule => {
  const stack = new ProfileStack(installed, context, fromMs);
  return walk({ fromMs, durationSeconds, unit }, context, (atMs) =>
    capped(limitOf(stack, context, atMs), caps, context, atMs),
  );
};

/**
 * What the charger as a whole may draw: the limit of the station, and never more than its
 * connectors together (K08.FR.03, K04.FR.05).
 */
export const stationSchedule = (
  installed: readonly InstalledProfile[],
  station: ProfileContext,
  connectors: readonly { readonly context: ProfileContext; readonly caps: readonly Cap[] }[],
  window: CompositeWindow,
): ChargingSchedule => {
  const stack = new ProfileStack(installed, station, window.fromMs);
  const parts = connectors.map((each) => ({
    ...each,
    stack: new ProfileStack(installed, each.context, window.fromMs),
  }));
  return walk(window, station, (atMs) => {
    const whole = capped(limitOf(stack, station, atMs), [], station, atMs);
    let sumAmps = 0;
    let untilMs = whole.untilMs;
    for (const part of parts) {
      const limit = limitOf(part.stack, part.context, atMs);
      const amps = capped(limit, part.caps, part.context, atMs);
      sumAmps += amps.limitAmps ?? NEVER;
      untilMs = Math.min(untilMs, amps.untilMs);
    }
    const limitAmps = parts.length === 0 ? NEVER : sumAmps;
    const least = Math.min(whole.limitAmps ?? NEVER, limitAmps);
    return { ...whole, limitAmps: least === NEVER ? undefined : least, untilMs };
  });
};

const capped = (
  limit: LimitAt,
  caps: readonly Cap[],
  { ratedAmps }: ProfileContext,
  atMs: number,
): LimitAt => {
  let least = Math.min(limit.limitAmps ?? NEVER, ratedAmps ?? NEVER);
  let { untilMs } = limit;
  for (const cap of caps) {
    const { fromMs = Number.NEGATIVE_INFINITY, untilMs: endMs = NEVER } = cap;
    if (atMs >= endMs) continue;
    untilMs = Math.min(untilMs, atMs < fromMs ? fromMs : endMs);
    if (atMs >= fromMs) least = Math.min(least, cap.amps);
  }
  return { ...limit, limitAmps: least === NEVER ? undefined : least, untilMs };
};

const walk = (
  { fromMs, durationSeconds, unit }: CompositeWindow,
  { voltageVolts }: ProfileContext,
  limitAtMs: (atMs: number) => LimitAt,
): ChargingSchedule => {
  const periods: SchedulePeriod[] = [];
  let atSeconds = 0;
  for (let steps = 0; atSeconds < durationSeconds; steps += 1) {
    if (periods.length >= PERIODS_MOST || steps >= STEPS_MOST) break;
    const { limitAmps, numberPhases, phaseToUse, untilMs } = limitAtMs(fromMs + atSeconds * 1000);
    const limit =
      limitAmps === undefined
        ? NO_LIMIT
        : limitAmps * (unit === 'A' ? 1 : voltageVolts * numberPhases);
    if (limitAmps !== undefined || periods.length > 0) {
      const phase = phaseToUse === undefined ? {} : { phaseToUse };
      append(periods, { startSeconds: atSeconds, limit, numberPhases, ...phase });
    }
    // Periods begin at whole seconds: what changes in between holds from the next one on.
    atSeconds = Math.max(atSeconds + 1, Math.ceil((untilMs - fromMs) / 1000));
  }
  const endSeconds = Math.min(durationSeconds, atSeconds);
  return { startMs: fromMs, durationSeconds: endSeconds, unit, periods };
};

const append = (periods: SchedulePeriod[], period: SchedulePeriod): void => {
  const last = periods.at(-1);
  const same =
    last?.limit === period.limit &&
    last.numberPhases === period.numberPhases &&
    last.phaseToUse === period.phaseToUse;
  if (same) return;
  periods.push(period);
};
