import type { AllocationCircuit } from './allocation-problem.ts';
import type { ConnectorsByCircuit } from './circuit-ticks.ts';
import { sumOnLines } from './line-currents.ts';
import type { Circuit } from './site.ts';
import type { CircuitTick, ConnectorTick, TickInput } from './tick.ts';
import {
  AMPS_EPSILON,
  addAmps,
  mapPhases,
  NO_AMPS,
  type PhaseAmps,
  subtractAmps,
} from './units.ts';

/** Of the margin below a limit, what may be used so that no offer is changed for a moment's lack. */
export const KEEP_ON_SHARE = 0.5;

/**
 * The amps of each circuit that are spoken for by connectors that the allocation does not steer:
 * silent, refusing or disobeying ones at their worst case, and room for the next cars to start.
 */
export const reservedAmps = (
  { site }: TickInput,
  byCircuit: ConnectorsByCircuit,
): readonly PhaseAmps[] =>
  byCircuit.map((below, index) => {
    const reserved = sumOnLines(
      site.circuits[index]?.phasorSum,
      below.filter((tick) => tick.role === 'reserved'),
      (tick) => tick.worstSiteAmps,
      wiringOf,
    );
    return addAmps(reserved, arrivals(below, site.arrivalReserve));
  });

/** How a connector loads the lines. */
export const wiringOf = ({ phases, charger }: Pick<ConnectorTick, 'phases' | 'charger'>) => ({
  phases,
  lineToLine: charger.lineToLine === true,
});

/** The largest fallbacks of idle connectors, as many as may start before the next tick. */
export const arrivals = (below: readonly ConnectorTick[], count: number): PhaseAmps => {
  const idle = below.filter((tick) => tick.role === 'idle');
  return mapPhases((p) =>
    idle
      .map((tick) => tick.worstSiteAmps[p])
      .sort((a, b) => b - a)
      .slice(0, count)
      .reduce((sum, amps) => sum + amps, 0),
  );
};

/** What is left on every circuit for the connectors that are shared. */
export const freeCircuits = (
  input: TickInput,
  byCircuit: ConnectorsByCircuit,
  circuits: readonly CircuitTick[],
  reserved: readonly PhaseAmps[],
): readonly AllocationCircuit[] =>
  input.site.circuits.map((circuit, index) => {
    const tick = circuits[index]!;
    const taken = addAmps(tick.load.uncontrolledAmps, reserved[index] ?? NO_AMPS);
    const freeAmps = mapPhases((p) => tick.limitAmps[p] - circuit.marginAmps - taken[p]);
    const { uncontrolledAmps, forStartAmps, forRaiseAmps } = tick.load;
    const long = subtractAmps(forStartAmps, uncontrolledAmps);
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
      ...unbalanceOf(circuit, byCircuit[index] ?? []),
      ...(tick.limitWatts === undefined
        ? {}
        : {
            freeWatts: tick.limitWatts - input.site.voltageVolts * (taken[0] + taken[1] + taken[2]),
          }),
      ...(tick.wattsReasons === undefined ? {} : { wattsReason: tick.wattsReasons }),
    };
  });

/** The limit on the difference of phases counts charging only, also of those that are not steered. */
const unbalanceOf = (
  { id, unbalanceAmps: limitAmps }: Circuit,
  below: readonly ConnectorTick[],
): Pick<AllocationCircuit, 'unbalance'> => {
  if (limitAmps === undefined) return {};
  const baseAmps = below
    .filter((tick) => tick.role === 'reserved')
    .reduce((sum, tick) => addAmps(sum, tick.drawSiteAmps ?? tick.worstSiteAmps), NO_AMPS);
  const text = `${id}: phases within ${limitAmps} A of each other`;
  return { unbalance: { limitAmps, baseAmps, reasons: [{ kind: 'unbalance', id, text }] } };
};
