/** Keys of the journal in the store: `m/` entries that wait, `k/` those set aside, `h/` counters. */
const SEQ_DIGITS = 12;
export const entryPrefix = (charger: string): string => `m/${charger}/`;
export const entryKey = (charger: string, seq: number): string =>
  entryPrefix(charger) + String(seq).padStart(SEQ_DIGITS, '0');
export const parkedPrefix = (charger: string): string => `k/${charger}/`;
export const parkedKey = (charger: string, seq: number): string =>
  parkedPrefix(charger) + String(seq).padStart(SEQ_DIGITS, '0');
export const headKey = (charger: string): string => `h/${charger}`;

/** Of the key of an entry that waits or was set aside. */
export const seqOf = (key: string): number => Number(key.slice(-SEQ_DIGITS));
export const chargerOf = (key: string): string => key.slice('m/'.length, -SEQ_DIGITS - 1);
