import type { ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import type { ChargingProfile, ChargingSchedule } from '../../src/profiles/profile.ts';
import { Zone } from '../../src/profiles/zone.ts';

/** Monday noon, UTC. */
export const NOW = Date.UTC(2026, 5, 1, 12);
export const HOUR = 3_600_000;
export const TRANSACTION = { id: '7', startedAtMs: NOW - HOUR };

/** Connector 1 with three phases of 230 V. */
export const context = (changes: Partial<ProfileContext> = {}): ProfileContext => ({
  connector: 1,
  zone: new Zone('UTC'),
  voltageVolts: 230,
  phases: 3,
  ...changes,
});

export type SampleChanges = Partial<Omit<ChargingProfile, 'schedule'>> & {
  readonly schedule?: Partial<ChargingSchedule>;
  readonly connector?: number;
  readonly receivedAtMs?: number;
};

/** A TxDefaultProfile of `limit` amps on connector 1 since an hour ago, with changes. */
export const sample = (limit: number, changes: SampleChanges = {}): InstalledProfile => {
  const { schedule, connector, receivedAtMs = NOW - HOUR, ...rest } = changes;
  const { purpose = 'tx-default' } = rest;
  const whole = purpose !== 'tx-default' && purpose !== 'tx' && purpose !== 'priority';
  return {
    connector: connector ?? (whole ? 0 : 1),
    receivedAtMs,
    profile: {
      id: 1,
      stackLevel: 0,
      purpose,
      kind: 'absolute',
      ...rest,
      schedule: {
        ...(rest.kind === 'relative' || rest.kind === 'dynamic' ? {} : { startMs: NOW - HOUR }),
        unit: 'A',
        periods: [{ startSeconds: 0, limit }],
        ...schedule,
      },
    },
  };
};
