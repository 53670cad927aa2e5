import type { Reserved } from './budget.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { CircuitTick } from './tick.ts';
import { PHASES } from './units.ts';

/**
 * Adds to the chain of a car that waits for amps of a circuit what has taken them: "fuse 25 A" alone
 * does not tell why nothing is left of it. Other chains stay as they are.
 */
export const takenReasons = (
  circuits: readonly CircuitTick[],
  reserved: Reserved,
  carsOn: (circuit: number, phase: 0 | 1 | 2) => number,
): ((chain: ReasonChain) => ReasonChain) => {
  // Many wait for the same amps.
  const known = new Map<string, Reason | undefined>();
  return (chain) => {
    const [waits, ...rest] = chain;
    if (waits?.kind !== 'minimum' || waits.phase === undefined) return chain;
    const key = `${waits.id} ${waits.phase}`;
    if (!known.has(key)) known.set(key, takenOf(waits, circuits, reserved, carsOn));
    const taken = known.get(key);
    return taken === undefined ? chain : [waits, taken, ...rest];
  };
};

const takenOf = (
  { id, phase }: Reason,
  circuits: readonly CircuitTick[],
  reserved: Reserved,
  carsOn: (circuit: number, phase: 0 | 1 | 2) => number,
): Reason | undefined => {
  const index = circuits.findIndex((circuit) => circuit.id === id);
  if (phase === undefined) return undefined;
  const p = PHASES.indexOf(phase) as 0 | 1 | 2;
  const { load, limitAmps } = circuits[index] ?? {};
  const others = Math.round(load?.uncontrolledAmps[p] ?? 0);
  const unsteered = Math.round(reserved.unsteeredAmps[index]?.[p] ?? 0);
  // More is wanted for the next car than there may be: what is told has to add up to the limit.
  const left = Math.max(0, Math.round(limitAmps?.[p] ?? 0) - others - unsteered);
  const kept = Math.min(Math.round(reserved.nextCarAmps[index]?.[p] ?? 0), left);
  const cars = carsOn(index, p);
  const text = [
    others > 0 ? `${others} A for other loads` : '',
    unsteered > 0 ? `up to ${unsteered} A for chargers that are not steered` : '',
    kept > 0 ? `${kept} A kept for the next car` : '',
    // Their amps change with every tick, and reasons are published when they change.
    cars > 0
      ? `the rest for ${cars === 1 ? 'one car that charges' : `${cars} cars that charge`}`
      : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
  return text === '' ? undefined : { kind: 'circuit', id, phase, text };
};
