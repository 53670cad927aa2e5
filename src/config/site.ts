import type { Site } from '../core/site.ts';
import { type PhaseAmps, sameAmps } from '../core/units.ts';
import type { SiteConfig } from '../schema/site-config.ts';

/** The site as the core knows it. The config has been validated. */
export const toSite = (config: SiteConfig): Site => ({
  id: config.site.id,
  timezone: config.site.timezone,
  voltageVolts: config.site.voltage,
  circuits: parentsFirst(config.circuits).map((circuit) => ({
    id: circuit.id,
    limitAmps: perPhase(circuit.limitAmps),
    marginAmps: circuit.marginAmps,
    assumedLoadAmps: perPhase(circuit.assumedLoadAmps ?? 0),
    ...(circuit.parent === undefined ? {} : { parent: circuit.parent }),
    ...(circuit.limitWatts === undefined ? {} : { limitWatts: circuit.limitWatts }),
    ...(circuit.unbalanceAmps === undefined ? {} : { unbalanceAmps: circuit.unbalanceAmps }),
    ...(circuit.meter === undefined ? {} : { meter: circuit.meter }),
  })),
  meters: config.meters.map((meter) => ({
    ...meter,
    phaseOrder: phasesOf(meter.phaseOrder) as [number, number, number],
  })),
  chargers: config.chargers.map(({ stepsAmps, outage: _outage, ...charger }) => ({
    ...charger,
    phases: phasesOf(charger.phases),
    ...(stepsAmps === undefined ? {} : { stepsAmps: [...stepsAmps].sort((a, b) => a - b) }),
  })),
  emsSources: config.ems.sources,
  arrivalReserve: config.arrivalReserve,
});

/** 'L2L3L1' is [1, 2, 0]. */
export const phasesOf = (text: string): readonly number[] =>
  [...text.matchAll(/L([123])/g)].map(([, digit]) => Number(digit) - 1);

const perPhase = (value: number | readonly [number, number, number]): PhaseAmps =>
  typeof value === 'number' ? sameAmps(value) : value;

/** Circuits in an order in which every parent comes before its children; cycles end up last. */
const parentsFirst = (circuits: SiteConfig['circuits']): SiteConfig['circuits'] => {
  const placed = new Set<string>();
  const ordered: SiteConfig['circuits'] = [];
  let left = circuits;
  while (left.length > 0) {
    const ready = left.filter(({ parent }) => parent === undefined || placed.has(parent));
    if (ready.length === 0) return [...ordered, ...left];
    for (const circuit of ready) {
      placed.add(circuit.id);
      ordered.push(circuit);
    }
    left = left.filter((circuit) => !ready.includes(circuit));
  }
  return ordered;
};
