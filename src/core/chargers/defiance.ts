import type { Reason } from '../reason.ts';
import type { ConnectorKey, ConnectorTick, TickInput } from '../tick.ts';

/**
 * Some chargers obey up to some current and not above it. Raised, they disobey; reduced, they obey and
 * would be raised again: a swing of a minute, for hours. So who took more than it was just raised to
 * stays for a time at what it obeyed last. Another car, or a boot of the charger, begins anew.
 */
export interface Defiance {
  /** The stay that it belongs to. */
  readonly stay: string;
  /** The raise that was not obeyed, by the time of the change; and how often one was not. */
  readonly raisedAtMs: number;
  readonly times: number;
  /** The offer before it, which was obeyed. */
  readonly obeyedAmps: number;
  /** More than that is tried again then. */
  readonly untilMs: number;
}
export type Defiances = ReadonlyMap<ConnectorKey, Defiance>;

/** It may have been a slip: the first bound is short, and each that follows twice as long. */
const DEFIED_FIRST_MS = 15 * 60_000;
const DEFIED_MOST_MS = 4 * 3_600_000;

/** What is known after this tick. */
export const defiancesAfter = (input: TickInput, ticks: readonly ConnectorTick[]): Defiances => {
  const after = new Map<ConnectorKey, Defiance>();
  for (const tick of ticks) {
    const next = defianceAfter(knownOf(input, tick), tick, input.nowMs);
    if (next !== undefined) after.set(tick.key, next);
  }
  return after;
};

const knownOf = ({ defiances }: TickInput, { key, state }: ConnectorTick): Defiance | undefined => {
  const known = defiances.get(key);
  return known?.stay === state.transaction?.id ? known : undefined;
};

const defianceAfter = (
  known: Defiance | undefined,
  { state, enforcement: { changed }, obedience }: ConnectorTick,
  nowMs: number,
): Defiance | undefined => {
  const stay = state.transaction?.id;
  if (stay === undefined || changed === undefined) return known;
  // Who does not follow when it gets less disobeys at any current.
  const defies = obedience === 'overdrawing' && changed.toAmps > changed.fromAmps;
  if (!defies || known?.raisedAtMs === changed.atMs) return known;
  const times = (known?.times ?? 0) + 1;
  const forMs = boundMs(times);
  const obeyedAmps = Math.min(known?.obeyedAmps ?? Number.POSITIVE_INFINITY, changed.fromAmps);
  return { stay, raisedAtMs: changed.atMs, times, obeyedAmps, untilMs: nowMs + forMs };
};

const boundMs = (times: number): number =>
  Math.min(DEFIED_FIRST_MS * 2 ** (times - 1), DEFIED_MOST_MS);

/** Most that it is offered now because of that, and why; undefined: no bound. */
export const obeyedMost = (
  input: TickInput,
  tick: ConnectorTick,
  minAmps: number,
): { readonly maxAmps: number; readonly maxReason: Reason } | undefined => {
  const known = knownOf(input, tick);
  if (known === undefined || input.nowMs >= known.untilMs) return undefined;
  const maxAmps = Math.max(known.obeyedAmps, minAmps);
  const minutes = boundMs(known.times) / 60_000;
  const text = `took more than it was raised to: no more than ${maxAmps} A for ${minutes} min`;
  return { maxAmps, maxReason: { kind: 'charger', id: tick.charger.id, text } };
};
