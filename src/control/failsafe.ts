import {
  type Enforcement,
  obedienceOf,
  offeredAmps,
  type Surroundings,
} from '../core/chargers/enforcement.ts';
import type { ChargerSpec } from '../core/site.ts';
import { type Command, connectorKey } from '../core/tick.ts';
import { AMPS_EPSILON } from '../core/units.ts';
import type { Faults } from '../gateway/faults.ts';
import type { Orders, Steered } from './offers/enforcer.ts';
import type { SiteDraft } from './site-draft.ts';

/**
 * The decision in place of one that cannot be made: every offer above the fallback of its charger is
 * lowered to it. It follows from what is in force alone, not from meters, limits or shares, so it is
 * safe whatever is wrong with those: nothing is ever raised or renewed above the fallback, for which
 * the site has room at any time.
 */
export const failsafeOrders = (
  draft: SiteDraft,
  chargers: readonly ChargerSpec[],
  nowMs: number,
  faults: Faults,
): Orders => {
  // Whatever keeps one of them from being told keeps no other from it.
  const orders = chargers.flatMap((spec) => {
    const own = () => ordersFor(draft, spec, nowMs);
    return faults.contain(`fallback of ${spec.id}`, own) ?? [];
  });
  return {
    connectors: orders.map(({ tick }) => ({ tick })),
    commands: orders.flatMap(({ commands }) => commands),
  };
};

const ordersFor = (draft: SiteDraft, spec: ChargerSpec, nowMs: number) =>
  steered(draft, spec, nowMs).map((tick) => {
    const e = draft.enforcement(tick.key);
    return { tick, commands: e === undefined ? [] : fallback(tick, e, nowMs) };
  });

const steered = (draft: SiteDraft, spec: ChargerSpec, nowMs: number): readonly Steered[] => {
  const charger = draft.charger(spec.id);
  if (charger === undefined) return [];
  const fallbackAmps = draft.hasProvenFallback(spec.id) ? spec.fallbackAmps : undefined;
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

const fallback = (tick: Steered, e: Enforcement, nowMs: number): readonly Command[] => {
  const { key, charger, connector, state, around } = tick;
  const { transaction } = state;
  if (!around.online || transaction === undefined) return [];
  if (e.pending !== undefined || nowMs < e.retryAtMs) return [];
  if (offeredAmps(e, around) <= charger.fallbackAmps + AMPS_EPSILON) return [];
  const amps = charger.fallbackAmps;
  const { id: transactionId } = transaction;
  return [{ key, charger: charger.id, connector, transactionId, amps, kind: 'reduce' }];
};
