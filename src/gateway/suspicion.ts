/** Somebody at the door of the chargers who is perhaps no charger. */
export interface Suspicion {
  /**
   * unknown: its identity is not of this site. refused: the CSMS, or the password in the site file,
   * says no. too often: it connects without end. unreadable: it sends what is no OCPP.
   */
  readonly kind: 'unknown' | 'refused' | 'too often' | 'unreadable';
  readonly identity: string;
  readonly remoteAddress?: string;
}
