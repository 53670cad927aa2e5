import { phaseVolts } from '../../src/core/chargers/told-limit.ts';
import type { ChargerSpec, Circuit } from '../../src/core/site.ts';
import { addAmps, mapPhases, NO_AMPS, type PhaseAmps } from '../../src/core/units.ts';
import type { VirtualSite } from '../../src/sim/virtual-site.ts';
import { isSteered, type StormPlan } from './fuse-storm-plan.ts';

/** Longest times, ms, for which cars that are steered took what was not theirs. */
export interface StormRecord {
  /** One phase above another by more than its circuit allows. */
  readonly unbalancedMs: number;
  readonly overWattsMs: number;
  /** Wh that cars took although the mean of the window was past saving without them. */
  readonly beyondDemandWh: number;
  /** Starts of one connector in one stay beyond those that may be, the most. */
  readonly startsTooMany: number;
  /** Connectors that were offered nothing all through the calm, with room for them at every instant. */
  readonly starved: readonly string[];
}

/**
 * PWM tolerance, and a car on the low phase that takes less than its offer, by what is left to it to
 * grow.
 */
const UNBALANCE_TOLERANCE_AMPS = 4;
const WATTS_TOLERANCE = 200;
/** Who has just come back is told its offer first. */
const BACK_MS = 30_000;
/** Starts in an hour; whoever disturbs the site may cost one more. */
const STARTS_MOST = 4;
const WAKE_UPS = 3;
const LEAST_OFFER_AMPS = 6;
/** A car may need this much, and the margin of a fuse and a step are more than free. */
const START_AMPS = 12;
const DEMAND_LAG_MS = 45_000;

/** Watches a storm for everything but the breakers. Fed after every step of the plant. */
export class StormOracle {
  readonly #site: VirtualSite;
  readonly #plan: StormPlan;
  readonly #onlineSince = new Map<string, number>();
  readonly #stretches = new Map<string, number>();
  readonly #longest = new Map<string, number>();
  readonly #starts = new Map<
    string,
    { stay: unknown; starts: number; may: number; amps: number }
  >();
  readonly #offline = new Set<string>();
  #startsTooMany = 0;
  #lastMs = 0;
  #demand = { window: Number.NaN, wh: 0, lostAtMs: Number.POSITIVE_INFINITY };
  #beyondDemandWh = 0;
  #calm: Set<string> | undefined;

  constructor(site: VirtualSite, plan: StormPlan) {
    this.#site = site;
    this.#plan = plan;
  }

  look(): void {
    const nowMs = this.#site.clock.monotonicMs();
    const elapsedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    for (const { id } of this.#plan.site.chargers) this.#watchLink(id, nowMs);
    for (const circuit of this.#plan.site.circuits) {
      this.#stretch(`unbalance ${circuit.id}`, this.#isUnbalanced(circuit, nowMs), elapsedMs);
      this.#stretch(`watts ${circuit.id}`, this.#isOverWatts(circuit, nowMs), elapsedMs);
    }
    this.#watchDemand(nowMs, elapsedMs);
    for (const spec of this.#plan.site.chargers) this.#watchStarts(spec);
  }

  /** All clocks were set: offers ended by them. */
  clocksSet(): void {
    this.mayStop();
    this.#demand.window = Number.NaN;
  }

  /** Somebody orders what may stop every car. */
  mayStop(): void {
    for (const entry of this.#starts.values()) entry.may += 1;
  }

  beginCalm(): void {
    this.#calm = new Set(
      this.#plan.site.chargers.map(({ id }) => id).filter((id) => isSteered(this.#plan, id)),
    );
  }

  /** Once a second of the calm: who has an offer, or no room for one, does not starve. */
  lookAtCalm(): void {
    const { chargers } = this.#site.view();
    for (const id of this.#calm ?? []) {
      const shown = chargers.find((each) => each.id === id)?.connectors[0];
      const waits = /may start again|paused/.test(shown?.reason ?? '');
      if ((shown?.offerAmps ?? 0) > 0 || waits || !this.#wants(id) || !this.#hasRoom(id)) {
        this.#calm?.delete(id);
      }
    }
  }

  record(): StormRecord {
    const longest = (kind: string): number =>
      Math.max(0, ...[...this.#longest].map(([name, ms]) => (name.startsWith(kind) ? ms : 0)));
    return {
      unbalancedMs: longest('unbalance'),
      overWattsMs: longest('watts'),
      beyondDemandWh: this.#beyondDemandWh,
      startsTooMany: this.#startsTooMany,
      starved: [...(this.#calm ?? [])],
    };
  }

  #watchLink(id: string, nowMs: number): void {
    const { online } = this.#site.charger(id);
    if (online && !this.#onlineSince.has(id)) this.#onlineSince.set(id, nowMs);
    if (online) return;
    this.#onlineSince.delete(id);
    this.#offline.add(id);
  }

  #isUnderControl(id: string, nowMs: number): boolean {
    const since = this.#onlineSince.get(id);
    return since !== undefined && nowMs - since >= BACK_MS && isSteered(this.#plan, id);
  }

  #stretch(name: string, isOver: boolean, elapsedMs: number): void {
    const ms = isOver ? (this.#stretches.get(name) ?? 0) + elapsedMs : 0;
    this.#stretches.set(name, ms);
    this.#longest.set(name, Math.max(ms, this.#longest.get(name) ?? 0));
  }

  #below(circuit: string): readonly ChargerSpec[] {
    const { circuits, chargers } = this.#plan.site;
    const parentOf = new Map(circuits.map(({ id, parent }) => [id, parent]));
    return chargers.filter((spec) => {
      for (let at: string | undefined = spec.circuit; at !== undefined; at = parentOf.get(at)) {
        if (at === circuit) return true;
      }
      return false;
    });
  }

  /** What flows by those that are under control now, or by the others. */
  #amps(circuit: string, nowMs: number, controlled: boolean): PhaseAmps {
    return this.#below(circuit)
      .filter((spec) => this.#showsItsPhases(spec))
      .filter(({ id }) => this.#isUnderControl(id, nowMs) === controlled)
      .reduce((sum, spec) => addAmps(sum, this.#lineAmps(spec)), NO_AMPS);
  }

  /** A charger that never measures is believed to load its terminals alike: nobody can know better. */
  #showsItsPhases({ id, phases }: ChargerSpec): boolean {
    return phases.length < 2 || this.#plan.conduct[id]?.measures !== false;
  }

  /** Between two lines the same current is on both. */
  #lineAmps({ id, phases, lineToLine }: ChargerSpec): PhaseAmps {
    const amps = this.#site.chargerAmps(id);
    if (lineToLine !== true) return amps;
    return mapPhases((p) => (phases.includes(p) ? Math.max(...amps) : 0));
  }

  #isUnbalanced({ id, unbalanceAmps }: Circuit, nowMs: number): boolean {
    if (unbalanceAmps === undefined) return false;
    const own = this.#amps(id, nowMs, true);
    const others = this.#amps(id, nowMs, false);
    const pairs = [0, 1, 2].flatMap((p) => [0, 1, 2].map((q) => [p, q] as const));
    return pairs.some(([p, q]) => {
      const byOwn = (own[p] ?? 0) - (own[q] ?? 0);
      const excess = byOwn + (others[p] ?? 0) - (others[q] ?? 0) - unbalanceAmps;
      return Math.min(byOwn, excess) > UNBALANCE_TOLERANCE_AMPS;
    });
  }

  #watts(circuit: string, nowMs: number, controlled: boolean): number {
    const volts = this.#plan.site.voltageVolts;
    return this.#below(circuit)
      .filter(({ id }) => this.#isUnderControl(id, nowMs) === controlled)
      .reduce((sum, spec) => {
        const [l1, l2, l3] = this.#site.chargerAmps(spec.id);
        return sum + (l1 + l2 + l3) * phaseVolts(spec, volts);
      }, 0);
  }

  get #buildingAmps(): PhaseAmps {
    const atMs = this.#site.plant.elapsedMs;
    return this.#plan.steps
      .filter((step) => atMs >= step.atMs && atMs < step.untilMs)
      .reduce(
        (sum, { amps }) => addAmps(sum, amps),
        mapPhases(() => this.#plan.baseAmps),
      );
  }

  get #buildingWatts(): number {
    const [l1, l2, l3] = this.#buildingAmps;
    return (l1 + l2 + l3) * this.#plan.site.voltageVolts;
  }

  #isOverWatts({ id, limitWatts, phasorSum }: Circuit, nowMs: number): boolean {
    if (limitWatts === undefined || phasorSum === true) return false;
    const own = this.#watts(id, nowMs, true);
    const building = id === 'main' ? this.#buildingWatts : 0;
    const over = own + this.#watts(id, nowMs, false) + building - limitWatts;
    return Math.min(own, over) > WATTS_TOLERANCE;
  }

  #watchDemand(nowMs: number, elapsedMs: number): void {
    const rule = this.#plan.policy.demand;
    if (rule === undefined) return;
    const lengthMs = rule.minutes * 60_000;
    const wallMs = this.#site.clock.wallMs();
    const window = Math.floor(wallMs / lengthMs);
    // A window that was not seen from its beginning says nothing.
    if (window !== this.#demand.window) {
      const whole = wallMs - window * lengthMs <= elapsedMs;
      const lostAtMs = whole ? Number.POSITIVE_INFINITY : Number.NaN;
      this.#demand = { window, wh: 0, lostAtMs };
    }
    const own = this.#watts('main', nowMs, true);
    const others = this.#watts('main', nowMs, false) + this.#buildingWatts;
    const demand = this.#demand;
    demand.wh += ((own + others) * elapsedMs) / 3_600_000;
    const leftMs = (window + 1) * lengthMs - wallMs;
    const limitWh = (rule.limitWatts * lengthMs) / 3_600_000;
    const isLost = demand.wh + (others * leftMs) / 3_600_000 > limitWh + 1;
    if (isLost && demand.lostAtMs === Number.POSITIVE_INFINITY) demand.lostAtMs = nowMs;
    if (!isLost) demand.lostAtMs = Number.isNaN(demand.lostAtMs) ? Number.NaN : Infinity;
    if (nowMs - demand.lostAtMs > DEMAND_LAG_MS) {
      this.#beyondDemandWh += (own * elapsedMs) / 3_600_000;
    }
  }

  #watchStarts({ id }: ChargerSpec): void {
    const charger = this.#site.charger(id);
    const stay = charger.carAt(1);
    const known = this.#starts.get(id);
    const amps = charger.offeredAmps(1);
    if (known === undefined || known.stay !== stay) {
      // Who takes nothing of the least offer looks as if it slept: it is woken, too.
      const { sleeps = false, minAmps = LEAST_OFFER_AMPS } = stay?.model ?? {};
      const wakeUps = sleeps || minAmps > LEAST_OFFER_AMPS ? WAKE_UPS : 0;
      this.#starts.set(id, { stay, starts: 0, may: STARTS_MOST + wakeUps, amps });
      return;
    }
    if (this.#offline.delete(id)) known.may += 1;
    if (known.amps <= 0 && amps > 0 && isSteered(this.#plan, id)) known.starts += 1;
    known.amps = amps;
    this.#startsTooMany = Math.max(this.#startsTooMany, known.starts - known.may);
  }

  #wants(id: string): boolean {
    const charger = this.#site.charger(id);
    const car = charger.carAt(1);
    return charger.online && charger.hasSession(1) && car !== undefined && !car.full;
  }

  /** Beside everything that may be offered, told or kept free there is enough for one more. */
  #hasRoom(id: string): boolean {
    const { circuits, chargers } = this.#plan.site;
    const own = chargers.find((spec) => spec.id === id);
    if (own === undefined || this.#plan.policy.demand !== undefined) return false;
    const shown = new Map(this.#site.view().chargers.map((each) => [each.id, each]));
    const most = ({ id: other, maxAmps, fallbackAmps }: ChargerSpec): number => {
      if (!isSteered(this.#plan, other)) return maxAmps * 1.1 + 2;
      if (!this.#wants(other)) return fallbackAmps;
      return Math.max(shown.get(other)?.connectors[0]?.offerAmps ?? maxAmps, 0);
    };
    const building = this.#buildingAmps;
    return circuits.every(({ id: circuit, limitAmps, limitWatts, unbalanceAmps, phasorSum }) => {
      const below = this.#below(circuit);
      if (!below.includes(own)) return true;
      if (limitWatts !== undefined || unbalanceAmps !== undefined || phasorSum) return false;
      const used = below
        .filter((spec) => spec !== own)
        .reduce((sum, spec) => sum + most(spec), circuit === 'main' ? Math.max(...building) : 0);
      return used + START_AMPS <= Math.min(...limitAmps);
    });
  }
}
