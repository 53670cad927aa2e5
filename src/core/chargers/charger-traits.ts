/** How offers reach a charger, and what it makes of them: known by its make, or learned. */
export interface ChargerTraits {
  /** The unit that it follows; absent: amps, or what it says it takes. */
  readonly rateUnit?: 'A' | 'W';
  /** Purposes in which it takes an offer, in the order of trial. Empty: it takes no limits. */
  readonly purposes: readonly OfferPurpose[];
  /** Highest stack level that works, whatever it reports. */
  readonly maxStackLevel?: number;
  readonly profileKind: 'absolute' | 'relative';
  /** Profiles for connector 0 fail: a default goes to every connector instead. */
  readonly defaultPerConnector: boolean;
  /** False: without its connection it forgets its profiles, and draws what it can. */
  readonly keepsProfilesOffline: boolean;
  /** False: the duration of a profile does not end it, so an offer holds until the next one. */
  readonly honoursDuration: boolean;
  /** An offer is lost when the car resumes: it is sent again then. */
  readonly resendOnResume: boolean;
  /** Asked for its configuration after a boot; some restart because of it. */
  readonly asked: boolean;
  /** Asked by TriggerMessage; some lose their connection over it. */
  readonly triggered: boolean;
  /** Pinged this often, from its next connection on; absent: as the site says. */
  readonly pingSeconds?: number;
  /** drop: it does not come back after a close frame, so connections are dropped without one. */
  readonly closeStyle: 'frame' | 'drop';
  /** It begins a transaction only when it is told to, also after a card that was accepted. */
  readonly needsRemoteStart: boolean;
  /** Not a profile but a key or message of its vendor sets the limit. */
  readonly vendorLimit?: VendorLimit;
  /** It charges on as many phases as a profile names. */
  readonly honoursNumberPhases?: boolean;
  /** A pause of 0 A can end in an error: it is paused only where a limit leaves no other way. */
  readonly zeroAmpPause?: 'unsafe';
  /** Least current and smallest step that it really follows. */
  readonly minAmps?: number;
  readonly stepAmps?: number;
  /** It knows only these values, ascending. */
  readonly stepsAmps?: readonly number[];
  /** What made the traits differ from the standard. */
  readonly quirks: readonly QuirkNote[];
}

export type OfferPurpose = 'tx' | 'tx-default';

/** `{connector}`, `{amps}` and `{watts}` are filled in. */
export type VendorLimit =
  | {
      readonly by: 'data-transfer';
      readonly vendorId: string;
      readonly messageId: string;
      readonly data: string;
    }
  | { readonly by: 'configuration'; readonly key: string; readonly value: string };

export interface QuirkNote {
  readonly id: string;
  readonly why: string;
  /** What an installer has to do, when software cannot. */
  readonly advice?: string;
}

/** A charger that keeps to the standard. */
export const PLAIN_TRAITS: ChargerTraits = {
  purposes: ['tx', 'tx-default'],
  profileKind: 'absolute',
  defaultPerConnector: false,
  keepsProfilesOffline: true,
  honoursDuration: true,
  resendOnResume: false,
  asked: true,
  triggered: true,
  closeStyle: 'frame',
  needsRemoteStart: false,
  quirks: [],
};

/** What a probe found out about one charger; it goes before what is known of its make. */
export type LearnedTraits = Partial<
  Pick<
    ChargerTraits,
    'rateUnit' | 'defaultPerConnector' | 'maxStackLevel' | 'honoursDuration' | 'purposes'
  >
>;

/** What a charger says of itself in its BootNotification. */
export interface Nameplate {
  readonly vendor: string;
  readonly model: string;
  readonly firmware?: string;
}
