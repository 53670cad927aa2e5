import type { ConnectorsByCircuit } from './circuit-ticks.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { CircuitTick, ConnectorTick } from './tick.ts';
import { PHASES } from './units.ts';

/**
 * Adds to the chain of a car that charges with less than it could, because of a circuit, how many
 * it shares with: "fuse 40 A" alone does not tell why it gets 6 A. Counts, not amps: these change
 * with every tick, and reasons are published when they change.
 */
export const sharedReasons = (
  below: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
  isOn: (tick: ConnectorTick) => boolean,
): ((chain: ReasonChain) => ReasonChain) => {
  const counted = new Map<Reason, number>();
  return (chain) => {
    const [first] = chain;
    if (first?.kind !== 'circuit' && first?.kind !== 'ems') return chain;
    const bound = chain.find(({ kind, phase }) => kind === 'circuit' && phase !== undefined);
    if (bound === undefined) return chain;
    const cars = counted.get(bound) ?? carsBeside(bound, below, circuits, isOn);
    counted.set(bound, cars);
    return cars < 2 ? chain : [{ ...first, text: `one of ${cars} cars` }, ...chain];
  };
};

/** Of a reason that is not the limit of a circuit itself (the floor in an overload): nobody. */
const carsBeside = (
  bound: Reason,
  below: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
  isOn: (tick: ConnectorTick) => boolean,
): number => {
  const index = circuits.findIndex(({ id }) => id === bound.id);
  const p = bound.phase === undefined ? -1 : PHASES.indexOf(bound.phase);
  if (!circuits[index]?.limitReasons[p]?.includes(bound)) return 0;
  return carsOn(below, index, p, isOn);
};

/** How many cars charge below a circuit, on one phase of it. */
export const carsOn = (
  below: ConnectorsByCircuit,
  index: number,
  phase: number,
  isOn: (tick: ConnectorTick) => boolean,
): number => (below[index] ?? []).filter((tick) => tick.phases[phase] && isOn(tick)).length;

/** Chargers of a circuit that are budgeted on a phase without being steered, each once. */
export const unsteeredOn = (
  below: ConnectorsByCircuit,
  index: number,
  phase: 0 | 1 | 2,
): readonly string[] => {
  const ticks = (below[index] ?? []).filter(
    ({ role, worstSiteAmps }) => role === 'reserved' && worstSiteAmps[phase] > 0,
  );
  return [...new Set(ticks.map(({ charger }) => charger.id))];
};
