import type { PhaseAmps } from '../core/units.ts';

/** What a protective device saw, against its rated current. */
export interface BreakerRecord {
  /** Largest current over the rating, amps, on any phase. */
  readonly worstOverAmps: number;
  /** Largest current as a multiple of the rating. */
  readonly worstShare: number;
  /** Time above 1.00 and above 1.13 of the rating, ms, all together and in one stretch. */
  readonly overMs: number;
  readonly longestOverMs: number;
  readonly longestOver113Ms: number;
  readonly tripped: boolean;
}

/** Conventional currents of a circuit breaker (IEC 60898-1): it may trip above, it must trip above. */
const NO_TRIP_SHARE = 1.13;
const TRIP_SHARE = 1.45;
/** At 1.45 of its rating the pessimistic edge of the curve trips after this long. */
const TRIP_MS = 60_000;
/** Below this a difference is the meter's noise. */
const TOLERANCE_AMPS = 0.2;

/** Watches a circuit and trips as a breaker with one thermal mass per phase would. */
export class Breaker {
  readonly #ratedAmps: PhaseAmps;
  readonly #heat: [number, number, number] = [0, 0, 0];
  #worstOverAmps = 0;
  #worstShare = 0;
  #overMs = 0;
  #stretchMs = 0;
  #stretch113Ms = 0;
  #longestMs = 0;
  #longest113Ms = 0;
  #tripped = false;

  constructor(ratedAmps: PhaseAmps) {
    this.#ratedAmps = ratedAmps;
  }

  step(ms: number, amps: PhaseAmps): void {
    let share = 0;
    for (const p of [0, 1, 2] as const) {
      const here = amps[p] / this.#ratedAmps[p];
      share = Math.max(share, here);
      this.#worstOverAmps = Math.max(this.#worstOverAmps, amps[p] - this.#ratedAmps[p]);
      // Heats with the square above the no-trip current, cools below it.
      const heat = here ** 2 - NO_TRIP_SHARE ** 2;
      this.#heat[p] = Math.max(0, this.#heat[p] + heat * ms);
      if (this.#heat[p] > (TRIP_SHARE ** 2 - NO_TRIP_SHARE ** 2) * TRIP_MS) this.#tripped = true;
    }
    this.#worstShare = Math.max(this.#worstShare, share);
    const over = amps.some((value, p) => value > (this.#ratedAmps[p] ?? 0) + TOLERANCE_AMPS);
    this.#overMs += over ? ms : 0;
    this.#stretchMs = over ? this.#stretchMs + ms : 0;
    this.#stretch113Ms = share > NO_TRIP_SHARE ? this.#stretch113Ms + ms : 0;
    this.#longestMs = Math.max(this.#longestMs, this.#stretchMs);
    this.#longest113Ms = Math.max(this.#longest113Ms, this.#stretch113Ms);
  }

  record(): BreakerRecord {
    return {
      worstOverAmps: this.#worstOverAmps,
      worstShare: this.#worstShare,
      overMs: this.#overMs,
      longestOverMs: this.#longestMs,
      longestOver113Ms: this.#longest113Ms,
      tripped: this.#tripped,
    };
  }
}
