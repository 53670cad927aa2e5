import type { ChargerState } from './charger-state.ts';
import type { CircuitTree } from './circuit-tree.ts';
import { IN_PHASE_SHARE } from './line-currents.ts';
import type { MeterSurroundings } from './meter-check.ts';
import type { MeterSpec, Site } from './site.ts';
import { toSitePhases } from './site-phases.ts';
import { mapPhases, minAmps, sameAmps } from './units.ts';

/** Readings equal in every number for so long are those of a frozen meter. */
export const FROZEN_MS = 60_000;

/**
 * What a reading of one meter is judged by: the fuses it protects and what the chargers below it
 * said they draw, as far as that is not older than `lifeMs`.
 */
export const meterSurroundings = (
  { site, tree }: { readonly site: Site; readonly tree: CircuitTree },
  spec: MeterSpec,
  chargers: ReadonlyMap<string, ChargerState>,
  { nowMs, lifeMs }: { readonly nowMs: number; readonly lifeMs: number },
): MeterSurroundings => {
  const measured = site.circuits.filter(({ meter }) => meter === spec.id);
  const [first] = measured;
  const indexes = new Set(measured.map(({ id }) => tree.indexOf.get(id) ?? -1));
  const below = site.chargers.filter(({ circuit }) =>
    tree.paths[tree.indexOf.get(circuit) ?? -1]?.some((index) => indexes.has(index)),
  );
  return {
    nominalVolts: site.voltageVolts,
    fuseAmps: measured.reduce(
      (least, { limitAmps }) => least && minAmps(least, limitAmps),
      first?.limitAmps,
    ),
    exportMostAmps: spec.exportMostAmps ?? 0,
    frozenMs: spec.frozenMs ?? FROZEN_MS,
    draws: below.flatMap(({ id, phases, maxAmps, lineToLine }) =>
      [...(chargers.get(id)?.connectors.values() ?? [])].flatMap((connector) => {
        const { terminalAmps, measuredAtMs: atMs } = connector;
        if (terminalAmps === undefined || atMs === undefined || nowMs - atMs > lifeMs) return [];
        // A claim beyond the rating is no evidence against the meter.
        const amps = minAmps(toSitePhases(phases, terminalAmps), sameAmps(maxAmps));
        // Between two lines only the part that is in phase surely shows on the meter.
        const share = lineToLine === true ? IN_PHASE_SHARE : 1;
        return [{ amps: mapPhases((p) => amps[p] * share), atMs }];
      }),
    ),
  };
};
