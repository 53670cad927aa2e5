import type { AllocationCircuit, Demand } from '../allocation/problem.ts';
import { arrivals } from '../next-car.ts';
import type { ConnectorTick, TickInput } from '../tick.ts';
import { addAmps, mapPhases, NO_AMPS } from '../units.ts';

/**
 * A limit of the CSMS on a charger as a whole (ChargePointMaxProfile) is a circuit of its own below
 * the charger's: the sum of its connectors stays within it. With one connector its own limit says
 * the same. `demands` are those of `shared`, in that order.
 */
export const withStationLimits = <T extends Pick<Demand, 'circuit'>>(
  input: TickInput,
  ticks: readonly ConnectorTick[],
  shared: readonly ConnectorTick[],
  circuits: readonly AllocationCircuit[],
  demands: readonly T[],
): { readonly circuits: readonly AllocationCircuit[]; readonly demands: readonly T[] } => {
  const stations = [...input.profiles.stations].flatMap(([charger, limit]) => {
    const connectors = ticks.filter((tick) => tick.charger.id === charger);
    const [first] = connectors;
    return first === undefined || connectors.length < 2
      ? []
      : [{ charger, limit, connectors, parent: first.circuit }];
  });
  if (stations.length === 0) return { circuits, demands };
  const places = new Map(stations.map(({ charger }, i) => [charger, circuits.length + i]));
  return {
    circuits: [
      ...circuits,
      ...stations.map(({ charger, limit, connectors, parent }): AllocationCircuit => {
        const reserved = connectors
          .filter(({ role }) => role === 'reserved')
          .reduce((sum, tick) => addAmps(sum, tick.worstSiteAmps), NO_AMPS);
        // Where a car comes next it begins with its fallback, before it can be told anything.
        const taken = addAmps(reserved, arrivals(connectors, input.site.arrivalReserve));
        return {
          id: `${charger} station`,
          parent,
          freeAmps: mapPhases((p) => limit.amps - taken[p]),
          reasons: [[limit.reason], [limit.reason], [limit.reason]],
        };
      }),
    ],
    demands: demands.map((demand, i) => {
      const place = places.get(shared[i]?.charger.id ?? '');
      return place === undefined ? demand : { ...demand, circuit: place };
    }),
  };
};
