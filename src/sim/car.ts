import type { PhaseAmps } from '../core/units.ts';

/** What a car is like. Amps are per phase. */
export interface CarModel {
  /** 1, 2 or 3: terminals of the charger that its on-board charger uses, from the first. */
  readonly phases: 1 | 2 | 3;
  readonly maxAmps: number;
  /** Takes nothing below this (IEC 61851-1: 6 A; some cars need 8 or 10). */
  readonly minAmps: number;
  /** Time constant with which it follows a new offer, seconds. */
  readonly followSeconds: number;
  /** It never raises its current faster than this, amps per second. */
  readonly rampAmpsPerSecond: number;
  /** It draws this share of what it is offered. */
  readonly share: number;
  readonly needWh: number;
  /** After a pause it does not start again until it is nudged. */
  readonly sleeps: boolean;
  /** A short break of the pilot signal wakes it; that a long pause is over it does not notice. */
  readonly wakesByBreak: boolean;
  /** Ignores a lower offer once it charges, as about one car in a hundred does. */
  readonly stubborn: boolean;
}

const EVERYDAY_CAR: CarModel = {
  phases: 3,
  maxAmps: 16,
  minAmps: 6,
  followSeconds: 2,
  rampAmpsPerSecond: 10,
  share: 0.97,
  needWh: 20_000,
  sleeps: false,
  wakesByBreak: false,
  stubborn: false,
};

/** Share of the need after which the battery takes less and less. */
const TAIL_FROM = 0.8;
/** A paused car that sleeps falls asleep after this long without current. */
const SLEEP_AFTER_MS = 60_000;
/** A pilot signal that is away for less than this is no break. */
const BREAK_MS = 3_000;
/** Once it draws less than this it is full. */
const FULL_AMPS = 0.5;
/** How a current dies away after a stop: well within the 3 s after which the contactor opens. */
const STOP_SECONDS = 0.5;
/** A pilot signal a little below the minimum is taken for the minimum. */
const PILOT_TOLERANCE_AMPS = 0.05;
const NO_PHASE: PhaseAmps = [0, 0, 0];

/** One car at a charger. */
export class Car {
  readonly model: CarModel;
  #amps = 0;
  #takenWh = 0;
  #pausedMs = 0;
  #hasCharged = false;
  #offMs = 0;

  constructor(model: Partial<CarModel> = {}) {
    this.model = { ...EVERYDAY_CAR, ...model };
  }

  get takenWh(): number {
    return this.#takenWh;
  }

  get full(): boolean {
    return this.#takenWh >= this.model.needWh;
  }

  get asleep(): boolean {
    return this.model.sleeps && this.#hasCharged && this.#pausedMs > SLEEP_AFTER_MS;
  }

  /** Wakes a car that sleeps: the driver opens a door, or the charger interrupts the pilot. */
  nudge(): void {
    this.#pausedMs = 0;
  }

  /**
   * Moves the car on by `ms` under an offer on the first `terminals` phases; returns its amps at
   * the charger's terminals.
   */
  step(ms: number, offeredAmps: number, volts: number, terminals = 3): PhaseAmps {
    const phases = Math.min(this.model.phases, terminals);
    this.#seePilot(ms, offeredAmps);
    const wish = this.#wish(offeredAmps);
    this.#amps = wish <= 0 ? this.#stopping(ms) : this.#following(wish, ms);
    this.#hasCharged ||= this.#amps > 1;
    // Only a pause before the battery is full sends a car to sleep, and only charging ends it.
    this.#pausedMs = this.#amps > 1 ? 0 : this.#pausedMs + ms;
    this.#takenWh += (this.#amps * volts * phases * ms) / 3_600_000;
    if (this.#amps === 0) return NO_PHASE;
    return [this.#amps, phases > 1 ? this.#amps : 0, phases > 2 ? this.#amps : 0];
  }

  #wish(offeredAmps: number): number {
    const { minAmps, maxAmps, share, needWh, stubborn } = this.model;
    if (this.full || this.asleep || offeredAmps < minAmps - PILOT_TOLERANCE_AMPS) return 0;
    const done = this.#takenWh / needWh;
    const tail = done <= TAIL_FROM ? 1 : Math.max(0.05, (1 - done) / (1 - TAIL_FROM));
    const wish = Math.max(Math.min(offeredAmps * share, maxAmps * tail), FULL_AMPS);
    return stubborn ? Math.max(wish, Math.min(this.#amps, maxAmps * tail)) : wish;
  }

  #seePilot(ms: number, offeredAmps: number): void {
    if (offeredAmps < this.model.minAmps - PILOT_TOLERANCE_AMPS) {
      this.#offMs += ms;
      return;
    }
    const noticed = this.#offMs >= BREAK_MS && this.#offMs <= SLEEP_AFTER_MS;
    if (noticed && this.model.wakesByBreak) this.nudge();
    this.#offMs = 0;
  }

  #following(wish: number, ms: number): number {
    const { followSeconds, rampAmpsPerSecond } = this.model;
    const step = (wish - this.#amps) * (1 - Math.exp(-ms / (followSeconds * 1000)));
    return this.#amps + Math.min(step, (rampAmpsPerSecond * ms) / 1000);
  }

  #stopping(ms: number): number {
    const left = this.#amps * Math.exp(-ms / (STOP_SECONDS * 1000));
    return left < 0.05 ? 0 : left;
  }
}
