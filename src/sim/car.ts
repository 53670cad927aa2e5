/** What a car is like. Amps are per phase. */
export interface CarModel {
  /** 1, 2 or 3: terminals of the charger that its on-board charger uses, from the first. */
  readonly phases: 1 | 2 | 3;
  readonly maxAmps: number;
  /** Takes nothing below this (IEC 61851-1: 6 A; some cars need more). */
  readonly minAmps: number;
  /** Time constant with which it follows a new offer, seconds. */
  readonly followSeconds: number;
  /** It draws this share of what it is offered. */
  readonly share: number;
  readonly needWh: number;
  /** Share of the need after which the battery takes less and less. */
  readonly tailFrom: number;
  /** After a pause it does not start again by itself. */
  readonly sleeps: boolean;
}

export const EVERYDAY_CAR: CarModel = {
  phases: 3,
  maxAmps: 16,
  minAmps: 6,
  followSeconds: 2,
  share: 0.97,
  needWh: 20_000,
  tailFrom: 0.8,
  sleeps: false,
};

/** A paused car that sleeps falls asleep after this long without current. */
const SLEEP_AFTER_MS = 60_000;
/** Once it draws less than this it is full. */
const FULL_AMPS = 0.5;

/** One car at a charger. */
export class Car {
  readonly model: CarModel;
  #amps = 0;
  #takenWh = 0;
  #pausedMs = 0;
  #hasCharged = false;

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

  /** Moves the car on by `ms` under an offer; returns its amps on each used phase. */
  step(ms: number, offeredAmps: number, volts: number): number {
    const wish = this.#wish(offeredAmps);
    const { followSeconds, phases } = this.model;
    if (wish <= 0) this.#amps = this.#amps > 1 ? this.#amps * Math.exp(-ms / 500) : 0;
    else this.#amps += (wish - this.#amps) * (1 - Math.exp(-ms / (followSeconds * 1000)));
    this.#pausedMs = offeredAmps < this.model.minAmps ? this.#pausedMs + ms : 0;
    this.#hasCharged ||= this.#amps > 1;
    this.#takenWh += (this.#amps * volts * phases * ms) / 3_600_000;
    return this.#amps;
  }

  #wish(offeredAmps: number): number {
    const { minAmps, maxAmps, share, needWh, tailFrom } = this.model;
    if (this.full || this.asleep || offeredAmps < minAmps - 0.05) return 0;
    const done = this.#takenWh / needWh;
    const tail = done <= tailFrom ? 1 : Math.max(0.05, (1 - done) / (1 - tailFrom));
    const wish = Math.min(offeredAmps * share, maxAmps * tail);
    return Math.max(wish, FULL_AMPS);
  }
}
