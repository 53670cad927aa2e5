import { join } from 'node:path';
import type { ControlLoop } from './control/control-loop.ts';
import type { LimitCommand } from './core/limits/limit-book.ts';
import type { Log } from './core/log.ts';
import type { Policy } from './core/sharing/policy.ts';
import type { MeterSpec, Site } from './core/site.ts';
import { timestamp } from './core/time.ts';
import type { Incoming } from './field/broker-port.ts';
import { BuildingRegisters } from './field/building-registers.ts';
import { ChildStations } from './field/child-stations.ts';
import { DigitalInputWatch } from './field/digital-input.ts';
import { EmsLink } from './field/ems-link.ts';
import { closeCutOff, EvidenceRecorder } from './field/evidence.ts';
import { evidenceRoutes } from './field/evidence-routes.ts';
import { MeterBus } from './field/meter-bus.ts';
import type { ModbusPort } from './field/modbus-port.ts';
import { registerRoute } from './field/register-route.ts';
import type { Faults } from './gateway/faults.ts';
import type { CallOutcome, OwnCall } from './gateway/observer.ts';
import { openModbusPort } from './io/modbus.ts';
import { startModbusServer } from './io/modbus-server.ts';
import { openBroker } from './io/mqtt.ts';
import { systemClock } from './io/system-clock.ts';
import { listening } from './main-listen.ts';
import type { ApiRoute } from './schema/api-route.ts';
import type { Evidence } from './schema/evidence.ts';
import type { MeterDevice } from './schema/meter-device.ts';
import type { SiteConfig } from './schema/site-config.ts';
import type { SiteView } from './schema/view.ts';
import { openDocument } from './store/documents.ts';
import { EvidenceFiles } from './store/evidence-files.ts';
import { VERSION } from './version.ts';

export interface FieldOptions {
  readonly config: SiteConfig;
  readonly site: Site;
  readonly devices: ReadonlyMap<string, MeterDevice>;
  readonly log: Log;
  /** That may be chosen by request, by name. */
  readonly policies?: ReadonlyMap<string, Policy>;
}

/** Meters, EMS and building: everything besides chargers and CSMS that the site talks to. */
export interface FieldSide {
  readonly routes: readonly ApiRoute[];
  /** Carries out a call to a child gateway; false when it is not for one. */
  call(charger: string, call: OwnCall, done: (outcome: CallOutcome) => void): boolean;
  /** What is wrong on this side, in plain sentences. */
  alarms(): readonly string[];
  /** Every finished tick. */
  published(view: SiteView): void;
  close(): Promise<void>;
}

/** The part of the composition root that joins the field with the control loop. */
export const startFieldSide = async (
  options: FieldOptions,
  loop: ControlLoop,
  faults: Faults,
): Promise<FieldSide> => {
  const evidence = await openEvidence(options);
  const polled = startPolling(options, loop);
  const stopPolling = (): void => {
    for (const part of [...polled.meters, ...polled.inputs]) part.stop();
  };
  const { building, ems, children } = await startTalking(options, loop, faults).catch(
    (error: unknown) => {
      stopPolling();
      throw error;
    },
  );
  return {
    routes: [...evidenceRoutes(() => evidence.files.list()), ...building.routes],
    call: (charger, call, done) => children?.call(charger, call, done) ?? false,
    alarms: () => [...(ems?.alarms() ?? []), ...polled.inputs.flatMap((input) => input.alarms())],
    published: (view) => {
      ems?.publish(view);
      evidence.recorder.take(view);
    },
    close: async () => {
      stopPolling();
      await building.close();
      await evidence.recorder.close(timestamp(systemClock.wallMs()));
      await ems?.close();
    },
  };
};

/** Meters and contacts; those behind one address share its bus: one request at a time. */
const startPolling = (
  { config, site, devices, log }: FieldOptions,
  loop: ControlLoop,
): { readonly meters: readonly MeterBus[]; readonly inputs: readonly DigitalInputWatch[] } => {
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
  return { meters, inputs };
};

/** Those that ask and order: a building controller and an EMS. */
const startTalking = async (options: FieldOptions, loop: ControlLoop, faults: Faults) => {
  const building = await startBuilding(options, loop, faults);
  try {
    return { building, ...(await startEms(options, loop, faults)) };
  } catch (error) {
    await building.close();
    throw error;
  }
};

/** Registers for a building controller, where wanted. */
const startBuilding = async (
  { config, site, log }: FieldOptions,
  loop: ControlLoop,
  faults: Faults,
) => {
  const server = config.ems.modbusServer;
  if (server === undefined) return { routes: [], close: () => Promise.resolve() };
  const { sources, watchdogSeconds, listen, ...rest } = server;
  const view = () => loop.view();
  const setLimit = (source: string, command: LimitCommand) => loop.setLimit(source, command);
  const registers = { site, view, sources, watchdogSeconds, setLimit, clock: systemClock, log };
  const bank = new BuildingRegisters(registers);
  const fault = (error: unknown): void => faults.note('registers of the building', error);
  const running = await listening('ems.modbusServer.listen', listen, (at) =>
    startModbusServer({ ...rest, ...at, bank, log, fault }),
  );
  log.info('Modbus server', { port: running.port });
  return { routes: [registerRoute(view, sources)], close: () => running.close() };
};

/** Records of dimming; old ones are removed at the start and with every new one. */
const openEvidence = async ({ config, site, log }: FieldOptions) => {
  const files = new EvidenceFiles<Evidence>(join(config.dataDir, 'evidence'));
  const pruned = await files.prune(systemClock.wallMs());
  if (pruned > 0) log.info('evidence kept for two years is removed', { cases: pruned });
  for (const record of await files.list()) {
    if (record.endedAt === null) await files.save(closeCutOff(record));
  }
  const save = async (record: Evidence): Promise<void> => {
    await files.save(record);
    if (record.endedAt !== null) await files.prune(systemClock.wallMs());
  };
  return { files, recorder: new EvidenceRecorder(site, { save }, log) };
};

const startEms = async (
  { config, site, log, policies }: FieldOptions,
  loop: ControlLoop,
  faults: Faults,
) => {
  const { mqtt, children: specs } = config.ems;
  if (mqtt === undefined) return { ems: undefined, children: undefined };
  const { root, scalars, homeAssistant, ...broker } = mqtt;
  const { clientId = `busbar-${site.id}` } = broker;
  const clock = systemClock;
  const epoch = specs.length === 0 ? 0 : await nextEpoch(config.dataDir);
  let children: ChildStations | undefined;
  const ems = new EmsLink({
    openBroker: (told, will) => {
      const listener = {
        ...told,
        message: (message: Incoming) =>
          void faults.contain('message over MQTT', () => told.message(message)),
      };
      return openBroker({ ...broker, clientId, will, listener, clock, log });
    },
    root,
    siteId: site.id,
    clock,
    log,
    version: VERSION,
    setLimit: (source, command) => loop.setLimit(source, command),
    taker: loop,
    policies,
    sources: new Set(site.emsSources.map(({ id }) => id)),
    lasting: new Set(site.emsSources.flatMap(({ id, lpc }) => (lpc === undefined ? [] : [id]))),
    heartbeat: (source) => loop.heartbeat(source),
    meters: site.meters,
    onReading: (reading) => loop.takeReading(reading),
    scalars,
    homeAssistant,
    handlers: (connection) => {
      if (specs.length === 0) return [];
      children = new ChildStations({
        children: specs.map((spec) => ({ ...spec, circuit: spec.limits })),
        root,
        clock,
        log,
        epoch,
        siteId: site.id,
        observer: loop.links,
        broker: connection,
        want: (command) => loop.setPreference(command),
      });
      return [children];
    },
  });
  return { ems, children };
};

/** Higher with every start, whatever the wall clock does. */
const nextEpoch = async (dataDir: string): Promise<number> => {
  const document = await openDocument(join(dataDir, 'epoch.json'), { epoch: 0 });
  const epoch = Math.max(document.data.epoch + 1, Math.floor(systemClock.wallMs() / 1000));
  await document.update((data) => {
    data.epoch = epoch;
  });
  return epoch;
};

/** Meters behind one address share a bus: one request at a time. */
const groupByBus = (meters: readonly MeterSpec[]): readonly (readonly MeterSpec[])[] => {
  const buses = new Map<string, MeterSpec[]>();
  for (const meter of meters.filter(({ source }) => source === undefined)) {
    buses.set(meter.connect, [...(buses.get(meter.connect) ?? []), meter]);
  }
  return [...buses.values()];
};
