import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import type { Family } from '../../ocpp/aggregate/rules.ts';
import type { Place } from '../../ocpp/aggregate/urgency.ts';
import type { Frame } from '../../ocpp/frame.ts';
import type { Payload } from '../../ocpp/payload.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Unanswered } from './fair-lane.ts';
import type { OutletNumbers } from './outlet-numbers.ts';
import type { ProfileReports } from './profile-reports.ts';
import type { Reservations } from './reservations.ts';
import type { Seat } from './seat.ts';
import type { StatusBoard } from './status-board.ts';
import type { TransactionLedger } from './transaction-ledger.ts';

/** What the parts of an aggregated station share. */
export interface Floor {
  readonly clock: Clock;
  readonly log: Log;
  /** Unique for ever, at most 36 characters. */
  readonly newId: () => string;
  readonly numbers: OutletNumbers;
  readonly ledger: TransactionLedger;
  readonly board: StatusBoard;
  readonly reports: ProfileReports;
  readonly reservations: Reservations;
  /** What the CSMS speaks. */
  readonly version: OcppVersion;
  readonly family: Family;
  readonly seats: ReadonlyMap<string, Seat>;
  /** Sends a CALL to the CSMS in the name of `source`, when it is its turn. */
  readonly send: (
    source: string,
    call: Frame,
    place: Place,
    owner: Seat,
  ) => Promise<Frame | Unanswered>;
  readonly heartbeatSeconds: () => number;
  /** Whether messages of a charger wait on disk for the CSMS. */
  readonly holds: (charger: string) => boolean;
  /** ReportChargingProfiles about a charger that cannot report itself, under its own numbers. */
  readonly keptProfiles: (charger: string, asked: Payload) => readonly object[];
  /** When this connection with the CSMS was made; what happened before it happened offline. */
  readonly connectedAtWallMs: () => number;
}
