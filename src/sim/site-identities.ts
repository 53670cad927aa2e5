import type { ControlLoop } from '../control/control-loop.ts';
import { keptReports } from '../control/profiles/kept-reports.ts';
import type { ProfileShelf } from '../control/profiles/profile-shelf.ts';
import type { Log } from '../core/log.ts';
import type { Site } from '../core/site.ts';
import type { Clock } from '../core/time.ts';
import { type AccessRule, AccessRules } from '../gateway/access-rules.ts';
import { AggregateStation } from '../gateway/aggregate/station.ts';
import type { StationSettings } from '../gateway/aggregate/station-options.ts';
import type { Refusal } from '../gateway/interceptor.ts';
import type { Outage } from '../gateway/outage/outage.ts';
import { DialGate } from '../gateway/redial.ts';
import type { Dialer } from '../gateway/socket.ts';
import { Controller, type ControllerSpec, SITE_KEY } from '../station/controller.ts';
import { Notebook } from '../station/notebook.ts';
import { PAGES, SiteDesk } from '../station/site-desk.ts';
import { SiteLimit } from '../station/site-limit.ts';
import { sitePlace } from '../station/site-place.ts';
import type { DurableStore } from '../store/durable-store.ts';

const CSMS_URL = 'ws://csms/ocpp';

/** The controller's own identity, and what the CSMS may ask it. */
export interface ControllerTrial extends Omit<ControllerSpec, 'url'> {
  readonly rules?: readonly AccessRule[];
}

/** A station in place of the chargers, and the numbers that the site file gives them. */
export interface AggregateTrial {
  readonly station: StationSettings;
  readonly first?: Readonly<Record<string, number>>;
  readonly passwords?: Readonly<Record<string, string>>;
  /** What the CSMS may ask the station. */
  readonly rules?: readonly AccessRule[];
}

export interface SiteIdentitiesOptions {
  readonly site: Site;
  readonly controller?: ControllerTrial;
  readonly aggregate?: AggregateTrial;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly newId: () => string;
  readonly dialer: Dialer;
  readonly store: DurableStore;
  readonly outage: Outage | undefined;
  readonly shelf: ProfileShelf;
  readonly loop: () => ControlLoop;
  readonly restart: () => void;
  readonly upload: (url: string, name: string) => void;
}

/** How a virtual site presents itself to the CSMS beside, or in the place of, its chargers. */
export class SiteIdentities {
  readonly limit: SiteLimit;
  readonly #options: SiteIdentitiesOptions;

  constructor(options: SiteIdentitiesOptions) {
    this.#options = options;
    const { site, controller, clock, shelf, loop } = options;
    const place = sitePlace({
      site,
      circuit: controller?.circuit,
      clock,
      view: () => loop().view(),
      wake: () => loop().wake(),
    });
    this.limit = new SiteLimit(shelf.keeper(SITE_KEY), place);
  }

  async controller(): Promise<Controller | undefined> {
    const { controller, newId, dialer, random } = this.#options;
    if (controller === undefined) return undefined;
    return new Controller({
      ...(await this.#deskParts(controller.identity)),
      spec: { ...controller, url: CSMS_URL },
      refusal: refusalBy(controller.rules, controller.identity),
      newId,
      programVersion: 'virtual',
      dialer,
      random,
    });
  }

  async station(): Promise<AggregateStation | undefined> {
    const { aggregate, site, outage, shelf, loop } = this.#options;
    if (aggregate === undefined) return undefined;
    const { station, first, passwords = {}, rules } = aggregate;
    const parts = await this.#deskParts(station.identity);
    return AggregateStation.open({
      ...this.#options,
      gate: outage?.gate ?? new DialGate(),
      url: CSMS_URL,
      station,
      passwords: new Map(Object.entries(passwords)),
      outlets: site.chargers.map(({ id, connectors: outlets }) => {
        const number = first?.[id];
        return { charger: id, outlets, ...(number !== undefined && { first: number }) };
      }),
      refusal: refusalBy(rules, station.identity),
      keptProfiles: (charger, asked) =>
        keptReports(shelf, charger, asked, outage?.ids.csmsName(charger)),
      holds: (charger) => (outage?.journal.backlog(charger).count ?? 0) > 0,
      desk: (say, outlets) =>
        new SiteDesk({
          ...parts,
          ...station,
          names: { ...station, outlets },
          specOf: (charger) => loop().spec(charger),
          say,
        }),
    });
  }

  async #deskParts(station: string) {
    const { clock, log, loop, restart, upload, store, outage } = this.#options;
    return {
      notebook: await Notebook.open(store, station, PAGES),
      tokens: outage?.memory,
      limit: this.limit,
      clock,
      log,
      restart,
      view: () => loop().view(),
      upload: async (url: string, name: string): Promise<void> => upload(url, name),
    };
  }
}

const refusalBy = (rules: readonly AccessRule[] = [], identity: string): Refusal => {
  const access = new AccessRules(rules, { csmsCall: () => undefined }, () => CSMS_URL);
  return (action) => access.refusal(identity, CSMS_URL, action);
};
