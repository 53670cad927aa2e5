import type { ChargingProfile, RateUnit, SchedulePeriod } from './profile.ts';

/** A charger's clock may be behind ours; a schedule that starts this much earlier runs already. */
const START_EARLIER_MS = 60_000;

export interface OwnProfile {
  readonly id: number;
  readonly amps: number;
  readonly stackLevel: number;
  readonly unit: RateUnit;
  readonly volts: number;
  readonly phases: number;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
}

/** What a connector does by itself: a TxDefaultProfile without end, in force from now on. */
export const fallbackProfile = (own: OwnProfile): ChargingProfile => ({
  id: own.id,
  stackLevel: own.stackLevel,
  purpose: 'tx-default',
  kind: 'absolute',
  schedule: {
    startMs: wholeSecond(own.nowMs - START_EARLIER_MS),
    unit: own.unit,
    periods: [periodOf(own)],
  },
});

/**
 * An offer that ends by itself: a TxProfile with a duration. Absolute, since the duration of a
 * Relative one counts from the start of the transaction and could never be renewed. It starts a
 * little in the past for chargers whose clock is behind; its life counts from now.
 */
export const leaseProfile = (
  own: OwnProfile & { readonly transactionId: string; readonly lifeSeconds: number },
): ChargingProfile => ({
  id: own.id,
  stackLevel: own.stackLevel,
  purpose: 'tx',
  kind: 'absolute',
  transactionId: own.transactionId,
  schedule: {
    startMs: wholeSecond(own.nowMs - START_EARLIER_MS),
    durationSeconds: own.lifeSeconds + START_EARLIER_MS / 1000,
    unit: own.unit,
    periods: [periodOf(own)],
  },
});

const periodOf = ({ amps, unit, volts, phases }: OwnProfile): SchedulePeriod => ({
  startSeconds: 0,
  limit: unit === 'A' ? amps : Math.floor(amps * volts * phases),
});

const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;
