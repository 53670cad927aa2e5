import { newCharger } from './chargers/charger-fold.ts';
import type { ChargerState } from './chargers/charger-state.ts';
import {
  type Enforcement,
  NO_ENFORCEMENT,
  offeredAmps,
  tolerated,
} from './chargers/enforcement.ts';
import type { ChargerSpec } from './site.ts';
import {
  type ConnectorKey,
  chargerOfKey,
  connectorKey,
  type Decision,
  type TickInput,
} from './tick.ts';

/**
 * The snapshot without what is known of some chargers, for a cycle that fails with it: they are taken
 * for silent. So each of their connectors is in the books at what it may draw by the offers that it
 * holds, or at its fallback once they have ended; at its rating where that is not proven, where it was
 * seen to draw more than that, or where what it holds cannot be read either. None of them is steered.
 */
export const withAside = (input: TickInput, aside: ReadonlySet<string>): TickInput => {
  if (aside.size === 0) return input;
  const chargers = new Map(input.chargers);
  const enforcement = new Map(input.enforcement);
  const keys = new Set<ConnectorKey>();
  for (const spec of input.site.chargers) {
    if (!aside.has(spec.id)) continue;
    const known = input.chargers.get(spec.id);
    const plain = silent(input, spec);
    chargers.set(spec.id, plain);
    for (const connector of plain.connectors.keys()) {
      const key = connectorKey(spec.id, connector);
      keys.add(key);
      enforcement.set(key, worstOf(input, spec, known, connector));
    }
  }
  const kept = <Value>(all: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> =>
    new Map([...all].filter(([key]) => !keys.has(key) && !aside.has(key)));
  const { connectors, stations } = input.profiles;
  return {
    ...input,
    chargers,
    enforcement,
    profiles: { connectors: kept(connectors), stations: kept(stations) },
    preferences: kept(input.preferences),
    wishes: kept(input.wishes),
    clocksAheadMs: saneClocks(input, aside),
    turns: kept(input.turns),
    learned: kept(input.learned),
    wiring: kept(input.wiring),
    meterEvidence: kept(input.meterEvidence),
    phaseUse: kept(input.phaseUse),
    wakeUps: kept(input.wakeUps),
    defiances: kept(input.defiances),
  };
};

/**
 * The decision with what was known of those who were left out of it: their turns, and what was learned
 * of their cars, are there when they are back.
 */
export const withKnown = (
  decision: Decision,
  input: TickInput,
  aside: ReadonlySet<string>,
): Decision => {
  if (aside.size === 0) return decision;
  const known = <Value>(
    decided: ReadonlyMap<string, Value>,
    before: ReadonlyMap<string, Value>,
  ): ReadonlyMap<string, Value> =>
    new Map([...decided, ...[...before].filter(([key]) => aside.has(chargerOfKey(key)))]);
  const { carried } = decision;
  return {
    ...decision,
    carried: {
      ...carried,
      turns: known(carried.turns, input.turns),
      learned: known(carried.learned, input.learned),
      wiring: known(carried.wiring, input.wiring),
      wakeUps: known(carried.wakeUps, input.wakeUps),
      defiances: known(carried.defiances, input.defiances),
    },
  };
};

/** With every connector that was ever heard of: each is in the books. */
const silent = (input: TickInput, { id, connectors }: ChargerSpec): ChargerState => {
  const prefix = connectorKey(id, 0).slice(0, -1);
  const numbers = [...input.enforcement.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => Number(key.slice(prefix.length)))
    .filter((number) => Number.isSafeInteger(number));
  const known = readable(() => [...(input.chargers.get(id)?.connectors.keys() ?? [])]) ?? [];
  return newCharger(id, Math.max(connectors, ...numbers, ...known), input.nowMs);
};

/** What a connector holds; in force at its rating where that cannot be relied on. */
const worstOf = (
  input: TickInput,
  spec: ChargerSpec,
  charger: ChargerState | undefined,
  connector: number,
): Enforcement =>
  readable(() => {
    const held = input.enforcement.get(connectorKey(spec.id, connector)) ?? NO_ENFORCEMENT;
    const drawnAmps = charger?.connectors.get(connector)?.terminalAmps ?? [];
    const offeredMost = Math.max(offered(input, spec, held), ...held.recent.map((e) => e.amps));
    const most = Math.max(offeredMost, held.pending?.amps ?? 0);
    const ends = [held.accepted?.endsAtMs, held.pending?.endsAtMs, held.doubtful?.untilMs];
    // Of NaN nothing is ever less.
    const sane = Math.max(0, ...drawnAmps) <= tolerated(most) && !ends.some(Number.isNaN);
    return sane ? held : undefined;
  }) ?? {
    ...NO_ENFORCEMENT,
    doubtful: { amps: spec.maxAmps, untilMs: Number.POSITIVE_INFINITY },
  };

const offered = ({ nowMs, fallbackProven }: TickInput, spec: ChargerSpec, held: Enforcement) =>
  offeredAmps(held, {
    nowMs,
    online: false,
    inTransaction: true,
    fallbackAmps: fallbackProven.has(spec.id) ? spec.fallbackAmps : undefined,
    maxAmps: spec.maxAmps,
    measuredAmps: undefined,
    measuredAtMs: undefined,
  });

/** A clock that is behind lengthens offers: that is kept, where it can be reckoned with. */
const saneClocks = (
  { clocksAheadMs }: TickInput,
  aside: ReadonlySet<string>,
): TickInput['clocksAheadMs'] =>
  new Map([...clocksAheadMs].filter(([id, ms]) => !aside.has(id) || Number.isFinite(ms)));

/** Nothing of such a charger is sure to be as it should be. */
const readable = <Value>(read: () => Value): Value | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
