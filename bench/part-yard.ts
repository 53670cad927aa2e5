// A car park in slots: cars come with a need and a departure, a scheduler says who gets what.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { PhaseSet } from '../src/core/site-phases.ts';
import { generateVisits, parseVisits, type VisitPlan } from '../src/sim/sessions.ts';

export const VOLTS = 230;
export const MIN_AMPS = 6;

export interface YardCar {
  readonly id: string;
  readonly phases: PhaseSet;
  readonly phaseCount: number;
  readonly maxAmps: number;
  readonly arrivesAtMs: number;
  readonly departsAtMs: number;
  readonly needWh: number;
}

/** A car that is there and not yet full. */
export interface Waiting {
  readonly car: YardCar;
  /** Whole amps that it can use up in this slot, at most its maximum. */
  mostAmps: number;
  leftWh: number;
  /** Amps of the slot before. */
  amps: number;
  starts: number;
  deliveredWh: number;
}

export interface Scheduler {
  readonly name: string;
  /** Amps per phase for each waiting car: 0, or whole amps from 6 up to its maximum. */
  decide(waiting: readonly Waiting[], limitAmps: number, nowMs: number, slotMs: number): number[];
}

export interface YardResult {
  readonly scheduler: string;
  readonly limitAmps: number;
  readonly slotSeconds: number;
  readonly energyPercent: number;
  readonly jain: number;
  readonly startsPerSession: number;
  readonly violations: number;
  readonly microsPerDecision: number;
}

/** Runs every session through one scheduler; the batteries take what they are offered. */
export const runYard = (
  cars: readonly YardCar[],
  scheduler: Scheduler,
  limitAmps: number,
  slotMs: number,
): YardResult => {
  const arrivals = [...cars].sort((a, b) => a.arrivesAtMs - b.arrivesAtMs);
  const all: Waiting[] = [];
  let here: Waiting[] = [];
  let next = 0;
  let violations = 0;
  let decisions = 0;
  let micros = 0;
  for (let nowMs = arrivals[0]?.arrivesAtMs ?? 0; next < arrivals.length || here.length > 0; ) {
    for (; next < arrivals.length && arrivals[next]!.arrivesAtMs <= nowMs; next += 1) {
      const car = arrivals[next]!;
      const waiting = {
        car,
        mostAmps: car.maxAmps,
        leftWh: car.needWh,
        amps: 0,
        starts: 0,
        deliveredWh: 0,
      };
      all.push(waiting);
      here.push(waiting);
    }
    here = here.filter(({ car, leftWh }) => car.departsAtMs > nowMs && leftWh > 1e-6);
    if (here.length === 0) {
      if (next >= arrivals.length) break;
      nowMs = arrivals[next]!.arrivesAtMs;
      continue;
    }
    for (const waiting of here) waiting.mostAmps = usableAmps(waiting, slotMs);
    const before = process.hrtime.bigint();
    const amps = scheduler.decide(here, limitAmps, nowMs, slotMs);
    micros += Number(process.hrtime.bigint() - before) / 1000;
    decisions += 1;
    if (breaks(here, amps, limitAmps)) violations += 1;
    for (const [i, waiting] of here.entries()) deliver(waiting, amps[i] ?? 0, slotMs);
    nowMs += slotMs;
  }
  return {
    ...scores(all),
    scheduler: scheduler.name,
    limitAmps,
    slotSeconds: slotMs / 1000,
    violations,
    microsPerDecision: Math.round(micros / Math.max(1, decisions)),
  };
};

const usableAmps = ({ car, leftWh }: Waiting, slotMs: number): number => {
  const amps = Math.ceil((leftWh * 3_600_000) / (VOLTS * car.phaseCount * slotMs) - 1e-9);
  return Math.min(car.maxAmps, Math.max(MIN_AMPS, amps));
};

const deliver = (waiting: Waiting, amps: number, slotMs: number): void => {
  const offeredWh = (amps * VOLTS * waiting.car.phaseCount * slotMs) / 3_600_000;
  const takenWh = Math.min(offeredWh, waiting.leftWh);
  if (amps > 0 && waiting.amps === 0) waiting.starts += 1;
  waiting.amps = amps;
  waiting.leftWh -= takenWh;
  waiting.deliveredWh += takenWh;
};

const breaks = (here: readonly Waiting[], amps: readonly number[], limitAmps: number): boolean => {
  const sums = [0, 0, 0];
  return here.some(({ car }, i) => {
    const offer = amps[i] ?? 0;
    for (const p of [0, 1, 2] as const) if (car.phases[p]) sums[p]! += offer;
    const onStep = offer === 0 || (offer >= MIN_AMPS && offer <= car.maxAmps + 1e-6);
    return (
      !onStep ||
      Math.abs(offer - Math.round(offer)) > 1e-6 ||
      sums.some((sum) => sum > limitAmps + 1e-6)
    );
  });
};

const scores = (all: readonly Waiting[]) => {
  const wanted = all.reduce((sum, { car }) => sum + car.needWh, 0);
  const delivered = all.reduce((sum, each) => sum + each.deliveredWh, 0);
  const shares = all.map(({ car, deliveredWh }) => deliveredWh / car.needWh);
  const sum = shares.reduce((a, b) => a + b, 0);
  const squares = shares.reduce((a, b) => a + b * b, 0);
  const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
  return {
    energyPercent: round((100 * delivered) / wanted, 2),
    jain: round((sum * sum) / (shares.length * squares), 4),
    startsPerSession: round(all.reduce((n, { starts }) => n + starts, 0) / all.length, 3),
  };
};

/** The kinds of stations of the invented European site, in turn: phases and amps. */
const EU_KINDS: readonly (readonly [string, number])[] = [
  ['L1', 32],
  ['L1L2L3', 16],
  ['L2', 32],
  ['L2L3L1', 16],
  ['L3', 32],
  ['L3L1L2', 16],
  ['L1L2', 16],
  ['L1L2L3', 16],
  ['L2', 32],
  ['L2L3L1', 16],
];
const GENERATED_STATIONS = 54;

export interface Yard {
  readonly source: string;
  readonly cars: readonly YardCar[];
}

/** The European site from the two session files, or a generated month when they are not there. */
export const loadYard = (sessions: string | undefined, stations: string | undefined): Yard => {
  if (sessions === undefined || stations === undefined) return generatedYard();
  const places = new Map(
    readFileSync(stations, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(','))
      .map(([id = '', , , , phases = '', amps = '']) => [id, [phases, Number(amps)] as const]),
  );
  const { visits, problem } = parseVisits(readFileSync(sessions, 'utf8'));
  if (problem !== undefined) throw new Error(`${sessions}: ${problem}`);
  return { source: basename(sessions), cars: carsOf(visits, places) };
};

const generatedYard = (): Yard => {
  const ids = Array.from({ length: GENERATED_STATIONS }, (_, i) => `S${i}`);
  const places = new Map(ids.map((id, i) => [id, EU_KINDS[i % EU_KINDS.length]!]));
  const visits = generateVisits({ seed: 1, days: 31, chargers: ids, visitsPerDay: 0.65 });
  return { source: 'generated', cars: carsOf(visits, places) };
};

const carsOf = (
  visits: readonly VisitPlan[],
  places: ReadonlyMap<string, readonly [string, number]>,
): readonly YardCar[] =>
  visits.flatMap(({ charger = '', arrivesAtMs, departsAtMs, needWh }, i): YardCar[] => {
    const [wiring, maxAmps] = places.get(charger) ?? ['', 0];
    if (maxAmps === 0) return [];
    const phases = [wiring.includes('L1'), wiring.includes('L2'), wiring.includes('L3')] as const;
    const phaseCount = phases.filter(Boolean).length;
    const id = `s${String(i).padStart(4, '0')}`;
    return [{ id, phases, phaseCount, maxAmps, arrivesAtMs, departsAtMs, needWh }];
  });
