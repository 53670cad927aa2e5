// The sharing of the controller, as a scheduler of the yard.
import { Scratch } from '../src/core/allocation/scratch.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/sharing/policy.ts';
import { type Contender, share } from '../src/core/sharing/share.ts';
import { credited, newTurn, switched, type Turn } from '../src/core/sharing/turns.ts';
import { urgencyOf } from '../src/core/sharing/wish.ts';
import { RATED } from './part-schedulers.ts';
import type { Scheduler, Waiting } from './part-yard.ts';

const ours = (name: string, policy: Policy): Scheduler => {
  const scratch = new Scratch();
  const turns = new Map<string, Turn>();
  return {
    name,
    decide(waiting, feeder, nowMs, slotMs) {
      const contenders = waiting.map((each) =>
        contenderOf(each, turns.get(each.car.id) ?? newTurn(each.car.id), nowMs),
      );
      const circuits = feeder.circuits(waiting.some(({ car }) => car.lineToLine));
      const { offers, entitledAmps } = share(policy, circuits, contenders, nowMs, scratch);
      return offers.map(({ amps }, i) => {
        const { id, minAmps, turn } = contenders[i]!;
        const step = { elapsedMs: slotMs, offeredAmps: amps, minAmps };
        const after = credited(turn, { ...step, entitledAmps: entitledAmps?.[i] });
        turns.set(id, switched(after, amps > 0, nowMs));
        return amps;
      });
    },
  };
};

const contenderOf = (each: Waiting, turn: Turn, nowMs: number): Contender => {
  const { car, amps, leftWh, mostAmps, deliveredWh } = each;
  const fullWatts = car.maxAmps * car.volts * car.phaseCount;
  const wish = { energyWh: car.needWh, departsAtWallMs: car.departsAtMs };
  return {
    id: car.id,
    circuit: car.circuit,
    phases: car.phases,
    lineToLine: car.lineToLine,
    volts: car.volts,
    minAmps: car.minAmps,
    maxAmps: mostAmps,
    maxReason: RATED,
    stepAmps: 1,
    stepsAmps: car.stepsAmps,
    weight: 1,
    previousAmps: amps,
    priorityClass: 0,
    idle: false,
    urgencyNow: urgencyOf({ wish, deliveredWh, fullWatts, wallMs: nowMs }),
    leftWh,
    stayMs: car.departsAtMs - nowMs,
    turn,
    cameAtMs: car.arrivesAtMs,
  };
};

export const OURS: readonly (() => Scheduler)[] = [
  () => ours('ours, fair', DEFAULT_POLICY),
  () => ours('ours, throughput', { ...DEFAULT_POLICY, objective: 'throughput' }),
];
