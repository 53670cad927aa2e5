import { UNKNOWN_PHASE } from '../core/site-phases.ts';
import { seenPhase, seenWiring, type WiringVotes } from '../core/wiring-check.ts';
import type { ChargerView } from '../schema/view.ts';

/** How a charger is wired: as the site file says, and as steps of its cars told. */
export const wiringView = (
  configured: readonly number[],
  votes: WiringVotes | undefined,
): ChargerView['wiring'] => {
  const told = configured.includes(UNKNOWN_PHASE) ? 'unknown' : wiringText(configured);
  if (votes === undefined) {
    return { configured: told, seen: null, steps: 0, confidencePercent: null };
  }
  const established = [0, 1, 2].flatMap((terminal) => seenPhase(votes, terminal) ?? []);
  const count = established.reduce((sum, each) => sum + each.count, 0);
  const total = established.reduce((sum, each) => sum + each.total, 0);
  const seen = seenWiring(votes).slice(0, configured.length);
  return {
    configured: told,
    seen: seen.every((phase) => phase === UNKNOWN_PHASE) ? null : wiringText(seen),
    steps: votes.reduce((sum, votesOfOne) => sum + votesOfOne, 0),
    confidencePercent: total === 0 ? null : Math.round((100 * count) / total),
  };
};

const wiringText = (wiring: readonly number[]): string =>
  wiring.map((phase) => (phase === UNKNOWN_PHASE ? '??' : `L${phase + 1}`)).join('');
