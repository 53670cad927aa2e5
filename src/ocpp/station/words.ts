import { timestamp } from '../../core/time.ts';
import {
  type OcppCall,
  optional,
  type Payload,
  readInteger,
  readObject,
  readText,
} from '../payload.ts';
import type { OcppVersion } from '../version.ts';

/** What a station without connectors says of itself (B01, 1.6 §4.2). */
export interface StationPlate {
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  readonly version: string;
}

/** Figures of the site meter; absent ones are not sent. */
export interface SiteSample {
  readonly atWallMs: number;
  readonly amps?: readonly [number, number, number];
  readonly volts?: readonly [number, number, number];
  readonly watts?: number;
  readonly importWh?: number;
}

export type StationCall = OcppCall;

/** Lengths of CiString20 and CiString50 fields. */
const SHORT = 20;
const LONG = 50;

/** Why a station of 2.x boots that was told to, by the type of the Reset (B11, B12). */
export const resetReason = (type: unknown): string =>
  type === 'OnIdle' ? 'ScheduledReset' : 'RemoteReset';

export const bootCall = (
  version: OcppVersion,
  plate: StationPlate,
  reason = 'PowerUp',
): StationCall => {
  const { vendor, model, serial } = plate;
  if (version === '1.6') {
    const payload = {
      chargePointVendor: vendor.slice(0, SHORT),
      chargePointModel: model.slice(0, SHORT),
      firmwareVersion: plate.version.slice(0, LONG),
      ...optional('chargePointSerialNumber', serial?.slice(0, 25)),
    };
    return { action: 'BootNotification', payload };
  }
  const chargingStation = {
    vendorName: vendor.slice(0, LONG),
    model: model.slice(0, SHORT),
    firmwareVersion: plate.version.slice(0, LONG),
    ...optional('serialNumber', serial?.slice(0, 25)),
  };
  return { action: 'BootNotification', payload: { reason, chargingStation } };
};

/** 1.6 only: the main controller itself has a status; 2.x has none without an EVSE. */
export const statusCall = (nowWallMs: number, faulted: boolean): StationCall => ({
  action: 'StatusNotification',
  payload: {
    connectorId: 0,
    errorCode: faulted ? 'OtherError' : 'NoError',
    status: faulted ? 'Faulted' : 'Available',
    timestamp: timestamp(nowWallMs),
  },
});

export const securityCall = (type: string, atWallMs: number, techInfo: string): StationCall => ({
  action: 'SecurityEventNotification',
  payload: {
    type: type.slice(0, LONG),
    timestamp: timestamp(atWallMs),
    ...(techInfo === '' ? {} : { techInfo: techInfo.slice(0, 255) }),
  },
});

interface Figure {
  readonly value: number;
  readonly measurand: string;
  readonly unit: string;
  readonly phase?: string;
}

const figures = ({ amps, volts, watts, importWh }: SiteSample): readonly Figure[] => {
  const phases = (values: SiteSample['amps'], measurand: string, unit: string, suffix: string) =>
    (values ?? []).map((value, p) => ({ value, measurand, unit, phase: `L${p + 1}${suffix}` }));
  const total = (value: number | undefined, measurand: string, unit: string) =>
    value === undefined ? [] : [{ value, measurand, unit }];
  return [
    ...phases(amps, 'Current.Import', 'A', ''),
    ...phases(volts, 'Voltage', 'V', '-N'),
    ...total(watts, 'Power.Active.Import', 'W'),
    ...total(importWh, 'Energy.Active.Import.Register', 'Wh'),
  ];
};

/** The site meter is the inlet of connector (EVSE) 0; undefined when there is nothing to tell. */
export const meterCall = (version: OcppVersion, sample: SiteSample): StationCall | undefined => {
  const values = figures(sample).map(({ value, unit, ...rest }) => {
    const rounded = Math.round(value * 100) / 100;
    return version === '1.6'
      ? { value: String(rounded), unit, ...rest, context: 'Sample.Periodic', location: 'Inlet' }
      : { value: rounded, ...rest, unitOfMeasure: { unit }, location: 'Inlet' };
  });
  if (values.length === 0) return undefined;
  const meterValue = [{ timestamp: timestamp(sample.atWallMs), sampledValue: values }];
  const place = version === '1.6' ? { connectorId: 0 } : { evseId: 0 };
  return { action: 'MeterValues', payload: { ...place, meterValue } };
};

/** Who limits: an energy manager, the grid operator, or something else (ChargingLimitSourceEnum). */
export type LimitSource = 'EMS' | 'SO' | 'Other';

/**
 * K14.FR.01-03: a limit from outside holds now, in amps per phase; of one EVSE (K11) or of all.
 * With `wattsPerAmp` it is told in watts: of a DC charger.
 */
export const limitNotice = (
  source: LimitSource,
  amps: number,
  nowWallMs: number,
  evse?: number,
  wattsPerAmp?: number,
): StationCall => ({
  action: 'NotifyChargingLimit',
  payload: {
    ...optional('evseId', evse),
    chargingLimit: { chargingLimitSource: source },
    chargingSchedule: [
      {
        id: 1,
        startSchedule: timestamp(nowWallMs),
        chargingRateUnit: wattsPerAmp === undefined ? 'A' : 'W',
        chargingSchedulePeriod: [
          { startPeriod: 0, limit: Math.round(amps * (wattsPerAmp ?? 1) * 10) / 10 },
        ],
      },
    ],
  },
});

/** K13: it does not hold any more. */
export const limitCleared = (source: LimitSource, evse?: number): StationCall => ({
  action: 'ClearedChargingLimit',
  payload: { ...optional('evseId', evse), chargingLimitSource: source },
});

export interface BootAnswer {
  readonly status: 'Accepted' | 'Pending' | 'Rejected';
  readonly intervalSeconds: number;
}

/**
 * A CSMS that does not know the station, or not any more, refuses all it says but a boot, with
 * SecurityError (B01.FR.10, B02.FR.09, B03.FR.07). In 1.6 there is no rule: some say it in words.
 */
export const asksForBoot = (code: string, description: string): boolean =>
  code === 'SecurityError' || /\bboot(ed|notification|\b)/i.test(description);

export const readBootAnswer = (payload: unknown): BootAnswer => {
  const answer: Payload = readObject(payload);
  const status = readText(answer['status']);
  const intervalSeconds = Math.max(0, readInteger(answer['interval']) ?? 0);
  return {
    status: status === 'Accepted' || status === 'Pending' ? status : 'Rejected',
    intervalSeconds,
  };
};
