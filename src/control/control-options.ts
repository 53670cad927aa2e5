import type { ScheduledLimits } from '../core/limits/limit.ts';
import type { Log } from '../core/log.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Site } from '../core/site.ts';
import type { ControlSettings } from '../core/tick.ts';
import type { Clock } from '../core/time.ts';
import type { Faults } from '../gateway/faults.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import type { Standing } from '../schema/standing.ts';
import type { ChargerView, SiteView } from '../schema/view.ts';
import type { ChargerMakes } from './chargers/known-makes.ts';
import type { LimitReportSettings } from './profiles/limit-reports.ts';
import type { CallCsms } from './profiles/profile-desk.ts';
import type { ProfileShelf } from './profiles/profile-shelf.ts';

export interface ControlOptions {
  readonly site: Site;
  readonly clock: Clock;
  readonly calls: ChargerCalls;
  readonly settings: ControlSettings;
  readonly log: Log;
  readonly version: string;
  /** Chargers known from an earlier run to hold their fallback. */
  readonly provenFallbacks: ReadonlySet<string>;
  readonly rememberFallback: (charger: string, proven: boolean) => void;
  /** What is known of makes of chargers; absent: every charger keeps to the standard. */
  readonly makes?: ChargerMakes;
  /** Transactions that do not keep their limit are stopped after this long; absent: never. */
  readonly remoteStopAfterSeconds?: number | undefined;
  /** Raises per charger and day in purposes that wear out its memory. */
  readonly raisesPerDay?: number;
  /** The CSMS's charging profiles of every charger. */
  readonly shelf: ProfileShelf;
  /** Absent: nothing can be told to the CSMS in a charger's name. */
  readonly callCsms?: CallCsms;
  /** The CSMS is told what the site leaves its chargers; absent: it is not. */
  readonly limitReports?: LimitReportSettings | undefined;
  readonly backlogOf?: (charger: string) => ChargerView['backlog'];
  /** Sentences about what is wrong outside of control: the disk, messages set aside. */
  readonly alarms?: () => readonly string[];
  readonly counters?: () => Readonly<Record<string, number>>;
  /** For limits with a random beginning; a seeded one in simulations. */
  readonly random?: () => number;
  /** Meter values of one charger looked at in a second; see LinkWatch. */
  readonly measurementsPerSecond?: number;
  /** How power is shared; by need when absent. */
  readonly policy?: Policy;
  /** That may be chosen in its place, by name. */
  readonly policies?: ReadonlyMap<string, Policy> | undefined;
  /** What outlives the process; absent: nothing does. */
  readonly standing?: {
    readonly kept: Standing;
    readonly save: (standing: Standing) => Promise<void>;
  };
  /** Limits that the CSMS set for the site as a whole. */
  readonly siteLimits?: ScheduledLimits | undefined;
  /** The view of the site after a tick: twice a second at most, and when an alarm came or went. */
  readonly published: (view: SiteView) => void;
  /** A cycle ended, whatever came of it: what a watchdog is fed with. */
  readonly turned?: (() => void) | undefined;
  /** Where faults of this program go; shared with the parts around. */
  readonly faults?: Faults;
}
