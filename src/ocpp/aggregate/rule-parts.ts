import type { Edit } from './edit.ts';
import type { Combine, DownRule, UpRule } from './rules.ts';

export const relay = (...edits: readonly Edit[]): UpRule => ({ do: 'relay', edits });
export const relayOfOutlet = (...edits: readonly Edit[]): UpRule => ({
  do: 'relay',
  edits,
  outletOnly: true,
});
export const noted = (reason: string): UpRule => ({ do: 'noted', reason });
export const refused = (reason: string): UpRule => ({ do: 'refuse', reason });
export const nobody = (reason: string): DownRule => ({ to: 'nobody', reason });
export const every = (combine: Combine): DownRule => ({ to: 'every', combine });
export const STATION: DownRule = { to: 'station' };

export const worst = (...order: readonly string[]): Combine => ({ by: 'worst', order });
export const best = (...order: readonly string[]): Combine => ({ by: 'best', order });

export const AVAILABILITY = worst('Accepted', 'Scheduled', 'Rejected');
export const ALL_ACCEPT = worst('Accepted', 'Scheduled', 'Rejected');
export const ALL_TRIGGERED = worst('Accepted', 'NotImplemented', 'Rejected');
export const ONE_ACCEPTS = best('Accepted', 'Rejected');
export const ONE_CLEARS = best('Accepted', 'Unknown');
export const ONE_KNOWS = best('Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId');
export const LIST_TAKEN = worst('Accepted', 'VersionMismatch', 'NotSupported', 'Failed');

export const OWN_SOFTWARE = "a charger's own software and files are not the station's";
export const OWN_CERTIFICATES = "a charger's certificates are not the station's";
export const NAME_AN_OUTLET = 'each charger has its own: name a connector or EVSE';
export const OWN_DEVICE_MODEL = "a charger's device model is not the station's";
export const NO_DISPLAY = 'which display is meant cannot be said';
