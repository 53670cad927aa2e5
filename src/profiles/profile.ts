/**
 * A charging profile in one shape for OCPP 1.6, 2.0.1 and 2.1. Times are wall-clock epoch ms.
 * Names follow the standard; only units are added.
 */
export type ProfilePurpose =
  | 'station-max' // ChargePointMaxProfile, ChargingStationMaxProfile
  | 'external-constraints' // ChargingStationExternalConstraints (2.x)
  | 'tx-default'
  | 'tx'
  | 'priority' // PriorityCharging (2.1)
  | 'local-generation'; // LocalGeneration (2.1)

export type ProfileKind = 'absolute' | 'recurring' | 'relative' | 'dynamic';
export type RateUnit = 'A' | 'W';

export interface ChargingProfile {
  readonly id: number;
  readonly stackLevel: number;
  readonly purpose: ProfilePurpose;
  readonly kind: ProfileKind;
  readonly recurrency?: 'daily' | 'weekly';
  readonly validFromMs?: number;
  readonly validToMs?: number;
  /** 1.6: decimal text; 2.x: the charger's id. */
  readonly transactionId?: string;
  readonly schedule: ChargingSchedule;
  /** Dynamic profiles: last update, epoch ms (dynUpdateTime, K28). */
  readonly updatedAtMs?: number;
  /** 2.1 maxOfflineDuration, seconds (K01.FR.101). */
  readonly maxOfflineSeconds?: number;
  readonly invalidAfterOffline?: boolean;
}

export interface ChargingSchedule {
  /** Absent: relative to the start of the transaction (or to when it was received). */
  readonly startMs?: number;
  readonly durationSeconds?: number;
  readonly unit: RateUnit;
  readonly minChargingRate?: number;
  readonly periods: readonly SchedulePeriod[];
}

export interface SchedulePeriod {
  readonly startSeconds: number;
  /** In `unit`: amps are per phase, watts are the total. */
  readonly limit: number;
  /** Absent = 3 on AC (K01.FR.49). */
  readonly numberPhases?: number;
  readonly phaseToUse?: number;
}
