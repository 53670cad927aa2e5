import type { Abilities } from '../core/charger-state.ts';
import type { ChargerTraits, OfferPurpose, VendorLimit } from '../core/charger-traits.ts';
import type { ChargerSpec } from '../core/site.ts';
import { type ProfileCall, setChargingProfileCall } from '../ocpp/charging-profile.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { fallbackProfile, leaseProfile } from '../profiles/build.ts';
import type { RateUnit } from '../profiles/profile.ts';
import { OWN_FALLBACK_PROFILE_ID, OWN_LEASE_PROFILE_ID, OWN_STACK_LEVEL } from './own-profiles.ts';

/** One way of telling a charger its limit. When it does not work, the next one is tried. */
export type OfferWay =
  | { readonly by: 'profile'; readonly purpose: OfferPurpose; readonly unit: RateUnit }
  | { readonly by: 'vendor'; readonly limit: VendorLimit };

/** The ways to try for offers, best first. None: the charger takes no limits. */
export const offerWays = (traits: ChargerTraits, abilities: Abilities): readonly OfferWay[] =>
  traits.vendorLimit === undefined
    ? traits.purposes.flatMap((purpose) =>
        unitsOf(traits, abilities).map((unit) => ({ by: 'profile', purpose, unit }) as const),
      )
    : [{ by: 'vendor', limit: traits.vendorLimit }];

/** Amps are tried first unless the charger says that it takes watts only. */
const unitsOf = (
  { rateUnit }: ChargerTraits,
  { known, rateUnits }: Abilities,
): readonly RateUnit[] => {
  if (rateUnit !== undefined) return [rateUnit];
  if (known && !rateUnits.includes('A')) return ['W', 'A'];
  return rateUnits.includes('W') ? ['A', 'W'] : ['A'];
};

/** An offer ends by itself only as a TxProfile, and where the charger honours durations. */
export const endsByItself = (way: OfferWay, traits: ChargerTraits): boolean =>
  way.by === 'profile' && way.purpose === 'tx' && traits.honoursDuration;

/** Written to memory that wears out: defaults survive a reboot (K01.FR.27, 1.6 erratum 3.37). */
export const isPersistent = (way: OfferWay): boolean =>
  way.by === 'vendor' || way.purpose === 'tx-default';

/** In a word, for logs and the page. */
export const wayName = (way: OfferWay): string => {
  if (way.by === 'profile') return `${NAMES[way.purpose]} in ${way.unit}`;
  return way.limit.by === 'configuration' ? way.limit.key : way.limit.messageId;
};
const NAMES: Readonly<Record<OfferPurpose, string>> = {
  tx: 'TxProfile',
  'tx-default': 'TxDefaultProfile',
};

export interface Offer {
  readonly connector: number;
  readonly transactionId: string;
  readonly amps: number;
  readonly lifeSeconds: number;
  readonly volts: number;
  readonly phases: number;
  readonly numberPhases?: number;
  readonly phaseToUse?: number;
  /** Seconds since the transaction began. */
  readonly ageSeconds: number;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
}

/** The call that makes an offer. */
export const offerCall = (
  version: OcppVersion,
  way: OfferWay,
  traits: ChargerTraits,
  offer: Offer,
): ProfileCall => {
  if (way.by === 'vendor') return vendorCall(way.limit, offer);
  const { connector, transactionId, lifeSeconds, ageSeconds, ...rest } = offer;
  const id = OWN_LEASE_PROFILE_ID + connector;
  const own = { ...rest, id, stackLevel: OWN_STACK_LEVEL, unit: way.unit };
  if (way.purpose === 'tx-default') {
    // In 2.x it would be a duplicate of the fallback on the same level (K01.FR.53).
    const stackLevel = version === '1.6' ? OWN_STACK_LEVEL : OWN_STACK_LEVEL + 1;
    return setChargingProfileCall(
      version,
      connector,
      fallbackProfile({ ...own, stackLevel }, traits.profileKind),
    );
  }
  return setChargingProfileCall(
    version,
    connector,
    leaseProfile({
      ...own,
      transactionId,
      lifeSeconds,
      ...(traits.profileKind === 'relative' ? { relativeAfterSeconds: ageSeconds } : {}),
    }),
  );
};

/** Takes an offer back, e.g. one that does not end by itself. */
export const clearOfferCall = (version: OcppVersion, connector: number): ProfileCall => {
  const id = OWN_LEASE_PROFILE_ID + connector;
  return {
    action: 'ClearChargingProfile',
    payload: version === '1.6' ? { id } : { chargingProfileId: id },
  };
};

/**
 * The calls that put the fallback into a charger; all of them have to be accepted. `attempt` counts
 * from 0: what was refused is tried in another unit and on every connector in turn.
 */
export const fallbackCalls = (
  version: OcppVersion,
  spec: ChargerSpec,
  traits: ChargerTraits,
  abilities: Abilities,
  around: { readonly connectors: number; readonly volts: number; readonly nowMs: number },
  attempt: number,
): readonly ProfileCall[] => {
  const each = Array.from({ length: around.connectors }, (_, i) => i + 1);
  const { vendorLimit } = traits;
  const facts = { amps: spec.fallbackAmps, volts: around.volts, phases: spec.phases.length };
  if (vendorLimit !== undefined) {
    return each.map((connector) => vendorCall(vendorLimit, { ...facts, connector }));
  }
  const units = unitsOf(traits, abilities);
  const ways = [traits.defaultPerConnector, !traits.defaultPerConnector].flatMap((perConnector) =>
    units.map((unit) => ({ unit, perConnector })),
  );
  const { unit, perConnector } = ways[attempt % ways.length] ?? { unit: 'A', perConnector: false };
  const profile = (id: number) =>
    fallbackProfile(
      { ...facts, id, unit, stackLevel: OWN_STACK_LEVEL, nowMs: around.nowMs },
      traits.profileKind,
    );
  return perConnector
    ? each.map((connector) =>
        setChargingProfileCall(version, connector, profile(OWN_FALLBACK_PROFILE_ID + connector)),
      )
    : [setChargingProfileCall(version, 0, profile(OWN_FALLBACK_PROFILE_ID))];
};

const vendorCall = (
  limit: VendorLimit,
  { connector, amps, volts, phases }: Pick<Offer, 'connector' | 'amps' | 'volts' | 'phases'>,
): ProfileCall => {
  const filled = (text: string): string =>
    text
      .replaceAll('{connector}', String(connector))
      .replaceAll('{amps}', String(Math.floor(amps)))
      .replaceAll('{watts}', String(Math.floor(amps * volts * phases)));
  if (limit.by === 'configuration') {
    const payload = { key: limit.key, value: filled(limit.value) };
    return { action: 'ChangeConfiguration', payload };
  }
  const { vendorId, messageId } = limit;
  return { action: 'DataTransfer', payload: { vendorId, messageId, data: filled(limit.data) } };
};
