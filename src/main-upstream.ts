import { randomUUID } from 'node:crypto';
import { outletSpecs } from './config/site.ts';
import type { Adoption } from './control/adoption.ts';
import type { ControlLoop } from './control/control-loop.ts';
import type { LimitReportSettings } from './control/limit-reports.ts';
import type { ProfileShelf } from './control/profile-shelf.ts';
import { AggregateStation } from './gateway/aggregate/station.ts';
import { Gateway } from './gateway/gateway.ts';
import { DialGate } from './gateway/redial.ts';
import type { Dialer } from './gateway/socket.ts';
import { type Roles, UpstreamRoles } from './gateway/upstream-roles.ts';
import { csmsClient } from './io/csms-client.ts';
import { systemClock } from './io/system-clock.ts';
import { uploadFile } from './io/upload.ts';
import type { BusbarOptions } from './main.ts';
import type { Held } from './main-held.ts';
import type { SiteConfig } from './schema/site-config.ts';
import { Controller, SITE_KEY } from './station/controller.ts';
import { VERSION } from './version.ts';

/** The gateway's own identity at the CSMS; undefined when the config names none. */
export const controllerOf = (
  { config, site, log }: BusbarOptions,
  shelf: ProfileShelf,
  restart: () => void,
  loop: () => ControlLoop,
): Controller | undefined => {
  const { controller, url, pingSeconds } = config.upstream;
  if (controller === undefined) return undefined;
  return new Controller({
    spec: { ...controller, url: controller.url ?? url },
    site,
    log,
    restart,
    programVersion: VERSION,
    keeper: shelf.keeper(SITE_KEY),
    dialer: csmsClient({ clock: systemClock, pingSeconds }),
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    view: () => loop().view(),
    wake: () => loop().wake(),
    // What the page shows is in it, and no secret: neither passwords nor tokens.
    upload: (to, name) => uploadFile(to, name, JSON.stringify(loop().view(), null, 2)),
  });
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
  { config, log }: BusbarOptions,
  { store, outage }: Held,
): Promise<{ readonly dialer: Dialer; close(): void }> => {
  const { mode, station, url, pingSeconds } = config.upstream;
  const dialer = csmsClient({ clock: systemClock, pingSeconds });
  if (mode !== 'aggregate' || station === undefined) return { dialer, close: () => {} };
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
    passwords: new Map(
      config.chargers.flatMap(({ id, password }) =>
        password === undefined ? [] : [[id, password]],
      ),
    ),
  });
  return { dialer: aggregate, close: () => aggregate.close() };
};

export const gatewayOf = (
  { config, log }: BusbarOptions,
  {
    held,
    roles,
    adoption,
    dialer,
    loop,
  }: {
    readonly held: Held;
    readonly roles: UpstreamRoles;
    readonly adoption: Adoption;
    readonly dialer: Dialer;
    readonly loop: ControlLoop;
  },
): Gateway =>
  new Gateway({
    clock: systemClock,
    log,
    dialer,
    observer: roles,
    interceptor: roles.interceptor,
    upstreamBase: (identity) => roles.base(identity),
    admits: (identity) => adoption.admits(identity),
    newId: randomUUID,
    outage: held.outage,
    withhold: (charger, transactionId) => loop.withhold(charger, transactionId),
    closesInOutage: closingChargers(config),
    flushAbsentAfterMs: config.upstream.flushAbsentAfterHours * 3_600_000,
  });

const closingChargers = ({ upstream, chargers }: SiteConfig) => {
  const own = new Map(chargers.map(({ id, outage }) => [id, outage]));
  return (identity: string): boolean => (own.get(identity) ?? upstream.outage) === 'close';
};
