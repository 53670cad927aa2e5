import { timestamp } from '../core/time.ts';
import { CSMS_ANSWER_MS } from '../gateway/outage/outage.ts';
import { ITEMS_MOST, type StationVariable } from '../ocpp/station/variables.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { PROFILES_KEPT_MOST } from '../profiles/validate.ts';
import type { ChargerView, SiteView } from '../schema/view.ts';
import { AVAILABILITY, type StationOutlet } from './outlet-variables.ts';

const SECONDS_MOST = 86_400;
const FEATURES = 'Core,SmartCharging,RemoteTrigger,FirmwareManagement';
const FEATURES_WITH_OUTLETS =
  'Core,LocalAuthListManagement,Reservation,RemoteTrigger,SmartCharging';

/** One of the four keys of smart charging that have to be told (1.6 §9.4). */
const INSTALLED_MOST: StationVariable = {
  key: 'MaxChargingProfilesInstalled',
  component: 'SmartChargingCtrlr',
  variable: 'Entries',
  type: 'integer',
  read: () => String(PROFILES_KEPT_MOST),
};
/** Logs are put there (io/upload). */
const FILE_PROTOCOLS: StationVariable = {
  key: 'SupportedFileTransferProtocols',
  component: 'OCPPCommCtrlr',
  variable: 'FileTransferProtocols',
  type: 'MemberList',
  values: 'HTTP,HTTPS',
  read: () => 'HTTP,HTTPS',
};
const KEYS_MOST: StationVariable = {
  key: 'GetConfigurationMaxKeys',
  component: 'DeviceDataCtrlr',
  variable: 'ItemsPerMessage',
  type: 'integer',
  read: () => String(ITEMS_MOST),
};
/** What NotifyChargingLimit and its schedules rest on (K11 to K14). */
const SMART_CHARGING_2X: readonly StationVariable[] = [
  'Enabled',
  'ExternalControlSignalsEnabled',
  'NotifyChargingLimitWithSchedules',
].map((variable) => ({
  key: `SmartCharging${variable}`,
  component: 'SmartChargingCtrlr',
  variable,
  type: 'boolean',
  read: () => 'true',
}));

/** The settings of the station that the CSMS may change. */
export interface StationSettings {
  heartbeatSeconds: number;
  meterSeconds: number;
  limitChangeSignificancePercent: number;
}

/** What a station is called, and how many connectors or EVSEs it has. */
export interface StationNames {
  readonly identity: string;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  /** It stands in the place of chargers, whose EVSEs these are; absent: it has none. */
  readonly outlets?: () => readonly StationOutlet[];
}

/** What a row of the tables below is read from. */
interface StationFacts {
  readonly site: SiteView;
  readonly identity: string;
  readonly nowWallMs: number;
  readonly aggregate: boolean;
}

type Row = readonly [
  name: Pick<StationVariable, 'component' | 'variable' | 'instance'>,
  traits: Pick<StationVariable, 'type' | 'unit' | 'values'>,
  read: (facts: StationFacts) => string,
];

const state = ({ aggregate, site: { chargers } }: StationFacts): string =>
  aggregate && !chargers.some(({ online }) => online) ? 'Unavailable' : 'Available';

/**
 * Required of a 2.x station (2.0.1 appendix 3), as far as it can be told of this one: what is up to
 * each charger (TxCtrlr, AuthCtrlr, SampledDataCtrlr) is not.
 */
const REQUIRED_2X: readonly Row[] = [
  [
    { component: 'ChargingStation', variable: 'AvailabilityState' },
    { type: 'OptionList', values: AVAILABILITY },
    state,
  ],
  [{ component: 'ChargingStation', variable: 'Available' }, { type: 'boolean' }, () => 'true'],
  [
    { component: 'ChargingStation', variable: 'SupplyPhases' },
    { type: 'integer' },
    ({ site }) => String((site.circuits[0]?.limitAmps ?? []).filter((amps) => amps > 0).length),
  ],
  [
    { component: 'ClockCtrlr', variable: 'DateTime' },
    { type: 'dateTime' },
    ({ nowWallMs }) => timestamp(nowWallMs),
  ],
  // That of the computer; who sets it is not known here, and it is not the CSMS.
  [
    { component: 'ClockCtrlr', variable: 'TimeSource' },
    { type: 'SequenceList', values: 'RealTimeClock' },
    () => 'RealTimeClock',
  ],
  [
    { component: 'OCPPCommCtrlr', variable: 'MessageTimeout', instance: 'Default' },
    { type: 'integer', unit: 's' },
    () => String(CSMS_ANSWER_MS / 1000),
  ],
  [
    { component: 'SecurityCtrlr', variable: 'Identity' },
    { type: 'string' },
    ({ identity }) => identity,
  ],
  ...['GetReport', 'GetVariables', 'SetVariables'].map(
    (instance): Row => [
      { component: 'DeviceDataCtrlr', variable: 'ItemsPerMessage', instance },
      { type: 'integer' },
      () => String(ITEMS_MOST),
    ],
  ),
];

/** What the CSMS can read and set of the controller. Own figures stand under `Busbar`. */
export const stationVariables = (
  version: OcppVersion,
  settings: StationSettings,
  view: () => SiteView,
  wallMs: () => number,
  names: StationNames,
  changed: () => void,
): readonly StationVariable[] => {
  const aggregate = names.outlets !== undefined;
  const own = (
    variable: string,
    type: StationVariable['type'],
    read: (site: SiteView) => string,
    unit?: string,
  ): StationVariable => ({
    key: `Busbar${variable}`,
    component: 'Busbar',
    variable,
    type,
    read: () => read(view()),
    ...(unit === undefined ? {} : { unit }),
  });
  const number = (
    [key, component, variable, unit]: readonly [string, string, string, string],
    name: keyof StationSettings,
    most: number,
  ): StationVariable => ({
    key,
    component,
    variable,
    unit,
    type: 'integer',
    read: () => String(settings[name]),
    write: (text) => {
      const value = Number(text);
      const usable = text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= most;
      if (usable) {
        settings[name] = value;
        changed();
      }
      return usable;
    },
  });
  const fixed = (
    key: string,
    component: string,
    variable: string,
    value: string,
    type: StationVariable['type'] = 'string',
  ): StationVariable => ({ key, component, variable, type, read: () => value });
  const required = () =>
    REQUIRED_2X.map(
      ([name, traits, read]): StationVariable => ({
        ...name,
        ...traits,
        key: `${name.component}${name.variable}`,
        read: () =>
          read({ site: view(), identity: names.identity, nowWallMs: wallMs(), aggregate }),
      }),
    );
  return [
    number(
      ['HeartbeatInterval', 'OCPPCommCtrlr', 'HeartbeatInterval', 's'],
      'heartbeatSeconds',
      SECONDS_MOST,
    ),
    // Meter values of chargers come as each of them was set.
    ...(aggregate
      ? []
      : [
          number(
            ['ClockAlignedDataInterval', 'AlignedDataCtrlr', 'Interval', 's'],
            'meterSeconds',
            SECONDS_MOST,
          ),
        ]),
    number(
      ['LimitChangeSignificance', 'SmartChargingCtrlr', 'LimitChangeSignificance', 'Percent'],
      'limitChangeSignificancePercent',
      100,
    ),
    fixed('ChargePointVendor', 'ChargingStation', 'VendorName', names.vendor),
    fixed('ChargePointModel', 'ChargingStation', 'Model', names.model),
    ...(names.serial === undefined
      ? []
      : [fixed('ChargePointSerialNumber', 'ChargingStation', 'SerialNumber', names.serial)]),
    {
      key: 'NumberOfConnectors',
      component: 'ChargingStation',
      variable: 'EVSECount',
      type: 'integer',
      read: () => String(names.outlets?.().length ?? 0),
    },
    fixed(
      'SupportedFeatureProfiles',
      'ChargingStation',
      'SupportedFeatureProfiles',
      aggregate ? FEATURES_WITH_OUTLETS : FEATURES,
    ),
    fixed(
      'ChargingScheduleAllowedChargingRateUnit',
      'SmartChargingCtrlr',
      'RateUnit',
      version === '1.6' ? 'Current,Power' : 'A,W',
      'MemberList',
    ),
    ...(version === '1.6' ? [INSTALLED_MOST, KEYS_MOST] : [...SMART_CHARGING_2X, ...required()]),
    FILE_PROTOCOLS,
    fixed(
      'ChargeProfileMaxStackLevel',
      'SmartChargingCtrlr',
      'ProfileStackLevel',
      '100',
      'integer',
    ),
    fixed(
      'ChargingScheduleMaxPeriods',
      'SmartChargingCtrlr',
      'PeriodsPerSchedule',
      '1024',
      'integer',
    ),
    own(
      'SiteLimit',
      'decimal',
      ({ circuits }) => String(Math.min(...(circuits[0]?.limitInForceAmps ?? [0]))),
      'A',
    ),
    own('SiteLimitReason', 'string', ({ circuits }) => circuits[0]?.limitReason ?? ''),
    own(
      'SiteCurrent',
      'decimal',
      ({ circuits }) => String(Math.max(...(circuits[0]?.measuredAmps ?? [0]))),
      'A',
    ),
    own('ChargersConnected', 'integer', ({ chargers }) =>
      String(chargers.filter(({ online }) => online).length),
    ),
    own('MessagesHeld', 'integer', ({ chargers }) =>
      String(chargers.reduce((sum, { backlog }) => sum + backlog.held, 0)),
    ),
    own('MetersSuspect', 'integer', ({ meters }) =>
      String(meters.filter(({ quality }) => quality !== 'good').length),
    ),
    own('ChargersInFallback', 'integer', ({ chargers }) =>
      String(chargers.filter((charger) => inFallback(charger)).length),
    ),
    own('LimitsInFailsafe', 'integer', ({ limits }) =>
      String(limits.filter(({ state }) => state === 'failsafe').length),
    ),
    own('MeterQuality', 'string', ({ meters }) =>
      meters.map(({ id, quality }) => `${id} ${quality}`).join(', '),
    ),
    own('TickMs', 'decimal', ({ tickMs }) => String(tickMs), 'ms'),
    own('Alarms', 'string', ({ alarms }) => alarms.join(' ')),
    own('Version', 'string', ({ version }) => version),
  ];
};

/** Nobody can tell it a limit now: it does what it does by itself. */
const inFallback = ({ online, connectors }: ChargerView): boolean =>
  !online || connectors.some(({ obedience }) => obedience === 'silent');
