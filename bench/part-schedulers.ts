// Textbook schedulers to compare with, all with the minimum and the steps of the stations.
import { allocate } from '../src/core/allocation/allocate.ts';
import type { AllocationCircuit, RankedDemand } from '../src/core/allocation/problem.ts';
import { Scratch } from '../src/core/allocation/scratch.ts';
import { stepBelow } from '../src/core/allocation/steps.ts';
import type { Feeder } from './part-feeder.ts';
import { type Scheduler, stepsOf, type Waiting } from './part-yard.ts';

const ALL = [true, true, true] as const;

/** Hours at full power that are left when everything is charged. */
export const laxityHours = ({ car, leftWh }: Waiting, nowMs: number): number =>
  (car.departsAtMs - nowMs) / 3_600_000 - leftWh / (car.maxAmps * car.volts * car.phaseCount);

/** In the order of a key, each takes all that it can; nobody is interrupted for another's sake. */
const greedy = (name: string, key: (waiting: Waiting, nowMs: number) => number): Scheduler => ({
  name,
  decide(waiting, feeder, nowMs) {
    feeder.clear();
    const amps = waiting.map(() => 0);
    const order = waiting
      .map((_, i) => i)
      .sort(
        (a, b) =>
          key(waiting[a]!, nowMs) - key(waiting[b]!, nowMs) ||
          (waiting[a]!.car.id < waiting[b]!.car.id ? -1 : 1),
      );
    for (const i of order) {
      amps[i] = mostThatFits(feeder, waiting[i]!);
      feeder.add(waiting[i]!.car, amps[i]!);
    }
    return amps;
  },
});

const mostThatFits = (feeder: Feeder, { car, mostAmps }: Waiting): number => {
  const steps = stepsOf(car);
  for (let amps = mostAmps; amps >= car.minAmps; amps = stepBelow(steps, amps - 1)) {
    feeder.add(car, amps);
    const holds = feeder.holds(car.circuit);
    feeder.add(car, -amps);
    if (holds) return amps;
  }
  return 0;
};

/** Weighted max-min by the allocator, first come first admitted; `blind`: every car on 3 phases. */
const maxMin = (name: string, blind: boolean): Scheduler => {
  const scratch = new Scratch();
  return {
    name,
    decide: (waiting, feeder) =>
      shareOf(
        waiting.map(
          ({ car, mostAmps, amps }, i): RankedDemand => ({
            id: car.id,
            circuit: car.circuit,
            phases: blind ? ALL : car.phases,
            lineToLine: car.lineToLine && !blind,
            volts: car.volts,
            minAmps: car.minAmps,
            maxAmps: mostAmps,
            maxReason: RATED,
            stepAmps: 1,
            stepsAmps: car.stepsAmps,
            weight: 1,
            priorityClass: 0,
            admissionScore: -i,
            previousAmps: amps,
          }),
        ),
        feeder.circuits(!blind && waiting.some(({ car }) => car.lineToLine)),
        scratch,
      ),
  };
};

export const RATED = { kind: 'charger', id: 'charger', text: 'rated' } as const;

const shareOf = (
  demands: readonly RankedDemand[],
  circuits: readonly AllocationCircuit[],
  scratch: Scratch,
): number[] => allocate({ circuits, demands }, scratch).offers.map(({ amps }) => amps);

export const TEXTBOOK: readonly (() => Scheduler)[] = [
  () => maxMin('phase-blind equal', true),
  () => greedy('first come', ({ car }) => car.arrivesAtMs),
  () => greedy('earliest deadline', ({ car }) => car.departsAtMs),
  () => greedy('least laxity', laxityHours),
  () => maxMin('plain max-min', false),
];
