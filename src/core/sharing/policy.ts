import type { Objective } from '../allocation/problem.ts';

/**
 * How power is shared, as data (see policies/). A policy weighs and orders cars and tightens limits;
 * nothing in it can lift a limit.
 */
export interface Policy {
  readonly id: string;
  /** fair: weighted max-min. throughput: most useful power. in-order: each all it can take. */
  readonly objective: Objective;
  /** need: shares and turns follow what cars need until they depart, where that is known. */
  readonly weight: 'equal' | 'need';
  /** Who is on when not everybody can have the minimum. */
  readonly order: 'turns' | 'first-come';
  readonly classes: readonly PolicyClass[];
  readonly windows: readonly PolicyWindow[];
  readonly surplus?: SurplusRule;
  readonly demand?: DemandRule;
  readonly dimming?: DimmingRule;
}

/** A time of day in the zone of the site in which a limit holds, or cars that have time wait. */
export interface PolicyWindow {
  readonly id: string;
  /** 0 is Monday. A window that runs past midnight belongs to the day on which it begins. */
  readonly days: readonly number[];
  /** Minutes of the day on the local clock; `to` <= `from` runs past midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** The root when absent. */
  readonly circuit?: string;
  readonly limitAmps?: number;
  readonly limitWatts?: number;
  /** Cars known to need less than `calmBelow` of their full power get this at most. */
  readonly calmAmps?: number;
  readonly calmBelow: number;
}

/** Cars charge from what would be exported, as told by the meter of the root circuit. */
export interface SurplusRule {
  /** Left over for a battery or as a margin. */
  readonly reserveWatts: number;
  readonly startSeconds: number;
  readonly stopSeconds: number;
  /** Cars always have their minimum; only what is above it follows the sun. */
  readonly minimumAlways: boolean;
  /** A car that needs this share of its full power to be ready in time no longer waits. */
  readonly urgentFrom: number;
}

/** The mean power of each clock-aligned window stays below a limit (demand charge). */
export interface DemandRule {
  /** The root when absent. Needs a meter. */
  readonly circuit?: string;
  readonly minutes: number;
  readonly limitWatts: number;
}

/** Dimming by the grid operator (EnWG §14a): a limit for the chargers, not for the whole house. */
export interface DimmingRule {
  /** EMS source through which the operator speaks. */
  readonly source: string;
  /** Controllable devices behind the connection; every connector of the site when absent. */
  readonly devices?: number;
}

/** Cars that come before others. The first class that names a car counts. */
export interface PolicyClass {
  readonly id: string;
  /** Higher is admitted first; 0 is everybody else. */
  readonly priority: number;
  /** Multiplies the share. */
  readonly weight: number;
  readonly chargers: readonly string[];
  readonly idTags: readonly string[];
}

export const DEFAULT_POLICY: Policy = {
  id: 'need-weighted',
  objective: 'fair',
  weight: 'need',
  order: 'turns',
  classes: [],
  windows: [],
};

const EVERYBODY: Pick<PolicyClass, 'id' | 'priority' | 'weight'> = {
  id: 'everybody',
  priority: 0,
  weight: 1,
};

/** The class of a car, by its charger or by the tag that it was started with. */
export const classOf = (
  { classes }: Policy,
  charger: string,
  idTag: string | undefined,
): Pick<PolicyClass, 'id' | 'priority' | 'weight'> =>
  classes.find(
    ({ chargers, idTags }) =>
      chargers.includes(charger) || (idTag !== undefined && idTags.includes(idTag)),
  ) ?? EVERYBODY;

/**
 * Several policies at once: weights and order of the first one that says anything but the default,
 * every class and every limit of all of them. So adding one can only tighten or weigh.
 */
export const combined = (policies: readonly Policy[]): Policy => {
  const [first = DEFAULT_POLICY] = policies;
  const chosen = <K extends 'objective' | 'weight' | 'order'>(key: K): Policy[K] =>
    policies.find((policy) => policy[key] !== DEFAULT_POLICY[key])?.[key] ?? first[key];
  const surplus = policies.find((policy) => policy.surplus)?.surplus;
  const demand = policies.find((policy) => policy.demand)?.demand;
  const dimming = policies.find((policy) => policy.dimming)?.dimming;
  return {
    id: policies.map(({ id }) => id).join(' + ') || first.id,
    objective: chosen('objective'),
    weight: chosen('weight'),
    order: chosen('order'),
    classes: policies.flatMap(({ classes }) => classes),
    windows: policies.flatMap(({ windows }) => windows),
    ...(surplus === undefined ? {} : { surplus }),
    ...(demand === undefined ? {} : { demand }),
    ...(dimming === undefined ? {} : { dimming }),
  };
};
