import type { ChargingProfile, RateUnit, SchedulePeriod } from './profile.ts';

/** A charger's clock may be behind ours; a schedule that starts this much earlier runs already. */
const START_EARLIER_MS = 60_000;
/** What has no end may begin earlier than any mistake about a time zone. */
const FALLBACK_EARLIER_MS = 27 * 3_600_000;

export interface OwnProfile {
  readonly id: number;
  /** Per phase. */
  readonly amps: number;
  readonly stackLevel: number;
  readonly unit: RateUnit;
  readonly volts: number;
  readonly phases: number;
  /** Fewer phases than the charger has, and which one, when the charger can leave some out. */
  readonly numberPhases?: number;
  readonly phaseToUse?: number;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
  /** It has held for as long as any clock can show: also after a power cut that sets one to 1970. */
  readonly always?: boolean;
}

/** What is known of the offer's future, so that a charger that loses us follows the plan. */
export interface LaterOffer {
  readonly afterSeconds: number;
  readonly amps: number;
}

/**
 * What a connector does by itself: a TxDefaultProfile without end, in force from now on; a relative
 * one from the start of each transaction, for chargers that follow no other. With `later` (by rising
 * time, absolute only) it changes by itself, and its last value stays.
 */
export const fallbackProfile = (
  own: OwnProfile,
  kind: 'absolute' | 'relative' = 'absolute',
  later: readonly LaterOffer[] = [],
): ChargingProfile => ({
  id: own.id,
  stackLevel: own.stackLevel,
  purpose: 'tx-default',
  kind,
  schedule: {
    ...(kind === 'relative' ? {} : { startMs: startOf(own, later) }),
    unit: own.unit,
    periods: [
      periodOf(own, 0, own.amps),
      ...later.map(({ afterSeconds, amps }) =>
        periodOf(own, START_EARLIER_MS / 1000 + afterSeconds, amps),
      ),
    ],
  },
});

const startOf = ({ always, nowMs }: OwnProfile, later: readonly LaterOffer[]): number => {
  if (later.length > 0) return wholeSecond(nowMs - START_EARLIER_MS);
  return always === true ? 0 : wholeSecond(nowMs - FALLBACK_EARLIER_MS);
};

/**
 * An offer that ends by itself: a TxProfile with a duration. Absolute, since the duration of a
 * Relative one counts from the start of the transaction and could never be renewed. It starts a
 * little in the past for chargers whose clock is behind; its life counts from now. `later` are
 * changes within its life, by rising `afterSeconds`.
 */
export const leaseProfile = (
  own: OwnProfile & {
    readonly transactionId: string;
    readonly lifeSeconds: number;
    readonly later?: readonly LaterOffer[];
    /** For chargers that follow relative schedules only: seconds since the transaction began. */
    readonly relativeAfterSeconds?: number;
  },
): ChargingProfile => {
  // Schedules begin at whole seconds: what comes within one counts from now on.
  const now = (own.later ?? []).filter(({ afterSeconds }) => afterSeconds <= 0);
  const amps = Math.min(own.amps, ...now.map((each) => each.amps));
  if (own.relativeAfterSeconds !== undefined) {
    const endSeconds = own.relativeAfterSeconds + own.lifeSeconds;
    return relativeLease({ ...own, amps }, own.transactionId, endSeconds);
  }
  const earlierSeconds = START_EARLIER_MS / 1000;
  const later = (own.later ?? [])
    .filter(({ afterSeconds }) => afterSeconds > 0 && afterSeconds < own.lifeSeconds)
    .map((step) => periodOf(own, earlierSeconds + step.afterSeconds, step.amps));
  return {
    id: own.id,
    stackLevel: own.stackLevel,
    purpose: 'tx',
    kind: 'absolute',
    transactionId: own.transactionId,
    schedule: {
      startMs: wholeSecond(own.nowMs - START_EARLIER_MS),
      durationSeconds: own.lifeSeconds + earlierSeconds,
      unit: own.unit,
      periods: [periodOf(own, 0, amps), ...later],
    },
  };
};

const relativeLease = (
  own: OwnProfile,
  transactionId: string,
  durationSeconds: number,
): ChargingProfile => ({
  id: own.id,
  stackLevel: own.stackLevel,
  purpose: 'tx',
  kind: 'relative',
  transactionId,
  schedule: {
    durationSeconds: Math.ceil(durationSeconds),
    unit: own.unit,
    periods: [periodOf(own, 0, own.amps)],
  },
});

/** Watts name their phases: a charger that is not told divides them by three (K01.FR.49). */
const periodOf = (
  { unit, volts, phases, numberPhases, phaseToUse }: OwnProfile,
  startSeconds: number,
  amps: number,
): SchedulePeriod => {
  const used = numberPhases ?? (unit === 'W' ? phases : undefined);
  return {
    startSeconds,
    limit: unit === 'A' ? amps : Math.floor(amps * volts * (used ?? phases)),
    ...(used === undefined ? {} : { numberPhases: used }),
    ...(used !== 1 || phaseToUse === undefined ? {} : { phaseToUse }),
  };
};

const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;
