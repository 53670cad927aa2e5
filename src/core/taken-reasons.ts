import type { Reserved } from './budget.ts';
import type { Reason, ReasonChain } from './reason.ts';
import type { CircuitTick } from './tick.ts';
import { PHASES } from './units.ts';

/** Less than this is not worth a word. */
const WORTH_AMPS = 0.5;

/**
 * Adds to the chain of a car that waits for amps of a circuit what has taken them: "fuse 25 A" alone
 * does not tell why nothing is left of it. Other chains stay as they are.
 */
export const takenReasons = (
  circuits: readonly CircuitTick[],
  reserved: Reserved,
): ((chain: ReasonChain) => ReasonChain) => {
  // Many wait for the same amps.
  const known = new Map<string, Reason | undefined>();
  return (chain) => {
    const [waits, ...rest] = chain;
    if (waits?.kind !== 'minimum' || waits.phase === undefined) return chain;
    const key = `${waits.id} ${waits.phase}`;
    if (!known.has(key)) known.set(key, takenOf(waits, circuits, reserved));
    const taken = known.get(key);
    return taken === undefined ? chain : [waits, taken, ...rest];
  };
};

const takenOf = (
  { id, phase }: Reason,
  circuits: readonly CircuitTick[],
  reserved: Reserved,
): Reason | undefined => {
  const index = circuits.findIndex((circuit) => circuit.id === id);
  if (phase === undefined) return undefined;
  const p = PHASES.indexOf(phase) as 0 | 1 | 2;
  const parts = [
    [circuits[index]?.load.uncontrolledAmps[p] ?? 0, 'for others'],
    [reserved.unsteeredAmps[index]?.[p] ?? 0, 'for chargers that are not steered'],
    [reserved.nextCarAmps[index]?.[p] ?? 0, 'kept for the next car'],
  ] as const;
  const text = parts
    .filter(([amps]) => amps >= WORTH_AMPS)
    .map(([amps, what]) => `${Math.round(amps)} A ${what}`)
    .join(', ');
  return text === '' ? undefined : { kind: 'circuit', id, phase, text };
};
