import type { Site } from '../../core/site.ts';
import type { AccessRule } from '../../gateway/access-rules.ts';
import { AggregateStation } from '../../gateway/aggregate/station.ts';
import type { AggregateOptions, StationSettings } from '../../gateway/aggregate/station-options.ts';
import { DialGate } from '../../gateway/redial.ts';

export const CSMS_URL = 'ws://csms/ocpp';

/** A station in place of the chargers, and the numbers that the site file gives them. */
export interface AggregateTrial {
  readonly station: StationSettings;
  readonly first?: Readonly<Record<string, number>>;
  readonly passwords?: Readonly<Record<string, string>>;
  /** What the CSMS may ask the station. */
  readonly rules?: readonly AccessRule[];
}

type Around = Pick<
  AggregateOptions,
  | 'clock'
  | 'log'
  | 'random'
  | 'newId'
  | 'dialer'
  | 'store'
  | 'desk'
  | 'holds'
  | 'refusal'
  | 'keptProfiles'
> & {
  readonly gate: DialGate | undefined;
};

export const openAggregate = (
  trial: AggregateTrial,
  site: Site,
  around: Around,
): Promise<AggregateStation> =>
  AggregateStation.open({
    ...around,
    gate: around.gate ?? new DialGate(),
    url: CSMS_URL,
    station: trial.station,
    passwords: new Map(Object.entries(trial.passwords ?? {})),
    outlets: site.chargers.map(({ id, connectors }) => {
      const first = trial.first?.[id];
      return { charger: id, outlets: connectors, ...(first === undefined ? {} : { first }) };
    }),
  });
