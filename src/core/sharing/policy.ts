/**
 * How power is shared, as data (see policies/). A policy weighs and orders cars and tightens limits;
 * nothing in it can lift a limit.
 */
export interface Policy {
  readonly id: string;
  /** fair: weighted max-min. throughput: most useful power. in-order: each all it can take. */
  readonly objective: 'fair' | 'throughput' | 'in-order';
  /** need: shares and turns follow what cars need until they depart, where that is known. */
  readonly weight: 'equal' | 'need';
  /** Who is on when not everybody can have the minimum. */
  readonly order: 'turns' | 'first-come';
  readonly classes: readonly PolicyClass[];
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
