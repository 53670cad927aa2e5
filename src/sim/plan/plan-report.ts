import { toldVolts } from '../../core/chargers/told-limit.ts';
import type { Site } from '../../core/site.ts';
import { mapPhases, type PhaseAmps } from '../../core/units.ts';
import { Car } from '../car.ts';
import { type PlannedStep, SERVED_SHARE, type VisitOutcome } from './planned-site.ts';

/** Above the limit by less than this is a car that follows, not an overload. */
const TOLERANCE_AMPS = 0.2;
const NEAR_SHARE = 0.95;
/** A car by itself is followed in strides of this length. */
const ALONE_STRIDE_MS = 60_000;

export interface PlanReport {
  readonly days: number;
  readonly sessions: number;
  readonly turnedAway: number;
  readonly energyPercent: number;
  /** What the same cars would have had in the same time with a fuse without end. */
  readonly possiblePercent: number;
  readonly wantedKwh: number;
  readonly deliveredKwh: number;
  readonly servedPercent: number;
  /** Of the sessions, those that would have been served with a fuse without end. */
  readonly possibleServedPercent: number;
  /** Of delivered by wanted, 1 is perfectly even (Jain). */
  readonly fairness: number;
  readonly startsPerSession: number;
  readonly circuits: readonly CircuitReport[];
  readonly chargers: readonly ChargerReport[];
}

export interface CircuitReport {
  readonly circuit: string;
  readonly limitAmps: number;
  /** Largest current on any phase. */
  readonly peakAmps: number;
  readonly peakPhaseAmps: PhaseAmps;
  /** Time near the limit, and above it. */
  readonly hoursNearLimit: number;
  /** Time in which a car got less than it could take because of this circuit; also by phase. */
  readonly hoursShort: number;
  readonly hoursShortByPhase: PhaseAmps;
  readonly secondsOverLimit: number;
}

export interface ChargerReport {
  readonly charger: string;
  readonly sessions: number;
  readonly wantedKwh: number;
  readonly deliveredKwh: number;
  readonly energyPercent: number;
}

/** Adds up the steps of a plan, circuit by circuit. */
export class CircuitTally {
  readonly #site: Site;
  readonly #stepMs: number;
  readonly #tallies: readonly Tally[];

  constructor(site: Site, stepMs: number) {
    this.#site = site;
    this.#stepMs = stepMs;
    this.#tallies = site.circuits.map(() => ({
      peaks: [0, 0, 0],
      shortMs: [0, 0, 0],
      anyShortMs: 0,
      nearMs: 0,
      overMs: 0,
    }));
  }

  add({ circuits }: PlannedStep): void {
    circuits.forEach(({ amps, limitAmps, short }, i) => {
      const tally = this.#tallies[i];
      if (tally === undefined) return;
      const share = Math.max(...amps.map((value, p) => value / Math.max(1, limitAmps[p] ?? 1)));
      const over = amps.some((value, p) => value > (limitAmps[p] ?? 0) + TOLERANCE_AMPS);
      for (const p of [0, 1, 2] as const) {
        tally.peaks[p] = Math.max(tally.peaks[p], amps[p]);
        if (short[p]) tally.shortMs[p] += this.#stepMs;
      }
      if (short.includes(true)) tally.anyShortMs += this.#stepMs;
      if (share >= NEAR_SHARE) tally.nearMs += this.#stepMs;
      if (over) tally.overMs += this.#stepMs;
    });
  }

  report(): readonly CircuitReport[] {
    return this.#site.circuits.flatMap(({ id, limitAmps }, i) => {
      const tally = this.#tallies[i];
      if (tally === undefined) return [];
      return {
        circuit: id,
        limitAmps: Math.min(...limitAmps),
        peakAmps: round(Math.max(...tally.peaks), 1),
        peakPhaseAmps: mapPhases((p) => round(tally.peaks[p], 1)),
        hoursNearLimit: hours(tally.nearMs),
        hoursShort: hours(tally.anyShortMs),
        hoursShortByPhase: mapPhases((p) => hours(tally.shortMs[p])),
        secondsOverLimit: Math.round(tally.overMs / 1000),
      };
    });
  }
}

interface Tally {
  readonly peaks: [number, number, number];
  readonly shortMs: [number, number, number];
  anyShortMs: number;
  nearMs: number;
  overMs: number;
}

export const planReport = (
  site: Site,
  days: number,
  outcomes: readonly VisitOutcome[],
  turnedAway: number,
  tally: CircuitTally,
): PlanReport => {
  const shares = outcomes.map(({ visit, deliveredWh }) => Math.min(1, deliveredWh / visit.needWh));
  const sum = shares.reduce((a, b) => a + b, 0);
  const squares = shares.reduce((a, b) => a + b * b, 0);
  const wanted = outcomes.reduce((total, { visit }) => total + visit.needWh, 0);
  const delivered = outcomes.reduce((total, { deliveredWh }) => total + deliveredWh, 0);
  const alone = outcomes.map((each) => possibleWh(site, each));
  const possible = alone.reduce((a, b) => a + b, 0);
  const count = Math.max(1, outcomes.length);
  const servedAlone = outcomes.filter(
    ({ visit }, i) => (alone[i] ?? 0) >= SERVED_SHARE * visit.needWh,
  ).length;
  const served = shares.filter((share) => share >= SERVED_SHARE).length;
  return {
    days,
    sessions: outcomes.length,
    turnedAway,
    energyPercent: round((100 * delivered) / Math.max(1, wanted), 1),
    possiblePercent: round((100 * possible) / Math.max(1, wanted), 1),
    wantedKwh: round(wanted / 1000, 1),
    deliveredKwh: round(delivered / 1000, 1),
    servedPercent: round((100 * served) / count, 1),
    possibleServedPercent: round((100 * servedAlone) / count, 1),
    fairness: round(squares === 0 ? 1 : (sum * sum) / (shares.length * squares), 3),
    startsPerSession: round(outcomes.reduce((n, { starts }) => n + starts, 0) / count, 2),
    circuits: tally.report(),
    chargers: site.chargers.map(({ id }) => chargerReport(id, outcomes)),
  };
};

/** As if each were alone: what a car that slows down at the end takes within its stay. */
const possibleWh = (site: Site, { visit, model, charger }: VisitOutcome): number => {
  const spec = site.chargers.find(({ id }) => id === charger);
  const volts = toldVolts(spec ?? {}, site.voltageVolts);
  const offerAmps = spec?.maxAmps ?? model.maxAmps;
  const car = new Car({ ...model, needWh: visit.needWh });
  for (let ms = visit.arrivesAtMs; ms < visit.departsAtMs && !car.full; ms += ALONE_STRIDE_MS) {
    car.step(Math.min(ALONE_STRIDE_MS, visit.departsAtMs - ms), offerAmps, volts);
  }
  return Math.min(visit.needWh, car.takenWh);
};

const chargerReport = (charger: string, outcomes: readonly VisitOutcome[]): ChargerReport => {
  const own = outcomes.filter((outcome) => outcome.charger === charger);
  const wanted = own.reduce((total, { visit }) => total + visit.needWh, 0);
  const delivered = own.reduce((total, { deliveredWh }) => total + deliveredWh, 0);
  return {
    charger,
    sessions: own.length,
    wantedKwh: round(wanted / 1000, 1),
    deliveredKwh: round(delivered / 1000, 1),
    energyPercent: round((100 * delivered) / Math.max(1, wanted), 1),
  };
};

const hours = (ms: number): number => round(ms / 3_600_000, 1);

const round = (value: number, digits: number): number =>
  Math.round(value * 10 ** digits) / 10 ** digits;
