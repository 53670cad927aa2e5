import { reservedOf } from './budget.ts';
import { offeredAmps } from './chargers/enforcement.ts';
import { circuitTicks, connectorsByCircuit } from './circuit-ticks.ts';
import { connectorTicks } from './connector-ticks.ts';
import type { Background } from './meters/background.ts';
import type { ConnectorKey, ConnectorTick, TickInput } from './tick.ts';
import { AMPS_EPSILON } from './units.ts';
import { book, roomFor, worstCaseLedger } from './worst-case-ledger.ts';

/** Who keeps the fallback where nobody's share can be worked out. */
export interface FallbackShares {
  /** Connectors in a transaction whose fallback has no room: they are to get nothing. */
  readonly paused: ReadonlySet<ConnectorKey>;
  /** The load of others as it is known now, for the cycle that comes next. */
  readonly background: ReadonlyMap<string, Background>;
}

/**
 * The fallbacks of all chargers fit below the fuses beside the load that was assumed, but not below
 * every limit from outside, nor beside every load. So they are given, without policy, turns or
 * steps, to one car after the other as far as the limits in force leave room beside the worst case
 * of everybody else: first to those that charge, then as the site lists them. Others get nothing.
 */
export const fallbackShares = (input: TickInput): FallbackShares => {
  const ticks = connectorTicks(input);
  const below = connectorsByCircuit(input, ticks);
  const { circuits, background } = circuitTicks(input, below);
  const reserved = reservedOf(input, below, circuits, []);
  const ledger = worstCaseLedger(input, [], circuits, reserved.amps);
  const charges = ({ enforcement, around }: ConnectorTick) => offeredAmps(enforcement, around) > 0;
  const steered = ticks.filter(({ role }) => role === 'shared');
  const paused = new Set<ConnectorKey>();
  for (const tick of [...steered.filter(charges), ...steered.filter((tick) => !charges(tick))]) {
    const { fallbackAmps } = tick.charger;
    const most = Math.min(roomFor(input, ledger, tick), tick.profileLimit?.amps ?? fallbackAmps);
    if (most >= fallbackAmps - AMPS_EPSILON) book(input, ledger, tick, fallbackAmps);
    else paused.add(tick.key);
  }
  return { paused, background };
};
