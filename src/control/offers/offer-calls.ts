import type { Abilities } from '../../core/chargers/charger-state.ts';
import type {
  ChargerTraits,
  OfferPurpose,
  VendorLimit,
} from '../../core/chargers/charger-traits.ts';
import { toldPhases } from '../../core/chargers/told-limit.ts';
import type { ChargerSpec } from '../../core/site.ts';
import { setChargingProfileCall } from '../../ocpp/charging-profile.ts';
import type { OcppCall } from '../../ocpp/payload.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import { fallbackProfile, type LaterOffer, leaseProfile } from '../../profiles/build.ts';
import type { RateUnit } from '../../profiles/profile.ts';
import { OWN_FALLBACK_PROFILE_ID, OWN_LEASE_PROFILE_ID, OWN_STACK_LEVEL } from './own-profiles.ts';

/** One way of telling a charger its limit. When it does not work, the next one is tried. */
export type OfferWay =
  | {
      readonly by: 'profile';
      readonly purpose: OfferPurpose | 'station-max';
      readonly unit: RateUnit;
    }
  | { readonly by: 'vendor'; readonly limit: VendorLimit };

/** The ways to try for offers, best first. None: the charger takes no limits. */
export const offerWays = (
  traits: ChargerTraits,
  abilities: Abilities,
  spec: Pick<ChargerSpec, 'csmsProfiles' | 'dcEfficiency'> = {},
): readonly OfferWay[] => {
  if (traits.vendorLimit !== undefined) return [{ by: 'vendor', limit: traits.vendorLimit }];
  const overlay = spec.csmsProfiles === 'overlay' && traits.purposes.length > 0;
  const purposes = overlay ? (['station-max'] as const) : traits.purposes;
  return purposes.flatMap((purpose) =>
    unitsFor(traits, abilities, spec).map((unit) => ({ by: 'profile', purpose, unit }) as const),
  );
};

/** A DC charger is told watts: amps could be those of its output. */
const unitsFor = (
  traits: ChargerTraits,
  abilities: Abilities,
  { dcEfficiency }: Pick<ChargerSpec, 'dcEfficiency'>,
): readonly RateUnit[] => (dcEfficiency === undefined ? unitsOf(traits, abilities) : ['W']);

/** Amps are tried first unless the charger says that it takes watts only. */
const unitsOf = (
  { rateUnit }: ChargerTraits,
  { known, rateUnits }: Abilities,
): readonly RateUnit[] => {
  if (rateUnit !== undefined) return [rateUnit];
  if (known && !rateUnits.includes('A')) return ['W', 'A'];
  return rateUnits.includes('W') ? ['A', 'W'] : ['A'];
};

/**
 * Purposes that are written to memory which wears out live longer than a TxProfile: at most so many
 * renewals a day, and after it the charger is at its fallback without us.
 */
export const STANDING_LIFE_MS = 30 * 60_000;

/**
 * How long an offer holds in the charger before it ends by itself: a TxProfile by its duration, a
 * default or maximum by a second period, which is the fallback. Infinity: until the next one.
 */
export const lifeOf = (
  way: OfferWay,
  { honoursDuration, profileKind }: ChargerTraits,
  { maxPeriods = 1 }: Abilities,
  lifeMs: number,
): number => {
  if (way.by === 'vendor' || !honoursDuration) return Number.POSITIVE_INFINITY;
  if (way.purpose === 'tx') return lifeMs;
  const relative = profileKind === 'relative' && way.purpose === 'tx-default';
  if (relative || maxPeriods < 2) return Number.POSITIVE_INFINITY;
  return Math.max(lifeMs, STANDING_LIFE_MS);
};

/** How long an offer of an earlier run may still hold in a charger of which nothing else is known. */
export const longestLifeMs = (
  { honoursDuration, vendorLimit, purposes }: ChargerTraits,
  { csmsProfiles }: Pick<ChargerSpec, 'csmsProfiles'>,
  lifeMs: number,
): number => {
  // An offer that does not end by itself holds until the next one is accepted.
  if (!honoursDuration || vendorLimit !== undefined) return Number.POSITIVE_INFINITY;
  const stands = csmsProfiles === 'overlay' || purposes[0] === 'tx-default';
  return stands ? Math.max(lifeMs, STANDING_LIFE_MS) : lifeMs;
};

/** Written to memory that wears out: defaults survive a reboot (K01.FR.27, 1.6 erratum 3.37). */
export const isPersistent = (way: OfferWay): boolean => way.by === 'vendor' || way.purpose !== 'tx';

/** Its one place in the charger holds the offer, and the fallback between transactions. */
export const sharesPlaceWithFallback = (way: OfferWay | undefined): boolean =>
  way !== undefined && (way.by === 'vendor' || way.purpose === 'station-max');

/** In a word, for logs and the page. */
export const wayName = (way: OfferWay): string => {
  if (way.by === 'profile') return `${NAMES[way.purpose]} in ${way.unit}`;
  return way.limit.by === 'configuration' ? way.limit.key : way.limit.messageId;
};
const NAMES: Readonly<Record<OfferPurpose | 'station-max', string>> = {
  'station-max': 'station maximum',
  tx: 'TxProfile',
  'tx-default': 'TxDefaultProfile',
};

export interface Offer {
  readonly connector: number;
  readonly transactionId: string;
  readonly amps: number;
  readonly lifeSeconds: number;
  /** What it changes to by itself, by rising time: in a default or maximum for good. */
  readonly later?: readonly LaterOffer[];
  readonly volts: number;
  readonly phases: number;
  readonly numberPhases?: number;
  readonly phaseToUse?: number;
  /** Seconds since the transaction began. */
  readonly ageSeconds: number;
  /** Highest stack level of the charger: where the site's maximum lies, above the CSMS's. */
  readonly topLevel: number;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
}

/** The call that makes an offer. */
export const offerCall = (
  version: OcppVersion,
  way: OfferWay,
  traits: ChargerTraits,
  offer: Offer,
): OcppCall => {
  if (way.by === 'vendor') return vendorCall(way.limit, offer);
  const { connector, transactionId, lifeSeconds, ageSeconds, topLevel, later, ...rest } = offer;
  if (way.purpose === 'station-max') {
    const own = { ...rest, id: OWN_LEASE_PROFILE_ID, stackLevel: topLevel, unit: way.unit };
    return setChargingProfileCall(version, 0, {
      ...fallbackProfile(own, 'absolute', later),
      purpose: 'station-max',
    });
  }
  const id = OWN_LEASE_PROFILE_ID + connector;
  const own = { ...rest, id, stackLevel: OWN_STACK_LEVEL, unit: way.unit };
  if (way.purpose === 'tx-default') {
    // In 2.x it would be a duplicate of the fallback on the same level (K01.FR.53).
    const stackLevel = version === '1.6' ? OWN_STACK_LEVEL : OWN_STACK_LEVEL + 1;
    return setChargingProfileCall(
      version,
      connector,
      fallbackProfile({ ...own, stackLevel }, traits.profileKind, later),
    );
  }
  return setChargingProfileCall(
    version,
    connector,
    leaseProfile({
      ...own,
      transactionId,
      lifeSeconds,
      later: later ?? [],
      ...(traits.profileKind === 'relative' ? { relativeAfterSeconds: ageSeconds } : {}),
    }),
  );
};

/** Takes an offer back, e.g. one that does not end by itself. */
export const clearOfferCall = (
  version: OcppVersion,
  connector: number,
  purpose: OfferPurpose | 'station-max' = 'tx',
): OcppCall => {
  const id = OWN_LEASE_PROFILE_ID + (purpose === 'station-max' ? 0 : connector);
  return {
    action: 'ClearChargingProfile',
    payload: version === '1.6' ? { id } : { chargingProfileId: id },
  };
};

/** Clears every default, ours included, on all connectors. */
export const clearDefaultsCall = (version: OcppVersion): OcppCall => {
  const criteria = { chargingProfilePurpose: 'TxDefaultProfile' };
  return {
    action: 'ClearChargingProfile',
    payload: version === '1.6' ? criteria : { chargingProfileCriteria: criteria },
  };
};

/**
 * The calls that put the fallback into a charger; all of them have to be accepted. `attempt` counts
 * from 0: what was refused is tried in another unit and on every connector in turn, then the same with
 * a start of yesterday. Begun for ever it also holds by a clock that a power cut has reset.
 */
export const fallbackCalls = (
  version: OcppVersion,
  spec: ChargerSpec,
  traits: ChargerTraits,
  abilities: Abilities,
  around: { readonly connectors: number; readonly volts: number; readonly nowMs: number },
  attempt: number,
): readonly OcppCall[] => {
  const each = Array.from({ length: around.connectors }, (_, i) => i + 1);
  const { vendorLimit } = traits;
  const facts = { amps: spec.fallbackAmps, volts: around.volts, phases: toldPhases(spec) };
  if (vendorLimit !== undefined) {
    return each.map((connector) => vendorCall(vendorLimit, { ...facts, connector }));
  }
  const units = unitsFor(traits, abilities, spec);
  if (spec.csmsProfiles === 'overlay') {
    const unit = units[attempt % units.length] ?? 'A';
    const way = { by: 'profile', purpose: 'station-max', unit } as const;
    const nothing = { connector: 0, transactionId: '', lifeSeconds: 0, ageSeconds: 0 };
    const { nowMs } = around;
    const topLevel = topLevelOf(traits, abilities);
    return [offerCall(version, way, traits, { ...facts, ...nothing, nowMs, topLevel })];
  }
  const ways = [traits.defaultPerConnector, !traits.defaultPerConnector].flatMap((perConnector) =>
    units.map((unit) => ({ unit, perConnector })),
  );
  const { unit, perConnector } = ways[attempt % ways.length] ?? { unit: 'A', perConnector: false };
  const always = Math.floor(attempt / ways.length) % 2 === 0;
  const { nowMs } = around;
  const profile = (id: number) =>
    fallbackProfile(
      { ...facts, id, unit, stackLevel: OWN_STACK_LEVEL, nowMs, always },
      traits.profileKind,
    );
  return perConnector
    ? each.map((connector) =>
        setChargingProfileCall(version, connector, profile(OWN_FALLBACK_PROFILE_ID + connector)),
      )
    : [setChargingProfileCall(version, 0, profile(OWN_FALLBACK_PROFILE_ID))];
};

/** Above the CSMS's own: of one purpose the highest level prevails, there is no minimum. */
export const topLevelOf = (traits: ChargerTraits, { maxStackLevel }: Abilities): number =>
  traits.maxStackLevel ?? maxStackLevel ?? OWN_STACK_LEVEL;

const vendorCall = (
  limit: VendorLimit,
  { connector, amps, volts, phases }: Pick<Offer, 'connector' | 'amps' | 'volts' | 'phases'>,
): OcppCall => {
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
