import { type Payload, readInteger } from '../payload.ts';

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
