import type { AllocatedOffer, AllocationCircuit } from '../allocation-problem.ts';
import { LineSum } from '../line-currents.ts';
import { phaseCount, spread } from '../site-phases.ts';
import { NO_AMPS } from '../units.ts';
import type { Contender } from './share.ts';

/** What is free on every circuit after some have got their offers. */
export const leftOver = (
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
  offers: readonly AllocatedOffer[],
): readonly AllocationCircuit[] => {
  const taken = circuits.map((): [number, number, number, number] => [0, 0, 0, 0]);
  const lines = circuits.map(({ phasorSum }) => (phasorSum === true ? new LineSum() : undefined));
  contenders.forEach(({ circuit, phases, volts, lineToLine }, i) => {
    const amps = offers[i]?.amps ?? 0;
    for (let at = circuit; at >= 0; at = circuits[at]?.parent ?? -1) {
      const row = taken[at];
      if (row === undefined) return;
      for (const p of [0, 1, 2] as const) if (phases[p]) row[p] += amps;
      lines[at]?.add(spread(phases, amps), phases, lineToLine === true);
      row[3] += amps * volts * phaseCount(phases);
    }
  });
  return circuits.map((circuit, index) => {
    const [l1, l2, l3, watts] = taken[index] ?? [0, 0, 0, 0];
    const [a, b, c] = circuit.freeAmps;
    const [onL1, onL2, onL3] = lines[index]?.amps ?? [l1, l2, l3];
    const { freeWatts, unbalance } = circuit;
    const base = unbalance?.baseAmps ?? NO_AMPS;
    return {
      ...circuit,
      freeAmps: [a - onL1, b - onL2, c - onL3] as const,
      ...(freeWatts === undefined ? {} : { freeWatts: freeWatts - watts }),
      ...(unbalance === undefined
        ? {}
        : {
            unbalance: {
              ...unbalance,
              baseAmps: [base[0] + l1, base[1] + l2, base[2] + l3] as const,
            },
          }),
    };
  });
};
