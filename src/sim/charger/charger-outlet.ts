import type { ConnectorStatus } from '../../core/chargers/charger-event.ts';
import { NO_AMPS, type PhaseAmps } from '../../core/units.ts';
import type { Car } from '../car.ts';
import type { ChargerConduct } from './charger-conduct.ts';

/** One charging session; in 1.6 its id comes with the answer to its start. */
export interface Session {
  readonly connector: number;
  readonly idTag: string;
  /** Wall clock, epoch ms. */
  readonly startedAtMs: number;
  readonly remoteStartId: number | undefined;
  transactionId: string | undefined;
  seqNo: number;
}

/** No pilot signal can say less than this and mean charging (IEC 61851-1). */
const LEAST_PILOT_AMPS = 6;
const DRAWING_AMPS = 1;
/** A car that takes nothing for this long is reported as suspended by the car. */
const SUSPENDED_AFTER_MS = 5_000;

/** One connector of a simulated charger as a physical thing: cable, contactor, pilot, register. */
export class Outlet {
  readonly connector: number;
  car: Car | undefined;
  session: Session | undefined;
  status: ConnectorStatus = 'available';
  operative = true;
  /** Register of the meter in the charger, Wh. */
  energyWh: number;
  /** Amps at the charger's own L1..L3. */
  terminalAmps: PhaseAmps = NO_AMPS;
  /** What the pilot signal says, amps per phase. */
  offeredAmps = 0;
  #wanted: { readonly amps: number; readonly dueMs: number } | undefined;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  #idleMs = 0;
  /** Terminals that the contactor closes. */
  #terminals: readonly number[] = [0, 1, 2];

  constructor(connector: number, energyWh: number) {
    this.connector = connector;
    this.energyWh = energyWh;
  }

  /** Moves pilot, car and register on by `ms` when `allowedAmps` per phase are allowed. */
  step(
    ms: number,
    allowedAmps: number,
    around: {
      readonly nowMs: number;
      readonly volts: number;
      /** Those that it may use. */
      readonly terminals: readonly number[];
      readonly conduct: ChargerConduct;
    },
  ): void {
    const { volts, terminals } = around;
    // A contactor does not move under load: the car is stopped first.
    const moves = !sameTerminals(terminals, this.#terminals);
    if (moves && this.terminalAmps.every((amps) => amps === 0)) this.#terminals = terminals;
    const amps = moves || allowedAmps < LEAST_PILOT_AMPS ? 0 : allowedAmps;
    this.#pilot(amps, around.nowMs, around.conduct);
    const drawn = this.car?.step(ms, this.offeredAmps, volts, this.#terminals.length) ?? NO_AMPS;
    this.terminalAmps = atTerminals(drawn, this.#terminals);
    const [l1, l2, l3] = this.terminalAmps;
    this.energyWh += ((l1 + l2 + l3) * volts * ms) / 3_600_000;
    this.#idleMs = Math.max(l1, l2, l3) > DRAWING_AMPS ? 0 : this.#idleMs + ms;
  }

  /** What a charger would report now. */
  statusNow(): ConnectorStatus {
    if (!this.operative && this.session === undefined) return 'unavailable';
    if (this.car === undefined) return 'available';
    if (this.session === undefined) return this.status === 'finishing' ? 'finishing' : 'preparing';
    if (Math.max(...this.terminalAmps) > DRAWING_AMPS) return 'charging';
    if (this.offeredAmps <= 0) return 'suspended-evse';
    return this.#idleMs > SUSPENDED_AFTER_MS ? 'suspended-ev' : this.status;
  }

  /** A stop is immediate; any other change waits until the pilot may change again. */
  #pilot(amps: number, nowMs: number, { reactionMs, pilotHoldMs }: ChargerConduct): void {
    if (amps === this.offeredAmps) {
      this.#wanted = undefined;
      return;
    }
    const holdMs = amps === 0 ? 0 : this.#changedAtMs + pilotHoldMs;
    const dueMs = this.#wanted?.dueMs ?? Math.max(nowMs + reactionMs, holdMs);
    this.#wanted = { amps, dueMs: amps === 0 ? Math.min(dueMs, nowMs + reactionMs) : dueMs };
    if (nowMs < this.#wanted.dueMs) return;
    this.offeredAmps = amps;
    this.#changedAtMs = nowMs;
    this.#wanted = undefined;
  }
}

const sameTerminals = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((terminal, i) => terminal === b[i]);

/** What a car draws on its phases in order, at the terminals that are closed. */
const atTerminals = (drawn: PhaseAmps, terminals: readonly number[]): PhaseAmps => {
  const amps: [number, number, number] = [0, 0, 0];
  terminals.forEach((terminal, i) => {
    if (terminal >= 0 && terminal < 3) amps[terminal] = drawn[i] ?? 0;
  });
  return amps;
};
