/**
 * Ids of the gateway's own profiles on a charger, in a range no CSMS was seen to use; the
 * connector number is added. 31 bits, positive: some chargers read them as unsigned.
 */
export const OWN_FALLBACK_PROFILE_ID = 2_100_000_000;
export const OWN_PROBE_PROFILE_ID = 2_100_002_000;
export const OWN_LEASE_PROFILE_ID = 2_100_001_000;

const OWN_IDS_END = 2_100_003_000;

/** Whether a profile of that id would take the place of one of ours in a charger. */
export const isOwnId = (id: number): boolean => id >= OWN_FALLBACK_PROFILE_ID && id < OWN_IDS_END;

/** The one level that every charger supports, those that only take level 0 included. */
export const OWN_STACK_LEVEL = 0;
