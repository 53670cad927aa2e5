import { defies } from '../core/chargers/enforcement.ts';
import { type Overloads, overloadsAfter, pressing } from '../core/emergency.ts';
import type { Log } from '../core/log.ts';
import type { ConnectorKey, ConnectorTick, Cycle } from '../core/tick.ts';
import type { Clock } from '../core/time.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import type { OcppVersion } from '../ocpp/version.ts';

/** A stop that was not followed is asked for again after this long. */
const AGAIN_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/**
 * The last step against a charger that draws more than it is offered or refuses its limit: its
 * transaction is stopped. It costs a driver the charge, so only where the operator asked for it, or
 * where a fuse that is over its current for seconds would else cost everybody theirs.
 */
export class RemoteStop {
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Absent: never. */
  readonly #afterMs: number | undefined;
  /** Since when a connector has not been obedient, and when it may be stopped (again). */
  readonly #disobedient = new Map<
    ConnectorKey,
    { readonly transactionId: string; dueMs: number }
  >();
  readonly #defended = new Map<
    ConnectorKey,
    { readonly transactionId: string; readonly againMs: number }
  >();
  #overloads: Overloads = new Map();
  stops = 0;

  constructor(options: {
    calls: ChargerCalls;
    clock: Clock;
    log: Log;
    afterSeconds: number | undefined;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#afterMs = options.afterSeconds === undefined ? undefined : options.afterSeconds * 1000;
  }

  watch(
    { input: { site, tree }, decision: { connectors, circuits } }: Cycle,
    versionOf: (charger: string) => OcppVersion | undefined,
  ): void {
    const nowMs = this.#clock.monotonicMs();
    this.#overloads = overloadsAfter(this.#overloads, circuits, site.circuits, nowMs);
    const over = pressing(this.#overloads);
    for (const { tick } of connectors) {
      const version = versionOf(tick.charger.id);
      const above = tree.paths[tick.circuit] ?? [];
      const presses = above.some((index) => over.has(site.circuits[index]?.id ?? ''));
      if (presses) this.#defend(tick, version);
      if (this.#afterMs !== undefined) this.#look(tick, this.#afterMs, version);
    }
  }

  /** At once, whoever keeps drawing what it was told not to. */
  #defend(tick: ConnectorTick, version: OcppVersion | undefined): void {
    const id = tick.state.transaction?.id;
    if (id === undefined || version === undefined || !defies(tick.enforcement, tick.around)) return;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#defended.get(tick.key);
    if (known?.transactionId === id && nowMs < known.againMs) return;
    this.#defended.set(tick.key, { transactionId: id, againMs: nowMs + AGAIN_MS });
    this.#stop(tick.charger.id, id, version, 'overdrawing while a fuse is over its current');
  }

  #look(tick: ConnectorTick, afterMs: number, version: OcppVersion | undefined): void {
    const { key, obedience, state } = tick;
    const id = state.transaction?.id;
    const known = this.#disobedient.get(key);
    const another = known !== undefined && known.transactionId !== id;
    if (another || obedience === 'confirmed') this.#disobedient.delete(key);
    if (id === undefined || version === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#disobedient.get(key);
    if (obedience !== 'overdrawing' && obedience !== 'refused') return;
    if (entry === undefined) {
      this.#disobedient.set(key, { transactionId: id, dueMs: nowMs + afterMs });
      return;
    }
    if (nowMs < entry.dueMs) return;
    entry.dueMs = nowMs + AGAIN_MS;
    this.#stop(tick.charger.id, id, version, obedience);
  }

  #stop(charger: string, id: string, version: OcppVersion, obedience: string): void {
    this.stops += 1;
    this.#log.warn('transaction stopped: its limit is not kept', { charger, obedience });
    const call =
      version === '1.6'
        ? { action: 'RemoteStopTransaction', payload: { transactionId: Number(id) } }
        : { action: 'RequestStopTransaction', payload: { transactionId: id } };
    const own = { ...call, priority: 'safety', timeoutMs: STOP_TIMEOUT_MS } as const;
    this.#calls.call(charger, own, () => {});
  }
}
