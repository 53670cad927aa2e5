import { SiteDraft } from '../../control/site-draft.ts';
import { Scratch } from '../../core/allocation/scratch.ts';
import { accepted, sent } from '../../core/chargers/enforcement.ts';
import { toldPhases, toldVolts } from '../../core/chargers/told-limit.ts';
import { decide } from '../../core/decide.ts';
import { LineSum } from '../../core/line-currents.ts';
import { loadedPhases, type PhaseSet, toSitePhases } from '../../core/meters/site-phases.ts';
import type { ReasonKind } from '../../core/reason.ts';
import type { Policy } from '../../core/sharing/policy.ts';
import type { ChargerSpec, Circuit, Site } from '../../core/site.ts';
import {
  type Command,
  type ConnectorKey,
  connectorKey,
  DEFAULT_SETTINGS,
  type Decision,
  type ProfileLimits,
} from '../../core/tick.ts';
import { mapPhases, maxAmps, NO_AMPS, PHASES, type PhaseAmps } from '../../core/units.ts';
import { Car, type CarModel } from '../car.ts';
import type { Random } from '../random.ts';
import type { VisitPlan } from './sessions.ts';

/** One visit as it went. */
export interface VisitOutcome {
  readonly visit: VisitPlan;
  readonly charger: string;
  readonly model: Pick<CarModel, 'phases' | 'maxAmps'>;
  deliveredWh: number;
  starts: number;
}

/** The site at one step: true amps, and what each car took. */
export interface PlannedStep {
  readonly atMs: number;
  readonly circuits: readonly {
    readonly amps: PhaseAmps;
    readonly othersAmps: PhaseAmps;
    readonly limitAmps: PhaseAmps;
    /** By phase: a car got less than it could take, because of this circuit. */
    readonly short: PhaseSet;
  }[];
  /** By connector: the largest current of a phase, what was taken, and whether it counts as served. */
  readonly stays: ReadonlyMap<
    ConnectorKey,
    { readonly amps: number; readonly wh: number; readonly full: boolean }
  >;
}

export interface PlannedSiteOptions {
  readonly site: Site;
  readonly policy: Policy;
  readonly random: Random;
  readonly startWallMs: number;
  /** Length of one step. */
  readonly stepMs: number;
  /** Drivers tell energy and departure. */
  readonly wishes: boolean;
  readonly watch: (step: PlannedStep) => void;
}

interface Stay {
  readonly charger: string;
  readonly connector: number;
  readonly outcome: VisitOutcome;
  readonly car: Car;
  readonly transactionId: string;
  charging: boolean;
}

/** Offers of a plan live long: no charger is silent in it. */
const LIFE_MS = 3_600_000;
/** A delivered share from which a car counts as served. */
export const SERVED_SHARE = 0.98;
/** Within one step a car moves in strides of this length. */
const STRIDE_MS = 5_000;
const DAY_MS = 24 * 3_600_000;
const LEAST_BUILDING_SHARE = 0.4;
const NO_PROFILES: ProfileLimits = { connectors: new Map(), stations: new Map() };

/**
 * The site as planned, in steps of some seconds: the decisions of the real controller, ideal
 * chargers that take every offer at once, cars that follow and fill up, a building whose load
 * swings through the day up to what is assumed of it. Much faster than the simulation of messages.
 */
export class PlannedSite {
  readonly outcomes: VisitOutcome[] = [];
  /** Visits that found no free charger. */
  readonly turnedAway: VisitPlan[] = [];
  readonly #options: PlannedSiteOptions;
  readonly #draft: SiteDraft;
  readonly #scratch = new Scratch();
  readonly #stays = new Map<ConnectorKey, Stay>();
  readonly #energyWh = new Map<ConnectorKey, number>();
  /** How each charger is wired; one that nobody knows to be: straight. */
  readonly #outlets: ReadonlyMap<string, Outlet>;
  readonly #circuitsFromLeaves: readonly Circuit[];
  #nowMs = 0;
  #ids = 0;

  constructor(options: PlannedSiteOptions) {
    const { site, policy } = options;
    const settings = {
      ...DEFAULT_SETTINGS,
      lifeMs: LIFE_MS,
      raiseIntervalMs: 0,
      raiseShare: 1,
      measurementLifeMs: 10 * options.stepMs,
      raiseWindowMs: options.stepMs,
    };
    const proven = new Set(site.chargers.map(({ id }) => id));
    this.#options = options;
    this.#outlets = new Map(site.chargers.map((spec) => [spec.id, outletOf(spec)]));
    this.#circuitsFromLeaves = [...site.circuits].reverse();
    // An earlier run of the gateway would count for a minute: begin well after one.
    this.#draft = new SiteDraft(site, settings, proven, -2 * LIFE_MS, undefined, policy);
    for (const { id } of site.chargers) this.#draft.setOnline(id, true, 0, '1.6');
  }

  /** Runs all visits; `progress` is called with every new day. */
  run(visits: readonly VisitPlan[], progress: (day: number) => void): void {
    const waiting = [...visits].sort((a, b) => a.arrivesAtMs - b.arrivesAtMs);
    let next = 0;
    let day = -1;
    while (next < waiting.length || this.#stays.size > 0) {
      if (this.#stays.size === 0) this.#skipTo(waiting[next]?.arrivesAtMs ?? this.#nowMs);
      if (Math.floor(this.#nowMs / DAY_MS) > day) {
        day = Math.floor(this.#nowMs / DAY_MS);
        progress(day);
      }
      this.#depart();
      for (; next < waiting.length; next += 1) {
        const visit = waiting[next];
        if (visit === undefined || visit.arrivesAtMs > this.#nowMs) break;
        this.#arrive(visit);
      }
      this.#step();
    }
  }

  /** Nothing happens while nobody is there. */
  #skipTo(atMs: number): void {
    const { stepMs } = this.#options;
    this.#nowMs = Math.max(this.#nowMs, Math.floor(atMs / stepMs) * stepMs);
  }

  #arrive(visit: VisitPlan): void {
    const { site, random, wishes, startWallMs } = this.#options;
    const named = site.chargers.find(({ id }) => id === visit.charger);
    const place = this.#freeAt(named === undefined ? site.chargers : [named]);
    if (place === undefined) {
      this.turnedAway.push(visit);
      return;
    }
    const { spec, connector, key } = place;
    const model = modelOf(random, spec);
    const outcome = { visit, charger: spec.id, model, deliveredWh: 0, starts: 0 };
    this.#ids += 1;
    const transactionId = String(this.#ids);
    const car = new Car({ ...model, needWh: visit.needWh });
    const charger = spec.id;
    const stay = { charger, connector, outcome, car, transactionId, charging: false };
    this.#stays.set(key, stay);
    this.outcomes.push(outcome);
    const meterStartWh = this.#energyWh.get(key) ?? 0;
    const event = { type: 'transaction-started', connector, transactionId, meterStartWh } as const;
    this.#draft.apply(charger, event, this.#nowMs);
    if (!wishes) return;
    const departsAtWallMs = startWallMs + visit.departsAtMs;
    const wish = { energyWh: visit.needWh, departsAtWallMs };
    this.#draft.setWish(charger, connector, wish, startWallMs + this.#nowMs);
  }

  /** The first connector of these chargers at which nobody is. */
  #freeAt(chargers: readonly ChargerSpec[]) {
    for (const spec of chargers) {
      for (let connector = 1; connector <= spec.connectors; connector += 1) {
        const key = connectorKey(spec.id, connector);
        if (!this.#stays.has(key)) return { spec, connector, key };
      }
    }
    return undefined;
  }

  #depart(): void {
    const atMs = this.#nowMs;
    for (const [key, { charger, connector, outcome, transactionId }] of this.#stays) {
      if (outcome.visit.departsAtMs > atMs) continue;
      this.#stays.delete(key);
      this.#draft.apply(charger, { type: 'transaction-ended', transactionId, connector }, atMs);
      this.#draft.apply(charger, { type: 'status', connector, status: 'available' }, atMs);
    }
  }

  #step(): void {
    const { site, startWallMs, stepMs, watch } = this.#options;
    const nowMs = this.#nowMs;
    this.#draft.prepare(nowMs);
    const decision = decide(
      this.#draft.freeze(nowMs, startWallMs + nowMs, NO_PROFILES),
      this.#scratch,
    );
    this.#draft.keep(decision);
    for (const command of decision.commands) this.#obey(command, nowMs);
    const offers = this.#offers(decision);
    this.#nowMs += stepMs;
    const drawn = new Map<ConnectorKey, PhaseAmps>();
    const stays = new Map<ConnectorKey, { amps: number; wh: number; full: boolean }>();
    for (const [key, stay] of this.#stays) {
      const before = stay.outcome.deliveredWh;
      const amps = this.#charge(key, stay, offers.get(key) ?? 0);
      drawn.set(key, amps);
      const wh = stay.outcome.deliveredWh - before;
      stays.set(key, { amps: Math.max(...amps), wh, full: isServed(stay) });
    }
    const flows = this.#flows(drawn);
    this.#measure(drawn, flows);
    const short = this.#shortages(decision);
    watch({
      atMs: nowMs,
      circuits: site.circuits.map((circuit, i) => ({
        amps: flows.get(circuit.id) ?? NO_AMPS,
        othersAmps: this.#others(circuit),
        limitAmps: decision.circuits[i]?.limitAmps ?? circuit.limitAmps,
        short: short.get(circuit.id) ?? NO_PHASES,
      })),
      stays,
    });
  }

  #obey({ key, charger, connector, amps }: Command, nowMs: number): void {
    this.#draft.updateEnforcement(key, (enforcement) =>
      accepted(sent(enforcement, { amps, sentAtMs: nowMs, endsAtMs: nowMs + LIFE_MS }), {
        nowMs,
        online: true,
        inTransaction:
          this.#draft.charger(charger)?.connectors.get(connector)?.transaction !== undefined,
        fallbackAmps: undefined,
        maxAmps: amps,
        measuredAmps: undefined,
        measuredAtMs: undefined,
      }),
    );
  }

  /** What each connector offers its car after the commands of a decision. */
  #offers({ connectors, commands }: Decision): ReadonlyMap<ConnectorKey, number> {
    const ordered = new Map(commands.map(({ key, amps }) => [key, amps]));
    return new Map(
      connectors.map(({ tick }) => {
        const { accepted: held } = tick.enforcement;
        return [tick.key, ordered.get(tick.key) ?? held?.amps ?? tick.charger.fallbackAmps];
      }),
    );
  }

  /** By circuit: the phases that the reasons of cars which want more name. */
  #shortages({ connectors }: Decision): ReadonlyMap<string, PhaseSet> {
    const short = new Map<string, PhaseSet>();
    for (const { tick, reasons } of connectors) {
      const stay = this.#stays.get(tick.key);
      if (stay === undefined || isServed(stay)) continue;
      const bound = reasons.find(({ kind }) => CIRCUIT_KINDS.has(kind));
      if (bound === undefined) continue;
      const before = short.get(bound.id) ?? NO_PHASES;
      // Without a phase it is power, of all three.
      const on = (p: 0 | 1 | 2) =>
        before[p] || bound.phase === undefined || bound.phase === PHASES[p];
      short.set(bound.id, [on(0), on(1), on(2)]);
    }
    return short;
  }

  #charge(key: ConnectorKey, stay: Stay, offeredAmps: number): PhaseAmps {
    const { site, stepMs } = this.#options;
    const spec = this.#outlets.get(stay.charger)?.spec;
    const before = stay.car.takenWh;
    const volts = toldVolts(spec ?? {}, site.voltageVolts);
    const phases = spec === undefined ? 3 : toldPhases(spec);
    let terminals: PhaseAmps = NO_AMPS;
    for (let ms = 0; ms < stepMs; ms += STRIDE_MS) {
      const stride = Math.min(STRIDE_MS, stepMs - ms);
      terminals = stay.car.step(stride, offeredAmps, volts, phases);
    }
    const takenWh = stay.car.takenWh - before;
    stay.outcome.deliveredWh += takenWh;
    this.#energyWh.set(key, (this.#energyWh.get(key) ?? 0) + takenWh);
    const charging = terminals[0] > 1;
    if (charging && !stay.charging) stay.outcome.starts += 1;
    stay.charging = charging;
    return terminals;
  }

  /** True amps of every circuit. */
  #flows(drawn: ReadonlyMap<ConnectorKey, PhaseAmps>): ReadonlyMap<string, PhaseAmps> {
    const sums = new Map<string, LineSum>();
    for (const { id } of this.#circuitsFromLeaves) sums.set(id, new LineSum());
    for (const [key, terminalAmps] of drawn) {
      const outlet = this.#outlets.get(this.#stays.get(key)?.charger ?? '');
      if (outlet === undefined) continue;
      const amps = toSitePhases(outlet.wiring, terminalAmps);
      sums.get(outlet.spec.circuit)?.add(amps, outlet.phases, outlet.spec.lineToLine === true);
    }
    const flows = new Map<string, PhaseAmps>();
    for (const circuit of this.#circuitsFromLeaves) {
      const sum = sums.get(circuit.id) ?? new LineSum();
      sum.add(this.#others(circuit), NO_PHASES, false);
      if (circuit.parent !== undefined) sums.get(circuit.parent)?.merge(sum);
      flows.set(circuit.id, sum.amps);
    }
    return flows;
  }

  /** A load that is lowest at four in the morning and highest at four in the afternoon. */
  #others({ assumedLoadAmps }: Circuit): PhaseAmps {
    const hour = (this.#nowMs % DAY_MS) / 3_600_000;
    const swing = 0.5 - 0.5 * Math.cos(((hour - 4) / 24) * 2 * Math.PI);
    const share = LEAST_BUILDING_SHARE + (1 - LEAST_BUILDING_SHARE) * swing;
    return mapPhases((p) => assumedLoadAmps[p] * share);
  }

  #measure(
    drawn: ReadonlyMap<ConnectorKey, PhaseAmps>,
    flows: ReadonlyMap<string, PhaseAmps>,
  ): void {
    const { site } = this.#options;
    const atMs = this.#nowMs;
    for (const { id, meter } of site.circuits) {
      const amps = flows.get(id);
      if (meter === undefined || amps === undefined) continue;
      const watts = (amps[0] + amps[1] + amps[2]) * site.voltageVolts;
      this.#draft.takeReading({
        meter,
        atMs,
        quality: 'good',
        amps: maxAmps(amps, NO_AMPS),
        watts,
      });
    }
    for (const [key, terminalAmps] of drawn) {
      const { charger = '', connector = 0 } = this.#stays.get(key) ?? {};
      const energyWh = this.#energyWh.get(key) ?? 0;
      const measured = { type: 'measured', connector, atMs, terminalAmps, energyWh } as const;
      this.#draft.apply(charger, measured, atMs);
    }
  }
}

const NO_PHASES: PhaseSet = [false, false, false];
const CIRCUIT_KINDS: ReadonlySet<ReasonKind> = new Set(['circuit', 'circuit-watts', 'unbalance']);

const isServed = ({ car, outcome }: Stay): boolean =>
  car.takenWh >= SERVED_SHARE * outcome.visit.needWh;

interface Outlet {
  readonly spec: ChargerSpec;
  readonly wiring: readonly number[];
  readonly phases: PhaseSet;
}

const outletOf = (spec: ChargerSpec): Outlet => {
  const wiring = spec.phases.map((phase, t) => (phase < 0 ? t : phase));
  return { spec, wiring, phases: loadedPhases(wiring, undefined) };
};

/** A mix of cars as they come to a European site, within what the charger can do. */
const modelOf = (random: Random, spec: ChargerSpec) => {
  const terminals = toldPhases(spec);
  const ratedAmps = spec.maxAmps;
  // Where chargers are between two lines, cars take what they are rated for.
  if (spec.lineToLine === true) return { phases: 1 as const, maxAmps: ratedAmps };
  const kind = random();
  const phases = kind < 0.35 ? 1 : kind < 0.45 ? 2 : 3;
  const maxAmps = phases === 1 ? 32 : 16;
  return {
    phases: Math.min(phases, terminals) as CarModel['phases'],
    maxAmps: Math.min(maxAmps, ratedAmps),
  };
};
