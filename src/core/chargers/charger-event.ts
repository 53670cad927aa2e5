import type { PhaseAmps } from '../units.ts';

/**
 * What the gateway learns from a charger's messages, the same for 1.6, 2.0.1 and 2.1.
 * `connector` is the 1.6 connectorId or the 2.x EVSE id; 0 is the charger as a whole.
 * `atMs` is the monotonic time of receipt: a charger's own clock is not trusted for ages.
 */
export type ChargerEvent =
  | {
      readonly type: 'booted';
      readonly vendor: string;
      readonly model: string;
      readonly firmware?: string;
      readonly serial?: string;
    }
  | {
      readonly type: 'status';
      readonly connector: number;
      readonly status: ConnectorStatus;
      readonly errorCode?: string;
    }
  | {
      readonly type: 'transaction-started';
      readonly connector: number;
      /** 1.6: decimal text of the number the CSMS gave; 2.x: the charger's own id. */
      readonly transactionId: string;
      readonly idToken?: string;
      readonly meterStartWh?: number;
    }
  | {
      readonly type: 'transaction-ended';
      readonly transactionId: string;
      readonly connector?: number;
      readonly reason?: string;
      readonly meterStopWh?: number;
    }
  | {
      /** 2.x reports the state of the energy transfer with the transaction. */
      readonly type: 'charging-state';
      readonly transactionId: string;
      readonly status: ConnectorStatus;
      readonly connector?: number;
    }
  | {
      /** What a car that speaks ISO 15118 asks for (2.x NotifyEVChargingNeeds, K15 to K17). */
      readonly type: 'car-needs';
      readonly connector: number;
      /** From now on, Wh. */
      readonly energyWh?: number;
      /** Wall clock, epoch ms. */
      readonly departsAtWallMs?: number;
      readonly socPercent?: number;
    }
  /** `connector` 0 with a transaction: the connector of that transaction. */
  | ({ readonly type: 'measured' } & Measurement);

/**
 * The common subset of 1.6 ChargePointStatus and 2.x connector status + chargingState.
 * `preparing`: occupied, no energy yet. `suspended-ev`: the car takes nothing although offered.
 */
export type ConnectorStatus =
  | 'available'
  | 'preparing'
  | 'charging'
  | 'suspended-ev'
  | 'suspended-evse'
  | 'finishing'
  | 'reserved'
  | 'unavailable'
  | 'faulted';

export interface Measurement {
  readonly connector: number;
  readonly atMs: number;
  readonly transactionId?: string;
  /** By terminal of the charger (its own L1..L3), not by site phase; 0 where none was sent. */
  readonly terminalAmps?: PhaseAmps;
  /** Terminals that were really told of, when some were left out; absent means all of them. */
  readonly terminalsTold?: readonly boolean[];
  readonly watts?: number;
  readonly energyWh?: number;
  readonly volts?: number;
  readonly socPercent?: number;
  readonly offeredAmps?: number;
}
