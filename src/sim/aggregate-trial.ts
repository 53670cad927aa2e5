import type { Site } from '../core/site.ts';
import {
  type AggregateOptions,
  AggregateStation,
  type StationSettings,
} from '../gateway/aggregate/station.ts';
import { DialGate } from '../gateway/redial.ts';

/** A station in place of the chargers, and the numbers that the site file gives them. */
export interface AggregateTrial {
  readonly station: StationSettings;
  readonly first?: Readonly<Record<string, number>>;
  readonly passwords?: Readonly<Record<string, string>>;
}

type Around = Pick<
  AggregateOptions,
  'clock' | 'log' | 'random' | 'newId' | 'dialer' | 'store' | 'desk' | 'holds'
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
    url: 'ws://csms/ocpp',
    station: trial.station,
    passwords: new Map(Object.entries(trial.passwords ?? {})),
    outlets: site.chargers.map(({ id, connectors }) => {
      const first = trial.first?.[id];
      return { charger: id, outlets: connectors, ...(first === undefined ? {} : { first }) };
    }),
  });
