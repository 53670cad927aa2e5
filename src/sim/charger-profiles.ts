import { readSetChargingProfile } from '../ocpp/charging-profile.ts';
import { readInteger, readObject, readText } from '../ocpp/payload.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { limitAt } from '../profiles/composite.ts';
import type { InstalledProfile } from '../profiles/period.ts';
import { Zone } from '../profiles/zone.ts';

/** The profiles in a simulated charger's memory, with the rules of the standard. */
export class ChargerProfiles {
  readonly #version: OcppVersion;
  readonly #zone = new Zone('UTC');
  readonly #honoursDuration: boolean;
  #installed: readonly InstalledProfile[] = [];

  constructor(version: OcppVersion, honoursDuration: boolean) {
    this.#version = version;
    this.#honoursDuration = honoursDuration;
  }

  installed(): readonly InstalledProfile[] {
    return this.#installed;
  }

  /** Status of a SetChargingProfile request. A TxProfile needs its transaction (K01.FR.09). */
  set(
    payload: unknown,
    hasTransaction: (id: string | undefined) => boolean,
    nowMs: number,
  ): string {
    const read = readSetChargingProfile(this.#version, payload);
    if ('problem' in read) return 'Rejected';
    const { connector, profile } = read;
    if (profile.purpose === 'external-constraints') return 'Rejected';
    if (profile.purpose === 'tx' && (connector === 0 || !hasTransaction(profile.transactionId))) {
      return 'Rejected';
    }
    const { durationSeconds: _ignored, ...endless } = profile.schedule;
    const kept = this.#honoursDuration ? profile : { ...profile, schedule: endless };
    const others = this.#installed.filter(
      (other) =>
        other.profile.id !== profile.id &&
        !(
          other.connector === connector &&
          other.profile.purpose === profile.purpose &&
          other.profile.stackLevel === profile.stackLevel
        ),
    );
    this.#installed = [...others, { connector, profile: kept, receivedAtMs: nowMs }];
    return 'Accepted';
  }

  clear(payload: unknown): string {
    const request = readObject(payload);
    const criteria = readObject(request['chargingProfileCriteria']);
    const id = readInteger(request['id'] ?? request['chargingProfileId']);
    const connector = readInteger(request['connectorId'] ?? criteria['evseId']);
    const level = readInteger(request['stackLevel'] ?? criteria['stackLevel']);
    const purpose = readText(
      request['chargingProfilePurpose'] ?? criteria['chargingProfilePurpose'],
    );
    const left = this.#installed.filter(({ profile, connector: on }) => {
      if (id !== undefined) return profile.id !== id;
      const matches =
        (connector === undefined || on === connector) &&
        (level === undefined || profile.stackLevel === level) &&
        (purpose === undefined || purpose.toLowerCase().startsWith(PURPOSE_START[profile.purpose]));
      return !matches;
    });
    const cleared = left.length < this.#installed.length;
    this.#installed = left;
    return cleared ? 'Accepted' : 'Unknown';
  }

  /** TxProfiles die with their transaction (K02.FR.05). */
  transactionEnded(connector: number): void {
    this.#installed = this.#installed.filter(
      (each) => !(each.profile.purpose === 'tx' && each.connector === connector),
    );
  }

  /** After a reboot only what the standard makes persistent is left (K01.FR.27). */
  reboot(): void {
    this.#installed = this.#installed.filter(({ profile }) => profile.purpose !== 'tx');
  }

  forget(): void {
    this.#installed = [];
  }

  /** Amps per phase allowed on a connector, `maxAmps` without any limit. */
  allowedAmps(
    connector: number,
    transaction: { readonly id: string; readonly startedAtMs: number } | undefined,
    maxAmps: number,
    phases: number,
    nowMs: number,
  ): number {
    const context = {
      connector,
      zone: this.#zone,
      voltageVolts: 230,
      phases,
      ...(transaction === undefined ? {} : { transaction }),
    };
    return Math.min(maxAmps, limitAt(this.#installed, context, nowMs).limitAmps ?? maxAmps);
  }
}

const PURPOSE_START = {
  'station-max': 'charg',
  'external-constraints': 'chargingstationext',
  'tx-default': 'txdefault',
  tx: 'txprofile',
  priority: 'priority',
  'local-generation': 'localgen',
} as const;
