import type { Nameplate } from '../../src/core/chargers/charger-traits.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';

export const plate = (vendor: string, model = 'Box', firmware?: string): Nameplate => ({
  vendor,
  model,
  ...(firmware === undefined ? {} : { firmware }),
});

/** A make of charger as it says its name, and how it misbehaves. */
export interface Fixture {
  readonly plate: Nameplate;
  readonly conduct: Partial<ChargerConduct>;
  /** It cannot be limited at all. */
  readonly unlimited?: boolean;
  readonly version?: OcppVersion;
  /** It sends no currents: that it follows cannot be told. */
  readonly unmeasured?: boolean;
  /** More it does not offer; 32 when absent. */
  readonly mostAmps?: number;
}
const ABB = { ...CONDUCTS['stack-level-zero'], faultAfterPause: true };
const refusesTriggers: ChargerConduct['answers'] = (action) =>
  action === 'TriggerMessage' ? { result: { status: 'Rejected' } } : undefined;
const onlyDefaults = { purposes: ['tx-default', 'tx'] } as const;

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  'abb-terra-ac': { plate: plate('ABB', 'Terra AC W22'), conduct: ABB },
  'abb-terra-ac-1.8': {
    plate: plate('ABB', 'Terra AC W22', '1.8.21'),
    conduct: { ...ABB, upsetBy: { GetConfiguration: 'reboot' } },
  },
  'abl-emh': {
    plate: plate('ABL', 'eMH3'),
    conduct: { ...CONDUCTS['limited-by-data-transfer'], answers: refusesTriggers },
  },
  'autel-maxicharger': {
    plate: plate('Autel', 'MaxiCharger AC', '1.38'),
    conduct: CONDUCTS['waits-for-remote-start'],
  },
  'bender-cc': { plate: plate('Bender GmbH', 'CC613'), conduct: CONDUCTS['amps-only'] },
  'bmw-wallbox-plus': {
    plate: plate('BMW', 'Wallbox Plus'),
    conduct: CONDUCTS['ignores-limit-after-resume'],
  },
  'delta-wallbox-plus': {
    plate: plate('Delta', 'BMW Wallbox Plus'),
    conduct: CONDUCTS['ignores-limit-after-resume'],
  },
  easee: {
    plate: plate('Easee', 'Charge'),
    conduct: { ...CONDUCTS['forgets-on-disconnect'], ...CONDUCTS['waits-for-remote-start'] },
  },
  'en-plus-caro': { plate: plate('EN+', 'Caro'), conduct: CONDUCTS['no-connector-zero'] },
  'busbar-gateway': { plate: plate('Busbar', 'gateway'), conduct: CONDUCTS['amps-only'] },
  'cord-one': { plate: plate('cord', 'One'), conduct: CONDUCTS['no-connector-zero'] },
  'ev-switch': { plate: plate('EV Switch', 'S1'), conduct: CONDUCTS['no-connector-zero'] },
  solax: { plate: plate('SolaX', 'X1-EVC'), conduct: CONDUCTS['no-connector-zero'] },
  'evbox-elvi': {
    plate: plate('EVBox', 'Elvi'),
    conduct: { ...CONDUCTS['no-station-maximum'], faultAfterPause: true },
  },
  'fronius-wattpilot': {
    plate: plate('Fronius', 'Wattpilot 11'),
    conduct: CONDUCTS['accepts-watts-without-effect'],
  },
  'go-e': {
    plate: plate('go-e', 'Gemini'),
    conduct: {
      ...CONDUCTS['accepts-watts-without-effect'],
      ...CONDUCTS['ignores-limit-after-resume'],
    },
  },
  'go-e-56': {
    plate: plate('go-e', 'Gemini', '056.2'),
    conduct: CONDUCTS['forgets-on-disconnect'],
  },
  'grizzl-e-3.09': {
    plate: plate('United Chargers', 'Grizzl-E', '3.09'),
    conduct: { ...onlyDefaults, ...CONDUCTS['forgets-on-reboot'] },
  },
  'heidelberg-connect': {
    plate: plate('Amperfied', 'connect.business'),
    conduct: CONDUCTS['rejects-profiles'],
    unlimited: true,
  },
  'huawei-scharger': { plate: plate('Huawei', 'SCharger-22'), conduct: CONDUCTS['watts-only'] },
  'jigu-wegood': {
    plate: plate('JIGU', 'WeGood'),
    conduct: CONDUCTS['stays-away-after-close'],
  },
  'ies-keywatt': {
    plate: plate('IES', 'Keywatt 24'),
    conduct: CONDUCTS['limited-by-configuration'],
  },
  'mennekes-4you': {
    plate: plate('Mennekes', 'AMTRON 4You'),
    conduct: { ...CONDUCTS['watts-only'], upsetBy: { TriggerMessage: 'drop' } },
  },
  'nec-charge-pro': {
    plate: plate('NEcharge', 'Pro'),
    conduct: { stepsAmps: [6, 8, 10, 13, 16] },
    mostAmps: 16,
  },
  'syncev-compact': {
    plate: plate('SyncEV', 'Compact'),
    conduct: { features: 'Core,RemoteTrigger', measures: false, ...CONDUCTS['phase-in-measurand'] },
    unmeasured: true,
  },
  'teison-smart-mini': {
    plate: plate('Teison', 'Smart Mini'),
    conduct: { ...CONDUCTS['amps-only'], hiddenKeys: ['ChargingScheduleAllowedChargingRateUnit'] },
  },
  'wallbox-5': {
    plate: plate('Wall Box Chargers', 'Pulsar', '5.5.10'),
    conduct: {
      ...CONDUCTS['stack-level-zero'],
      ...CONDUCTS['amps-only'],
      ...CONDUCTS['waits-for-remote-start'],
    },
  },
  'wallbox-6': {
    plate: plate('Wall Box Chargers', 'Pulsar', '6.1.2'),
    conduct: { ...CONDUCTS['relative-only'], ...CONDUCTS['amps-only'] },
  },
  'wallbox-6.7.38': {
    plate: plate('Wall Box Chargers', 'Pulsar', '6.7.38'),
    conduct: { purposes: ['tx-default'], ...CONDUCTS['amps-only'], ...CONDUCTS['relative-only'] },
  },
  'wallbox-pulsar-pro-6.13': {
    plate: plate('Wall Box Chargers', 'Pulsar Pro', '6.13.3'),
    conduct: CONDUCTS['ignores-duration'],
  },
  'schneider-smart-wallbox': {
    plate: plate('Schneider Electric', 'EVlink'),
    conduct: CONDUCTS['rejects-profiles'],
    unlimited: true,
  },
  smartevse: { plate: plate('SmartEVSE', 'v3'), conduct: CONDUCTS['no-answer-to-nulls'] },
  'rolec-evo': { plate: plate('Rolec', 'EVO'), conduct: { capAmps: 16 }, mostAmps: 16 },
  // Without a profile a simulated charger gives all it can, as this one does.
  zaptec: { plate: plate('Zaptec', 'Go'), conduct: { purposes: ['tx-default', 'tx'] } },
  'growatt-thor': { plate: plate('Growatt', 'THOR'), conduct: CONDUCTS['times-without-zone'] },
  'enercab-smart': { plate: plate('enercab', 'smart'), conduct: CONDUCTS['padded-numbers'] },
  'eledio-go': { plate: plate('eledio', 'go'), conduct: CONDUCTS['padded-numbers'] },
  'zj-beny': { plate: plate('ZJ Beny', 'BCP'), conduct: CONDUCTS['leading-comma'] },
  'grizzl-e-5': {
    plate: plate('United Chargers', 'GRS-*', '05.43'),
    conduct: { ...CONDUCTS['unclosed-configuration'], upsetBy: { GetConfiguration: 'reboot' } },
  },
  'foxess-a': {
    plate: plate('FoxESS', 'A022KP1', '1.10'),
    version: '2.0.1',
    conduct: { ...CONDUCTS['validates-as-1.6'], redialAfterDropMs: 6 * 60_000 },
    unlimited: true,
  },
  'mennekes-acu': {
    plate: plate('Mennekes', 'ACU Smart'),
    conduct: CONDUCTS['phase-in-measurand'],
  },
};
