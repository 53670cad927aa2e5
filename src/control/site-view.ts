import { wiringOf } from '../core/budget.ts';
import type { ChargerTraits } from '../core/chargers/charger-traits.ts';
import { leaseAmps } from '../core/chargers/enforcement.ts';
import { connectorsByCircuit } from '../core/circuit-ticks.ts';
import { type LimitBook, limitState, lpcPhase } from '../core/limits/limit-book.ts';
import { sumOnLines } from '../core/line-currents.ts';
import { surplusWatts } from '../core/meters/derived-meters.ts';
import { isSilent, STALE_NO_RAISE_MS } from '../core/meters/meter-ladder.ts';
import { spread, UNKNOWN_PHASE } from '../core/meters/site-phases.ts';
import { stepReserveText } from '../core/meters/step-reserve.ts';
import type { WiringVotes } from '../core/meters/wiring-check.ts';
import { reasonText } from '../core/reason.ts';
import type { ChargerSpec, Circuit, MeterSpec } from '../core/site.ts';
import type {
  CircuitTick,
  ConnectorDecision,
  ConnectorKey,
  ConnectorTick,
  Decision,
  TickInput,
} from '../core/tick.ts';
import { timestamp } from '../core/time.ts';
import { addAmps, PHASES, type PhaseAmps } from '../core/units.ts';
import type { UpstreamState } from '../gateway/observer.ts';
import type {
  ChargerView,
  CircuitView,
  ConnectorView,
  LimitView,
  MeterView,
  SiteView,
} from '../schema/view.ts';
import { wiringView } from './wiring-view.ts';

/** What the view needs besides the tick itself. */
export interface ViewContext {
  readonly wallMs: number;
  readonly version: string;
  readonly tick: number;
  readonly tickMs: number;
  readonly book: LimitBook;
  /** Name of the policy that was chosen in place of that of the site file. */
  readonly chosenPolicy: string | undefined;
  readonly upstreamOf: (charger: string) => UpstreamState;
  readonly traitsOf: (charger: string) => ChargerTraits;
  /** How a connector is told its limit, in a word. */
  readonly wayOf: (charger: string, key: ConnectorKey) => string | undefined;
  /** Since when a connector has been as obedient as it is, RFC 3339. */
  readonly obedientSince: (key: ConnectorKey) => string;
  readonly backlogOf: (charger: string) => ChargerView['backlog'];
  readonly counters: Readonly<Record<string, number>>;
  readonly alarms: readonly string[];
}

/** The site as every interface shows it, made from one tick. */
export const siteView = (input: TickInput, decision: Decision, context: ViewContext): SiteView => {
  const sums = circuitSums(input, decision);
  const views = new Map<string, ConnectorView[]>();
  for (const each of decision.connectors) {
    const { id } = each.tick.charger;
    const known = views.get(id);
    const view = connectorView(each, decision.carried.wiring.get(each.tick.key)?.votes, context);
    if (known === undefined) views.set(id, [view]);
    else known.push(view);
  }
  return {
    id: input.site.id,
    at: timestamp(context.wallMs),
    version: context.version,
    tick: context.tick,
    tickMs: round(context.tickMs, 3),
    alarms: [...decision.alarms, ...context.alarms],
    policy: input.policy.id,
    chosenPolicy: context.chosenPolicy ?? null,
    surplusWatts: rounded(surplusWatts(input)),
    circuits: decision.circuits.map((circuit, i) =>
      circuitView(input, input.site.circuits[i] as Circuit, circuit, sums[i] as CircuitSums),
    ),
    meters: input.site.meters.map((meter) => meterView(input, meter)),
    chargers: input.site.chargers.map((spec) =>
      chargerView(input, spec, views.get(spec.id) ?? [], context),
    ),
    limits: input.site.emsSources.map((source) => limitView(input, source.id, context.book)),
    counters: { ...context.counters },
  };
};

/** What the connectors below a circuit add up to, by site phase. */
interface CircuitSums {
  readonly offered: PhaseAmps;
  readonly worst: PhaseAmps;
  readonly wanted: PhaseAmps;
}

/** By index of the circuit; each connector counts on its own circuit and on those above it. */
const circuitSums = (input: TickInput, { connectors }: Decision): readonly CircuitSums[] => {
  const ticks = connectors.map(({ tick }) => tick);
  return connectorsByCircuit(input, ticks).map((below, index) => {
    const sum = (ampsOf: (tick: ConnectorTick) => PhaseAmps): PhaseAmps =>
      sumOnLines(input.site.circuits[index]?.phasorSum, below, ampsOf, wiringOf);
    return {
      offered: sum((tick) => spread(tick.phases, offerOf(tick))),
      worst: sum((tick) => tick.worstSiteAmps),
      wanted: sum((tick) => spread(tick.phases, wantedOf(tick))),
    };
  });
};

const circuitView = (
  { readings }: TickInput,
  spec: Circuit,
  circuit: CircuitTick,
  sums: CircuitSums,
): CircuitView => {
  const { watts } = readings.get(spec.meter ?? '')?.latest ?? {};
  const binding = [0, 1, 2].sort(
    (a, b) => (circuit.limitAmps[a as 0] ?? 0) - (circuit.limitAmps[b as 0] ?? 0),
  )[0] as 0 | 1 | 2;
  const reasons = [...(circuit.wattsReasons ?? []), ...circuit.limitReasons[binding]];
  const { stepReserveAmps } = circuit.load;
  const reserve = stepReserveText(stepReserveAmps);
  return {
    id: spec.id,
    parent: spec.parent ?? null,
    limitAmps: amps(spec.limitAmps),
    limitInForceAmps: amps(circuit.limitAmps),
    limitInForceWatts: circuit.limitWatts ?? null,
    limitReason: reserve === undefined ? reasonText(reasons) : `${reasonText(reasons)}; ${reserve}`,
    meter: spec.meter ?? null,
    measuredAmps: circuit.measuredAmps === undefined ? null : amps(circuit.measuredAmps),
    measuredWatts: circuit.measuredAmps === undefined ? null : rounded(watts),
    uncontrolledAmps: amps(circuit.load.uncontrolledAmps),
    ...(stepReserveAmps === undefined ? {} : { stepReserveAmps: amps(stepReserveAmps) }),
    offeredAmps: amps(sums.offered),
    worstCaseAmps: amps(sums.worst),
    wantedAmps: amps(addAmps(circuit.load.uncontrolledAmps, sums.wanted)),
  };
};

const meterView = (
  { readings, nowMs }: TickInput,
  { id, device, role = 'load' }: MeterSpec,
): MeterView => {
  const state = readings.get(id);
  const reading = state?.latest;
  const silentMs = nowMs - (reading?.atMs ?? nowMs);
  const stale =
    isSilent(reading, nowMs) || (reading?.quality === 'good' && silentMs > STALE_NO_RAISE_MS);
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
    importWh: tenths(reading?.importWh),
    exportWh: tenths(reading?.exportWh),
    role,
  };
};

const chargerView = (
  input: TickInput,
  { id, circuit }: ChargerSpec,
  connectors: readonly ConnectorView[],
  context: ViewContext,
): ChargerView => {
  const charger = input.chargers.get(id);
  return {
    id,
    circuit,
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
    connectors: [...connectors],
  };
};

const connectorView = (
  decision: ConnectorDecision,
  votes: WiringVotes | undefined,
  { wayOf, obedientSince }: ViewContext,
): ConnectorView => {
  const { tick, targetAmps, reasons } = decision;
  const { state } = tick;
  const startWh = state.transaction?.meterStartWh;
  return {
    connector: tick.connector,
    status: state.status,
    transactionId: state.transaction?.id ?? null,
    offerAmps: round(offerOf(tick), 1),
    targetAmps: round(targetAmps, 1),
    worstCaseAmps: amps(tick.worstSiteAmps),
    drawAmps: tick.drawSiteAmps === undefined ? null : amps(tick.drawSiteAmps),
    phases: PHASES.filter((_phase, p) => tick.phases[p] && wiredTo(tick, p)),
    wiring: wiringView(tick, votes),
    watts: state.watts === undefined ? null : Math.round(state.watts),
    energyWh: tenths(state.energyWh),
    sessionWh:
      startWh === undefined || state.energyWh === undefined
        ? null
        : round(state.energyWh - startWh, 1),
    socPercent: state.socPercent ?? null,
    obedience: tick.obedience,
    obedienceBasis: tick.obedienceBasis ?? null,
    obedienceSince: obedientSince(tick.key),
    limitedBy: wayOf(tick.charger.id, tick.key) ?? null,
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

const wiredTo = ({ wiring }: ConnectorTick, phase: number): boolean =>
  wiring.includes(phase) || wiring.includes(UNKNOWN_PHASE);

/** The next car may come at any time: an idle connector wants its fallback. */
const wantedOf = ({ around, charger }: ConnectorTick): number =>
  around.inTransaction ? charger.maxAmps : charger.fallbackAmps;

/** The offer in force, 0 where nothing is offered because no car is there. */
const offerOf = ({ around, enforcement }: ConnectorTick): number =>
  around.inTransaction ? leaseAmps(enforcement.accepted, around) : 0;

const amps = (values: PhaseAmps): [number, number, number] => [
  round(values[0], 2),
  round(values[1], 2),
  round(values[2], 2),
];

const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value);

const tenths = (value: number | undefined): number | null =>
  value === undefined ? null : round(value, 1);

const round = (value: number, digits: number): number => {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
};
