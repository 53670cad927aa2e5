import { profilePayload2x } from '../../ocpp/charging-profile.ts';
import { readInteger, readList, readObject, readText } from '../../ocpp/payload.ts';
import { PURPOSE_2X, PURPOSE_16 } from '../../ocpp/profile-names.ts';
import { readProfile, readSetChargingProfile } from '../../ocpp/read-profile.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import {
  compositeSchedule,
  type LimitAt,
  limitAt,
  type ProfileContext,
} from '../../profiles/composite.ts';
import type { InstalledProfile } from '../../profiles/period.ts';
import type { ChargingProfile, ChargingSchedule, RateUnit } from '../../profiles/profile.ts';
import { Zone } from '../../profiles/zone.ts';
import type { ChargerConduct } from './charger-conduct.ts';

/** An answer to SetChargingProfile; 1.6 has no reason. */
export interface ProfileVerdict {
  readonly status: 'Accepted' | 'Rejected' | 'Unknown';
  readonly reason?: string;
}

/** The transaction of a connector, as far as profiles care. */
export interface ProfiledTransaction {
  readonly id: string;
  readonly startedAtMs: number;
}

/** What the profiles said at an instant, and what it depends on. */
interface KeptLimit {
  readonly installed: readonly InstalledProfile[];
  readonly transaction: string;
  readonly phases: number;
  readonly fromMs: number;
  readonly limit: LimitAt;
}

/** Profiles that one charger has room for. */
const PROFILES_MOST = 24;
const rejected = (reason: string): ProfileVerdict => ({ status: 'Rejected', reason });

/** The profiles in a simulated charger's memory, with the rules of the standard. */
export class ChargerProfiles {
  readonly #version: OcppVersion;
  readonly #conduct: ChargerConduct;
  readonly #volts: number;
  #zone: Zone | undefined;
  #installed: readonly InstalledProfile[] = [];
  readonly #limits = new Map<number, KeptLimit>();
  /** Connectors whose limits have no effect until the next profile. */
  readonly #deaf = new Set<number>();
  /** Amps by connector that a message of its vendor set; 0: all of them. */
  readonly #vendorAmps = new Map<number, number>();

  constructor(version: OcppVersion, conduct: ChargerConduct, volts: number) {
    this.#version = version;
    this.#conduct = conduct;
    this.#volts = volts;
  }

  installed(): readonly InstalledProfile[] {
    return this.#installed;
  }

  /** Takes a SetChargingProfile request. `transaction` is the one that runs on a connector. */
  set(
    payload: unknown,
    connectors: number,
    transaction: (connector: number) => ProfiledTransaction | undefined,
    nowMs: number,
  ): ProfileVerdict {
    const read = readSetChargingProfile(this.#version, payload);
    if ('problem' in read) return rejected('InvalidProfile');
    const { connector, profile } = read;
    if (this.#conduct.vendorLimit !== undefined) return rejected('NotSupported');
    if (connector === 0 && this.#conduct.refusesStationProfiles) return rejected('UnknownEvse');
    this.#deaf.clear();
    if (connector > connectors) return rejected('UnknownEvse');
    return (
      this.#misplaced(connector, profile, transaction(connector)) ?? this.#install(read, nowMs)
    );
  }

  /** A profile that comes with a remote start: a TxProfile without a transaction (1.6 §5.16.2). */
  setForStart(connector: number, value: unknown, nowMs: number): ProfileVerdict {
    const read = readProfile(this.#version, value);
    if ('problem' in read) return rejected('InvalidProfile');
    const { profile } = read;
    if (profile.purpose !== 'tx' || profile.transactionId !== undefined) {
      return rejected('InvalidProfile');
    }
    return this.#install({ connector, profile }, nowMs);
  }

  /** ClearChargingProfile: by id, or all that match every criterion (K10.FR.02, FR.04). */
  clear(payload: unknown): 'Accepted' | 'Unknown' {
    const request = readObject(payload);
    const criteria =
      this.#version === '1.6' ? request : readObject(request['chargingProfileCriteria']);
    const id = readInteger(request[this.#version === '1.6' ? 'id' : 'chargingProfileId']);
    const left = this.#installed.filter((each) =>
      id === undefined ? !this.#matches(each, criteria) : each.profile.id !== id,
    );
    const cleared = left.length < this.#installed.length;
    this.#installed = left;
    return cleared ? 'Accepted' : 'Unknown';
  }

  /** Profiles by EVSE that a GetChargingProfiles request asks for (K09). */
  reported(payload: unknown): ReadonlyMap<number, readonly object[]> {
    const request = readObject(payload);
    const criterion = readObject(request['chargingProfile']);
    const ids = readList(criterion['chargingProfileId']);
    const found = new Map<number, object[]>();
    for (const each of this.#installed) {
      const evse = readInteger(request['evseId']);
      if (evse !== undefined && evse !== each.connector) continue;
      if (ids.length > 0 && !ids.includes(each.profile.id)) continue;
      if (ids.length === 0 && !this.#matches(each, criterion)) continue;
      const list = found.get(each.connector) ?? [];
      found.set(each.connector, [...list, profilePayload2x(each.profile)]);
    }
    return found;
  }

  /** TxProfiles die with their transaction (K02.FR.05). */
  transactionEnded(connector: number): void {
    this.#installed = this.#installed.filter(
      (each) => !(each.profile.purpose === 'tx' && each.connector === connector),
    );
  }

  /** After a reboot only what the standard makes persistent is left (K01.FR.27). */
  reboot(): void {
    this.#installed = this.#conduct.forgetsProfilesOnReboot
      ? []
      : this.#installed.filter(({ profile }) => profile.purpose !== 'tx');
  }

  /** The car draws again after a pause. */
  resumed(connector: number): void {
    if (this.#conduct.ignoresLimitAfterResume) this.#deaf.add(connector);
  }

  /** A limit by DataTransfer ("logicalid=1;value=16") or as a key (watts); false: not known. */
  setByVendor(by: 'data-transfer' | 'configuration', text: string, phases: number): boolean {
    if (this.#conduct.vendorLimit !== by) return false;
    const [, connector, value] =
      by === 'configuration' ? ['', '0', text] : (/=(\d+);value=(\d+)/.exec(text) ?? []);
    const amps = Number(value) / (by === 'configuration' ? this.#volts * phases : 1);
    if (!Number.isFinite(amps)) return false;
    this.#vendorAmps.set(Number(connector), amps);
    return true;
  }

  disconnected(): void {
    if (this.#conduct.forgetsProfilesOnDisconnect) this.#installed = [];
  }

  forget(): void {
    this.#installed = [];
  }

  /** Amps per phase allowed on a connector, `maxAmps` without any limit. */
  allowedAmps(
    connector: number,
    transaction: ProfiledTransaction | undefined,
    maxAmps: number,
    phases: number,
    nowMs: number,
  ): number {
    if (this.#deaf.has(connector)) return maxAmps;
    if (this.#conduct.vendorLimit !== undefined) {
      const amps = this.#vendorAmps.get(connector) ?? this.#vendorAmps.get(0) ?? maxAmps;
      return Math.min(maxAmps, amps);
    }
    const { limitAmps } = this.#limit(connector, transaction, phases, nowMs);
    return Math.min(maxAmps, limitAmps ?? maxAmps);
  }

  /** The terminals that a connector may use now, of the first `phases`. */
  terminalsAllowed(
    connector: number,
    transaction: ProfiledTransaction | undefined,
    phases: number,
    nowMs: number,
  ): readonly number[] {
    const all = Array.from({ length: phases }, (_, terminal) => terminal);
    if (!this.#conduct.switchesPhases || this.#conduct.ignoresNumberPhases) return all;
    const { numberPhases, phaseToUse } = this.#limit(connector, transaction, phases, nowMs);
    return numberPhases === 1 ? [(phaseToUse ?? 1) - 1] : all.slice(0, numberPhases);
  }

  /** Asked at every step of the world: kept until something in it may change. */
  #limit(
    connector: number,
    transaction: ProfiledTransaction | undefined,
    phases: number,
    nowMs: number,
  ): LimitAt {
    const installed = this.#installed;
    const id = transaction?.id;
    const kept = this.#limits.get(connector);
    if (
      kept !== undefined &&
      kept.installed === installed &&
      kept.transaction === id &&
      kept.phases === phases &&
      kept.fromMs <= nowMs &&
      nowMs < kept.limit.untilMs
    ) {
      return kept.limit;
    }
    const limit = limitAt(installed, this.#context(connector, transaction, phases), nowMs);
    // Without a transaction a relative schedule begins anew at every instant.
    if (id !== undefined) {
      this.#limits.set(connector, { installed, transaction: id, phases, fromMs: nowMs, limit });
    }
    return limit;
  }

  /** What the charger as a whole may draw per phase; the sum of its connectors stays below. */
  stationAmps(phases: number, nowMs: number): number | undefined {
    const station = this.#installed.filter(({ profile }) => profile.purpose === 'station-max');
    return limitAt(station, this.#context(0, undefined, phases), nowMs).limitAmps;
  }

  /** The schedule that GetCompositeSchedule asks for. */
  composite(
    connector: number,
    transaction: ProfiledTransaction | undefined,
    phases: number,
    window: { readonly fromMs: number; readonly seconds: number; readonly unit: RateUnit },
  ): ChargingSchedule {
    const context = this.#context(connector, transaction, phases);
    const { fromMs, seconds, unit } = window;
    return compositeSchedule(this.#installed, context, fromMs, seconds, unit);
  }

  #context(
    connector: number,
    transaction: ProfiledTransaction | undefined,
    phases: number,
  ): ProfileContext {
    const zone = (): Zone => {
      this.#zone ??= new Zone('UTC');
      return this.#zone;
    };
    return {
      connector,
      // Made when a recurring profile needs it: a zone takes milliseconds.
      get zone() {
        return zone();
      },
      voltageVolts: this.#volts,
      phases,
      ...(transaction === undefined ? {} : { transaction }),
    };
  }

  /** What forbids a profile in this place (1.6 §5.16, K01, K04). */
  #misplaced(
    connector: number,
    profile: ChargingProfile,
    transaction: ProfiledTransaction | undefined,
  ): ProfileVerdict | undefined {
    const { purpose, kind, schedule } = profile;
    if (purpose === 'external-constraints') return rejected('InvalidProfile'); // K01.FR.22
    if (purpose === 'station-max' && connector !== 0) return rejected('InvalidProfile');
    if (schedule.periods[0]?.startSeconds !== 0) return rejected('InvalidSchedule'); // K01.FR.31
    if (kind === 'relative' && schedule.startMs !== undefined) return rejected('InvalidSchedule');
    if (purpose !== 'tx') return undefined;
    if (connector === 0) return rejected('InvalidProfile');
    if (transaction === undefined) return rejected('TxNotFound');
    const named = profile.transactionId ?? (this.#version === '1.6' ? transaction.id : '');
    return named === transaction.id ? undefined : rejected('TxNotFound');
  }

  #install(
    { connector, profile }: { readonly connector: number; readonly profile: ChargingProfile },
    nowMs: number,
  ): ProfileVerdict {
    const { maxStackLevel, purposes, rateUnits, acceptsAnyUnit, honoursDuration } = this.#conduct;
    if (!purposes.includes(profile.purpose)) return rejected('UnsupportedPurpose');
    if (profile.stackLevel > maxStackLevel) return rejected('InvalidStackLevel');
    if (profile.schedule.periods.length > this.#conduct.maxPeriods) {
      return rejected('InvalidSchedule');
    }
    if (!rateUnits.includes(profile.schedule.unit)) {
      return acceptsAnyUnit ? { status: 'Accepted' } : rejected('UnsupportedRateUnit');
    }
    if (this.#conduct.relativeOnly && profile.kind === 'absolute') return { status: 'Accepted' };
    if (this.#version !== '1.6' && this.#duplicates(connector, profile)) {
      return rejected('DuplicateProfile');
    }
    const others = this.#installed.filter((other) => !this.#replaces(connector, profile, other));
    if (others.length >= PROFILES_MOST) return rejected('NoRoom');
    const { durationSeconds: _ignored, ...endless } = profile.schedule;
    const kept = honoursDuration ? profile : { ...profile, schedule: endless };
    this.#installed = [...others, { connector, profile: kept, receivedAtMs: nowMs }];
    return { status: 'Accepted' };
  }

  /** The same id; in 1.6 also the same purpose and stack level on the same connector (§3.13.2). */
  #replaces(connector: number, profile: ChargingProfile, other: InstalledProfile): boolean {
    if (other.profile.id === profile.id) return true;
    return this.#version === '1.6' && this.#sameSlot(connector, profile, other);
  }

  /** K01.FR.06, FR.39, FR.52 and FR.53: another profile lies in that place at the same time. */
  #duplicates(connector: number, profile: ChargingProfile): boolean {
    const crosses = (other: InstalledProfile): boolean =>
      profile.purpose === 'tx-default' && (connector === 0 || other.connector === 0);
    return this.#installed.some(
      (other) =>
        other.profile.id !== profile.id &&
        this.#sameSlot(crosses(other) ? other.connector : connector, profile, other) &&
        (profile.validFromMs ?? 0) < (other.profile.validToMs ?? Number.POSITIVE_INFINITY) &&
        (other.profile.validFromMs ?? 0) < (profile.validToMs ?? Number.POSITIVE_INFINITY),
    );
  }

  #sameSlot(connector: number, profile: ChargingProfile, other: InstalledProfile): boolean {
    return (
      other.connector === connector &&
      other.profile.purpose === profile.purpose &&
      other.profile.stackLevel === profile.stackLevel
    );
  }

  #matches(
    { connector, profile }: InstalledProfile,
    criteria: Readonly<Record<string, unknown>>,
  ): boolean {
    const old = this.#version === '1.6';
    const on = readInteger(criteria[old ? 'connectorId' : 'evseId']);
    const level = readInteger(criteria['stackLevel']);
    const purpose = readText(criteria['chargingProfilePurpose']);
    return (
      (on === undefined || on === connector) &&
      (level === undefined || level === profile.stackLevel) &&
      (purpose === undefined || purpose === (old ? PURPOSE_16 : PURPOSE_2X)[profile.purpose])
    );
  }
}
