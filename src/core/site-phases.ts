import type { PhaseAmps } from './units.ts';

/** Site phases loaded, in site order. */
export type PhaseSet = readonly [boolean, boolean, boolean];

/**
 * Site phases that a car may load. `terminals` are the charger's own L1..L3 seen to carry current;
 * unknown (undefined) means every wired terminal, since a wrong guess would hide a load.
 */
export const loadedPhases = (
  wiring: readonly number[],
  terminals: readonly boolean[] | undefined,
): PhaseSet => {
  const loaded = (phase: number): boolean =>
    wiring.some((sitePhase, terminal) => sitePhase === phase && (terminals?.[terminal] ?? true));
  return [loaded(0), loaded(1), loaded(2)];
};

/** Amps measured at the charger's terminals, moved to the site phases that they are wired to. */
export const toSitePhases = (wiring: readonly number[], terminalAmps: PhaseAmps): PhaseAmps => {
  const amps: [number, number, number] = [0, 0, 0];
  wiring.forEach((sitePhase, terminal) => {
    if (sitePhase >= 0 && sitePhase < 3) amps[sitePhase] = terminalAmps[terminal] ?? 0;
  });
  return amps;
};

/** The same current on every phase of a set. */
export const spread = (phases: PhaseSet, amps: number): PhaseAmps => [
  phases[0] ? amps : 0,
  phases[1] ? amps : 0,
  phases[2] ? amps : 0,
];

export const phaseCount = (phases: PhaseSet): number =>
  (phases[0] ? 1 : 0) + (phases[1] ? 1 : 0) + (phases[2] ? 1 : 0);
