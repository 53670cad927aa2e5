import type { OwnCall } from '../gateway/observer.ts';

const TX_PROFILE = 'TxProfile';

interface Profile {
  readonly chargingProfilePurpose?: unknown;
  readonly chargingSchedule?: readonly {
    readonly startSchedule?: string;
    readonly duration?: number;
    readonly chargingSchedulePeriod?: readonly { readonly limit?: number }[];
  }[];
}

/**
 * The limit in a TxProfile of our own, and how long it still lives; undefined for every other call.
 * Of several periods the least counts: a child knows one number.
 */
export const profileLimit = (
  { action, payload }: OwnCall,
  wallMs: number,
): { readonly amps: number; readonly lifeSeconds: number } | undefined => {
  if (action !== 'SetChargingProfile') return undefined;
  const profile = (payload as { readonly chargingProfile?: Profile }).chargingProfile;
  const schedule = profile?.chargingSchedule?.[0];
  const limits = (schedule?.chargingSchedulePeriod ?? []).map(({ limit }) => limit ?? Number.NaN);
  const amps = Math.min(...limits);
  if (profile?.chargingProfilePurpose !== TX_PROFILE || !Number.isFinite(amps)) return undefined;
  const startMs = Date.parse(schedule?.startSchedule ?? '');
  const endMs = startMs + (schedule?.duration ?? Number.NaN) * 1000;
  const lifeSeconds = Math.floor((endMs - wallMs) / 1000);
  return lifeSeconds > 0 ? { amps, lifeSeconds } : undefined;
};

interface VariableQuery {
  readonly component?: { readonly name?: string };
  readonly variable?: { readonly name?: string };
}

/** What a child is able to do, as a station would say it. */
const VARIABLES: Readonly<Record<string, string>> = { Enabled: 'true', RateUnit: 'A' };

/**
 * What a child answers to the other calls of the control loop: its fallback is the failsafe of our
 * source in its own site file, so a default is accepted; it reports by itself, so nothing is
 * triggered.
 */
export const stationAnswer = ({ action, payload }: OwnCall): object => {
  if (action === 'ClearChargingProfile') return { status: 'Accepted' };
  if (action === 'SetChargingProfile') {
    const profile = (payload as { readonly chargingProfile?: Profile }).chargingProfile;
    const isFallback = profile?.chargingProfilePurpose === 'TxDefaultProfile';
    return { status: isFallback ? 'Accepted' : 'Rejected' };
  }
  if (action !== 'GetVariables') return { status: 'Rejected' };
  const { getVariableData = [] } = payload as { readonly getVariableData?: VariableQuery[] };
  return {
    getVariableResult: getVariableData.map(({ component, variable }) => {
      const value = VARIABLES[variable?.name ?? ''];
      return {
        component,
        variable,
        attributeStatus: value === undefined ? 'UnknownVariable' : 'Accepted',
        ...(value === undefined ? {} : { attributeValue: value }),
      };
    }),
  };
};
