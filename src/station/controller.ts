import type { Limit } from '../core/limit.ts';
import type { Site } from '../core/site.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { Zone } from '../profiles/zone.ts';
import type { SiteView } from '../schema/view.ts';
import type { ProfileKeeper } from './profile-keeper.ts';
import { SiteLimit } from './site-limit.ts';
import { Station, type StationOptions } from './station.ts';

/** Profiles of the site are kept under this name; no charger can have it as its identity. */
export const SITE_KEY = '~site';

/** How the controller presents itself. */
export interface ControllerSpec {
  readonly identity: string;
  readonly url: string;
  readonly version: OcppVersion;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  readonly password?: string;
  /** Circuit that its charging profiles limit; the first when absent. */
  readonly circuit?: string;
}

export interface ControllerOptions
  extends Omit<StationOptions, keyof ControllerSpec | 'plate' | 'limit' | 'volts'> {
  readonly spec: ControllerSpec;
  readonly site: Site;
  readonly programVersion: string;
  readonly keeper: ProfileKeeper;
  /** The next tick should come soon. */
  readonly wake: () => void;
}

/** The controller's own identity at the CSMS, and the limit of the site that comes with it. */
export class Controller {
  readonly #limit: SiteLimit;
  readonly #options: ControllerOptions;
  #station: Station | undefined;

  constructor(options: ControllerOptions) {
    const { spec, site, clock, keeper, view, wake } = options;
    this.#options = options;
    const circuit = site.circuits.find(({ id }) => id === spec.circuit) ?? site.circuits[0];
    const id = circuit?.id ?? '';
    this.#limit = new SiteLimit(keeper, {
      circuit: id,
      fuseAmps: Math.min(...(circuit?.limitAmps ?? [0])),
      context: { zone: new Zone(site.timezone), voltageVolts: site.voltageVolts },
      nowMs: () => clock.wallMs(),
      inForceAmps: () => inForceAmps(view(), id),
      changed: wake,
    });
  }

  /** Limits that the CSMS set for the site. */
  limits(): readonly Limit[] {
    return this.#limit.limits();
  }

  /** After the first tick: the station has something to say from its first message on. */
  published(view: SiteView): void {
    if (this.#station === undefined) {
      const { spec, site, programVersion: version } = this.#options;
      const plate = { vendor: spec.vendor, model: spec.model, version };
      const serial = spec.serial === undefined ? {} : { serial: spec.serial };
      this.#station = new Station({
        ...this.#options,
        ...spec,
        plate: { ...plate, ...serial },
        limit: this.#limit,
        volts: site.voltageVolts,
      });
    }
    this.#station.published(view);
  }

  /** Something that the operator of the CSMS wants to know of (A04). */
  securityEvent(type: string, techInfo: string): void {
    this.#station?.securityEvent(type, techInfo);
  }

  get state(): Station['state'] {
    return this.#station?.state ?? 'none';
  }

  stop(): void {
    this.#station?.stop();
  }
}

const inForceAmps = ({ circuits }: SiteView, id: string): number =>
  Math.min(...(circuits.find((circuit) => circuit.id === id)?.limitInForceAmps ?? [0]));
