import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlLoop } from './control/control-loop.ts';
import { History } from './control/history.ts';
import { historyRoutes } from './control/history-routes.ts';
import { ProfileShelf } from './control/profile-shelf.ts';
import type { Nameplate } from './core/charger-traits.ts';
import type { Log } from './core/log.ts';
import type { Policy } from './core/sharing/policy.ts';
import type { Site } from './core/site.ts';
import { DEFAULT_SETTINGS } from './core/tick.ts';
import { type QuirkFiles, traitsOf } from './devices/charger-quirks.ts';
import { Gateway } from './gateway/gateway.ts';
import { Housekeeping } from './gateway/housekeeping.ts';
import { openOutage } from './gateway/outage.ts';
import { QueueDesk, type QueueSummary } from './gateway/queue-desk.ts';
import { queueRoutes } from './gateway/queue-routes.ts';
import { startChargerServer } from './io/charger-server.ts';
import { csmsClient } from './io/csms-client.ts';
import { type HttpServer, startHttp } from './io/http.ts';
import { siteMetrics } from './io/metrics.ts';
import { hashSecret } from './io/secret-hash.ts';
import { systemClock } from './io/system-clock.ts';
import { uploadFile } from './io/upload.ts';
import { type FieldSide, startFieldSide } from './main-field.ts';
import type { ApiRoute } from './schema/api-route.ts';
import type { MeterDevice } from './schema/meter-device.ts';
import type { SiteConfig } from './schema/site-config.ts';
import type { SiteView } from './schema/view.ts';
import { Controller, SITE_KEY } from './station/controller.ts';
import { openDocument } from './store/documents.ts';
import { LevelStore } from './store/level-store.ts';
import { VERSION } from './version.ts';

/** The control cycle counts as stuck when it is older than this. */
const TICK_AGE_MOST_MS = 5_000;

export interface BusbarOptions {
  readonly config: SiteConfig;
  readonly site: Site;
  readonly devices: ReadonlyMap<string, MeterDevice>;
  readonly policy: Policy;
  readonly quirks: QuirkFiles;
  readonly uiFolder: string;
  readonly log: Log;
  /** The CSMS asked for a restart: end in good order, the supervisor starts anew. */
  readonly restart?: () => void;
  /** Every tick, for whoever started it (the demo watches). */
  readonly published?: (view: SiteView) => void;
}

export interface Busbar {
  readonly ocppUrl: string;
  readonly httpUrl: string;
  view(): SiteView;
  close(): Promise<void>;
}

/** Facts learned about chargers that have to survive a restart. */
interface LearnedFacts {
  fallbackInstalled: Record<string, boolean>;
  /** Absent in files of before. */
  plates?: Record<string, Nameplate>;
}

/** Builds a running gateway: the only place that makes adapters and joins them. */
export const startBusbar = async (options: BusbarOptions): Promise<Busbar> => {
  const { config, site, log, published } = options;
  const clock = systemClock;
  const facts = await learnedFacts(config.dataDir, log);
  const held = await openHeld(options);
  const history = new History();
  let field: FieldSide | undefined;
  const shelf = await ProfileShelf.open(held.store, log);
  const restart = options.restart ?? (() => log.warn('restart asked for, and nobody to do it'));
  const controller = controllerOf(options, shelf, restart, () => loop);
  const loop: ControlLoop = new ControlLoop({
    site,
    clock,
    log,
    version: VERSION,
    calls: { call: (charger, call, done) => gateway.call(charger, call, done) },
    settings: { ...DEFAULT_SETTINGS, lifeMs: config.enforcement.lifeSeconds * 1000 },
    policy: options.policy,
    provenFallbacks: facts.proven,
    rememberFallback: facts.rememberFallback,
    makes: makesOf(options, facts),
    raisesPerDay: config.enforcement.raisesPerDay,
    remoteStopAfterSeconds: config.enforcement.remoteStopAfterSeconds,
    shelf,
    siteLimits: () => controller?.limits() ?? [],
    counters: () => countersOf(gateway),
    backlogOf: (charger) => withoutName(held.desk.summary(charger)),
    alarms: held.alarms,
    published: (view) => {
      field?.published(view);
      controller?.published(view);
      history.take(view);
      published?.(view);
    },
  });
  const gateway: Gateway = gatewayOf(options, held, loop);
  loop.start();
  field = await startFieldSide(options, loop);
  const http = await startHttpServer(options, loop, [
    ...queueRoutes(held.desk, clock, log),
    ...field.routes,
    ...historyRoutes(history, () => loop.view()),
  ]);
  const ocpp = splitAddress(config.listen.ocpp);
  const server = await startChargerServer({
    ...ocpp,
    clock,
    pingSeconds: config.listen.pingSeconds,
    onKnock: (knock) => void gateway.knock(knock),
  });
  log.info('listening', { ocpp: `${ocpp.host}:${server.port}`, http: http.port });
  return {
    ocppUrl: `ws://${ocpp.host === '0.0.0.0' ? '127.0.0.1' : ocpp.host}:${server.port}/ocpp`,
    httpUrl: `http://127.0.0.1:${http.port}`,
    view: () => loop.view(),
    async close() {
      controller?.stop();
      gateway.close();
      await server.close();
      loop.stop();
      await field?.close();
      await http.close();
      await held.close();
    },
  };
};

const makesOf = (
  { quirks }: BusbarOptions,
  { plates, rememberPlate }: Awaited<ReturnType<typeof learnedFacts>>,
) => ({
  traitsOf: (plate: Nameplate) => traitsOf(quirks, plate),
  plates,
  remember: rememberPlate,
});

/** The gateway's own identity at the CSMS; undefined when the config names none. */
const controllerOf = (
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
    keeper: {
      book: () => shelf.book(SITE_KEY),
      put: (added, gone) => shelf.put(SITE_KEY, added, gone),
      drop: (gone) => shelf.drop(SITE_KEY, gone),
    },
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

const gatewayOf = (
  { config, site, log }: BusbarOptions,
  { outage }: Awaited<ReturnType<typeof openHeld>>,
  loop: ControlLoop,
): Gateway =>
  new Gateway({
    clock: systemClock,
    log,
    dialer: csmsClient({ clock: systemClock, pingSeconds: config.upstream.pingSeconds }),
    observer: loop.links,
    interceptor: loop.profiles,
    upstreamBase: () => config.upstream.url,
    admits: admission(site),
    newId: randomUUID,
    outage,
    closesInOutage: closingChargers(config),
    flushAbsentAfterMs: config.upstream.flushAbsentAfterHours * 3_600_000,
  });

/** What is held for the CSMS, on disk. */
const openHeld = async ({ config, log }: BusbarOptions) => {
  await mkdir(config.dataDir, { recursive: true });
  const path = join(config.dataDir, 'journal');
  const store = await LevelStore.open(path, () => systemClock.monotonicMs());
  const { unknownTokens, unknownBoot, replayPerSecond } = config.upstream;
  const outage = await openOutage({
    store,
    clock: systemClock,
    log,
    random: Math.random,
    hash: hashSecret,
    newSalt: randomUUID,
    settings: {
      unknownTokens,
      unknownBoot,
      replayPerSecond,
      mostBytes: config.journal.mostMegabytes * 1024 * 1024,
    },
  });
  const desk = new QueueDesk(outage.journal, store);
  const housekeeping = new Housekeeping(outage.journal, config.journal.mostDays, systemClock, log);
  for (const { what, quarantine } of store.damage()) log.error(what, { quarantine });
  for (const lost of outage.journal.lost()) log.error('journal', { problem: lost });
  const alarms = (): readonly string[] => {
    const problem = store.problem();
    const parked = outage.journal.parkedChargers();
    return [
      ...(problem === undefined ? [] : [`Messages are not kept: ${problem}.`]),
      ...(parked.length === 0
        ? []
        : [`The CSMS does not take messages of ${parked.join(', ')}: see busbar queue ls.`]),
      ...store.damage().map(({ what }) => `Journal: ${what}.`),
    ];
  };
  const close = (): Promise<void> => {
    housekeeping.stop();
    return store.close();
  };
  return { store, outage, desk, alarms, close };
};

const withoutName = ({ charger: _charger, ...backlog }: QueueSummary) => backlog;

const closingChargers = ({ upstream, chargers }: SiteConfig) => {
  const own = new Map(chargers.map(({ id, outage }) => [id, outage]));
  return (identity: string): boolean => (own.get(identity) ?? upstream.outage) === 'close';
};

/** Which chargers hold their fallback, and of which make they are, kept across restarts. */
const learnedFacts = async (dataDir: string, log: Log) => {
  const facts = await openDocument<LearnedFacts>(join(dataDir, 'learned.json'), {
    fallbackInstalled: {},
    plates: {},
  });
  if (facts.problem !== undefined) log.warn('learned facts', { problem: facts.problem });
  const { fallbackInstalled, plates = {} } = facts.data;
  const update = (change: (data: LearnedFacts) => void): void => {
    facts
      .update(change)
      .catch((error: unknown) => log.error('learned facts not saved', { problem: String(error) }));
  };
  return {
    proven: new Set(Object.keys(fallbackInstalled).filter((id) => fallbackInstalled[id])),
    plates: new Map(Object.entries(plates)),
    rememberFallback: (charger: string, proven: boolean): void => {
      if (fallbackInstalled[charger] === proven) return;
      update((data) => {
        data.fallbackInstalled[charger] = proven;
      });
    },
    rememberPlate: (charger: string, plate: Nameplate): void => {
      if (JSON.stringify(facts.data.plates?.[charger]) === JSON.stringify(plate)) return;
      update((data) => {
        data.plates = { ...data.plates, [charger]: plate };
      });
    },
  };
};

const startHttpServer = (
  { config, uiFolder, log }: BusbarOptions,
  loop: ControlLoop,
  routes: readonly ApiRoute[],
): Promise<HttpServer> =>
  startHttp({
    ...splitAddress(config.listen.http),
    clock: systemClock,
    log,
    uiFolder,
    version: VERSION,
    routes,
    view: () => loop.view(),
    metrics: siteMetrics(() => loop.view(), VERSION),
    ready: () => {
      const problems =
        loop.tickAgeMs() > TICK_AGE_MOST_MS ? ['the control cycle does not turn'] : [];
      return { ready: problems.length === 0, problems };
    },
    ...(config.listen.token === undefined ? {} : { token: config.listen.token }),
  });

const admission = (site: Site): ((identity: string) => boolean) => {
  const known = new Set(site.chargers.map(({ id }) => id));
  return (identity) => known.has(identity);
};

const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(colon + 1)) };
};

const countersOf = ({ counters }: Gateway): Readonly<Record<string, number>> => ({
  framesRelayed: counters.framesRelayed,
  ownCalls: counters.ownCalls,
  malformed: counters.malformed,
  heldCalls: counters.heldCalls,
  droppedLate: counters.dropped.late,
  droppedDuplicate: counters.dropped.duplicate,
  droppedForeign: counters.dropped.foreign,
});
