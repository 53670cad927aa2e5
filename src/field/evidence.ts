import type { Log } from '../core/log.ts';
import type { EmsSourceSpec, Site } from '../core/site.ts';
import { MINUTE_MS, timestamp } from '../core/time.ts';
import type { Evidence, EvidenceMinute } from '../schema/evidence.ts';
import type { LimitView, SiteView } from '../schema/view.ts';

/** Where records are kept. */
export interface EvidenceStore {
  save(record: Evidence): Promise<void>;
}

/** Within so much of the limit counts as within it: meters and cars are not exact. */
const EFFECT_SHARE = 1.02;
/** A longer case goes on in a record of its own. */
const MINUTES_MOST = 1_440;
const ORDERS_MOST = 1_000;

interface Means {
  readonly minute: string;
  count: number;
  circuitWatts: number;
  circuitCount: number;
  chargersWatts: number;
  offeredWatts: number;
}

interface OpenCase {
  readonly record: Evidence;
  means: Means | undefined;
}

/**
 * Keeps a record of every case in which a source dims: command, time, effect and a minute trace.
 * Saved with every minute and change, so that a power cut costs one minute at most.
 */
export class EvidenceRecorder {
  readonly #site: Site;
  readonly #store: EvidenceStore;
  readonly #log: Log;
  readonly #sources: readonly (EmsSourceSpec & { readonly dimmingFloorWatts: number })[];
  readonly #open = new Map<string, OpenCase>();
  /** Records are saved one after the other: an older state must not overwrite a newer one. */
  #saving: Promise<void> = Promise.resolve();

  constructor(site: Site, store: EvidenceStore, log: Log) {
    this.#site = site;
    this.#store = store;
    this.#log = log;
    this.#sources = site.emsSources.flatMap((spec) =>
      spec.dimmingFloorWatts === undefined
        ? []
        : [{ ...spec, dimmingFloorWatts: spec.dimmingFloorWatts }],
    );
  }

  /** Looks at every finished tick. */
  take(view: SiteView): void {
    for (const source of this.#sources) {
      const limit = view.limits.find((each) => each.source === source.id);
      const limits = limit !== undefined && (limit.amps !== null || limit.watts !== null);
      if (limits) this.#during(source, limit, view);
      else this.#end(source.id, view.at);
    }
  }

  /** The program ends; the cases go on in new records when it is back. */
  async close(at: string): Promise<void> {
    await Promise.all([...this.#open.keys()].map((source) => this.#end(source, at)));
    await this.#saving;
  }

  #during(
    source: EmsSourceSpec & { readonly dimmingFloorWatts: number },
    limit: LimitView,
    view: SiteView,
  ): void {
    const open = this.#open.get(source.id) ?? this.#begin(source, view);
    const ordered = this.#order(open, limit, view.at);
    const power = powerOf(this.#site, source.circuit, view);
    const minute = this.#mean(open, limit, view.at, power);
    const effect = this.#effect(open, limit, view.at, power);
    if (ordered || minute || effect) void this.#save(open.record);
    if (open.record.minutes.length >= MINUTES_MOST || open.record.orders.length >= ORDERS_MOST) {
      void this.#end(source.id, view.at);
    }
  }

  #begin(
    { id, circuit, dimmingFloorWatts }: EmsSourceSpec & { readonly dimmingFloorWatts: number },
    { at, id: site }: SiteView,
  ): OpenCase {
    const open: OpenCase = {
      record: {
        version: 1,
        id: `${at.replace(/[:.]/g, '-')}_${id}`,
        site,
        source: id,
        circuit,
        begunAt: at,
        endedAt: null,
        effectAt: null,
        floorWatts: dimmingFloorWatts,
        belowFloor: false,
        orders: [],
        minutes: [],
      },
      means: undefined,
    };
    this.#open.set(id, open);
    return open;
  }

  #order({ record }: OpenCase, { state, watts, amps, reason }: LimitView, at: string): boolean {
    const last = record.orders.at(-1);
    const order = { at, state, watts, amps, reason };
    if (last !== undefined) {
      const { effectAt: _met, ...said } = last;
      if (same({ ...said, at }, order)) return false;
    }
    record.orders.push(order);
    if (watts !== null && watts < record.floorWatts) record.belowFloor = true;
    return true;
  }

  /** True when a minute is complete. */
  #mean(open: OpenCase, limit: LimitView, at: string, power: Power): boolean {
    const minute = `${at.slice(0, 16)}:00.000Z`;
    const finished = open.means !== undefined && open.means.minute !== minute;
    if (open.means !== undefined && finished) {
      open.record.minutes.push(minuteOf(open.means, limit));
      open.means = undefined;
    }
    open.means ??= {
      minute,
      count: 0,
      circuitWatts: 0,
      circuitCount: 0,
      chargersWatts: 0,
      offeredWatts: 0,
    };
    const { means } = open;
    means.count += 1;
    means.chargersWatts += power.chargersWatts;
    means.offeredWatts += power.offeredWatts;
    if (power.circuitWatts !== undefined) {
      means.circuitWatts += power.circuitWatts;
      means.circuitCount += 1;
    }
    return finished;
  }

  #effect({ record }: OpenCase, limit: LimitView, at: string, power: Power): boolean {
    const order = record.orders.at(-1);
    if (order === undefined || order.effectAt !== undefined) return false;
    const watts = power.circuitWatts ?? power.chargersWatts;
    if (watts > limitWatts(limit, this.#site.voltageVolts) * EFFECT_SHARE) return false;
    order.effectAt = at;
    record.effectAt ??= at;
    return true;
  }

  async #end(source: string, at: string): Promise<void> {
    const open = this.#open.get(source);
    if (open === undefined) return;
    this.#open.delete(source);
    open.record.endedAt = at;
    if (open.means !== undefined) open.record.minutes.push(minuteOf(open.means, undefined));
    await this.#save(open.record);
  }

  #save(record: Evidence): Promise<void> {
    const state = structuredClone(record);
    this.#saving = this.#saving
      .then(() => this.#store.save(state))
      .catch((error: unknown) => {
        this.#log.error('evidence not saved', { case: state.id, problem: String(error) });
      });
    return this.#saving;
  }
}

/** A case that the run before left open, closed with the last that is known of it. */
export const closeCutOff = (record: Evidence): Evidence => {
  const { begunAt, orders, minutes } = record;
  const times = [begunAt, ...orders.flatMap(({ at, effectAt = at }) => [at, effectAt])];
  const lastMs = Math.max(
    ...times.map((at) => Date.parse(at)),
    ...minutes.map(({ at }) => Date.parse(at) + MINUTE_MS),
  );
  return { ...record, endedAt: timestamp(lastMs), cutOff: true };
};

interface Power {
  readonly circuitWatts: number | undefined;
  readonly chargersWatts: number;
  readonly offeredWatts: number;
}

/** Power of a circuit and of the chargers on it and on circuits below. */
const powerOf = ({ circuits, voltageVolts }: Site, circuit: string, view: SiteView): Power => {
  const below = new Set([circuit]);
  for (const { id, parent } of circuits)
    if (parent !== undefined && below.has(parent)) below.add(id);
  const measured = view.circuits.find(({ id }) => id === circuit)?.measuredAmps ?? undefined;
  let chargersWatts = 0;
  let offeredWatts = 0;
  for (const charger of view.chargers.filter((each) => below.has(each.circuit))) {
    for (const { watts, drawAmps, offerAmps, phases } of charger.connectors) {
      chargersWatts += watts ?? sum(drawAmps ?? []) * voltageVolts;
      offeredWatts += offerAmps * phases.length * voltageVolts;
    }
  }
  const circuitWatts = measured && sum(measured) * voltageVolts;
  return { circuitWatts, chargersWatts, offeredWatts };
};

const limitWatts = ({ watts, amps }: LimitView, volts: number): number =>
  Math.min(watts ?? Number.POSITIVE_INFINITY, amps === null ? Infinity : sum(amps) * volts);

const minuteOf = (means: Means, limit: LimitView | undefined): EvidenceMinute => ({
  at: means.minute,
  limitWatts: limit?.watts ?? null,
  limitAmps: limit?.amps ?? null,
  circuitWatts:
    means.circuitCount === 0 ? null : Math.round(means.circuitWatts / means.circuitCount),
  chargersWatts: Math.round(means.chargersWatts / means.count),
  offeredWatts: Math.round(means.offeredWatts / means.count),
});

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
