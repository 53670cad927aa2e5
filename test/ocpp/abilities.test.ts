import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { abilityCalls, readAbilities } from '../../src/ocpp/abilities.ts';

const keys = (values: Readonly<Record<string, string>>) => ({
  configurationKey: Object.entries(values).map(([key, value]) => ({ key, readonly: true, value })),
});
const variables = (values: Readonly<Record<string, string>>) => ({
  getVariableResult: Object.entries(values).map(([name, attributeValue]) => {
    const [component, variable] = name.split('.');
    return {
      attributeStatus: 'Accepted',
      attributeValue,
      component: { name: component },
      variable: { name: variable },
    };
  }),
});
const UNKNOWN = { rateUnits: ['A'], known: false };

describe('1.6', () => {
  test('all that a charger may tell', () => {
    const first = keys({
      ChargeProfileMaxStackLevel: '8',
      ChargingScheduleAllowedChargingRateUnit: 'Current,Power',
      ChargingScheduleMaxPeriods: '24',
      MaxChargingProfilesInstalled: ' "10" ',
      ConnectorSwitch3to1PhaseSupported: 'True',
    });
    const second = keys({
      MeterValueSampleInterval: '60',
      MeterValuesSampledData: 'Current.Import, Voltage',
      NumberOfConnectors: '2',
      SupportedFeatureProfiles: 'Core,SmartCharging',
    });
    assert.deepEqual(readAbilities('1.6', [first, second]), {
      known: true,
      rateUnits: ['A', 'W'],
      maxStackLevel: 8,
      maxPeriods: 24,
      maxProfiles: 10,
      phaseSwitching: true,
      meterIntervalSeconds: 60,
      measurands: ['Current.Import', 'Voltage'],
      connectors: 2,
      smartCharging: true,
    });
  });

  for (const [value, units] of [
    ['Current', ['A']],
    ['Power', ['W']],
    ['W', ['W']],
    ['Current,Power', ['A', 'W']],
    [' "A" , W ', ['A', 'W']],
    ['?', ['A']],
  ] as const) {
    test(`rate units written as ${value}`, () => {
      const answer = keys({ chargingscheduleallowedchargingrateunit: value });
      assert.deepEqual(readAbilities('1.6', [answer, undefined]).rateUnits, units);
    });
  }

  test('numbers that are none are not told', () => {
    const answer = keys({ ChargeProfileMaxStackLevel: 'high', MaxChargingProfilesInstalled: '-1' });
    assert.deepEqual(readAbilities('1.6', [answer]), { rateUnits: ['A'], known: true });
  });

  test('a call that is refused does not spoil the other', () => {
    const answer = keys({ NumberOfConnectors: '2' });
    assert.deepEqual(readAbilities('1.6', [undefined, answer]).connectors, 2);
  });
});

describe('2.x', () => {
  test('all that a charger may tell', () => {
    const first = variables({
      'smartchargingctrlr.enabled': 'true',
      'SmartChargingCtrlr.ProfileStackLevel': '3',
      'SmartChargingCtrlr.RateUnit': 'A,W',
      'SmartChargingCtrlr.PeriodsPerSchedule': '12',
    });
    const second = variables({
      'SmartChargingCtrlr.Phases3to1': 'false',
      'SampledDataCtrlr.TxUpdatedInterval': '30',
      'SampledDataCtrlr.TxUpdatedMeasurands': 'Current.Import',
    });
    assert.deepEqual(readAbilities('2.0.1', [first, second]), {
      known: true,
      rateUnits: ['A', 'W'],
      maxStackLevel: 3,
      maxPeriods: 12,
      phaseSwitching: false,
      meterIntervalSeconds: 30,
      measurands: ['Current.Import'],
      smartCharging: true,
    });
  });

  test('a variable that is refused is not told', () => {
    const { getVariableResult } = variables({ 'SmartChargingCtrlr.RateUnit': 'W' });
    const refused = getVariableResult.map((result) => ({
      ...result,
      attributeStatus: 'UnknownVariable',
    }));
    assert.deepEqual(readAbilities('2.1', [{ getVariableResult: refused }]), UNKNOWN);
  });
});

for (const version of ['1.6', '2.0.1', '2.1'] as const) {
  test(`${version}: a charger that does not answer is taken for a simple one`, () => {
    for (const answers of [[], [undefined, undefined], [{}, 'x'], [{ configurationKey: [null] }]]) {
      assert.deepEqual(readAbilities(version, answers), UNKNOWN);
    }
  });

  test(`${version}: little is asked at once`, () => {
    const action = version === '1.6' ? 'GetConfiguration' : 'GetVariables';
    for (const call of abilityCalls(version)) {
      assert.equal(call.action, action);
      const asked = Object.values(call.payload)[0] as readonly unknown[];
      assert.ok(asked.length > 0 && asked.length <= 5);
    }
  });
}
