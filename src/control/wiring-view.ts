import { UNKNOWN_PHASE } from '../core/meters/site-phases.ts';
import { NO_VOTES, seenPhase, seenWiring, type WiringVotes } from '../core/meters/wiring-check.ts';
import type { ConnectorTick } from '../core/tick.ts';
import type { ConnectorView } from '../schema/view.ts';

/** How a connector is wired: as the site file says, as steps of its cars told, as it is used. */
export const wiringView = (
  { charger: { phases: configured }, wiring }: Pick<ConnectorTick, 'charger' | 'wiring'>,
  votes: WiringVotes = NO_VOTES,
): ConnectorView['wiring'] => {
  const established = [0, 1, 2].flatMap((terminal) => seenPhase(votes, terminal) ?? []);
  const count = established.reduce((sum, each) => sum + each.count, 0);
  const total = established.reduce((sum, each) => sum + each.total, 0);
  const seen = seenWiring(votes).slice(0, configured.length);
  return {
    configured: configured.includes(UNKNOWN_PHASE) ? 'unknown' : wiringText(configured),
    seen: seen.every((phase) => phase === UNKNOWN_PHASE) ? null : wiringText(seen),
    inUse: wiringText(wiring.slice(0, configured.length)),
    steps: votes.reduce((sum, votesOfOne) => sum + votesOfOne, 0),
    confidencePercent: total === 0 ? null : Math.round((100 * count) / total),
  };
};

const wiringText = (wiring: readonly number[]): string =>
  wiring.map((phase) => (phase === UNKNOWN_PHASE ? '??' : `L${phase + 1}`)).join('');
