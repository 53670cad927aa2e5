import type { Site } from '../core/site.ts';
import type { Clock } from '../core/time.ts';
import { Zone } from '../profiles/zone.ts';
import type { SiteView } from '../schema/view.ts';
import type { SitePlace } from './site-limit.ts';

export interface SitePlaceOptions {
  readonly site: Site;
  /** Circuit that the site's charging profiles limit; the first when absent. */
  readonly circuit?: string | undefined;
  readonly clock: Clock;
  readonly view: () => SiteView;
  /** The next tick should come soon. */
  readonly wake: () => void;
}

/** What profiles of the whole site are evaluated against: one circuit and what holds on it. */
export const sitePlace = (options: SitePlaceOptions): SitePlace => {
  const { site, clock, view, wake } = options;
  const circuit = site.circuits.find(({ id }) => id === options.circuit) ?? site.circuits[0];
  const id = circuit?.id ?? '';
  return {
    circuit: id,
    fuseAmps: Math.min(...(circuit?.limitAmps ?? [0])),
    context: { zone: new Zone(site.timezone), voltageVolts: site.voltageVolts },
    nowMs: () => clock.wallMs(),
    inForceAmps: () => inForceAmps(view(), id),
    changed: wake,
  };
};

const inForceAmps = ({ circuits }: SiteView, id: string): number =>
  Math.min(...(circuits.find((circuit) => circuit.id === id)?.limitInForceAmps ?? [0]));
