import { toldPhases, toldVolts } from '../core/chargers/told-limit.ts';
import { UNKNOWN_PHASE } from '../core/meters/site-phases.ts';
import type { ChargerSpec } from '../core/site.ts';
import type { StationVariable } from '../ocpp/station/variables.ts';
import type { ConnectorView, SiteView } from '../schema/view.ts';

/** An EVSE of the station, and the connector (1.6) or EVSE (2.x) of a charger that it is. */
export interface StationOutlet {
  readonly number: number;
  readonly charger: string;
  readonly local: number;
}

/** What is known of one EVSE; of a charger that has left the site nothing but its number is. */
interface OutletFacts {
  readonly spec: ChargerSpec | undefined;
  readonly online: boolean;
  readonly connector: ConnectorView | undefined;
  readonly volts: number;
}

export const AVAILABILITY = 'Available,Occupied,Reserved,Unavailable,Faulted';
const STATES: Readonly<Record<string, string>> = {
  available: 'Available',
  preparing: 'Occupied',
  charging: 'Occupied',
  'suspended-ev': 'Occupied',
  'suspended-evse': 'Occupied',
  finishing: 'Occupied',
  reserved: 'Reserved',
  faulted: 'Faulted',
};

const stateOf = ({ online, connector }: OutletFacts): string =>
  (online ? STATES[connector?.status ?? ''] : undefined) ?? 'Unavailable';
/** The plug of a DC charger has no alternating phases. */
const phasesOf = ({ spec }: OutletFacts): string =>
  spec === undefined ? '' : String(spec.dcEfficiency === undefined ? toldPhases(spec) : 0);
const mostWatts = ({ spec, volts }: OutletFacts): number | undefined =>
  spec && Math.round(spec.maxAmps * toldPhases(spec) * toldVolts(spec, volts));

interface Row extends Pick<StationVariable, 'variable' | 'type' | 'unit' | 'values'> {
  readonly read: (facts: OutletFacts) => string;
  readonly most?: (facts: OutletFacts) => number | undefined;
}

const ON_BOTH: readonly Row[] = [
  { variable: 'AvailabilityState', type: 'OptionList', values: AVAILABILITY, read: stateOf },
  { variable: 'Available', type: 'boolean', read: ({ spec }) => String(spec !== undefined) },
  { variable: 'SupplyPhases', type: 'integer', read: phasesOf },
];
const OF_EVSE: readonly Row[] = [
  ...ON_BOTH,
  {
    variable: 'Power',
    type: 'decimal',
    unit: 'W',
    read: ({ connector, online }) => (online ? String(connector?.watts ?? '') : ''),
    most: mostWatts,
  },
];
const OF_CONNECTOR: readonly Row[] = [
  ...ON_BOTH,
  // No charger tells its plug to a controller; the standard has this word for it.
  { variable: 'ConnectorType', type: 'string', read: () => 'Unknown' },
];

/** The EVSEs of the station and the connector of each, as 2.x knows them (2.0.1 appendix 3). */
export const outletVariables = (
  outlets: readonly StationOutlet[],
  specOf: (charger: string) => ChargerSpec | undefined,
  { chargers }: SiteView,
  volts: number,
): readonly StationVariable[] => {
  const views = new Map(chargers.map((charger) => [charger.id, charger]));
  return outlets.flatMap(({ number: id, charger, local }) => {
    const view = views.get(charger);
    const facts: OutletFacts = {
      spec: specOf(charger),
      online: view?.online ?? false,
      connector: view?.connectors.find(({ connector }) => connector === local),
      volts,
    };
    return [
      ...OF_EVSE.map((row) => variableOf('EVSE', { id }, row, facts)),
      ...OF_CONNECTOR.map((row) => variableOf('Connector', { id, connectorId: 1 }, row, facts)),
    ];
  });
};

/** Characters of a value in GetConfiguration.conf. */
const ROTATION_MOST = 500;
const LETTERS = 'RST';

/** ConnectorPhaseRotation (1.6 §9.1.6): cut after the last connector that fits in whole. */
export const phaseRotation = (
  outlets: readonly StationOutlet[],
  specOf: (charger: string) => ChargerSpec | undefined,
): StationVariable => ({
  key: 'ConnectorPhaseRotation',
  component: 'ChargingStation',
  variable: 'PhaseRotation',
  type: 'string',
  read: () => {
    const text = outlets
      .map(({ number, charger }) => `${number}.${rotationOf(specOf(charger))}`)
      .join(',');
    return text.length <= ROTATION_MOST
      ? text
      : text.slice(0, text.lastIndexOf(',', ROTATION_MOST));
  },
});

const rotationOf = (spec: ChargerSpec | undefined): string => {
  if (spec === undefined || spec.phases.includes(UNKNOWN_PHASE)) return 'Unknown';
  const single = spec.phases.length < LETTERS.length || spec.dcEfficiency !== undefined;
  return single ? 'NotApplicable' : spec.phases.map((phase) => LETTERS[phase]).join('');
};

const variableOf = (
  component: string,
  evse: NonNullable<StationVariable['evse']>,
  { read, most, ...row }: Row,
  facts: OutletFacts,
): StationVariable => {
  const mostOfIt = most?.(facts);
  return {
    ...row,
    // 1.6 has no keys of connectors.
    key: `${component}${row.variable}`,
    component,
    evse,
    read: () => read(facts),
    ...(mostOfIt === undefined ? {} : { most: mostOfIt }),
  };
};
