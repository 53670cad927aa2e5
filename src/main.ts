import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlLoop } from './control/control-loop.ts';
import { History } from './control/history.ts';
import { historyRoutes } from './control/history-routes.ts';
import { ProfileShelf } from './control/profile-shelf.ts';
import type { Nameplate } from './core/charger-traits.ts';
import type { LimitCommand } from './core/limit-book.ts';
import type { Log } from './core/log.ts';
import type { Policy } from './core/sharing/policy.ts';
import type { MeterSpec, Site } from './core/site.ts';
import { DEFAULT_SETTINGS } from './core/tick.ts';
import { timestamp } from './core/time.ts';
import { type QuirkFiles, traitsOf } from './devices/charger-quirks.ts';
import { BuildingRegisters } from './field/building-registers.ts';
import { DigitalInputWatch } from './field/digital-input.ts';
import { EmsLink } from './field/ems-link.ts';
import { EvidenceRecorder } from './field/evidence.ts';
import { evidenceRoutes } from './field/evidence-routes.ts';
import { MeterBus } from './field/meter-bus.ts';
import type { ModbusPort } from './field/modbus-port.ts';
import { registerRoute } from './field/register-route.ts';
import { Gateway } from './gateway/gateway.ts';
import { openOutage } from './gateway/outage.ts';
import { QueueDesk, type QueueSummary } from './gateway/queue-desk.ts';
import { queueRoutes } from './gateway/queue-routes.ts';
import { startChargerServer } from './io/charger-server.ts';
import { csmsClient } from './io/csms-client.ts';
import { type HttpServer, startHttp } from './io/http.ts';
import { siteMetrics } from './io/metrics.ts';
import { openModbusPort } from './io/modbus.ts';
import { startModbusServer } from './io/modbus-server.ts';
import { openBroker } from './io/mqtt.ts';
import { hashSecret } from './io/secret-hash.ts';
import { systemClock } from './io/system-clock.ts';
import type { ApiRoute } from './schema/api-route.ts';
import type { Evidence } from './schema/evidence.ts';
import type { MeterDevice } from './schema/meter-device.ts';
import type { SiteConfig } from './schema/site-config.ts';
import type { SiteView } from './schema/view.ts';
import { openDocument } from './store/documents.ts';
import { EvidenceFiles } from './store/evidence-files.ts';
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
  const evidence = await openEvidence(options);
  const history = new History();
  let mqtt: EmsLink | undefined;
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
    shelf: await ProfileShelf.open(held.store, log),
    counters: () => countersOf(gateway),
    backlogOf: (charger) => withoutName(held.desk.summary(charger)),
    alarms: held.alarms,
    published: (view) => {
      mqtt?.publish(view);
      evidence.recorder.take(view);
      history.take(view);
      published?.(view);
    },
  });
  const gateway: Gateway = gatewayOf(options, held, loop);
  loop.start();
  const field = startField(options, loop);
  mqtt = startEms(options, loop);
  const building = await startBuilding(options, loop);
  const http = await startHttpServer(options, loop, [
    ...queueRoutes(held.desk, clock, log),
    ...evidenceRoutes(() => evidence.files.list()),
    ...building.routes,
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
      gateway.close();
      await server.close();
      for (const part of field) part.stop();
      await building.close();
      loop.stop();
      await evidence.recorder.close(timestamp(clock.wallMs()));
      await mqtt?.close();
      await http.close();
      await held.store.close();
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
  return { store, outage, desk, alarms };
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

/** Meters and contacts; those behind one address share its bus: one request at a time. */
const startField = (
  { config, site, devices, log }: BusbarOptions,
  loop: ControlLoop,
): readonly { stop(): void }[] => {
  const clock = systemClock;
  const ports = new Map<string, ModbusPort>();
  const portOf = (url: string): ModbusPort => {
    const port = ports.get(url) ?? openModbusPort({ url, clock });
    ports.set(url, port);
    return port;
  };
  const meters = groupByBus(site.meters).map(
    (specs) =>
      new MeterBus({
        meters: specs.flatMap((spec) => {
          const device = devices.get(spec.device);
          return device === undefined ? [] : [{ spec, device }];
        }),
        port: portOf(specs[0]?.connect ?? ''),
        clock,
        log,
        onReading: (reading) => loop.takeReading(reading),
      }),
  );
  const setLimit = (source: string, command: LimitCommand) => loop.setLimit(source, command);
  const inputs = config.ems.inputs.map((input) => {
    const port = portOf(input.connect);
    return new DigitalInputWatch({ input, port, clock, log, setLimit });
  });
  return [...meters, ...inputs];
};

/** Registers for a building controller, where wanted. */
const startBuilding = async ({ config, site, log }: BusbarOptions, loop: ControlLoop) => {
  const server = config.ems.modbusServer;
  if (server === undefined) return { routes: [], close: () => Promise.resolve() };
  const { sources, watchdogSeconds, listen, ...rest } = server;
  const view = () => loop.view();
  const setLimit = (source: string, command: LimitCommand) => loop.setLimit(source, command);
  const bank = new BuildingRegisters({ site, view, sources, watchdogSeconds, setLimit });
  const running = await startModbusServer({ ...rest, ...splitAddress(listen), bank, log });
  log.info('Modbus server', { port: running.port });
  return { routes: [registerRoute(view, sources)], close: () => running.close() };
};

/** Records of dimming; old ones are removed at the start and with every new one. */
const openEvidence = async ({ config, site, log }: BusbarOptions) => {
  const files = new EvidenceFiles<Evidence>(join(config.dataDir, 'evidence'));
  const pruned = await files.prune(systemClock.wallMs());
  if (pruned > 0) log.info('evidence kept for two years is removed', { cases: pruned });
  const save = async (record: Evidence): Promise<void> => {
    await files.save(record);
    if (record.endedAt !== null) await files.prune(systemClock.wallMs());
  };
  return { files, recorder: new EvidenceRecorder(site, { save }, log) };
};

const startEms = ({ config, site, log }: BusbarOptions, loop: ControlLoop): EmsLink | undefined => {
  const { mqtt } = config.ems;
  if (mqtt === undefined) return undefined;
  const { root, scalars, homeAssistant, ...broker } = mqtt;
  const { clientId = `busbar-${site.id}` } = broker;
  return new EmsLink({
    openBroker: (listener, will) =>
      openBroker({ ...broker, clientId, will, listener, clock: systemClock, log }),
    root,
    siteId: site.id,
    clock: systemClock,
    log,
    version: VERSION,
    setLimit: (source, command) => loop.setLimit(source, command),
    taker: loop,
    lasting: new Set(site.emsSources.flatMap(({ id, lpc }) => (lpc === undefined ? [] : [id]))),
    heartbeat: (source) => loop.heartbeat(source),
    meters: site.meters,
    onReading: (reading) => loop.takeReading(reading),
    scalars,
    homeAssistant,
  });
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

/** Meters behind one address share a bus: one request at a time. */
const groupByBus = (meters: readonly MeterSpec[]): readonly (readonly MeterSpec[])[] => {
  const buses = new Map<string, MeterSpec[]>();
  for (const meter of meters.filter(({ source }) => source === undefined)) {
    buses.set(meter.connect, [...(buses.get(meter.connect) ?? []), meter]);
  }
  return [...buses.values()];
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
