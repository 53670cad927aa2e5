import { isDeepStrictEqual } from 'node:util';
import type { StationCall } from '../ocpp/station/words.ts';
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

export interface ControllerOptions
  extends Omit<StationOptions, keyof ControllerSpec | 'plate' | 'events'> {
  readonly spec: ControllerSpec;
  readonly programVersion: string;
}

/** The controller's own identity at the CSMS: a station that begins with the first tick. */
export class Controller {
  readonly #options: ControllerOptions;
  /** Not taken by the CSMS yet; they outlive a station that presents itself anew. */
  readonly #events: StationCall[] = [];
  #spec: ControllerSpec;
  #station: Station | undefined;
  #stopped = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#spec = options.spec;
  }

  get spec(): ControllerSpec {
    return this.#spec;
  }

  /** Presents itself in another way or elsewhere: it connects anew and boots, once it began. */
  change(spec: ControllerSpec): void {
    if (isDeepStrictEqual(spec, this.#spec)) return;
    this.#spec = spec;
    if (this.#station === undefined || this.#stopped) return;
    this.#station.stop();
    this.#station = this.#begin();
  }

  /** After the first tick: the station has something to say from its first message on. */
  published(view: SiteView): void {
    if (this.#stopped) return;
    if (this.#station === undefined) {
      this.#station = this.#begin();
      this.#station.securityEvent('StartupOfTheDevice', '');
    }
    this.#station.published(view);
  }

  #begin(): Station {
    const { programVersion: version } = this.#options;
    const spec = this.#spec;
    const serial = spec.serial === undefined ? {} : { serial: spec.serial };
    const plate = { vendor: spec.vendor, model: spec.model, version, ...serial };
    return new Station({ ...this.#options, ...spec, plate, events: this.#events });
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
