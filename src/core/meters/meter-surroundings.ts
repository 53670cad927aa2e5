import type { ChargerState } from '../chargers/charger-state.ts';
import type { CircuitTree } from '../circuit-tree.ts';
import { IN_PHASE_SHARE } from '../line-currents.ts';
import type { ChargerSpec, MeterSpec, Site } from '../site.ts';
import { mapPhases, minAmps, type PhaseAmps, sameAmps } from '../units.ts';
import type { MeterSurroundings } from './meter-check.ts';
import { toSitePhases } from './site-phases.ts';

/** Readings equal in every number for so long are those of a frozen meter. */
const FROZEN_MS = 60_000;

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
  const isMeasured = (index: number): boolean => site.circuits[index]?.meter === spec.id;
  const below = site.chargers.filter(({ circuit }) =>
    tree.paths[tree.indexOf.get(circuit) ?? -1]?.some(isMeasured),
  );
  return {
    nominalVolts: site.voltageVolts,
    fuseAmps: measured.reduce(
      (least, { limitAmps }) => least && minAmps(least, limitAmps),
      first?.limitAmps,
    ),
    exportMostAmps: spec.exportMostAmps ?? 0,
    frozenMs: spec.frozenMs ?? FROZEN_MS,
    draws: drawsOf(below, chargers, nowMs - lifeMs),
  };
};

const drawsOf = (
  below: readonly ChargerSpec[],
  chargers: ReadonlyMap<string, ChargerState>,
  sinceMs: number,
): MeterSurroundings['draws'] => {
  const draws: { readonly amps: PhaseAmps; readonly atMs: number }[] = [];
  for (const { id, phases, maxAmps, lineToLine } of below) {
    for (const { terminalAmps, measuredAtMs: atMs } of chargers.get(id)?.connectors.values() ??
      []) {
      if (terminalAmps === undefined || atMs === undefined || atMs < sinceMs) continue;
      // A claim beyond the rating is no evidence against the meter.
      const amps = minAmps(toSitePhases(phases, terminalAmps), sameAmps(maxAmps));
      // Between two lines only the part that is in phase surely shows on the meter.
      const share = lineToLine === true ? IN_PHASE_SHARE : 1;
      draws.push({ amps: mapPhases((p) => amps[p] * share), atMs });
    }
  }
  return draws;
};
