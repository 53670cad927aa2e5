import type { ChargerTraits } from '../core/charger-traits.ts';
import { surplusWatts } from '../core/derived-meters.ts';
import { leaseAmps } from '../core/enforcement.ts';
import type { LimitBook } from '../core/limit-book.ts';
import { limitState, lpcPhase } from '../core/limit-book.ts';
import { STALE_NO_RAISE_MS } from '../core/meter-ladder.ts';
import { reasonText } from '../core/reason.ts';
import type { Circuit, MeterSpec } from '../core/site.ts';
import type {
  CircuitTick,
  ConnectorDecision,
  ConnectorKey,
  Decision,
  TickInput,
} from '../core/tick.ts';
import { timestamp } from '../core/time.ts';
import { addAmps, mapPhases, NO_AMPS, PHASES, type PhaseAmps } from '../core/units.ts';
import type { UpstreamState } from '../gateway/observer.ts';
import type {
  ChargerView,
  CircuitView,
  ConnectorView,
  LimitView,
  MeterView,
  SiteView,
} from '../schema/view.ts';

/** What the view needs besides the tick itself. */
export interface ViewContext {
  readonly wallMs: number;
  readonly version: string;
  readonly tick: number;
  readonly tickMs: number;
  readonly book: LimitBook;
  readonly upstreamOf: (charger: string) => UpstreamState;
  readonly traitsOf: (charger: string) => ChargerTraits;
  /** How a connector is told its limit, in a word. */
  readonly wayOf: (charger: string, key: ConnectorKey) => string | undefined;
  /** Since when a connector has been as obedient as it is, epoch ms. */
  readonly obedientSince: (key: ConnectorKey) => number;
  readonly backlogOf: (charger: string) => ChargerView['backlog'];
  readonly counters: Readonly<Record<string, number>>;
  readonly alarms: readonly string[];
}

/** The site as every interface shows it, made from one tick. */
export const siteView = (input: TickInput, decision: Decision, context: ViewContext): SiteView => ({
  id: input.site.id,
  at: timestamp(context.wallMs),
  version: context.version,
  tick: context.tick,
  tickMs: round(context.tickMs, 3),
  alarms: [...decision.alarms, ...context.alarms],
  surplusWatts: rounded(surplusWatts(input)),
  circuits: decision.circuits.map((circuit, index) => circuitView(input, decision, circuit, index)),
  meters: input.site.meters.map((meter) => meterView(input, meter)),
  chargers: input.site.chargers.map((spec) => chargerView(input, decision, spec.id, context)),
  limits: input.site.emsSources.map((source) => limitView(input, source.id, context.book)),
  counters: { ...context.counters },
});

const circuitView = (
  { site, tree }: TickInput,
  decision: Decision,
  circuit: CircuitTick,
  index: number,
): CircuitView => {
  const spec = site.circuits[index] as Circuit;
  const below = decision.connectors.filter(({ tick }) => tree.paths[tick.circuit]?.includes(index));
  const sum = (of: (decision: ConnectorDecision) => PhaseAmps): PhaseAmps =>
    below.reduce((total, each) => addAmps(total, of(each)), NO_AMPS);
  const binding = [0, 1, 2].sort(
    (a, b) => (circuit.limitAmps[a as 0] ?? 0) - (circuit.limitAmps[b as 0] ?? 0),
  )[0] as 0 | 1 | 2;
  const reasons = [...(circuit.wattsReasons ?? []), ...circuit.limitReasons[binding]];
  return {
    id: spec.id,
    parent: spec.parent ?? null,
    limitAmps: amps(spec.limitAmps),
    limitInForceAmps: amps(circuit.limitAmps),
    limitInForceWatts: circuit.limitWatts ?? null,
    limitReason: reasonText(reasons),
    measuredAmps: circuit.measuredAmps === undefined ? null : amps(circuit.measuredAmps),
    uncontrolledAmps: amps(circuit.load.uncontrolledAmps),
    offeredAmps: amps(sum((each) => onPhases(each, offerOf(each)))),
    worstCaseAmps: amps(sum(({ tick }) => tick.worstSiteAmps)),
    wantedAmps: amps(addAmps(circuit.load.uncontrolledAmps, sum(wantedBy))),
  };
};

const meterView = (
  { readings, nowMs }: TickInput,
  { id, device, role = 'load' }: MeterSpec,
): MeterView => {
  const state = readings.get(id);
  const reading = state?.latest;
  const silentMs = nowMs - (reading?.atMs ?? nowMs);
  const stale = reading?.quality === 'good' && silentMs > STALE_NO_RAISE_MS;
  return {
    id,
    device,
    quality: stale ? 'stale' : (reading?.quality ?? 'absent'),
    problem: stale
      ? `no reading for ${round(silentMs / 1000, 0)} s`
      : reading === undefined
        ? 'no reading yet'
        : (reading.problem ?? null),
    ageSeconds:
      state?.lastGood === undefined ? null : round((nowMs - state.lastGood.atMs) / 1000, 1),
    amps: reading?.amps === undefined ? null : amps(reading.amps),
    watts: reading?.watts ?? null,
    volts: reading?.volts === undefined ? null : amps(reading.volts),
    importWh: reading?.importWh ?? null,
    exportWh: reading?.exportWh ?? null,
    role,
  };
};

const chargerView = (
  input: TickInput,
  decision: Decision,
  id: string,
  context: ViewContext,
): ChargerView => {
  const charger = input.chargers.get(id);
  const spec = input.site.chargers.find((candidate) => candidate.id === id);
  return {
    id,
    circuit: spec?.circuit ?? '',
    online: charger?.online ?? false,
    version: charger?.version ?? null,
    vendor: charger?.vendor ?? null,
    model: charger?.model ?? null,
    firmware: charger?.firmware ?? null,
    upstream: context.upstreamOf(id),
    fallbackInstalled: input.fallbackProven.has(id),
    backlog: context.backlogOf(id),
    quirks: context.traitsOf(id).quirks.map(({ id: quirk, why, advice }) => ({
      id: quirk,
      why,
      advice: advice ?? null,
    })),
    connectors: decision.connectors
      .filter(({ tick }) => tick.charger.id === id)
      .map((each) => connectorView(each, id, context)),
  };
};

const connectorView = (
  decision: ConnectorDecision,
  id: string,
  { wayOf, obedientSince }: ViewContext,
): ConnectorView => {
  const { tick, targetAmps, reasons } = decision;
  const { state, charger } = tick;
  const startWh = state.transaction?.meterStartWh;
  return {
    connector: tick.connector,
    status: state.status,
    transactionId: state.transaction?.id ?? null,
    offerAmps: round(offerOf(decision), 1),
    targetAmps: round(targetAmps, 1),
    worstCaseAmps: amps(tick.worstSiteAmps),
    drawAmps: tick.drawSiteAmps === undefined ? null : amps(tick.drawSiteAmps),
    phases: PHASES.filter((_phase, p) => tick.phases[p] && charger.phases.includes(p)),
    watts: state.watts === undefined ? null : Math.round(state.watts),
    energyWh: state.energyWh ?? null,
    sessionWh:
      startWh === undefined || state.energyWh === undefined ? null : state.energyWh - startWh,
    socPercent: state.socPercent ?? null,
    obedience: tick.obedience,
    obedienceSince: timestamp(obedientSince(tick.key)),
    limitedBy: wayOf(id, tick.key) ?? null,
    reasons: reasons.map((reason) => ({ ...reason })),
    reason: reasonText(reasons),
  };
};

const limitView = (
  { site, limits, nowMs }: TickInput,
  source: string,
  book: LimitBook,
): LimitView => {
  const limit = limits.find((candidate) => candidate.source === source);
  const spec = site.emsSources.find((candidate) => candidate.id === source);
  const phase = spec && lpcPhase(book, spec, nowMs);
  return {
    source,
    circuit: spec?.circuit ?? '',
    state: spec === undefined ? 'none' : limitState(book, spec, nowMs),
    ...(phase === undefined ? {} : { phase }),
    amps: limit?.amps === undefined ? null : amps(limit.amps),
    watts: limit?.watts ?? null,
    expiresInSeconds:
      limit?.expiresAtMs === undefined ? null : round((limit.expiresAtMs - nowMs) / 1000, 0),
    reason: limit?.reason ?? null,
  };
};

/** The next car may come at any time: an idle connector wants its fallback. */
const wantedBy = ({ tick }: ConnectorDecision): PhaseAmps =>
  tick.around.inTransaction
    ? onPhasesOf(tick, tick.charger.maxAmps)
    : onPhasesOf(tick, tick.charger.fallbackAmps);

/** The offer in force, 0 where nothing is offered because no car is there. */
const offerOf = ({ tick }: ConnectorDecision): number =>
  tick.around.inTransaction ? leaseAmps(tick.enforcement.accepted, tick.around) : 0;

const onPhases = ({ tick }: ConnectorDecision, value: number): PhaseAmps => onPhasesOf(tick, value);

const onPhasesOf = ({ phases }: ConnectorDecision['tick'], value: number): PhaseAmps =>
  mapPhases((p) => (phases[p] ? value : 0));

const amps = (values: PhaseAmps): [number, number, number] => [
  round(values[0], 2),
  round(values[1], 2),
  round(values[2], 2),
];

const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value);

const round = (value: number, digits: number): number => {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
};
