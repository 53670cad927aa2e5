import type { LimitReportSettings } from '../control/profiles/limit-reports.ts';
import type { ChargerTraits, Nameplate } from '../core/chargers/charger-traits.ts';
import type { Log } from '../core/log.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Site } from '../core/site.ts';
import type { ControlSettings } from '../core/tick.ts';
import type { PhaseAmps } from '../core/units.ts';
import type { OutageSettings } from '../gateway/outage/outage.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { LoadStep } from './building.ts';
import type { ChargerConduct } from './charger/charger-conduct.ts';
import type { AggregateTrial, ControllerTrial } from './site-identities.ts';

export interface VirtualSiteOptions {
  readonly site: Site;
  readonly seed?: number;
  readonly settings?: Partial<ControlSettings>;
  readonly versions?: Readonly<Record<string, OcppVersion>>;
  readonly conduct?: Readonly<Record<string, Partial<ChargerConduct>>>;
  /** How chargers are really wired, where the installer made a mistake. */
  readonly wiring?: Readonly<Record<string, readonly number[]>>;
  readonly buildingAmps?: PhaseAmps;
  readonly roofAmps?: PhaseAmps;
  readonly buildingNoiseAmps?: number;
  readonly loadSteps?: readonly LoadStep[];
  readonly meterLagMs?: number;
  /** What chargers say of themselves when they boot. */
  readonly plates?: Readonly<Record<string, Nameplate>>;
  /** How makes of chargers depart from the standard; absent: none does. */
  readonly traitsOf?: (plate: Nameplate) => ChargerTraits;
  readonly raisesPerDay?: number;
  readonly remoteStopAfterSeconds?: number;
  readonly log?: Log;
  /** close: chargers are disconnected while the CSMS is away. */
  readonly outage?: 'answer' | 'close';
  readonly outageSettings?: Partial<OutageSettings>;
  readonly flushAbsentAfterMs?: number;
  /** The gateway has an identity of its own at the CSMS. */
  readonly controller?: ControllerTrial;
  /** How power is shared; by need when absent. */
  readonly policy?: Policy;
  readonly limitReports?: LimitReportSettings;
  /** The CSMS sees this one station in place of the chargers. */
  readonly aggregate?: AggregateTrial;
  /** That may be chosen, by name. */
  readonly policies?: ReadonlyMap<string, Policy>;
  /** Faults of the gateway itself are contained, as they are on a real site; else they end the run. */
  readonly faultsContained?: boolean;
}
