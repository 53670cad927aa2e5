import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { DurableStore } from '../../store/durable-store.ts';
import type { Refusal } from '../interceptor.ts';
import type { DialGate } from '../redial.ts';
import type { Dialer } from '../socket.ts';
import type { Floor } from './floor.ts';
import type { OutletSpec } from './outlet-numbers.ts';
import type { OwnDeskMaker } from './own-desk.ts';

/** How the CSMS knows the site. */
export interface StationSettings {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  readonly password?: string;
  readonly firmware: string;
}

export interface AggregateOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly newId: () => string;
  /** How the CSMS is really reached. */
  readonly dialer: Dialer;
  readonly gate: DialGate;
  readonly store: DurableStore;
  /** Base URL of the CSMS; the station's identity is appended. */
  readonly url: string;
  readonly station: StationSettings;
  readonly outlets: readonly OutletSpec[];
  /** Chargers that have to show one; the CSMS, which does it else, does not see them. */
  readonly passwords?: ReadonlyMap<string, string>;
  /** Answers what is about the site as a whole. */
  readonly desk: OwnDeskMaker;
  /** What the gateway keeps of the CSMS's profiles for a charger: see Floor. */
  readonly keptProfiles?: Floor['keptProfiles'];
  readonly refusal?: Refusal | undefined;
  /** Whether messages of a charger wait on disk for the CSMS. */
  readonly holds?: (charger: string) => boolean;
}
