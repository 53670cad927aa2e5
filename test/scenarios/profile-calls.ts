import type { OcppVersion } from '../../src/ocpp/version.ts';
import type { VirtualSite } from '../../src/sim/virtual-site.ts';

export const CHARGER = 'CP_1';

export interface WantedProfile {
  readonly id: number;
  readonly purpose: string;
  readonly amps: number;
  readonly unit?: 'A' | 'W';
  /** Epoch ms. */
  readonly now: number;
  readonly transactionId?: string;
  readonly stackLevel?: number;
  readonly durationSeconds?: number;
}

/** A profile object as a CSMS of that version writes it: one period from a minute ago on. */
export const profile = (version: OcppVersion, wanted: WantedProfile): object => {
  const { id, purpose, amps, unit = 'A', now, transactionId, stackLevel = 0 } = wanted;
  const old = version === '1.6';
  const schedule = {
    ...(old ? {} : { id: 1 }),
    startSchedule: new Date(now - 60_000).toISOString(),
    ...(wanted.durationSeconds === undefined ? {} : { duration: wanted.durationSeconds + 60 }),
    chargingRateUnit: unit,
    chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
  };
  return {
    [old ? 'chargingProfileId' : 'id']: id,
    stackLevel,
    chargingProfilePurpose: purpose,
    chargingProfileKind: 'Absolute',
    ...(transactionId === undefined
      ? {}
      : { transactionId: old ? Number(transactionId) : transactionId }),
    chargingSchedule: old ? schedule : [schedule],
  };
};

/** Asks the charger through the gateway; time runs until it answers. */
export const ask = async (site: VirtualSite, action: string, payload: object): Promise<unknown> => {
  const asked = site.csms.call(CHARGER, action, payload);
  asked.catch(() => {});
  await site.run(1);
  return asked;
};

export const set = (site: VirtualSite, version: OcppVersion, connector: number, value: object) =>
  ask(
    site,
    'SetChargingProfile',
    version === '1.6'
      ? { connectorId: connector, csChargingProfiles: value }
      : { evseId: connector, chargingProfile: value },
  );

export const clear = (
  site: VirtualSite,
  version: OcppVersion,
  which: { readonly id?: number },
): Promise<unknown> => {
  const name = version === '1.6' ? 'id' : 'chargingProfileId';
  return ask(site, 'ClearChargingProfile', which.id === undefined ? {} : { [name]: which.id });
};

/** A composite schedule, the same for every version. */
export const composite = async (
  site: VirtualSite,
  version: OcppVersion,
  connector: number,
  duration: number,
): Promise<{
  readonly status: string;
  readonly unit: string;
  readonly periods: readonly (readonly [startSeconds: number, limit: number])[];
}> => {
  const place = version === '1.6' ? 'connectorId' : 'evseId';
  const answer = (await ask(site, 'GetCompositeSchedule', {
    [place]: connector,
    duration,
  })) as Readonly<Record<string, unknown>>;
  const schedule = (answer['chargingSchedule'] ?? answer['schedule'] ?? {}) as {
    readonly chargingRateUnit?: string;
    readonly chargingSchedulePeriod?: readonly { startPeriod: number; limit: number }[];
  };
  return {
    status: String(answer['status']),
    unit: schedule.chargingRateUnit ?? '',
    periods: (schedule.chargingSchedulePeriod ?? []).map(
      ({ startPeriod, limit }) => [startPeriod, limit] as const,
    ),
  };
};

/** A limit of the whole site in the words of each version. */
export const siteProfile = (version: OcppVersion, amps: number): object => {
  const schedule = {
    chargingRateUnit: 'A',
    chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
  };
  return version === '1.6'
    ? {
        connectorId: 0,
        csChargingProfiles: {
          chargingProfileId: 5,
          stackLevel: 0,
          chargingProfilePurpose: 'ChargePointMaxProfile',
          chargingProfileKind: 'Absolute',
          chargingSchedule: { startSchedule: '2026-01-01T00:00:00Z', ...schedule },
        },
      }
    : {
        evseId: 0,
        chargingProfile: {
          id: 5,
          stackLevel: 0,
          chargingProfilePurpose: 'ChargingStationMaxProfile',
          chargingProfileKind: 'Absolute',
          chargingSchedule: [{ id: 1, startSchedule: '2026-01-01T00:00:00Z', ...schedule }],
        },
      };
};
