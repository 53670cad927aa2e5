import type { OcppVersion } from '../../ocpp/version.ts';
import type { ChargerConduct } from './charger-conduct.ts';

/** What the charger itself looks up; each version has its own name for it. */
export type SettingName =
  | 'heartbeatSeconds'
  | 'meterSeconds'
  | 'attempts'
  | 'attemptSeconds'
  | 'authorizeOffline'
  | 'unknownOffline'
  | 'stopOnInvalidId';

const NAMES_16: Readonly<Record<SettingName, string>> = {
  heartbeatSeconds: 'HeartbeatInterval',
  meterSeconds: 'MeterValueSampleInterval',
  attempts: 'TransactionMessageAttempts',
  attemptSeconds: 'TransactionMessageRetryInterval',
  authorizeOffline: 'LocalAuthorizeOffline',
  unknownOffline: 'AllowOfflineTxForUnknownId',
  stopOnInvalidId: 'StopTransactionOnInvalidId',
};
const NAMES_2X: Readonly<Record<SettingName, string>> = {
  heartbeatSeconds: 'OCPPCommCtrlr.HeartbeatInterval',
  meterSeconds: 'SampledDataCtrlr.TxUpdatedInterval',
  attempts: 'OCPPCommCtrlr.MessageAttempts',
  attemptSeconds: 'OCPPCommCtrlr.MessageAttemptInterval',
  authorizeOffline: 'AuthCtrlr.LocalAuthorizeOffline',
  unknownOffline: 'AuthCtrlr.OfflineTxForUnknownIdEnabled',
  stopOnInvalidId: 'TxCtrlr.StopTxOnInvalidId',
};

const OWN: Readonly<Record<SettingName, string>> = {
  heartbeatSeconds: '60',
  meterSeconds: '10',
  attempts: '5',
  attemptSeconds: '10',
  authorizeOffline: 'true',
  unknownOffline: 'true',
  stopOnInvalidId: 'true',
};

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly readonly: boolean;
}

/** Configuration keys (1.6) or component variables (2.x, "Component.Variable") of a charger. */
export class ChargerSettings {
  readonly #names: Readonly<Record<SettingName, string>>;
  readonly #all = new Map<string, Setting>();

  constructor(
    version: OcppVersion,
    facts: Pick<
      ChargerConduct,
      'features' | 'hiddenKeys' | 'maxPeriods' | 'maxStackLevel' | 'rateUnits' | 'switchesPhases'
    >,
    connectors: number,
  ) {
    this.#names = version === '1.6' ? NAMES_16 : NAMES_2X;
    const fixed =
      version === '1.6'
        ? {
            NumberOfConnectors: String(connectors),
            SupportedFeatureProfiles: facts.features,
            ChargeProfileMaxStackLevel: String(facts.maxStackLevel),
            ChargingScheduleAllowedChargingRateUnit: facts.rateUnits
              .map((unit) => (unit === 'A' ? 'Current' : 'Power'))
              .join(','),
            ChargingScheduleMaxPeriods: String(facts.maxPeriods),
            MaxChargingProfilesInstalled: '24',
            ConnectorSwitch3to1PhaseSupported: String(facts.switchesPhases),
          }
        : {
            'SmartChargingCtrlr.Enabled': 'true',
            'SmartChargingCtrlr.ProfileStackLevel': String(facts.maxStackLevel),
            'SmartChargingCtrlr.RateUnit': facts.rateUnits.join(','),
            'SmartChargingCtrlr.PeriodsPerSchedule': String(facts.maxPeriods),
            'SmartChargingCtrlr.Phases3to1': String(facts.switchesPhases),
          };
    for (const [name, value] of Object.entries(fixed)) {
      if (facts.hiddenKeys.includes(name)) continue;
      this.#all.set(name.toLowerCase(), { name, value, readonly: true });
    }
    for (const [setting, value] of Object.entries(OWN) as [SettingName, string][]) {
      const name = this.#names[setting];
      this.#all.set(name.toLowerCase(), { name, value, readonly: false });
    }
  }

  all(): readonly Setting[] {
    return [...this.#all.values()];
  }

  /** Keys are compared without regard to case (1.6 §9). */
  find(name: string): Setting | undefined {
    return this.#all.get(name.toLowerCase());
  }

  /** What ChangeConfiguration or SetVariables answers. */
  change(name: string, value: string): 'Accepted' | 'Rejected' | 'Unknown' {
    const setting = this.find(name);
    if (setting === undefined) return 'Unknown';
    const number = /^\d+$/.test(setting.value);
    if (setting.readonly || (number && !/^\d{1,9}$/.test(value))) return 'Rejected';
    this.#all.set(name.toLowerCase(), { ...setting, value });
    return 'Accepted';
  }

  put(setting: SettingName, value: string | number): void {
    const name = this.#names[setting];
    this.#all.set(name.toLowerCase(), { name, value: String(value), readonly: false });
  }

  number(setting: SettingName): number {
    return Number(this.find(this.#names[setting])?.value ?? 0);
  }

  flag(setting: SettingName): boolean {
    return this.find(this.#names[setting])?.value.toLowerCase() === 'true';
  }
}
