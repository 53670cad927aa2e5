// The sharing of the controller, as a scheduler of the yard.
import { Scratch } from '../src/core/allocation/scratch.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/sharing/policy.ts';
import { type Contender, share } from '../src/core/sharing/share.ts';
import { credited, newTurn, switched, type Turn } from '../src/core/sharing/turns.ts';
import { urgencyOf } from '../src/core/sharing/wish.ts';
import { FUSE, RATED } from './part-schedulers.ts';
import { MIN_AMPS, type Scheduler, VOLTS, type Waiting } from './part-yard.ts';

const ours = (name: string, policy: Policy): Scheduler => {
  const scratch = new Scratch();
  const turns = new Map<string, Turn>();
  return {
    name,
    decide(waiting, limitAmps, nowMs, slotMs) {
      const contenders = waiting.map((each) =>
        contenderOf(each, turns.get(each.car.id) ?? newTurn(each.car.id), nowMs),
      );
      const freeAmps = [limitAmps, limitAmps, limitAmps] as const;
      const reasons = [FUSE, FUSE, FUSE] as const;
      const main = { id: 'main', parent: -1, freeAmps, reasons };
      const { offers, entitledAmps } = share(policy, [main], contenders, nowMs, scratch);
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
  const fullWatts = car.maxAmps * VOLTS * car.phaseCount;
  const wish = { energyWh: car.needWh, departsAtWallMs: car.departsAtMs };
  return {
    id: car.id,
    circuit: 0,
    phases: car.phases,
    volts: VOLTS,
    minAmps: MIN_AMPS,
    maxAmps: mostAmps,
    maxReason: RATED,
    stepAmps: 1,
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
