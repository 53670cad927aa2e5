import { Counter, Gauge, Registry } from 'prom-client';
import { PHASES } from '../core/units.ts';
import type { SiteView } from '../schema/view.ts';

/** Prometheus text made from the present view of the site, and what the process has open. */
export const siteMetrics = (
  view: () => SiteView,
  version: string,
  descriptors?: { readonly open: number; readonly most: number },
): (() => Promise<string>) => {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `busbar_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const build = gauge('build_info', 'Version of the program', ['version', 'node']);
  const measured = gauge('circuit_current_amperes', 'Measured current', ['circuit', 'phase']);
  const limit = gauge('circuit_limit_amperes', 'Limit in force', ['circuit', 'phase']);
  const worst = gauge('circuit_worst_case_amperes', 'Budgeted worst case', ['circuit', 'phase']);
  const power = gauge('circuit_power_watts', 'Measured power', ['circuit']);
  const connectorsAre = connectorsIn(gauge);
  const online = gauge('charger_connected', 'Charger is connected', ['charger']);
  const backlog = gauge('journal_records', 'Messages held for the CSMS', ['charger']);
  const oldest = gauge('journal_oldest_seconds', 'Age of the oldest message held for the CSMS', [
    'charger',
  ]);
  const parked = gauge('journal_parked_records', 'Messages that the CSMS does not take', [
    'charger',
  ]);
  const outage = gauge('csms_connected', 'The CSMS is there for this charger', ['charger']);
  const age = gauge('meter_age_seconds', 'Age of the last good reading', ['meter']);
  const alarms = gauge('alarms', 'Alarms that are on');
  const tick = gauge('tick_seconds', 'Duration of the last control cycle');
  const memory = gauge('resident_memory_bytes', 'Memory of the process');
  const openFds = gauge('open_fds', 'Files and sockets that are open');
  const maxFds = gauge('max_fds', 'Files and sockets that may be open');
  const counters = countersIn(registry);
  build.set({ version, node: process.version }, 1);
  const labelled = [measured, limit, worst, power, online, age];
  const everyLabelled = [...labelled, backlog, oldest, parked, outage];
  return async () => {
    const now = view();
    for (const each of everyLabelled) each.reset();
    for (const circuit of now.circuits) {
      if (typeof circuit.measuredWatts === 'number') {
        power.set({ circuit: circuit.id }, circuit.measuredWatts);
      }
      PHASES.forEach((phase, p) => {
        const labels = { circuit: circuit.id, phase };
        const amps = circuit.measuredAmps?.[p];
        if (amps !== undefined) measured.set(labels, amps);
        limit.set(labels, circuit.limitInForceAmps[p] ?? 0);
        worst.set(labels, circuit.worstCaseAmps[p] ?? 0);
      });
    }
    for (const { id: charger, online: isOnline, upstream, ...rest } of now.chargers) {
      const { backlog: held } = rest;
      online.set({ charger }, isOnline ? 1 : 0);
      outage.set({ charger }, upstream === 'connected' || upstream === 'replaying' ? 1 : 0);
      backlog.set({ charger }, held.held);
      parked.set({ charger }, held.parked);
      if (held.oldestAt !== null) {
        oldest.set({ charger }, (Date.parse(now.at) - Date.parse(held.oldestAt)) / 1000);
      }
    }
    for (const { id: meter, ageSeconds } of now.meters) {
      if (ageSeconds !== null) age.set({ meter }, ageSeconds);
    }
    connectorsAre(now);
    counters(now.counters);
    memory.set(residentBytes());
    openFds.set(descriptors?.open ?? Number.NaN);
    maxFds.set(descriptors?.most ?? Number.NaN);
    alarms.set(now.alarms.length);
    tick.set(now.tickMs / 1000);
    return registry.metrics();
  };
};

/** Needs a file for a moment: while none may be opened the other figures are worth more. */
const residentBytes = (): number => {
  try {
    return process.memoryUsage.rss();
  } catch {
    return Number.NaN;
  }
};

type MakeGauge = (name: string, help: string, labelNames: readonly string[]) => Gauge;

/** What single connectors may draw and do. */
const connectorsIn = (gauge: MakeGauge): ((view: SiteView) => void) => {
  const outlet = ['charger', 'connector'];
  const offer = gauge('connector_offer_amperes', 'Offer in force', outlet);
  const draw = gauge('connector_current_amperes', 'Measured by the charger, by phase of the site', [
    ...outlet,
    'phase',
  ]);
  const power = gauge('connector_power_watts', 'Measured by the charger', outlet);
  return ({ chargers }) => {
    for (const each of [offer, draw, power]) each.reset();
    for (const { id: charger, connectors } of chargers) {
      for (const { connector, offerAmps, drawAmps, watts } of connectors) {
        const labels = { charger, connector: String(connector) };
        offer.set(labels, offerAmps);
        if (watts !== null) power.set(labels, watts);
        PHASES.forEach((phase, p) => {
          const amps = drawAmps?.[p];
          if (amps !== undefined) draw.set({ ...labels, phase }, amps);
        });
      }
    }
  };
};

/** What the counters of the view count. */
const COUNTED: Readonly<Record<string, string>> = {
  limitChanges: 'Limits that were sent to chargers',
  sparedWrites: 'Raises not sent to spare memory that wears out',
  remoteStops: 'Transactions stopped because they drew more than their limit',
  transactions: 'Transactions begun',
  faults: 'Faults of the program itself',
  mirrorDropped: 'Messages that a mirror did not get',
  mirrorCut: 'Connections to mirrors that were cut',
  framesRelayed: 'Messages relayed between chargers and CSMS',
  ownCalls: 'Calls of the gateway to chargers',
  malformed: 'Messages that are no OCPP',
  heldCalls: 'Calls of chargers answered in place of the CSMS',
  droppedLate: 'Answers that came after their time was over',
  droppedDuplicate: 'Answers that came twice',
  droppedForeign: 'Answers to nothing that was asked',
};

/** Counters of the view by their Prometheus names: framesRelayed is busbar_frames_relayed_total. */
const countersIn = (registry: Registry): ((counters: SiteView['counters']) => void) => {
  const known = new Map<string, Counter>();
  const counterOf = (key: string): Counter => {
    const words = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const help = COUNTED[key] ?? `${words.replace(/_/g, ' ')}, since the start`;
    return new Counter({ name: `busbar_${words}_total`, help, registers: [registry] });
  };
  return (counters) => {
    for (const [key, value] of Object.entries(counters)) {
      const counter = known.get(key) ?? counterOf(key);
      known.set(key, counter);
      counter.reset();
      counter.inc(value);
    }
  };
};
