import type { Reserved } from './budget.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { CircuitTick } from './tick.ts';
import { PHASES } from './units.ts';

/** Of those that take amps without being steered, so many are named. */
const NAMES_SHOWN = 3;

/** Who is on a phase of a circuit, by its index. */
export interface WhoIsOn {
  /** Cars that charge and are steered. */
  readonly cars: (circuit: number, phase: 0 | 1 | 2) => number;
  /** Ids of chargers that are budgeted at their worst case. */
  readonly unsteered: (circuit: number, phase: 0 | 1 | 2) => readonly string[];
}

/**
 * Adds to the chain of a car that waits for amps of a circuit what has taken them: "fuse 25 A" alone
 * does not tell why nothing is left of it. Other chains stay as they are.
 */
export const takenReasons = (
  circuits: readonly CircuitTick[],
  reserved: Reserved,
  on: WhoIsOn,
): ((chain: ReasonChain) => ReasonChain) => {
  // Many wait for the same amps.
  const known = new Map<string, Reason | undefined>();
  return (chain) => {
    const [waits, ...rest] = chain;
    if (waits?.kind !== 'minimum' || waits.phase === undefined) return chain;
    const key = `${waits.id} ${waits.phase}`;
    if (!known.has(key)) known.set(key, takenOf(waits, circuits, reserved, on));
    const taken = known.get(key);
    return taken === undefined ? chain : [waits, taken, ...rest];
  };
};

const takenOf = (
  { id, phase }: Reason,
  circuits: readonly CircuitTick[],
  reserved: Reserved,
  on: WhoIsOn,
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
  const cars = on.cars(index, p);
  const text = [
    others > 0 ? `${others} A for other loads` : '',
    unsteered > 0
      ? `up to ${unsteered} A for ${unsteeredText(on.unsteered(index, p))} not steered`
      : '',
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

/** With their names, an installer knows where to look. */
const unsteeredText = (ids: readonly string[]): string => {
  const more = ids.length - NAMES_SHOWN;
  const names = ids.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return ids.length === 1 ? `${names}, which is` : `${names || 'chargers'}, which are`;
};
