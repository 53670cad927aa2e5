import type { Demand } from './allocation/problem.ts';
import { unknownText } from './near-name.ts';
import type { ChargerSpec, Site } from './site.ts';
import { type ConnectorKey, connectorKey } from './tick.ts';

/** What somebody asked for one connector, besides what is configured. */
export interface Preference {
  readonly paused?: { readonly by: string; readonly untilMs: number };
  readonly priority?: {
    readonly weight?: number;
    readonly priorityClass?: number;
    readonly untilMs: number;
  };
  /** More than this is of no use to it now. */
  readonly wanted?: { readonly amps: number; readonly untilMs: number };
}

export type Preferences = ReadonlyMap<ConnectorKey, Preference>;
export const NO_PREFERENCES: Preferences = new Map();

/** A change asked for by an operator or an EMS; `connector` absent: all of the charger. */
export type PreferenceCommand = {
  readonly charger: string;
  readonly connector?: number;
  /** Absent: until it is changed. */
  readonly ttlSeconds?: number;
} & (
  | { readonly kind: 'pause'; readonly by: string }
  | { readonly kind: 'resume' }
  | { readonly kind: 'want'; readonly amps: number }
  | { readonly kind: 'priority'; readonly weight?: number; readonly priorityClass?: number }
);

export interface PreferenceAnswer {
  readonly accepted: boolean;
  readonly reason: string;
}

/** Takes or rejects a change. */
export const takePreference = (
  preferences: Preferences,
  site: Site,
  command: PreferenceCommand,
  nowMs: number,
): { readonly preferences: Preferences; readonly answer: PreferenceAnswer } => {
  const spec = site.chargers.find(({ id }) => id === command.charger);
  const problem = problemOf(spec, command, site);
  if (spec === undefined || problem !== undefined) {
    return { preferences, answer: { accepted: false, reason: problem ?? '' } };
  }
  const untilMs =
    command.ttlSeconds === undefined ? Number.POSITIVE_INFINITY : nowMs + command.ttlSeconds * 1000;
  const changed = new Map(preferences);
  for (const connector of connectorsOf(spec, command.connector)) {
    const key = connectorKey(spec.id, connector);
    changed.set(key, changedBy(changed.get(key) ?? {}, command, untilMs));
  }
  return { preferences: changed, answer: { accepted: true, reason: 'accepted' } };
};

/** Of a large site not all chargers are named in a problem. */
const KNOWN_SHOWN = 20;

const problemOf = (
  spec: ChargerSpec | undefined,
  { charger, connector }: PreferenceCommand,
  { chargers }: Site,
): string | undefined => {
  if (spec === undefined) {
    const known = chargers.map(({ id }) => id);
    return unknownText('charger', charger, known, KNOWN_SHOWN);
  }
  if (connector !== undefined && connector > spec.connectors) {
    return `${charger} has no connector ${connector}; it has 1 to ${spec.connectors}`;
  }
  return undefined;
};

const connectorsOf = (spec: ChargerSpec, connector: number | undefined): readonly number[] =>
  connector === undefined ? Array.from({ length: spec.connectors }, (_, i) => i + 1) : [connector];

const changedBy = (before: Preference, command: PreferenceCommand, untilMs: number): Preference => {
  switch (command.kind) {
    case 'pause':
      return { ...before, paused: { by: command.by, untilMs } };
    case 'resume': {
      const { paused: _over, ...kept } = before;
      return kept;
    }
    case 'want':
      return { ...before, wanted: { amps: command.amps, untilMs } };
    case 'priority': {
      const { weight, priorityClass } = command;
      return {
        ...before,
        priority: {
          untilMs,
          ...(weight === undefined ? {} : { weight }),
          ...(priorityClass === undefined ? {} : { priorityClass }),
        },
      };
    }
  }
};

type Ranked = Pick<Demand, 'id' | 'weight' | 'priorityClass' | 'minAmps' | 'maxAmps' | 'maxReason'>;

/** The demand of a connector as it was asked for. A pause only lowers; nothing here raises a limit. */
export const preferred = <T extends Ranked>(
  demand: T,
  preference: Preference | undefined,
  nowMs: number,
): T => {
  const { paused, priority, wanted } = preference ?? {};
  const ranked =
    priority === undefined || nowMs >= priority.untilMs
      ? demand
      : {
          ...demand,
          weight: priority.weight ?? demand.weight,
          priorityClass: priority.priorityClass ?? demand.priorityClass,
        };
  if (paused === undefined || nowMs >= paused.untilMs) return sated(ranked, wanted, nowMs);
  return {
    ...ranked,
    maxAmps: 0,
    maxReason: { kind: 'policy', id: demand.id, text: `paused by ${paused.by}` },
  };
};

/** What is of no use is left to others. */
const sated = <T extends Ranked>(demand: T, wanted: Preference['wanted'], nowMs: number): T => {
  if (wanted === undefined || nowMs >= wanted.untilMs || wanted.amps >= demand.maxAmps) {
    return demand;
  }
  const text = `wants ${Math.round(wanted.amps * 10) / 10} A`;
  return {
    ...demand,
    maxAmps: Math.max(demand.minAmps, wanted.amps),
    maxReason: { kind: 'car', id: demand.id, text },
  };
};
