import { splitAddress } from './config/address.ts';
import { adoptedCharger } from './config/site.ts';
import { Adoption } from './control/adoption.ts';
import { chargerRoutes } from './control/chargers/charger-routes.ts';
import { ControlLoop } from './control/control-loop.ts';
import { History } from './control/history.ts';
import { historyRoutes } from './control/history-routes.ts';
import type { Nameplate } from './core/chargers/charger-traits.ts';
import type { Log } from './core/log.ts';
import type { Policy } from './core/sharing/policy.ts';
import type { Site } from './core/site.ts';
import { DEFAULT_SETTINGS } from './core/tick.ts';
import { type QuirkFiles, traitsOf } from './devices/charger-quirks.ts';
import { EventLog } from './field/event-log.ts';
import { Faults } from './gateway/faults.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { ChargerCalls } from './gateway/observer.ts';
import type { QueueSummary } from './gateway/outage/queue-desk.ts';
import { queueRoutes } from './gateway/outage/queue-routes.ts';
import { ResendDesk } from './gateway/outage/resend-desk.ts';
import type { UpstreamRoles } from './gateway/upstream-roles.ts';
import { startChargerServer } from './io/charger-server.ts';
import { DescriptorWatch, mostDescriptors } from './io/descriptors.ts';
import { startHttp } from './io/http.ts';
import { siteMetrics } from './io/metrics.ts';
import { systemClock } from './io/system-clock.ts';
import { type FieldSide, startFieldSide } from './main-field.ts';
import { type Held, openHeld } from './main-held.ts';
import { type Learned, learnedFacts } from './main-learned.ts';
import { doorsOf, listening } from './main-listen.ts';
import { alarmsOf, closeParts, handOut, type Parts } from './main-parts.ts';
import { Reload, type SiteFileSource } from './main-reload.ts';
import { openStanding } from './main-standing.ts';
import {
  controllerOf,
  gatewayOf,
  limitReportsOf,
  openDialer,
  siteLimitOf,
  upstreamRolesOf,
} from './main-upstream.ts';
import type { ApiRoute } from './schema/api-route.ts';
import type { MeterDevice } from './schema/meter-device.ts';
import type { SiteConfig } from './schema/site-config.ts';
import type { SiteView } from './schema/view.ts';
import { SecurityWatch } from './station/security-watch.ts';
import { VERSION } from './version.ts';

/** The control cycle counts as stuck when it is older than this. */
const TICK_AGE_MOST_MS = 5_000;

export interface BusbarOptions {
  readonly config: SiteConfig;
  readonly site: Site;
  readonly devices: ReadonlyMap<string, MeterDevice>;
  readonly policy: Policy;
  /** That may be chosen by request, by name. */
  readonly policies?: ReadonlyMap<string, Policy>;
  readonly quirks: QuirkFiles;
  readonly uiFolder: string;
  readonly log: Log;
  /** The CSMS asked for a restart: end in good order, the supervisor starts anew. */
  readonly restart?: () => void;
  /** Where the config came from, to be read again. */
  readonly siteFile?: SiteFileSource;
  /** Every tick, for whoever started it (the demo watches). */
  readonly published?: (view: SiteView) => void;
  /** Every control cycle, also one without a decision: what a watchdog is fed with. */
  readonly turned?: () => void;
  /** Where faults of this program go; absent: its own. */
  readonly faults?: Faults;
}

export interface Busbar {
  readonly ocppUrl: string;
  readonly httpUrl: string;
  /** The site after the last tick. */
  view(): SiteView;
  /** Messages that are on disk for the CSMS at this moment. */
  heldMessages(): number;
  /** Takes over upstreams, mirrors and rules of a changed config; other links stay up. */
  reload(config: SiteConfig): void;
  close(): Promise<void>;
}

/**
 * Builds a running gateway: the only place that makes adapters and joins them. One that fails has
 * closed what it had opened: it can be tried again in the same process.
 */
export const startBusbar = async (options: BusbarOptions): Promise<Busbar> => {
  const parts: Parts = {};
  try {
    return await build(options, parts);
  } catch (error) {
    await closeParts(parts, options.log);
    throw error;
  }
};

const build = async (options: BusbarOptions, parts: Parts): Promise<Busbar> => {
  const { config, log, published, turned, faults = new Faults(systemClock, log) } = options;
  parts.descriptors = new DescriptorWatch(systemClock, mostDescriptors());
  const held = await openHeld(options);
  parts.held = held;
  const facts = await learnedFacts(config.dataDir, log);
  parts.facts = facts;
  const standing = await openStanding(config.dataDir, log);
  const history = new History();
  const events = new EventLog(log);
  const { restart = () => log.warn('restart asked for, and nobody to do it') } = options;
  const limit = siteLimitOf(options, held.shelf, () => loop);
  const late = { loop: () => loop, roles: () => roles };
  const controller = await controllerOf(options, held, limit, restart, late);
  parts.controller = controller;
  const loop: ControlLoop = new ControlLoop({
    ...loopSettings(options, facts),
    standing,
    calls: stationCalls({ field: () => parts.field, gateway: () => gateway }),
    callCsms: (charger, action, payload, done) => gateway.callCsms(charger, action, payload, done),
    shelf: held.shelf,
    siteLimits: limit,
    counters: () => ({ ...countersOf(gateway, roles), ...parts.upstream?.station?.counters() }),
    backlogOf: (charger) => withoutName(held.desk.summary(charger)),
    alarms: () => [...alarmsOf(parts), ...reload.alarms()],
    faults,
    turned,
    published: (view) => {
      handOut(parts, faults, view);
      faults.contain('history', () => history.take(view));
      faults.contain('log of events', () => events.take(view));
      published?.(view);
    },
  });
  parts.loop = loop;
  const adoption = adoptionOf(config, facts, loop);
  const roles = upstreamRolesOf(options, loop, adoption);
  parts.roles = roles;
  parts.upstream = await openDialer(options, held, limit, restart, late);
  const securityEvent = (type: string, techInfo: string): void => {
    for (const each of [controller, parts.upstream?.station]) each?.securityEvent(type, techInfo);
  };
  const reload = new Reload(options, {
    roles,
    gateway: () => gateway,
    controller,
    securityEvent,
  });
  const watch = new SecurityWatch(systemClock, securityEvent);
  const suspicious = watch.noted.bind(watch);
  const { dialer } = parts.upstream;
  const joined = { suspicious, held, roles, adoption, loop, dialer, faults };
  const gateway: Gateway = gatewayOf(options, joined);
  parts.gateway = gateway;
  loop.start();
  parts.field = await startFieldSide(options, loop, faults);
  const urls = await startServers(options, parts, loop, gateway, [
    ...heldRoutes(held, loop, gateway, log),
    ...chargerRoutes(loop.probes, held.shelf),
    ...parts.field.routes,
    ...historyRoutes(history, () => loop.view()),
    ...reload.routes(options.siteFile),
  ]);
  return {
    ...urls,
    view: () => loop.view(),
    heldMessages: () => held.desk.list().reduce((sum, { held: count }) => sum + count, 0),
    reload: (changed) => reload.take(changed),
    close: () => closeParts(parts, log),
  };
};

/** What the tick takes from the site file and from what earlier runs learned. */
const loopSettings = (options: BusbarOptions, facts: Learned) => {
  const { config, site, log, policy, policies } = options;
  const { lifeSeconds, raisesPerDay, remoteStopAfterSeconds } = config.enforcement;
  return {
    site: withAdopted(site, config, facts),
    clock: systemClock,
    log,
    policy,
    policies,
    version: VERSION,
    settings: { ...DEFAULT_SETTINGS, lifeMs: lifeSeconds * 1000 },
    provenFallbacks: facts.proven,
    rememberFallback: facts.rememberFallback,
    makes: makesOf(options, facts),
    raisesPerDay,
    remoteStopAfterSeconds,
    limitReports: limitReportsOf(config),
  };
};

/** What is held, over HTTP. */
const heldRoutes = (
  { desk, outage }: Held,
  loop: ControlLoop,
  gateway: Gateway,
  log: Log,
): readonly ApiRoute[] => {
  const again = new ResendDesk({
    ...outage,
    chargers: () => loop.view().chargers.map(({ id }) => id),
    queued: (charger) => gateway.deliverHeld(charger),
  });
  return queueRoutes({ desk, again, clock: systemClock, log });
};

/** The doors: HTTP for people and machines, OCPP for chargers. */
const startServers = async (
  options: BusbarOptions,
  parts: Parts,
  loop: ControlLoop,
  gateway: Gateway,
  routes: readonly ApiRoute[],
): Promise<Pick<Busbar, 'ocppUrl' | 'httpUrl'>> => {
  const { config, log } = options;
  const { descriptors } = parts;
  const doors = doorsOf(config, descriptors?.most);
  parts.doors = doors;
  const http = await listening('listen.http', config.listen.http, (at) =>
    startHttp({
      ...httpOptions(options, loop, routes),
      ...at,
      socketsMost: doors.pages,
      metrics: siteMetrics(() => loop.view(), VERSION, descriptors),
    }),
  );
  parts.http = http;
  const ocpp = splitAddress(config.listen.ocpp);
  const server = await listening('listen.ocpp', config.listen.ocpp, (at) =>
    startChargerServer({
      ...at,
      clock: systemClock,
      pingSeconds: config.listen.pingSeconds,
      socketsMost: doors.chargers,
      onKnock: (knock) => void gateway.knock(knock),
    }),
  );
  parts.ocpp = server;
  log.info('listening', { ocpp: `${ocpp.host}:${server.port}`, http: http.port });
  const host = ocpp.host === '0.0.0.0' ? '127.0.0.1' : ocpp.host;
  return {
    ocppUrl: `ws://${host}:${server.port}/ocpp`,
    httpUrl: `http://127.0.0.1:${http.port}`,
  };
};

const adoptionOf = (config: SiteConfig, facts: Learned, loop: ControlLoop): Adoption =>
  new Adoption({
    listed: config.chargers.map(({ id }) => id),
    adopted: facts.adopted,
    specOf: (identity) => adoptedCharger(config, identity),
    adopt: (spec) => loop.adopt(spec),
    remember: facts.rememberAdopted,
  });

/** Chargers that were adopted in earlier runs are part of the site from the start. */
const withAdopted = (site: Site, config: SiteConfig, { adopted }: Learned): Site => {
  const listed = new Set(site.chargers.map(({ id }) => id));
  const more = adopted.filter((id) => !listed.has(id));
  return {
    ...site,
    chargers: [...site.chargers, ...more.flatMap((id) => adoptedCharger(config, id) ?? [])],
  };
};

const makesOf = (
  { quirks, config }: BusbarOptions,
  { plates, rememberPlate, learned, rememberLearned, wiring, rememberWiring }: Learned,
) => ({
  traitsOf: (plate: Nameplate) => traitsOf(quirks, plate),
  plates: withChildren(plates, config),
  remember: rememberPlate,
  learned,
  rememberLearned,
  wiring,
  rememberWiring,
});

const withoutName = ({ charger: _charger, ...backlog }: QueueSummary) => backlog;

const httpOptions = (
  { config, uiFolder, log }: BusbarOptions,
  loop: ControlLoop,
  routes: readonly ApiRoute[],
) => ({
  clock: systemClock,
  log,
  uiFolder,
  version: VERSION,
  routes,
  view: () => loop.view(),
  ready: () => {
    const stuck = loop.tickAgeMs() > TICK_AGE_MOST_MS;
    const problems = stuck ? [loop.problem() ?? 'the control cycle does not turn'] : [];
    return { ready: problems.length === 0, problems };
  },
  ...(config.listen.token === undefined ? {} : { token: config.listen.token }),
});

/** Calls go to a child gateway where the station is one, else to the charger. */
const stationCalls = (parts: {
  readonly field: () => FieldSide | undefined;
  readonly gateway: () => ChargerCalls;
}): ChargerCalls => ({
  call: (charger, call, done) => {
    if (parts.field()?.call(charger, call, done) === true) return;
    parts.gateway().call(charger, call, done);
  },
});

/** Children are known by what they are, not by what they say. */
const withChildren = (
  plates: ReadonlyMap<string, Nameplate>,
  { ems }: SiteConfig,
): ReadonlyMap<string, Nameplate> =>
  new Map<string, Nameplate>([
    ...plates,
    ...ems.children.map(({ id }) => [id, { vendor: 'Busbar', model: 'gateway' }] as const),
  ]);

const countersOf = (
  { counters }: Gateway,
  { dropped, cut }: UpstreamRoles,
): Readonly<Record<string, number>> => ({
  mirrorDropped: dropped,
  mirrorCut: cut,
  framesRelayed: counters.framesRelayed,
  ownCalls: counters.ownCalls,
  malformed: counters.malformed,
  heldCalls: counters.heldCalls,
  droppedLate: counters.dropped.late,
  droppedDuplicate: counters.dropped.duplicate,
  droppedForeign: counters.dropped.foreign,
});
