import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Payload, readList, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { HOURLY_MOST } from '../../src/station/security-watch.ts';
import { StrictWire } from './strict-wire.ts';
import { garage } from './virtual-garage.ts';

const ID = 'SITE-7';
const VERSIONS_2X: readonly OcppVersion[] = ['2.0.1', '2.1'];

const start = async (version: OcppVersion, options: Partial<VirtualSiteOptions> = {}) => {
  const site = new VirtualSite({
    site: { ...garage(2), emsSources: [{ id: 'bms', circuit: 'main' }] },
    buildingAmps: [5, 5, 5],
    controller: { identity: ID, version, vendor: 'Busbar', model: 'Site gateway' },
    ...options,
  });
  const wire = new StrictWire(site.csms);
  await site.run(60);
  const ask = async (action: string, payload: object): Promise<Payload> => {
    let answer: unknown;
    void site.csms.ask(ID, action, payload).then((result) => {
      answer = result.outcome === 'answered' ? result.payload : result;
    });
    await site.run(5);
    return readObject(answer);
  };
  const heard = (action: string): readonly Payload[] =>
    site.csms.received
      .filter((call) => call.charger === ID && call.action === action)
      .map(({ payload }) => readObject(payload));
  const events = () =>
    heard('NotifyEvent').flatMap((event) => readList(event['eventData']).map(readObject));
  const security = () => heard('SecurityEventNotification').map(({ type }) => String(type));
  return { site, wire, ask, heard, events, security };
};

const busbar = (variable: string) => ({
  component: { name: 'Busbar' },
  variable: { name: variable },
});

for (const version of VERSIONS_2X) {
  describe(`monitoring of the controller in ${version}`, () => {
    test('tells what is watched from the start when it happens, and when it is over', async () => {
      const { site, events, wire } = await start(version);
      const of = (variable: string) =>
        events().filter((event) => readObject(event['variable'])['name'] === variable);
      site.charger('CP_1').setNetwork(false);
      await site.run(60);
      const [lost] = of('ChargersInFallback');
      assert.equal(lost?.['actualValue'], '1');
      assert.equal(lost['trigger'], 'Alerting');
      assert.equal(lost['eventNotificationType'], 'PreconfiguredMonitor');
      site.charger('CP_1').setNetwork(true);
      await site.run(60);
      assert.equal(of('ChargersInFallback').at(-1)?.['cleared'], true);
      site.meterFault = 'dead';
      await site.run(60);
      assert.equal(of('MetersSuspect').length, 1);
      assert.ok(new Set(events().map(({ eventId }) => eventId)).size === events().length);
      assert.deepEqual(wire.violations, []);
    });

    test('monitors are set, reported, kept over a restart, and cleared', async () => {
      const { site, ask, heard, events, wire } = await start(version);
      const item = { ...busbar('SiteCurrent'), type: 'UpperThreshold', value: 20, severity: 2 };
      const set = async (...setMonitoringData: readonly object[]) =>
        readList(
          (await ask('SetVariableMonitoring', { setMonitoringData }))['setMonitoringResult'],
        ).map(readObject);
      const [accepted, duplicate, unknown, wrong] = await set(
        item,
        item,
        { ...item, ...busbar('Nothing') },
        { ...item, ...busbar('Alarms') },
      );
      assert.equal(accepted?.['status'], 'Accepted');
      assert.equal(duplicate?.['status'], 'Duplicate');
      assert.equal(unknown?.['status'], 'UnknownVariable');
      assert.equal(wrong?.['status'], 'UnsupportedMonitorType');
      const id = accepted['id'];
      site.killGateway();
      await site.run(5);
      await site.startGateway();
      await site.run(60);
      for (const charger of site.chargers.values()) {
        charger.plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'CARD');
      }
      await site.run(120);
      const crossed = events().filter((event) => event['variableMonitoringId'] === id);
      assert.equal(crossed.length, 1, JSON.stringify(events()));
      assert.ok(Number(crossed[0]?.['actualValue']) > 20);
      const criteria = { requestId: 4, monitoringCriteria: ['ThresholdMonitoring'] };
      assert.equal((await ask('GetMonitoringReport', criteria))['status'], 'Accepted');
      assert.match(JSON.stringify(heard('NotifyMonitoringReport')), /SiteCurrent/);
      const cleared = await ask('ClearVariableMonitoring', { id: [id, 2, 4_711] });
      assert.deepEqual(
        readList(cleared['clearMonitoringResult']).map((each) => readObject(each)['status']),
        ['Accepted', 'Rejected', 'NotFound'],
      );
      assert.deepEqual(await ask('SetMonitoringLevel', { severity: 0 }), { status: 'Accepted' });
      const before = events().length;
      site.charger('CP_1').setNetwork(false);
      await site.run(60);
      assert.equal(events().length, before, 'nothing is that severe');
      const base = { monitoringBase: 'HardWiredOnly' };
      assert.deepEqual(await ask('SetMonitoringBase', base), { status: 'Accepted' });
      const none = await ask('GetMonitoringReport', { requestId: 5 });
      assert.equal(none['status'], 'EmptyResultSet');
      assert.deepEqual(wire.violations, []);
    });
  });
}

describe('settings of the controller', () => {
  test('outlive a restart', async () => {
    const { site, ask } = await start('1.6');
    const change = { key: 'LimitChangeSignificance', value: '30' };
    assert.deepEqual(await ask('ChangeConfiguration', change), { status: 'Accepted' });
    site.killGateway();
    await site.run(5);
    await site.startGateway();
    await site.run(60);
    const asked = await ask('GetConfiguration', { key: ['LimitChangeSignificance'] });
    assert.match(JSON.stringify(asked), /"value":"30"/);
  });
});

describe('rules for the identities of the gateway', () => {
  const rules = [{ deny: ['Reset'] }, { allow: ['TriggerMessage'], upstream: 'ws://other/ocpp' }];

  test('refuse the controller what chargers are refused, and only that', async () => {
    const controller = { identity: ID, version: '2.0.1', vendor: 'B', model: 'G', rules } as const;
    const { site, ask } = await start('2.0.1', { controller });
    assert.equal((await ask('Reset', { type: 'Immediate' }))['code'], 'SecurityError');
    assert.equal(site.restarts, 0);
    assert.equal((await ask('ClearCache', {}))['status'], 'Accepted');
  });

  test('the same of the station of the whole site; rules of one charger are not about it', async () => {
    const station = {
      identity: ID,
      version: '1.6',
      vendor: 'B',
      model: 'G',
      firmware: '1',
    } as const;
    const named = [
      { allow: ['ClearCache'], chargers: [ID] },
      { deny: ['ClearCache'], chargers: ['CP_1'] },
    ];
    const all = { aggregate: { station, rules: [...rules, ...named] } };
    const site = new VirtualSite({ site: garage(1), ...all });
    await site.run(60);
    const ask = async (action: string, payload: object) => {
      const asked = site.csms.ask(ID, action, payload);
      await site.run(5);
      return readObject(await asked);
    };
    assert.equal((await ask('Reset', { type: 'Soft' }))['code'], 'SecurityError');
    assert.equal((await ask('GetConfiguration', {}))['code'], 'SecurityError');
    assert.deepEqual((await ask('ClearCache', {}))['payload'], { status: 'Accepted' });
  });
});

describe('security events of the controller', () => {
  test('tell of refused chargers, and not without end', async () => {
    const { site, security, heard } = await start('2.0.1');
    const knock = async (identity: string): Promise<void> => {
      await site.network.connect(identity, ['ocpp1.6']).catch(() => {});
    };
    for (let i = 0; i < 5; i += 1) void knock('STRANGER');
    await site.run(5);
    assert.equal(security().filter((type) => type === 'ChargerUnknown').length, 1);
    site.csms.conduct.passwords.set('CP_2', 'secret-of-the-charger');
    site.charger('CP_2').setNetwork(false);
    await site.run(5);
    site.charger('CP_2').setNetwork(true);
    await site.run(30);
    assert.equal(security().filter((type) => type === 'ChargerFailedToAuthenticate').length, 1);
    for (let i = 0; i < 3 * HOURLY_MOST; i += 1) void knock(`GUESS-${i}`);
    await site.run(60);
    assert.ok(security().length <= HOURLY_MOST + 3, `${security().length}`);
    await site.run(3_600);
    void knock('STRANGER');
    await site.run(5);
    const last = heard('SecurityEventNotification').at(-1);
    assert.match(String(last?.['techInfo']), /STRANGER.*more since/);
  });

  test('tell of a restart that the CSMS asks for', async () => {
    const { site, ask, security } = await start('2.1');
    await ask('Reset', { type: 'Immediate' });
    await site.run(5);
    assert.ok(security().includes('ResetOrReboot'));
  });
});

for (const version of ['1.6', '2.0.1'] as const) {
  describe(`the list of the whole site in ${version}`, () => {
    const list = (listVersion: number, updateType: string, token: string): object =>
      version === '1.6'
        ? {
            listVersion,
            updateType,
            localAuthorizationList: [{ idTag: token, idTagInfo: { status: 'Accepted' } }],
          }
        : {
            versionNumber: listVersion,
            updateType,
            localAuthorizationList: [
              {
                idToken: { idToken: token, type: 'ISO14443' },
                idTokenInfo: { status: 'Accepted' },
              },
            ],
          };

    test('lets its drivers in at every charger while the CSMS is away, also after a restart', async () => {
      const { site, ask, wire } = await start(version, {
        versions: { CP_2: '2.0.1' },
        outageSettings: { unknownTokens: 'reject' },
      });
      const send = async (...args: Parameters<typeof list>) =>
        (await ask('SendLocalList', list(...args)))['status'];
      assert.equal(await send(3, 'Full', 'LISTED'), 'Accepted');
      assert.equal(await send(3, 'Differential', 'OTHER'), 'VersionMismatch');
      assert.equal(await send(4, 'Differential', 'OTHER'), 'Accepted');
      const key = version === '1.6' ? 'listVersion' : 'versionNumber';
      site.killGateway();
      await site.run(5);
      await site.startGateway();
      await site.run(60);
      assert.equal((await ask('GetLocalListVersion', {}))[key], 4);
      site.csms.goDown();
      await site.run(60);
      site.charger('CP_1').plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), 'LISTED');
      site.charger('CP_2').plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), 'OTHER');
      await site.run(60);
      for (const [id, charger] of site.chargers) assert.equal(charger.hasSession(1), true, id);
      site.charger('CP_1').unplug(1);
      await site.run(10);
      site.charger('CP_1').plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), 'STRANGER');
      await site.run(30);
      assert.equal(site.charger('CP_1').hasSession(1), false);
      assert.deepEqual(wire.violations, []);
    });

    test('ClearCache forgets what the CSMS said of drivers anywhere', async () => {
      const strict = { outageSettings: { unknownTokens: 'reject' } } as const;
      const { site, ask } = await start(version, strict);
      site.charger('CP_1').plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), 'CARD');
      await site.run(60);
      site.charger('CP_1').unplug(1);
      await site.run(10);
      assert.equal((await ask('ClearCache', {}))['status'], 'Accepted');
      site.csms.goDown();
      await site.run(60);
      site.charger('CP_2').plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), 'CARD');
      await site.run(60);
      assert.equal(site.charger('CP_2').hasSession(1), false);
    });
  });
}
