import {
  type Enforcement,
  NO_ENFORCEMENT,
  obedienceOf,
  offeredAmps,
  type Surroundings,
} from '../core/chargers/enforcement.ts';
import type { ChargerSpec } from '../core/site.ts';
import { type Command, type ConnectorKey, connectorKey } from '../core/tick.ts';
import { AMPS_EPSILON } from '../core/units.ts';
import type { Faults } from '../gateway/faults.ts';
import type { Orders, Steered } from './offers/enforcer.ts';
import type { SiteDraft } from './site-draft.ts';

/**
 * The decision in place of one that cannot be made: every offer above the fallback of its charger is
 * lowered to it, that of a `paused` connector to nothing, which is then renewed: left alone it would
 * rise to the fallback. Otherwise it follows from what is in force alone, not from meters, limits or
 * shares, so it is safe whatever is wrong with those: nothing is ever raised or renewed above the
 * fallback, for which the fuses have room at any time.
 */
export const failsafeOrders = (
  draft: SiteDraft,
  chargers: readonly ChargerSpec[],
  nowMs: number,
  faults: Faults,
  paused: ReadonlySet<ConnectorKey> = NOBODY,
): Orders => {
  // Whatever keeps one of them from being told keeps no other from it.
  const orders = chargers.flatMap((spec) => {
    const own = () => ordersFor(draft, spec, nowMs, paused);
    return faults.contain(`fallback of ${spec.id}`, own) ?? [];
  });
  return {
    connectors: orders.map(({ tick }) => ({ tick })),
    commands: orders.flatMap(({ commands }) => commands),
  };
};

const NOBODY: ReadonlySet<ConnectorKey> = new Set();

const ordersFor = (
  draft: SiteDraft,
  spec: ChargerSpec,
  nowMs: number,
  paused: ReadonlySet<ConnectorKey>,
) =>
  steered(draft, spec, nowMs).map((tick) => {
    const e = draft.enforcement(tick.key) ?? NO_ENFORCEMENT;
    const open = tick.around.online && e.pending === undefined && nowMs >= e.retryAtMs;
    if (!open) return { tick, commands: [] };
    const commands = paused.has(tick.key) ? pause(tick, e, nowMs) : fallback(tick, e);
    return { tick, commands };
  });

const steered = (draft: SiteDraft, spec: ChargerSpec, nowMs: number): readonly Steered[] => {
  const charger = draft.charger(spec.id);
  if (charger === undefined) return [];
  const fallbackAmps = draft.fallbacks.has(spec.id) ? spec.fallbackAmps : undefined;
  return [...charger.connectors.values()].map((state): Steered => {
    const key = connectorKey(spec.id, state.connector);
    const around: Surroundings = {
      nowMs,
      online: charger.online,
      inTransaction: state.transaction !== undefined,
      fallbackAmps,
      maxAmps: spec.maxAmps,
      measuredAmps: undefined,
      measuredAtMs: undefined,
    };
    const enforcement = draft.enforcement(key);
    const obedience = enforcement === undefined ? 'idle' : obedienceOf(enforcement, around);
    return { key, charger: spec, connector: state.connector, state, around, obedience };
  });
};

const fallback = (tick: Steered, e: Enforcement): readonly Command[] => {
  const { fallbackAmps } = tick.charger;
  const above = offeredAmps(e, tick.around) > fallbackAmps + AMPS_EPSILON;
  return above ? toldTo(tick, fallbackAmps, 'reduce') : [];
};

const pause = (tick: Steered, e: Enforcement, nowMs: number): readonly Command[] => {
  if (offeredAmps(e, tick.around) > AMPS_EPSILON) return toldTo(tick, 0, 'reduce');
  const { sentAtMs = nowMs, endsAtMs = Number.POSITIVE_INFINITY } = e.accepted ?? {};
  return nowMs - sentAtMs >= (endsAtMs - sentAtMs) / 2 ? toldTo(tick, 0, 'renew') : [];
};

const toldTo = (
  { key, charger, connector, state }: Steered,
  amps: number,
  kind: Command['kind'],
): readonly Command[] => {
  if (state.transaction === undefined) return [];
  const { id: transactionId } = state.transaction;
  return [{ key, charger: charger.id, connector, transactionId, amps, kind }];
};
