import type { AllocationCircuit } from './allocation/problem.ts';
import type { ConnectorsByCircuit } from './circuit-ticks.ts';
import { unbalanceOf } from './counterweights.ts';
import { sumOnLines } from './line-currents.ts';
import { arrivals, givingWay } from './next-car.ts';
import type { Contender } from './sharing/share.ts';
import type { Circuit } from './site.ts';
import type { CircuitTick, ConnectorTick, TickInput } from './tick.ts';
import {
  AMPS_EPSILON,
  addAmps,
  mapPhases,
  NO_AMPS,
  type PhaseAmps,
  subtractAmps,
  sumAmps,
} from './units.ts';

/** Of the margin below a limit, what may be used so that no offer is changed for a moment's lack. */
export const KEEP_ON_SHARE = 0.5;

/** What of each circuit is spoken for before anything is shared. */
export interface Reserved {
  /** By connectors that are not steered: silent, refusing or disobeying ones, at their worst case. */
  readonly unsteeredAmps: readonly PhaseAmps[];
  /** Room for the next cars to start. */
  readonly nextCarAmps: readonly PhaseAmps[];
  /** Both. */
  readonly amps: readonly PhaseAmps[];
}

/** `cars`: those that are here, by what they want. */
export const reservedOf = (
  input: TickInput,
  byCircuit: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
  cars: readonly Contender[],
): Reserved => {
  const { site, tree } = input;
  const unsteeredAmps = byCircuit.map((below, index) =>
    sumOnLines(
      site.circuits[index]?.phasorSum,
      below.filter((tick) => tick.role === 'reserved'),
      (tick) => tick.worstSiteAmps,
      wiringOf,
    ),
  );
  const nextCarAmps = byCircuit.map((below, index) => {
    const kept = arrivals(below, site.arrivalReserve);
    if (Math.max(...kept) <= 0) return kept;
    const { limitAmps } = circuits[index]!;
    const freeAmps = leftOf(site.circuits[index]!, circuits[index]!, unsteeredAmps[index]);
    const here = cars.filter((car) => tree.paths[car.circuit]?.includes(index) && wantsNow(car));
    return givingWay(kept, freeAmps, limitAmps, here);
  });
  const amps = unsteeredAmps.map((each, index) => addAmps(each, nextCarAmps[index] ?? NO_AMPS));
  return { unsteeredAmps, nextCarAmps, amps };
};

const wantsNow = ({ idle, notYet, maxAmps, minAmps }: Contender): boolean =>
  !idle && notYet === undefined && maxAmps >= minAmps;

/** How a connector loads the lines. */
export const wiringOf = ({ phases, charger }: Pick<ConnectorTick, 'phases' | 'charger'>) => ({
  phases,
  lineToLine: charger.lineToLine === true,
});

/** Below the margin, beside others and what is reserved. */
const leftOf = (
  { marginAmps }: Circuit,
  { limitAmps, load }: CircuitTick,
  reserved: PhaseAmps = NO_AMPS,
): PhaseAmps =>
  mapPhases((p) => limitAmps[p] - marginAmps - (load.uncontrolledAmps[p] + reserved[p]));

/** What is left on every circuit for the connectors that are shared. */
export const freeCircuits = (
  input: TickInput,
  byCircuit: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
  reserved: readonly PhaseAmps[],
): readonly AllocationCircuit[] =>
  input.site.circuits.map((circuit, index) => {
    const tick = circuits[index]!;
    const volts = input.site.voltageVolts;
    const takenWatts =
      (tick.othersWatts ?? volts * tick.load.forStartSumAmps) +
      volts * sumAmps(reserved[index] ?? NO_AMPS);
    const freeAmps = leftOf(circuit, tick, reserved[index]);
    const { uncontrolledAmps, forStartAmps, forRaiseAmps } = tick.load;
    const long = subtractAmps(forStartAmps, uncontrolledAmps);
    const unbalance = unbalanceOf(circuit, byCircuit[index] ?? []);
    const swings = long.some((amps) => amps > AMPS_EPSILON);
    return {
      id: circuit.id,
      parent: input.tree.parents[index] ?? -1,
      freeAmps,
      reasons: tick.limitReasons,
      keepOnAmps: circuit.marginAmps * KEEP_ON_SHARE,
      ...(swings
        ? { lookAmps: { long, short: subtractAmps(forRaiseAmps, uncontrolledAmps) } }
        : {}),
      ...(circuit.phasorSum === true ? { phasorSum: true } : {}),
      ...(unbalance === undefined ? {} : { unbalance }),
      ...(tick.limitWatts === undefined ? {} : { freeWatts: tick.limitWatts - takenWatts }),
      ...(tick.wattsReasons === undefined ? {} : { wattsReason: tick.wattsReasons }),
    };
  });
