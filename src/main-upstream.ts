import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { splitAddress } from './config/address.ts';
import { outletSpecs } from './config/site.ts';
import type { Adoption } from './control/adoption.ts';
import type { ControlLoop } from './control/control-loop.ts';
import { keptReports } from './control/profiles/kept-reports.ts';
import type { LimitReportSettings } from './control/profiles/limit-reports.ts';
import type { ProfileShelf } from './control/profiles/profile-shelf.ts';
import type { Log } from './core/log.ts';
import { AggregateStation } from './gateway/aggregate/station.ts';
import type { Faults } from './gateway/faults.ts';
import { Gateway } from './gateway/gateway.ts';
import { DialGate } from './gateway/redial.ts';
import type { Dialer } from './gateway/socket.ts';
import type { Suspicion } from './gateway/suspicion.ts';
import { type Roles, UpstreamRoles } from './gateway/upstream-roles.ts';
import { csmsClient } from './io/csms-client.ts';
import { FirmwareFiles, type FirmwareFilesOptions } from './io/firmware-files.ts';
import { systemClock } from './io/system-clock.ts';
import { uploadFile } from './io/upload.ts';
import type { BusbarOptions } from './main.ts';
import type { Held } from './main-held.ts';
import type { SiteConfig } from './schema/site-config.ts';
import { Controller, type ControllerSpec, SITE_KEY } from './station/controller.ts';
import { Notebook } from './station/notebook.ts';
import { PAGES, SiteDesk } from './station/site-desk.ts';
import { SiteLimit } from './station/site-limit.ts';
import { sitePlace } from './station/site-place.ts';
import { VERSION } from './version.ts';

/** Parts that are built after those that use them. */
interface Late {
  readonly loop: () => ControlLoop;
  readonly roles: () => UpstreamRoles;
}

/** The limit of the whole site that a CSMS can set; undefined when it has nobody to tell it to. */
export const siteLimitOf = (
  { config, site }: BusbarOptions,
  shelf: ProfileShelf,
  loop: () => ControlLoop,
): SiteLimit | undefined => {
  const { controller, mode, station } = config.upstream;
  if (controller === undefined && mode !== 'aggregate') return undefined;
  const place = sitePlace({
    site,
    circuit: controller?.circuit ?? station?.circuit,
    clock: systemClock,
    view: () => loop().view(),
    wake: () => loop().wake(),
  });
  return new SiteLimit(shelf.keeper(SITE_KEY), place);
};

/** What a station that speaks for the site needs of this program. */
const deskParts = async (
  { log }: BusbarOptions,
  { store, outage }: Held,
  station: string,
  restart: () => void,
  loop: () => ControlLoop,
) => ({
  notebook: await Notebook.open(store, station, PAGES),
  tokens: outage.memory,
  log,
  restart,
  clock: systemClock,
  view: () => loop().view(),
  // What the page shows is in it, and no secret: neither passwords nor tokens.
  upload: (to: string, name: string) =>
    uploadFile(to, name, JSON.stringify(loop().view(), null, 2)),
});

/** How the gateway's own identity presents itself, and where; undefined when the config names none. */
export const controllerSpecOf = ({ upstream }: SiteConfig): ControllerSpec | undefined => {
  const { controller, url } = upstream;
  return controller === undefined ? undefined : { ...controller, url: controller.url ?? url };
};

/** The gateway's own identity at the CSMS; undefined when the config names none. */
export const controllerOf = async (
  options: BusbarOptions,
  held: Held,
  limit: SiteLimit | undefined,
  restart: () => void,
  { loop, roles }: Late,
): Promise<Controller | undefined> => {
  const { pingSeconds } = options.config.upstream;
  const spec = controllerSpecOf(options.config);
  if (spec === undefined || limit === undefined) return undefined;
  const { identity } = spec;
  const controller: Controller = new Controller({
    ...(await deskParts(options, held, identity, restart, loop)),
    spec,
    refusal: (action) => roles().refusal(identity, controller.spec.url, action),
    limit,
    programVersion: VERSION,
    dialer: csmsClient({ clock: systemClock, pingSeconds }),
    random: Math.random,
    newId: randomUUID,
    firmwareShelf: await firmwareOf(options, held),
  });
  return controller;
};

/** Where firmware of chargers is kept; undefined: nowhere. */
const firmwareOf = async (
  { config, log }: BusbarOptions,
  { raise }: Held,
): Promise<FirmwareFiles | undefined> => {
  const cache = config.upstream.controller?.firmwareCache;
  if (cache === undefined) return undefined;
  const { listen, url, mostMegabytes } = cache;
  const folder = join(config.dataDir, 'firmware');
  const mostBytes = mostMegabytes * 1024 * 1024;
  return openFirmware({ ...splitAddress(listen), folder, url, mostBytes }, log, raise);
};

/** A site charges without it: what keeps it from opening is an alarm, and it is left out. */
export const openFirmware = async (
  files: FirmwareFilesOptions,
  log: Log,
  raise: (alarm: string) => void,
): Promise<FirmwareFiles | undefined> => {
  try {
    return await FirmwareFiles.open(files);
  } catch (error) {
    const { folder, host, port } = files;
    log.error('firmware is not kept', { folder, host, port, problem: String(error) });
    raise(`Firmware is not kept here: ${String(error)}; see to it and restart.`);
    return undefined;
  }
};

/** Whether and how the CSMS is told what the site leaves its chargers. */
export const limitReportsOf = ({ upstream }: SiteConfig): LimitReportSettings | undefined => {
  if (upstream.limitReports === undefined) return undefined;
  const { everySeconds, dataTransferVendorId, significancePercent } = upstream.limitReports;
  return {
    significancePercent,
    everyMs: everySeconds * 1000,
    ...(dataTransferVendorId === undefined ? {} : { dataTransferVendorId }),
  };
};

/** Which part of the config says who gets what. */
export const rolesOf = ({ upstream, chargers }: SiteConfig): Roles => ({
  url: upstream.url,
  routes: new Map(
    chargers.flatMap(({ id, upstream: url }) => (url === undefined ? [] : [[id, url]])),
  ),
  mirrors: upstream.mirrors,
  rules: upstream.rules,
});

export const upstreamRolesOf = (
  { config, log }: BusbarOptions,
  loop: ControlLoop,
  adoption: Adoption,
): UpstreamRoles =>
  new UpstreamRoles(rolesOf(config), {
    first: adoption.watching(loop.links),
    interceptor: loop.profiles,
    mirrorParts: {
      dialer: csmsClient({ clock: systemClock, pingSeconds: config.upstream.pingSeconds }),
      gate: new DialGate(),
      clock: systemClock,
      log,
      random: Math.random,
    },
  });

/** How links reach the CSMS: each by itself, or all as one station. */
export const openDialer = async (
  options: BusbarOptions,
  held: Held,
  limit: SiteLimit | undefined,
  restart: () => void,
  { loop, roles }: Late,
): Promise<{ readonly dialer: Dialer; readonly station?: AggregateStation }> => {
  const { config, log } = options;
  const { mode, station, url, pingSeconds } = config.upstream;
  const dialer = csmsClient({ clock: systemClock, pingSeconds });
  if (mode !== 'aggregate' || station === undefined || limit === undefined) return { dialer };
  const { store, outage, shelf } = held;
  const parts = await deskParts(options, held, station.identity, restart, loop);
  const aggregate = await AggregateStation.open({
    clock: systemClock,
    log,
    random: Math.random,
    newId: randomUUID,
    dialer,
    gate: outage.gate,
    store,
    url,
    station: { ...station, firmware: VERSION },
    outlets: outletSpecs(config),
    refusal: (action) => roles().refusal(station.identity, url, action),
    keptProfiles: (charger, asked) =>
      keptReports(shelf, charger, asked, outage.ids.csmsName(charger)),
    holds: (charger) => outage.journal.backlog(charger).count > 0,
    desk: (say, outlets) =>
      new SiteDesk({
        ...parts,
        identity: station.identity,
        version: station.version,
        names: { ...station, outlets },
        specOf: (charger) => loop().spec(charger),
        limit,
        say,
      }),
    passwords: new Map(
      config.chargers.flatMap(({ id, password }) =>
        password === undefined ? [] : [[id, password]],
      ),
    ),
  });
  return { dialer: aggregate, station: aggregate };
};

export const gatewayOf = (
  { config, log }: BusbarOptions,
  {
    held,
    roles,
    adoption,
    dialer,
    loop,
    suspicious,
    faults,
  }: {
    readonly faults: Faults;
    readonly held: Held;
    readonly roles: UpstreamRoles;
    readonly adoption: Adoption;
    readonly dialer: Dialer;
    readonly loop: ControlLoop;
    readonly suspicious: (suspicion: Suspicion) => void;
  },
): Gateway =>
  new Gateway({
    clock: systemClock,
    log,
    faults,
    dialer,
    observer: roles,
    interceptor: roles.interceptor,
    upstreamBase: (identity) => roles.base(identity),
    admits: (identity) => adoption.admits(identity),
    remedyFor: (identity) => adoption.remedyFor(identity),
    newId: randomUUID,
    outage: held.outage,
    withhold: (charger, transactionId) => loop.withhold(charger, transactionId),
    mannersOf: (identity) => loop.links.mannersOf(identity),
    closesInOutage: closingChargers(config),
    suspicious,
    flushAbsentAfterMs: config.upstream.flushAbsentAfterHours * 3_600_000,
  });

const closingChargers = ({ upstream, chargers }: SiteConfig) => {
  const own = new Map(chargers.map(({ id, outage }) => [id, outage]));
  return (identity: string): boolean => (own.get(identity) ?? upstream.outage) === 'close';
};
