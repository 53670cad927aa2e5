import type { OcppVersion } from '../ocpp/version.ts';
import type { SiteView } from '../schema/view.ts';
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

export interface ControllerOptions extends Omit<StationOptions, keyof ControllerSpec | 'plate'> {
  readonly spec: ControllerSpec;
  readonly programVersion: string;
}

/** The controller's own identity at the CSMS: a station that begins with the first tick. */
export class Controller {
  readonly #options: ControllerOptions;
  #station: Station | undefined;
  #stopped = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** After the first tick: the station has something to say from its first message on. */
  published(view: SiteView): void {
    if (this.#stopped) return;
    if (this.#station === undefined) {
      const { spec, programVersion: version } = this.#options;
      const plate = { vendor: spec.vendor, model: spec.model, version };
      const serial = spec.serial === undefined ? {} : { serial: spec.serial };
      this.#station = new Station({ ...this.#options, ...spec, plate: { ...plate, ...serial } });
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

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#station?.stop();
    await this.#options.firmwareShelf?.close();
  }
}
