// Textbook schedulers to compare with, all with 6 A minimum and whole amps.
import { allocate } from '../src/core/allocation/allocate.ts';
import { Scratch } from '../src/core/allocation/scratch.ts';
import type { Demand } from '../src/core/allocation-problem.ts';
import { MIN_AMPS, type Scheduler, VOLTS, type Waiting } from './part-yard.ts';

const ALL = [true, true, true] as const;

/** Hours at full power that are left when everything is charged. */
export const laxityHours = ({ car, leftWh }: Waiting, nowMs: number): number =>
  (car.departsAtMs - nowMs) / 3_600_000 - leftWh / (car.maxAmps * VOLTS * car.phaseCount);

/** In the order of a key, each takes all that it can; nobody is interrupted for another's sake. */
const greedy = (name: string, key: (waiting: Waiting, nowMs: number) => number): Scheduler => ({
  name,
  decide(waiting, limitAmps, nowMs) {
    const left = [limitAmps, limitAmps, limitAmps];
    const amps = waiting.map(() => 0);
    const order = waiting
      .map((_, i) => i)
      .sort(
        (a, b) =>
          key(waiting[a]!, nowMs) - key(waiting[b]!, nowMs) ||
          (waiting[a]!.car.id < waiting[b]!.car.id ? -1 : 1),
      );
    for (const i of order) {
      const { car, mostAmps } = waiting[i]!;
      const room = Math.min(...left.filter((_, p) => car.phases[p as 0 | 1 | 2]));
      const offer = Math.floor(Math.min(mostAmps, room));
      if (offer < MIN_AMPS) continue;
      amps[i] = offer;
      for (const p of [0, 1, 2] as const) if (car.phases[p]) left[p]! -= offer;
    }
    return amps;
  },
});

/** Weighted max-min by the allocator, first come first admitted; `blind`: every car on 3 phases. */
const maxMin = (name: string, blind: boolean): Scheduler => {
  const scratch = new Scratch();
  return {
    name,
    decide: (waiting, limitAmps) =>
      shareOf(
        waiting.map(
          (each, i): Demand => ({
            id: each.car.id,
            circuit: 0,
            phases: blind ? ALL : each.car.phases,
            volts: VOLTS,
            minAmps: MIN_AMPS,
            maxAmps: each.mostAmps,
            maxReason: RATED,
            stepAmps: 1,
            weight: 1,
            priorityClass: 0,
            admissionScore: -i,
            previousAmps: each.amps,
          }),
        ),
        limitAmps,
        scratch,
      ),
  };
};

export const RATED = { kind: 'charger', id: 'charger', text: 'rated' } as const;
export const FUSE = [{ kind: 'circuit', id: 'main', text: 'main' }] as const;

export const shareOf = (
  demands: readonly Demand[],
  limitAmps: number,
  scratch: Scratch,
): number[] => {
  const main = {
    id: 'main',
    parent: -1,
    freeAmps: [limitAmps, limitAmps, limitAmps] as const,
    reasons: [FUSE, FUSE, FUSE] as const,
  };
  return allocate({ circuits: [main], demands }, scratch).offers.map(({ amps }) => amps);
};

export const TEXTBOOK: readonly (() => Scheduler)[] = [
  () => maxMin('phase-blind equal', true),
  () => greedy('first come', ({ car }) => car.arrivesAtMs),
  () => greedy('earliest deadline', ({ car }) => car.departsAtMs),
  () => greedy('least laxity', laxityHours),
  () => maxMin('plain max-min', false),
];
