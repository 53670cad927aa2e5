import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { downRules, familyOf, upRules } from '../../src/ocpp/aggregate/rules.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { sampleOf } from '../ocpp-samples.ts';
import { requestNames } from '../ocpp-schemas.ts';
import { siteProfile } from './profile-calls.ts';
import { StrictWire, strictCharger } from './strict-wire.ts';
import { garage } from './virtual-garage.ts';

/** An hour: `BUSBAR_STRICT_MINUTES=60 npm test -- test/scenarios/strict-life.test.ts`. */
const MINUTES = Number(process.env['BUSBAR_STRICT_MINUTES'] ?? 2);
const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];
const CHARGERS = VERSIONS.map((version, i) => [`CP_${i + 1}`, version] as const);
const SITE = 'SITE-9';

/** What a simulated charger answers by itself; to the rest it says the least that is allowed. */
const KNOWN = new Set(
  `BootNotification ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile
  DataTransfer GetBaseReport GetChargingProfiles GetCompositeSchedule GetConfiguration
  GetLocalListVersion GetTransactionStatus GetVariables RemoteStartTransaction
  RemoteStopTransaction RequestStartTransaction RequestStopTransaction Reset SendLocalList
  SetChargingProfile SetVariables TriggerMessage UnlockConnector`.split(/\s+/),
);
/** What chargers and the simulated CSMS say of sessions by themselves. */
const OF_SESSIONS = /^(Boot|Heart|Authorize|Start|Stop|Status|Meter|TransactionEvent)/;
const EPOCH = '2026-06-01T00:00:00Z';
const others = (version: OcppVersion) => ({
  answers: (action: string) =>
    KNOWN.has(action) ? undefined : { result: sampleOf(version, `${action}.conf`, EPOCH) },
});

/** Actions of a version by who calls. */
const actionsOf = (version: OcppVersion, by: 'charger' | 'csms'): readonly string[] => {
  const rules = by === 'charger' ? upRules(familyOf(version)) : downRules(familyOf(version));
  return requestNames(version).filter((action) => Object.hasOwn(rules, action));
};

const strictSite = (options: Partial<VirtualSiteOptions>) => {
  const strange: string[] = [];
  const site = new VirtualSite({
    site: { ...garage(CHARGERS.length), emsSources: [{ id: 'bms', circuit: 'main' }] },
    versions: Object.fromEntries(CHARGERS),
    conduct: Object.fromEntries(
      CHARGERS.map(([id, version]) => [id, strictCharger(version, others(version), strange)]),
    ),
    buildingAmps: [5, 5, 5],
    buildingNoiseAmps: 2,
    ...options,
  });
  site.csms.conduct.oneCallAtATime = true;
  site.csms.conduct.answers = (action, _payload, version) =>
    OF_SESSIONS.test(action) ? undefined : sampleOf(version, `${action}.conf`, EPOCH);
  return { site, strange, wire: new StrictWire(site.csms) };
};

/** What a CSMS asks in the course of an hour; some of it makes no sense, as in life. */
const likely = (version: OcppVersion, nowMs: number): readonly (readonly [string, object])[] => {
  const at = new Date(nowMs).toISOString();
  const clear =
    version === '1.6'
      ? { chargingProfilePurpose: 'ChargePointMaxProfile' }
      : { chargingProfileCriteria: { chargingProfilePurpose: 'ChargingStationMaxProfile' } };
  const both: readonly (readonly [string, object])[] = [
    ['SetChargingProfile', siteProfile(version, 20)],
    ['ClearChargingProfile', clear],
    ['TriggerMessage', { requestedMessage: 'Heartbeat' }],
    ['TriggerMessage', { requestedMessage: 'MeterValues' }],
    ['ClearCache', {}],
    ['GetLocalListVersion', {}],
  ];
  if (version === '1.6') {
    return [
      ...both,
      ['GetConfiguration', {}],
      ['ChangeAvailability', { connectorId: 1, type: 'Inoperative' }],
      ['ChangeAvailability', { connectorId: 0, type: 'Operative' }],
      ['ChangeConfiguration', { key: 'HeartbeatInterval', value: '120' }],
      ['GetCompositeSchedule', { connectorId: 0, duration: 600 }],
      ['RemoteStartTransaction', { connectorId: 1, idTag: 'REMOTE' }],
      ['UnlockConnector', { connectorId: 1 }],
      ['ReserveNow', { connectorId: 1, expiryDate: at, idTag: 'A', reservationId: 4 }],
      ['CancelReservation', { reservationId: 4 }],
      ['SendLocalList', { listVersion: 1, updateType: 'Full', localAuthorizationList: [] }],
      ['GetDiagnostics', { location: 'https://files.example/in/' }],
    ];
  }
  const model = { component: { name: 'ChargingStation' }, variable: { name: 'Model' } };
  const idToken = { idToken: 'REMOTE', type: 'ISO14443' };
  return [
    ...both,
    ['ChangeAvailability', { operationalStatus: 'Inoperative', evse: { id: 1 } }],
    ['ChangeAvailability', { operationalStatus: 'Operative' }],
    ['GetBaseReport', { requestId: 1, reportBase: 'FullInventory' }],
    ['GetReport', { requestId: 2, componentVariable: [model] }],
    ['GetVariables', { getVariableData: [model] }],
    ['SetVariables', { setVariableData: [{ ...model, attributeValue: 'x' }] }],
    ['GetCompositeSchedule', { evseId: 0, duration: 600 }],
    ['GetChargingProfiles', { requestId: 3, evseId: 0, chargingProfile: {} }],
    ['RequestStartTransaction', { remoteStartId: 1, evseId: 1, idToken }],
    ['RequestStopTransaction', { transactionId: 'none' }],
    ['GetTransactionStatus', {}],
    [
      'SetVariableMonitoring',
      {
        setMonitoringData: [
          {
            value: 15,
            type: 'UpperThreshold',
            severity: 4,
            component: { name: 'Busbar' },
            variable: { name: 'SiteCurrent' },
          },
        ],
      },
    ],
    ['GetMonitoringReport', { requestId: 6 }],
    ['SetMonitoringLevel', { severity: 9 }],
    ['SetMonitoringBase', { monitoringBase: 'All' }],
    ['ClearVariableMonitoring', { id: [100, 1] }],
    ['UnlockConnector', { evseId: 1, connectorId: 1 }],
    ['ReserveNow', { id: 4, expiryDateTime: at, idToken, evseId: 1 }],
    ['CancelReservation', { reservationId: 4 }],
    [
      'SendLocalList',
      {
        versionNumber: 1,
        updateType: 'Full',
        localAuthorizationList: [{ idToken, idTokenInfo: { status: 'Accepted' } }],
      },
    ],
    [
      'GetLog',
      { logType: 'DiagnosticsLog', requestId: 5, log: { remoteLocation: 'https://x.example/' } },
    ],
  ];
};

/** These, and every action that a CSMS of the version has, with the least that it can say. */
const questions = (version: OcppVersion, nowMs: number): ReturnType<typeof likely> => [
  ...likely(version, nowMs),
  ...actionsOf(version, 'csms').map((action) => {
    const at = new Date(nowMs + 600_000).toISOString();
    return [action, sampleOf(version, `${action}.req`, at)] as const;
  }),
];

/** What chargers say beside their sessions. */
const tales = (version: OcppVersion, nowMs: number): ReturnType<typeof likely> =>
  actionsOf(version, 'charger')
    .filter((action) => !OF_SESSIONS.test(action))
    .map((action) => {
      const at = new Date(nowMs).toISOString();
      return [action, sampleOf(version, `${action}.req`, at)] as const;
    });

/** The part of a list that is due now, so that all of it is said in the time that there is. */
const turnOf = <Item>(list: readonly Item[], at: number): readonly Item[] => {
  const each = Math.ceil(list.length / (MINUTES * 4));
  const from = (at * each) % list.length;
  return [...list, ...list].slice(from, from + each);
};

/** Cars come and go, the EMS limits, lines break, the gateway dies; the CSMS asks all the while. */
const live = async (site: VirtualSite, ask: OcppVersion, seed: number): Promise<void> => {
  const random = seededRandom(seed);
  const ids = [...site.chargers.keys()];
  const pick = (): string => ids[Math.floor(random() * ids.length)] ?? 'CP_1';
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const charger = site.charger(pick());
    if (charger.hasSession(1)) charger.unplug(1);
    else charger.plugIn(1, new Car({ maxAmps: 16, needWh: 3_000 }), `CARD-${minute % 3}`);
    if (minute % 4 === 1) {
      site.setLimit('bms', { circuit: 'main', amps: [20, 20, 20], ttlSeconds: 90 });
    }
    const now = site.clock.wallMs();
    for (let turn = 0; turn < 4; turn += 1) {
      const at = minute * 4 + turn;
      for (const [action, payload] of turnOf(questions(ask, now), at)) {
        void site.csms.ask(SITE, action, payload);
      }
      for (const [id, version] of CHARGERS) {
        const own = turnOf(questions(version, now), at);
        for (const [action, payload] of own) void site.csms.ask(id, action, payload);
        for (const [action, payload] of turnOf(tales(version, now), at)) {
          site
            .charger(id)
            .tell(action, payload)
            .catch(() => {});
        }
      }
      await site.run(5);
    }
    await site.run(20);
    if (minute % 6 === 0) site.csms.goDown();
    if (minute % 10 === 1) {
      site.killGateway();
      await site.run(2);
      await site.startGateway();
    }
    if (minute % 5 === 0) site.charger(pick()).setNetwork(false);
    await site.run(20);
    site.csms.comeBack();
    for (const id of ids) site.charger(id).setNetwork(true);
  }
  await site.run(60);
};

/** In an hour nothing is left out; in minutes a line may be down when it is asked. */
const assertWide = ({ actions }: StrictWire, wanted: readonly string[]): void => {
  const missing = wanted.filter((action) => !actions.has(action));
  const most = MINUTES >= 60 ? 0 : wanted.length / 2;
  assert.ok(missing.length <= most, `never seen: ${missing}`);
};
const downward = (version: OcppVersion) =>
  actionsOf(version, 'csms').map((action) => `down ${action}`);

for (const version of VERSIONS) {
  describe(`a strict CSMS of ${version}`, () => {
    test('takes every frame of chargers of all versions and of the controller', async () => {
      const controller = { identity: SITE, version, vendor: 'Busbar', model: 'Site gateway' };
      const { site, wire, strange } = strictSite({ controller });
      await site.run(30);
      await live(site, version, 11);
      assert.ok(wire.frames > MINUTES * 20, `${wire.frames} frames`);
      const told = VERSIONS.flatMap((each) => actionsOf(each, 'charger').map((a) => `up ${a}`));
      assertWide(wire, [...VERSIONS.flatMap(downward), ...told]);
      assert.deepEqual(wire.violations, []);
      assert.deepEqual(strange, []);
      assert.deepEqual(site.csms.problems, []);
      assert.equal(site.controller?.state, 'connected');
    });

    test('takes every frame of the one station', async () => {
      const station = { identity: SITE, version, vendor: 'Busbar', model: 'Site', firmware: '1' };
      const { site, wire, strange } = strictSite({ aggregate: { station } });
      await site.run(30);
      await live(site, version, 12);
      assert.ok(wire.frames > MINUTES * 20, `${wire.frames} frames`);
      assertWide(wire, downward(version));
      assert.deepEqual(wire.violations, []);
      assert.deepEqual(strange, []);
      assert.deepEqual(site.csms.problems, []);
      assert.deepEqual(site.csms.connected(), [SITE]);
    });
  });
}
