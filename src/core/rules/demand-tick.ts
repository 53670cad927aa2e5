import type { AllocationCircuit } from '../allocation/problem.ts';
import { phaseVolts } from '../chargers/told-limit.ts';
import type { ConnectorsByCircuit } from '../circuit-ticks.ts';
import { orderedAmps } from '../contenders.ts';
import type { CircuitTick, ConnectorTick, TickInput } from '../tick.ts';
import { sumAmps } from '../units.ts';
import { type DemandState, demandAfter, plannedWatts } from './demand-window.ts';
import { freshWatts } from './grid-power.ts';

/** A policy's window of the demand charge in one tick. */
export interface DemandTick {
  /** With what the window leaves to the cars. */
  readonly circuits: readonly CircuitTick[];
  readonly state: DemandState | undefined;
}

/** The load of others counts with its mean here: what of it swings is not taken from the cars. */
export const withDemand = (
  input: TickInput,
  below: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
): DemandTick => {
  const rule = input.policy.demand;
  const at = placeOf(input);
  const tick = circuits[at];
  if (rule === undefined || tick === undefined) return { circuits, state: undefined };
  const { readings, policyState, wallMs, site } = input;
  const { meter = '' } = site.circuits[at] ?? {};
  const volts = site.voltageVolts;
  const { uncontrolledAmps, forStartSumAmps } = tick.load;
  const state = demandAfter(rule, policyState.demand, {
    wallMs,
    watts: freshWatts(input, readings.get(meter)),
    othersWatts: volts * sumAmps(uncontrolledAmps),
    onWatts: (below[at] ?? []).reduce((sum, each) => sum + minimumWatts(each, volts), 0),
  });
  const { carWatts, othersWatts } = state;
  const { limitWatts = Number.POSITIVE_INFINITY } = tick;
  if (carWatts >= limitWatts - volts * forStartSumAmps) return { circuits, state };
  const mean = `mean of ${rule.minutes} min within ${rule.limitWatts} W`;
  const text = `${tick.id}: ${Math.floor(carWatts)} W for cars, ${mean}`;
  const limited: CircuitTick = {
    ...tick,
    limitWatts: carWatts + othersWatts,
    othersWatts,
    wattsReasons: [{ kind: 'policy', id: 'demand-window', text }],
  };
  return { circuits: circuits.map((each, i) => (i === at ? limited : each)), state };
};

/**
 * Late in a window of the demand charge more power is left than the next window can carry: cars that
 * charge have it, but one that was started for it would be stopped minutes later.
 */
export const withPassingPower = (
  input: TickInput,
  circuits: readonly AllocationCircuit[],
  ticks: readonly CircuitTick[],
): readonly AllocationCircuit[] => {
  const { demand } = input.policy;
  const at = placeOf(input);
  const { othersWatts, limitWatts = 0, id = '' } = ticks[at] ?? {};
  if (demand === undefined || othersWatts === undefined) return circuits;
  const watts = limitWatts - plannedWatts(demand);
  if (watts <= 0) return circuits;
  const text = `${id}: starts when the mean of ${demand.minutes} min leaves room for good`;
  const passing = { watts, reason: { kind: 'policy', id, text } } as const;
  return circuits.map((circuit, i) => (i === at ? { ...circuit, passing } : circuit));
};

/** The circuit of the rule; else the root. */
const placeOf = ({ policy, site }: TickInput): number =>
  Math.max(
    0,
    site.circuits.findIndex(({ id }) => id === policy.demand?.circuit),
  );

const minimumWatts = (tick: ConnectorTick, siteVolts: number): number =>
  tick.role === 'shared' && orderedAmps(tick) > 0
    ? tick.charger.minAmps * phaseVolts(tick.charger, siteVolts) * tick.powerPhases
    : 0;
