// Ten cars that come at the same time to a feeder that fits four at their minimum.
import { Scratch } from '../src/core/allocation/scratch.ts';
import { DEFAULT_POLICY } from '../src/core/sharing/policy.ts';
import { share } from '../src/core/sharing/share.ts';
import { credited, newTurn, switched } from '../src/core/sharing/turns.ts';
import { RATED } from './part-schedulers.ts';

const CARS = 10;
const VOLTS = 230;
const MIN_AMPS = 6;
const FUSE = [{ kind: 'circuit', id: 'main', text: 'main' }] as const;
const FEEDER_AMPS = 25;
const HOURS = 4;
const STEP_MS = 10_000;
const ALL = [true, true, true] as const;

/** Spread of ampere-hours over the mean, shortest time on, and starts of the busiest car. */
export const rotation = () => {
  const scratch = new Scratch();
  const cars = Array.from({ length: CARS }, (_, i) => ({
    id: `car-${i}`,
    turn: newTurn(`car-${i}`),
    amps: 0,
    ampHours: 0,
  }));
  const main = {
    id: 'main',
    parent: -1,
    freeAmps: [FEEDER_AMPS, FEEDER_AMPS, FEEDER_AMPS] as const,
    reasons: [FUSE, FUSE, FUSE] as const,
  };
  let shortestOnMs = Number.POSITIVE_INFINITY;
  for (let nowMs = 0; nowMs < HOURS * 3_600_000; nowMs += STEP_MS) {
    const contenders = cars.map(({ id, turn, amps }, i) => ({
      id,
      turn,
      circuit: 0,
      phases: ALL,
      volts: VOLTS,
      minAmps: MIN_AMPS,
      maxAmps: 16,
      maxReason: RATED,
      stepAmps: 1,
      weight: 1,
      previousAmps: amps,
      priorityClass: 0,
      idle: false,
      urgencyNow: undefined,
      cameAtMs: i,
    }));
    const { offers, entitledAmps } = share(DEFAULT_POLICY, [main], contenders, nowMs, scratch);
    cars.forEach((car, i) => {
      const amps = offers[i]?.amps ?? 0;
      const step = { elapsedMs: STEP_MS, offeredAmps: amps, minAmps: MIN_AMPS };
      const before = car.turn;
      const after = credited(before, { ...step, entitledAmps: entitledAmps?.[i] });
      car.turn = switched(after, amps > 0, nowMs);
      if (before.on && !car.turn.on) {
        shortestOnMs = Math.min(shortestOnMs, nowMs - (before.sinceMs ?? nowMs));
      }
      car.amps = amps;
      car.ampHours += (amps * STEP_MS) / 3_600_000;
    });
  }
  const hours = cars.map(({ ampHours }) => ampHours);
  const mean = hours.reduce((a, b) => a + b, 0) / CARS;
  return {
    spreadPercent: Math.round((1000 * (Math.max(...hours) - Math.min(...hours))) / mean) / 10,
    shortestOnMinutes: shortestOnMs / 60_000,
    mostStarts: Math.max(...cars.map(({ turn }) => turn.startsAtMs.length)),
  };
};
