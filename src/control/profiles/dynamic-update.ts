import { timestamp } from '../../core/time.ts';
import type { ProfileFault } from '../../ocpp/profile-fields.ts';
import { withDynamicUpdate } from '../../ocpp/profile-requests.ts';
import { readProfile } from '../../ocpp/read-profile.ts';
import type { ShelvedProfile } from './profile-shelf.ts';

/** A dynamic profile with new figures from the CSMS (K28), as it is kept from now on. */
export const dynamicallyUpdated = (
  known: ShelvedProfile,
  figures: Readonly<Record<string, number>>,
  nowMs: number,
): { readonly updated: ShelvedProfile } | ProfileFault => {
  const asSent = withDynamicUpdate(known.asSent, figures, timestamp(nowMs));
  const read = readProfile(known.version, asSent);
  if ('problem' in read) return read;
  const { transactionId } = known.profile;
  const profile = transactionId === undefined ? read.profile : { ...read.profile, transactionId };
  return { updated: { ...known, receivedAtMs: nowMs, asSent, profile } };
};
