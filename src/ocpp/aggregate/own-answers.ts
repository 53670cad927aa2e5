import { type Payload, readInteger } from '../payload.ts';
import type { OcppVersion } from '../version.ts';

/** What the station says of itself. */
export interface StationFacts {
  readonly version: OcppVersion;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  readonly firmware: string;
}

/** BootNotification of the station. */
export const bootOf = (facts: StationFacts): Payload => {
  const { version, vendor, model, serial, firmware } = facts;
  return version === '1.6'
    ? {
        chargePointVendor: vendor.slice(0, 20),
        chargePointModel: model.slice(0, 20),
        firmwareVersion: firmware.slice(0, 50),
        ...(serial === undefined ? {} : { chargePointSerialNumber: serial.slice(0, 25) }),
      }
    : {
        reason: 'PowerUp',
        chargingStation: {
          vendorName: vendor.slice(0, 50),
          model: model.slice(0, 20),
          firmwareVersion: firmware.slice(0, 50),
          ...(serial === undefined ? {} : { serialNumber: serial.slice(0, 25) }),
        },
      };
};

/**
 * Messages that a CSMS can ask the station for, and that it has itself: those of chargers end at the
 * station. `idle`: nothing goes on that they would tell of. `none`: it never sends them.
 */
export const OWN_TRIGGERS: Readonly<Record<string, 'boot' | 'beat' | 'idle' | 'none'>> = {
  BootNotification: 'boot',
  DiagnosticsStatusNotification: 'idle',
  FirmwareStatusNotification: 'idle',
  Heartbeat: 'beat',
  LogStatusNotification: 'idle',
  PublishFirmwareStatusNotification: 'none',
  SignChargePointCertificate: 'none',
  SignChargingStationCertificate: 'none',
  SignCombinedCertificate: 'none',
  SignV2G20Certificate: 'none',
  SignV2GCertificate: 'none',
};

/** The heartbeat interval of an accepted boot, in seconds. */
export const intervalOf = (answer: Payload): number =>
  Math.min(86_400, Math.max(1, readInteger(answer['interval']) || 300));
