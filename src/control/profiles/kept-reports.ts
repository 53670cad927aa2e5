import { profile2x } from '../../ocpp/aggregate/bridge-profile.ts';
import { profileReports } from '../../ocpp/profile-answers.ts';
import { readGetProfiles } from '../../ocpp/profile-requests.ts';
import { type BookedProfile, matching } from '../../profiles/book.ts';
import type { ProfileShelf, ShelvedProfile } from './profile-shelf.ts';

/**
 * ReportChargingProfiles about a charger that has no words for it (1.6): what the gateway keeps of
 * the CSMS for it, in 2.x. `asked` is a GetChargingProfiles with the charger's own number;
 * `csmsIdOf` names a transaction of the charger as the CSMS side of its link does.
 */
export const keptReports = (
  shelf: ProfileShelf,
  charger: string,
  asked: unknown,
  csmsIdOf: (id: string) => string = (id) => id,
): readonly object[] => {
  const request = readGetProfiles(asked);
  if ('problem' in request || !request.ofCsms) return [];
  const found = new Set(matching(shelf.book(charger), request.criteria));
  const told = shelf
    .book(charger)
    .filter((each) => found.has(each))
    .flatMap((each) => in2x(each, csmsIdOf));
  return profileReports(request.requestId, told);
};

const in2x = (
  shelved: ShelvedProfile,
  csmsIdOf: (id: string) => string,
): readonly BookedProfile[] => {
  const { version, asSent, profile } = shelved;
  const told = version === '1.6' ? profile2x(asSent) : asSent;
  if (typeof told === 'string') return [];
  const { transactionId } = profile;
  const named = transactionId === undefined ? {} : { transactionId: csmsIdOf(transactionId) };
  return [{ ...shelved, asSent: { ...told, ...named } }];
};
