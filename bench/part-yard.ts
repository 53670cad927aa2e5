// A car park in slots: cars come with a need and a departure, a scheduler says who gets what.
import { stepAbove, stepBelow } from '../src/core/allocation/steps.ts';
import { Feeder } from './part-feeder.ts';
import type { SiteName, Yard, YardCar, YardLimit } from './part-sites.ts';

/** A car that is there and not yet full. */
export interface Waiting {
  readonly car: YardCar;
  /** The step that it can use up in this slot, at most its maximum. */
  mostAmps: number;
  leftWh: number;
  /** Amps of the slot before. */
  amps: number;
  starts: number;
  deliveredWh: number;
}

export interface Scheduler {
  readonly name: string;
  /** Amps for each waiting car: 0, or one of its steps up to its maximum. The feeder is its own. */
  decide(waiting: readonly Waiting[], feeder: Feeder, nowMs: number, slotMs: number): number[];
}

export interface YardResult {
  readonly site: SiteName;
  readonly limit: string;
  readonly scheduler: string;
  readonly slotSeconds: number;
  readonly sessions: number;
  readonly energyPercent: number;
  readonly jain: number;
  readonly startsPerSession: number;
  readonly violations: number;
  readonly microsPerDecision: number;
}

/** Runs every session through one scheduler; the batteries take what they are offered. */
export const runYard = (
  { site, cars }: Yard,
  scheduler: Scheduler,
  { text: limit, fuses }: YardLimit,
  slotMs: number,
): YardResult => {
  const [feeder, judge] = [new Feeder(fuses), new Feeder(fuses)];
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
    here = here.filter(
      ({ car, leftWh }) => (car.leavesAtMs ?? car.departsAtMs) > nowMs && leftWh > 1e-6,
    );
    if (here.length === 0) {
      if (next >= arrivals.length) break;
      nowMs = arrivals[next]!.arrivesAtMs;
      continue;
    }
    for (const waiting of here) waiting.mostAmps = usableAmps(waiting, slotMs);
    const before = process.hrtime.bigint();
    const amps = scheduler.decide(here, feeder, nowMs, slotMs);
    micros += Number(process.hrtime.bigint() - before) / 1000;
    decisions += 1;
    if (breaks(here, amps, judge)) violations += 1;
    for (const [i, waiting] of here.entries()) deliver(waiting, amps[i] ?? 0, slotMs);
    nowMs += slotMs;
  }
  return {
    site,
    limit,
    scheduler: scheduler.name,
    ...scores(all),
    slotSeconds: slotMs / 1000,
    sessions: cars.length,
    violations,
    microsPerDecision: Math.round(micros / Math.max(1, decisions)),
  };
};

const usableAmps = ({ car, leftWh }: Waiting, slotMs: number): number => {
  const amps = (leftWh * 3_600_000) / (car.volts * car.phaseCount * slotMs);
  return Math.min(car.maxAmps, stepAbove(stepsOf(car), amps - 1e-6));
};

/** The steps of a car, in the words of the allocator. */
export const stepsOf = ({ minAmps, stepsAmps }: YardCar) => ({ minAmps, stepAmps: 1, stepsAmps });

const deliver = (waiting: Waiting, amps: number, slotMs: number): void => {
  const offeredWh = (amps * waiting.car.volts * waiting.car.phaseCount * slotMs) / 3_600_000;
  const takenWh = Math.min(offeredWh, waiting.leftWh);
  if (amps > 0 && waiting.amps === 0) waiting.starts += 1;
  waiting.amps = amps;
  waiting.leftWh -= takenWh;
  waiting.deliveredWh += takenWh;
};

const breaks = (here: readonly Waiting[], amps: readonly number[], judge: Feeder): boolean => {
  judge.clear();
  return here.some(({ car }, i) => {
    const offer = amps[i] ?? 0;
    judge.add(car, offer);
    const onStep = offer === 0 || Math.abs(stepBelow(stepsOf(car), offer) - offer) < 1e-6;
    return !onStep || offer > car.maxAmps + 1e-6 || !judge.holds(car.circuit);
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
