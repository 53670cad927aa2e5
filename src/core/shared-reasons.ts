import type { Reserved } from './budget.ts';
import type { ConnectorsByCircuit } from './circuit-ticks.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { CircuitTick, ConnectorTick } from './tick.ts';
import { PHASES } from './units.ts';

/**
 * Adds to the chain of a car that charges with less than it could, because of a circuit, how many
 * it shares with, and what is kept for the next one: "fuse 40 A" alone does not tell why it gets 6 A.
 * Counts, not amps of theirs: these change with every tick, and reasons are published when they change.
 */
export const sharedReasons = (
  below: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
  isOn: (tick: ConnectorTick) => boolean,
  { nextCarAmps }: Pick<Reserved, 'nextCarAmps'>,
): ((chain: ReasonChain) => ReasonChain) => {
  const known = new Map<Reason, string>();
  const textOf = (bound: Reason): string => {
    const place = placeOf(bound, circuits);
    if (place === undefined) return '';
    const cars = carsOn(below, place.index, place.phase, isOn);
    const kept = Math.round(nextCarAmps[place.index]?.[place.phase] ?? 0);
    return [
      cars < 2 ? '' : `one of ${cars} cars`,
      kept > 0 ? `${kept} A kept for the next car` : '',
    ]
      .filter((part) => part !== '')
      .join(', ');
  };
  return (chain) => {
    const [first] = chain;
    if (first?.kind !== 'circuit' && first?.kind !== 'ems') return chain;
    const bound = chain.find(({ kind, phase }) => kind === 'circuit' && phase !== undefined);
    if (bound === undefined) return chain;
    const text = known.get(bound) ?? textOf(bound);
    known.set(bound, text);
    return text === '' ? chain : [{ ...first, text }, ...chain];
  };
};

/** Nowhere: a reason that is not the limit of a circuit itself (the floor in an overload). */
const placeOf = (
  bound: Reason,
  circuits: readonly CircuitTick[],
): { readonly index: number; readonly phase: number } | undefined => {
  const index = circuits.findIndex(({ id }) => id === bound.id);
  const phase = bound.phase === undefined ? -1 : PHASES.indexOf(bound.phase);
  return circuits[index]?.limitReasons[phase]?.includes(bound) === true
    ? { index, phase }
    : undefined;
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
