import type { ProfilePurpose, RateUnit } from '../../profiles/profile.ts';

/** What a charger answers to a call of its CSMS, in place of the standard's answer. */
export type CsmsAnswer =
  | { readonly result: object; readonly afterwards?: () => void }
  | { readonly error: string; readonly description?: string }
  | 'silence';

/** How a charger departs from the standard. Small objects that are spread over `GOOD_CONDUCT`. */
export interface ChargerConduct {
  /** Says Accepted and goes on as before. */
  readonly ignoresProfiles: boolean;
  readonly rejectsProfiles: boolean;
  /** Never answers a SetChargingProfile. */
  readonly silentOnProfiles: boolean;
  /** Never answers anything. */
  readonly silent: boolean;
  readonly honoursDuration: boolean;
  readonly forgetsProfilesOnReboot: boolean;
  readonly forgetsProfilesOnDisconnect: boolean;
  /** Refuses profiles above this stack level. */
  readonly maxStackLevel: number;
  /** Refuses schedules of more periods. */
  readonly maxPeriods: number;
  readonly purposes: readonly ProfilePurpose[];
  readonly rateUnits: readonly RateUnit[];
  /** A profile in a unit that it does not know is accepted and has no effect. */
  readonly acceptsAnyUnit: boolean;
  /** Refuses profiles for connector 0. */
  readonly refusesStationProfiles: boolean;
  /** Absolute profiles are accepted and have no effect. */
  readonly relativeOnly: boolean;
  /** After a pause its limits have no effect until the next profile comes. */
  readonly ignoresLimitAfterResume: boolean;
  /** Charging profiles are unknown to it: a message or key of its vendor sets the limit. */
  readonly vendorLimit: 'data-transfer' | 'configuration' | undefined;
  /** Says that it can charge on one phase, and does when a profile names it. */
  readonly switchesPhases: boolean;
  /** Only says so. */
  readonly ignoresNumberPhases: boolean;
  /** Time between a command and the new pilot signal, ms. */
  readonly reactionMs: number;
  /** The pilot signal changes at most this often, ms (IEC 61851-1 allows 5 s to follow). */
  readonly pilotHoldMs: number;
  /** Time that it takes to answer, ms. */
  readonly answerDelayMs: number;
  /** A card that was accepted starts nothing: it waits for a remote start. */
  readonly waitsForRemoteStart: boolean;
  /** After a close frame it does not connect again. */
  readonly staysAwayAfterClose: boolean;
  /** Sends its calls back to back, without waiting for answers. */
  readonly impatient: boolean;
  readonly rebootMs: number;
  /** Its wall clock is ahead of the true time by this, ms; negative: behind. */
  readonly clockAheadMs: number;
  /** Knows only these values, ascending: what lies between is rounded down. */
  readonly stepsAmps: readonly number[] | undefined;
  /** A setting of its own caps the current, whatever is offered. */
  readonly capAmps: number | undefined;
  /** An offer above this is not obeyed at all. */
  readonly obeysUpToAmps: number;
  /** Calls that make it reboot, or break its link, after it answered them. */
  readonly upsetBy: Readonly<Record<string, 'reboot' | 'drop'>>;
  /** Keys that it does not know. */
  readonly hiddenKeys: readonly string[];
  /** What it names as its features (1.6). */
  readonly features: string;
  /** False: it sends no meter values by itself. */
  readonly measures: boolean;
  /** After a connection broke it waits so long; a refused handshake it tries again soon. */
  readonly redialAfterDropMs: number | undefined;
  /** The cable that is taken out in a pause of 0 A leaves the connector out of order. */
  readonly faultAfterPause: boolean;
  /** How it writes a message of its own; the standard's text as argument. */
  readonly writes: (text: string) => string;
  /** Answers a call in its own way; undefined leaves it to the standard. */
  readonly answers: (action: string, payload: unknown) => CsmsAnswer | undefined;
}

export const GOOD_CONDUCT: ChargerConduct = {
  ignoresProfiles: false,
  rejectsProfiles: false,
  silentOnProfiles: false,
  silent: false,
  honoursDuration: true,
  forgetsProfilesOnReboot: false,
  forgetsProfilesOnDisconnect: false,
  maxStackLevel: 8,
  maxPeriods: 24,
  purposes: [
    'station-max',
    'tx-default',
    'tx',
    'external-constraints',
    'priority',
    'local-generation',
  ],
  rateUnits: ['A', 'W'],
  acceptsAnyUnit: false,
  refusesStationProfiles: false,
  relativeOnly: false,
  ignoresLimitAfterResume: false,
  vendorLimit: undefined,
  switchesPhases: false,
  ignoresNumberPhases: false,
  reactionMs: 500,
  pilotHoldMs: 5_000,
  answerDelayMs: 0,
  waitsForRemoteStart: false,
  staysAwayAfterClose: false,
  impatient: false,
  rebootMs: 3_000,
  clockAheadMs: 0,
  stepsAmps: undefined,
  capAmps: undefined,
  obeysUpToAmps: Number.POSITIVE_INFINITY,
  upsetBy: {},
  hiddenKeys: [],
  features: 'Core,LocalAuthListManagement,SmartCharging,RemoteTrigger,FirmwareManagement',
  measures: true,
  redialAfterDropMs: undefined,
  faultAfterPause: false,
  writes: (text) => text,
  answers: () => undefined,
};

const TIME_WITH_ZONE = /"(\d{4}-\d\d-\d\dT[\d:.]+)Z"/g;
const MEASURAND = /"measurand":"([\w.]+)"((?:,"[\w]+":"[\w.]+")*?),"phase":"(L\d)(?:-N)?"/g;

/** Departures seen in the field, by name. */
export const CONDUCTS = {
  'ignores-profiles': { ignoresProfiles: true },
  'rejects-profiles': { rejectsProfiles: true },
  'never-answers-profiles': { silentOnProfiles: true },
  'never-answers': { silent: true },
  'forgets-on-reboot': { forgetsProfilesOnReboot: true },
  'forgets-on-disconnect': { forgetsProfilesOnDisconnect: true },
  'ignores-duration': { honoursDuration: false },
  'one-period': { maxPeriods: 1 },
  'stack-level-zero': { maxStackLevel: 0 },
  'amps-only': { rateUnits: ['A'] },
  'watts-only': { rateUnits: ['W'] },
  'accepts-watts-without-effect': { rateUnits: ['A'], acceptsAnyUnit: true },
  'no-station-maximum': { purposes: ['tx-default', 'tx'] },
  'no-connector-zero': { refusesStationProfiles: true },
  'relative-only': { relativeOnly: true },
  'ignores-limit-after-resume': { ignoresLimitAfterResume: true },
  'limited-by-data-transfer': { vendorLimit: 'data-transfer' },
  'limited-by-configuration': { vendorLimit: 'configuration' },
  slow: { answerDelayMs: 4_000, reactionMs: 3_000 },
  'waits-for-remote-start': { waitsForRemoteStart: true },
  'stays-away-after-close': { staysAwayAfterClose: true },
  impatient: { impatient: true },
  'leading-comma': { writes: (text) => text.replace('{', '{,') },
  'unclosed-configuration': {
    writes: (text) => (text.includes('"configurationKey"') ? text.slice(0, -2) : text),
  },
  'times-without-zone': { writes: (text) => text.replace(TIME_WITH_ZONE, '"$1"') },
  'padded-numbers': { writes: (text) => text.replace(/"value":"([\d.]+)"/g, '"value":"  $1 "') },
  'phase-in-measurand': {
    writes: (text) => text.replace(MEASURAND, '"measurand":"$1.$3"$2'),
  },
  'no-answer-to-nulls': {
    answers: (_action, payload) =>
      JSON.stringify(payload).includes(':null') ? ('silence' as const) : undefined,
  },
  'validates-as-1.6': {
    answers: (action) =>
      action === 'SetChargingProfile'
        ? {
            error: 'PropertyConstraintViolation',
            description: 'csChargingProfiles validation failed',
          }
        : undefined,
  },
} as const satisfies Readonly<Record<string, Partial<ChargerConduct>>>;
