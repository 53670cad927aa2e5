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

/** How a period is used (2.1 §3.4); absent is ChargingOnly. */
export type OperationMode =
  | 'ChargingOnly'
  | 'ExternalSetpoint'
  | 'ExternalLimits'
  | 'CentralSetpoint'
  | 'CentralFrequency'
  | 'LocalFrequency'
  | 'LocalLoadBalancing'
  | 'Idle';

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
  /** Second and third schedule of an ISO 15118 profile; the car chooses one of them (K15). */
  readonly alternatives?: readonly ChargingSchedule[];
  /** Dynamic profiles: last update, epoch ms (dynUpdateTime, K28). */
  readonly updatedAtMs?: number;
  /** Dynamic profiles: the CSMS wants to be asked this often (dynUpdateInterval, K28). */
  readonly updateIntervalSeconds?: number;
  /** 2.1 maxOfflineDuration, seconds (K01.FR.101). */
  readonly maxOfflineSeconds?: number;
  readonly invalidAfterOffline?: boolean;
}

export interface ChargingSchedule {
  /** Absent: relative to the start of the transaction (or to when it was received). */
  readonly startMs?: number;
  /** `startMs` holds local wall-clock digits as if they were UTC (useLocalTime, K01.FR.90). */
  readonly localTime?: boolean;
  readonly durationSeconds?: number;
  readonly unit: RateUnit;
  readonly minChargingRate?: number;
  /** Cap from a state of charge on, in `unit` (limitAtSoC, K01.FR.100). */
  readonly limitAtSoc?: { readonly socPercent: number; readonly limit: number };
  /** Each period but the first begins up to so much later, at random (2.1, K01.FR.92). */
  readonly randomizedDelaySeconds?: number;
  readonly periods: readonly SchedulePeriod[];
}

export interface SchedulePeriod {
  readonly startSeconds: number;
  /** In `unit`: amps are per phase, watts are the total. Infinity: this period sets no limit. */
  readonly limit: number;
  /** Limits of their own for L2 and L3; `limit` is that of L1 then, also in watts (2.1). */
  readonly limitL2?: number;
  readonly limitL3?: number;
  /** Absent = 3 on AC (K01.FR.49). */
  readonly numberPhases?: number;
  readonly phaseToUse?: number;
  readonly operationMode?: OperationMode;
  /** 2.1: electronics may be switched off (Q10). */
  readonly evseSleep?: boolean;
}
