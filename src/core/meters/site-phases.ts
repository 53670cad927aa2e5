import { mapPhases, type PhaseAmps } from '../units.ts';

/** A terminal of which nobody knows the site phase. */
export const UNKNOWN_PHASE = -1;

/** Site phases loaded, in site order; at least one. */
export type PhaseSet = readonly [boolean, boolean, boolean];

/**
 * Site phases that a car may load. `terminals` are the charger's own L1..L3 seen to carry current;
 * unknown (undefined), or others than those that are wired, means every wired terminal: a wrong guess
 * would hide a load.
 */
export const loadedPhases = (
  wiring: readonly number[],
  terminals: readonly boolean[] | undefined,
): PhaseSet => {
  const seen = phasesAt(wiring, terminals);
  return phaseCount(seen) > 0 ? seen : phasesAt(wiring, undefined);
};

/** It charges on some of its terminals, and of one of these nobody knows the site phase. */
export const isPhaseUnknown = (
  wiring: readonly number[],
  terminals: readonly boolean[] | undefined,
): boolean =>
  terminals !== undefined &&
  wiring.some((_, t) => terminals[t] === false) &&
  wiring.some((phase, t) => terminals[t] === true && phase === UNKNOWN_PHASE);

const phasesAt = (
  wiring: readonly number[],
  terminals: readonly boolean[] | undefined,
): PhaseSet => {
  const loaded: [boolean, boolean, boolean] = [false, false, false];
  for (let t = 0; t < wiring.length; t += 1) {
    if (terminals?.[t] === false) continue;
    const sitePhase = wiring[t] ?? UNKNOWN_PHASE;
    // One that is not known may be on any phase that no other terminal is known to be on.
    if (sitePhase === UNKNOWN_PHASE) {
      for (const p of [0, 1, 2] as const) loaded[p] ||= !wiring.includes(p);
    } else if (sitePhase >= 0 && sitePhase < 3) loaded[sitePhase as 0 | 1 | 2] = true;
  }
  return loaded;
};

/** Amps measured at the charger's terminals, moved to the site phases that they are wired to. */
export const toSitePhases = (wiring: readonly number[], terminalAmps: PhaseAmps): PhaseAmps => {
  const amps: [number, number, number] = [0, 0, 0];
  for (let t = 0; t < wiring.length; t += 1) {
    const sitePhase = wiring[t] ?? UNKNOWN_PHASE;
    if (sitePhase >= 0 && sitePhase < 3) amps[sitePhase] = terminalAmps[t] ?? 0;
  }
  return amps;
};

/**
 * The same where the wiring may be unknown: terminals of which nobody knows the phase have to carry
 * about the same on all phases that are left; undefined: it cannot be told.
 */
export const siteDraw = (
  wiring: readonly number[],
  terminalAmps: PhaseAmps,
): PhaseAmps | undefined => {
  if (!wiring.includes(UNKNOWN_PHASE)) return toSitePhases(wiring, terminalAmps);
  const unknown = wiring.flatMap((phase, t) =>
    phase === UNKNOWN_PHASE ? [terminalAmps[t as 0 | 1 | 2] ?? 0] : [],
  );
  const most = Math.max(...unknown);
  if (most - Math.min(...unknown) > SAME_AMPS || wiring.length < 3) return undefined;
  const known = toSitePhases(wiring, terminalAmps);
  const mean = unknown.reduce((sum, amps) => sum + amps, 0) / unknown.length;
  return mapPhases((p) => (wiring.includes(p) ? known[p] : mean));
};
/** Phases of one car differ by less than this. */
const SAME_AMPS = 1;

/** The same current on every phase of a set. */
export const spread = (phases: PhaseSet, amps: number): PhaseAmps => [
  phases[0] ? amps : 0,
  phases[1] ? amps : 0,
  phases[2] ? amps : 0,
];

export const phaseCount = (phases: PhaseSet): number =>
  (phases[0] ? 1 : 0) + (phases[1] ? 1 : 0) + (phases[2] ? 1 : 0);
