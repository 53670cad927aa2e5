import type { OcppVersion } from '../core/chargers/charger-state.ts';
import type { InstalledProfile } from './period.ts';
import type { ProfilePurpose } from './profile.ts';

/** A profile of the CSMS that is kept for a charger. */
export interface BookedProfile extends InstalledProfile {
  /** The profile object as the CSMS sent it: what it reads back (K09). */
  readonly asSent: object;
}

/** The profiles of one charger; no order is implied. */
export type ProfileBook = readonly BookedProfile[];

/** What selects profiles for Clear and Get; every field that is there must match. */
export interface ProfileCriteria {
  readonly ids?: readonly number[];
  readonly connector?: number;
  readonly purpose?: ProfilePurpose;
  readonly stackLevel?: number;
}

/**
 * The profiles whose place another one takes: the same id (K01.FR.05); in 1.6 also the same purpose
 * and stack level on the same connector (§3.13.2).
 */
export const replacedBy = (
  book: ProfileBook,
  added: BookedProfile,
  version: OcppVersion,
): ProfileBook =>
  book.filter(
    (other) =>
      other.profile.id === added.profile.id || (version === '1.6' && sameSlot(other, added)),
  );

const sameSlot = (a: InstalledProfile, b: InstalledProfile): boolean =>
  a.connector === b.connector &&
  a.profile.purpose === b.profile.purpose &&
  a.profile.stackLevel === b.profile.stackLevel;

/**
 * The profiles that a request means. For Clear, an id alone decides (K10.FR.02); otherwise all
 * criteria have to match (K10.FR.04, 1.6 §5.5), and none at all mean every profile.
 */
export const matching = (book: ProfileBook, criteria: ProfileCriteria): ProfileBook =>
  book.filter(({ connector, profile }) => {
    const { ids, connector: on, purpose, stackLevel } = criteria;
    return (
      (ids === undefined || ids.includes(profile.id)) &&
      (on === undefined || on === connector) &&
      (purpose === undefined || purpose === profile.purpose) &&
      (stackLevel === undefined || stackLevel === profile.stackLevel)
    );
  });

/** TxProfiles die with their transaction (K02.FR.05); `running` is what goes on there now. */
export const ofEndedTransactions = (
  book: ProfileBook,
  connector: number,
  running: string | undefined,
): ProfileBook =>
  book.filter(
    ({ connector: on, profile }) =>
      profile.purpose === 'tx' && on === connector && profile.transactionId !== running,
  );

/** Profiles that can never hold again: valid up to an instant that is over (K01.FR.37). */
export const ofThePast = (book: ProfileBook, nowMs: number): ProfileBook =>
  book.filter(({ profile }) => (profile.validToMs ?? Number.POSITIVE_INFINITY) <= nowMs);

/** K01.FR.103: profiles that an absence of the CSMS ended for good. */
export const endedByOffline = (book: ProfileBook, offlineMs: number): ProfileBook =>
  book.filter(
    ({ profile }) =>
      profile.invalidAfterOffline === true &&
      profile.maxOfflineSeconds !== undefined &&
      offlineMs > profile.maxOfflineSeconds * 1000,
  );
