// What the controller's own station lets the CSMS see, change and hear of.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  changeAnswer,
  configurationAnswer,
  getVariablesAnswer,
  reported,
  reports,
  setVariablesAnswer,
  tooManyItems,
} from '../../src/ocpp/station/variables.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { HOURLY_MOST, SecurityWatch } from '../../src/station/security-watch.ts';
import { sitePlace } from '../../src/station/site-place.ts';
import { clearSiteCache, type SiteTokens, sendSiteList } from '../../src/station/site-tokens.ts';
import { stationVariables } from '../../src/station/station-variables.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { emptyView } from '../wire/empty-view.ts';

const station = (
  changes: { version?: OcppVersion; outlets?: number; serial?: string; view?: object } = {},
) => {
  const { version = '2.0.1', outlets, serial, view } = changes;
  const settings = { heartbeatSeconds: 300, meterSeconds: 60, limitChangeSignificancePercent: 5 };
  let saved = 0;
  const variables = stationVariables(
    version,
    settings,
    () => ({ ...emptyView(), ...view }),
    () => Date.UTC(2026, 5, 1),
    {
      identity: 'SITE-1',
      vendor: 'Busbar',
      model: 'Box',
      ...(outlets === undefined ? {} : { outlets: () => outletsOf(outlets) }),
      ...(serial === undefined ? {} : { serial }),
    },
    () => {
      saved += 1;
    },
  );
  const value = (key: string) => variables.find((each) => each.key === key)?.read();
  return { variables, settings, value, saved: () => saved };
};

const outletsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ number: i + 1, charger: 'CP_1', local: i + 1 }));

describe('a setting', () => {
  test('is changed within its bounds, and kept', () => {
    const { variables, settings, saved } = station();
    const change = (key: string, value: unknown) =>
      Reflect.get(changeAnswer(variables, { key, value }), 'status');
    assert.equal(change('heartbeatinterval', '0'), 'Accepted');
    assert.equal(change('HeartbeatInterval', '86400'), 'Accepted');
    assert.equal(change('ClockAlignedDataInterval', '900'), 'Accepted');
    assert.equal(change('LimitChangeSignificance', '100'), 'Accepted');
    const { heartbeatSeconds, meterSeconds, limitChangeSignificancePercent } = settings;
    assert.deepEqual(
      [heartbeatSeconds, meterSeconds, limitChangeSignificancePercent],
      [86_400, 900, 100],
    );
    assert.equal(saved(), 4);
    for (const value of ['86401', '-1', '1.5', '', ' ', 'often', undefined]) {
      assert.equal(change('HeartbeatInterval', value), 'Rejected', value);
    }
    assert.equal(change('LimitChangeSignificance', '101'), 'Rejected');
    assert.equal(change('BusbarSiteLimit', '5'), 'Rejected');
    assert.equal(change('Other', '5'), 'NotSupported');
    assert.equal(settings.heartbeatSeconds, 86_400);
    assert.equal(saved(), 4);
  });

  test('is one of 2.x by component and variable, whatever their case; only its actual value', () => {
    const { variables, settings } = station();
    const of = (component: string, name: string, more: object = {}) => ({
      component: { name: component },
      variable: { name },
      ...more,
    });
    const beat = (more: object) => of('ocppcommctrlr', 'HEARTBEATINTERVAL', more);
    const results = (answer: object): Record<string, unknown>[] =>
      Object.values(answer)[0] as Record<string, unknown>[];
    const items = [
      beat({ attributeValue: '30' }),
      beat({ attributeValue: '30', attributeType: 'Actual' }),
      beat({ attributeValue: '60', attributeType: 'Target' }),
      beat({}),
      of('Busbar', 'Version', { attributeValue: '2' }),
      of('Busbar', 'HeartbeatInterval', { attributeValue: '2' }),
      of('Other', 'HeartbeatInterval', { attributeValue: '2' }),
    ];
    assert.deepEqual(
      results(setVariablesAnswer(variables, { setVariableData: items })).map(
        ({ attributeStatus }) => attributeStatus,
      ),
      [
        'Accepted',
        'Accepted',
        'NotSupportedAttributeType',
        'Rejected',
        'Rejected',
        'UnknownVariable',
        'UnknownComponent',
      ],
    );
    assert.equal(settings.heartbeatSeconds, 30);
    const read = results(getVariablesAnswer(variables, { getVariableData: items }));
    assert.deepEqual(
      read.map(({ attributeStatus, attributeValue, attributeType }) => [
        attributeStatus,
        attributeValue,
        attributeType,
      ]),
      [
        ['Accepted', '30', undefined],
        ['Accepted', '30', 'Actual'],
        ['NotSupportedAttributeType', undefined, 'Target'],
        ['Accepted', '30', undefined],
        ['Accepted', '1', undefined],
        ['UnknownVariable', undefined, undefined],
        ['UnknownComponent', undefined, undefined],
      ],
    );
    const many = (length: number) => Array.from({ length }, () => beat({}));
    for (const name of ['getVariableData', 'setVariableData', 'componentVariable']) {
      const tooMany = [50, 51].map((count) => tooManyItems({ [name]: many(count) }));
      assert.deepEqual(tooMany, [false, true], name);
    }
  });

  test('of 1.6 is told by key, all where none is named', () => {
    const { variables } = station();
    const ask = (key?: readonly string[]) =>
      configurationAnswer(variables, key === undefined ? {} : { key }) as {
        configurationKey: { key: string; readonly: boolean; value: string }[];
        unknownKey?: string[];
      };
    assert.equal(ask().configurationKey.length, variables.length);
    assert.equal(ask().unknownKey, undefined);
    assert.deepEqual(ask(['heartbeatinterval', 'Nothing', 'BusbarVersion']), {
      configurationKey: [
        { key: 'HeartbeatInterval', readonly: false, value: '300' },
        { key: 'BusbarVersion', readonly: true, value: '1' },
      ],
      unknownKey: ['Nothing'],
    });
  });

  test('is reported as asked for', () => {
    const { variables } = station();
    const names = (...places: readonly object[]) =>
      reported(variables, { componentVariable: places }).map((each) => each.variable);
    const at = (name: string, of?: string) => ({
      component: { name },
      ...(of === undefined ? {} : { variable: { name: of } }),
    });
    assert.equal(names().length, variables.length);
    assert.deepEqual(names(at('SMARTCHARGINGCTRLR', 'rateunit')), ['RateUnit']);
    assert.deepEqual(names(at('ocppcommctrlr'), at('Busbar', 'TickMs')), [
      'HeartbeatInterval',
      'MessageTimeout',
      'FileTransferProtocols',
      'TickMs',
    ]);
    assert.deepEqual(names(at('Other')), []);
    const meeting = (...componentCriteria: readonly string[]) =>
      reported(variables, { componentCriteria }).length;
    assert.deepEqual([meeting('Problem'), meeting('Active', 'Problem')], [0, variables.length]);
    const text = JSON.stringify(reports(variables, { requestId: 1 }, 'now'));
    assert.match(
      text,
      /"HeartbeatInterval"\},"variableAttribute":\[\{"type":"Actual","value":"300","mutability":"ReadWrite"\}\],"variableCharacteristics":\{"dataType":"integer","supportsMonitoring":true,"unit":"s"\}/,
    );
    assert.match(
      text,
      /"Version"\},"variableAttribute":\[\{"type":"Actual","value":"1","mutability":"ReadOnly"\}\],"variableCharacteristics":\{"dataType":"string","supportsMonitoring":true\}/,
    );
  });
});

describe('a figure of the site', () => {
  test('is what the view says', () => {
    const [charger] = emptyView().chargers;
    const [connector] = charger?.connectors ?? [];
    assert.ok(charger && connector);
    const silent = { ...connector, obedience: 'silent' as const };
    const { value } = station({
      view: {
        circuits: [
          { ...emptyView().circuits[0], limitInForceAmps: [63, 40, 50], measuredAmps: [1, 7, 3] },
        ],
        chargers: [
          charger,
          charger,
          { ...charger, online: false, backlog: { ...charger.backlog, held: 3 } },
          { ...charger, connectors: [connector, silent], backlog: { ...charger.backlog, held: 4 } },
        ],
        meters: [
          { id: 'grid', quality: 'good' },
          { id: 'sun', quality: 'suspect' },
          { id: 'car', quality: 'absent' },
        ],
        limits: [{ state: 'failsafe' }, { state: 'active' }, { state: 'none' }],
        alarms: ['one', 'two'],
      },
    });
    assert.deepEqual(
      Object.fromEntries(
        [
          'SiteLimit',
          'SiteLimitReason',
          'SiteCurrent',
          'ChargersConnected',
          'MessagesHeld',
          'MetersSuspect',
          'ChargersInFallback',
          'LimitsInFailsafe',
          'MeterQuality',
          'TickMs',
          'Alarms',
        ].map((name) => [name, value(`Busbar${name}`)]),
      ),
      {
        SiteLimit: '40',
        SiteLimitReason: 'main L1: fuse 63 A',
        SiteCurrent: '7',
        ChargersConnected: '3',
        MessagesHeld: '7',
        MetersSuspect: '2',
        ChargersInFallback: '2',
        LimitsInFailsafe: '1',
        MeterQuality: 'grid good, sun suspect, car absent',
        TickMs: '0.2',
        Alarms: 'one two',
      },
    );
    const nothing = station({ view: { circuits: [] } });
    assert.deepEqual(
      ['SiteLimit', 'SiteLimitReason', 'SiteCurrent'].map((name) => nothing.value(`Busbar${name}`)),
      ['0', '', '0'],
    );
  });

  test('is told with its unit, and as long as a message may be', () => {
    const { variables } = station({ view: { alarms: ['x'.repeat(3_000)] } });
    const text = JSON.stringify(reports(variables, { requestId: 1 }, 'now'));
    assert.match(text, /"SiteLimit".*?"dataType":"decimal","supportsMonitoring":true,"unit":"A"/);
    const longest = (answer: unknown) => /xxx+/.exec(JSON.stringify(answer))?.[0].length;
    const item = { component: { name: 'Busbar' }, variable: { name: 'Alarms' } };
    assert.equal(longest(text), 2_500);
    assert.equal(longest(getVariablesAnswer(variables, { getVariableData: [item] })), 2_500);
    assert.equal(longest(configurationAnswer(variables, { key: ['BusbarAlarms'] })), 500);
  });

  test('and of the station: connectors, and what it can do with them', () => {
    assert.equal(station().value('NumberOfConnectors'), '0');
    assert.match(station().value('SupportedFeatureProfiles') ?? '', /FirmwareManagement/);
    assert.equal(station({ outlets: 4 }).value('NumberOfConnectors'), '4');
    assert.match(station({ outlets: 4 }).value('SupportedFeatureProfiles') ?? '', /Reservation/);
    assert.equal(station().value('ChargePointSerialNumber'), undefined);
    assert.equal(station({ serial: 'S1' }).value('ChargePointSerialNumber'), 'S1');
  });
});

test('profiles of the site are those of one circuit, by what holds on it', () => {
  const clock = new VirtualClock();
  const [main] = emptyView().circuits;
  assert.ok(main);
  const hall: typeof main = { ...main, id: 'hall', limitInForceAmps: [20, 16, 18] };
  const view = () => ({ ...emptyView(), circuits: [main, hall] });
  const plain = garage(1);
  const [first] = plain.circuits;
  assert.ok(first);
  const site = {
    ...plain,
    circuits: [first, { ...first, id: 'hall', limitAmps: [32, 25, 30] as const }],
  };
  const of = (circuit?: string) => {
    const place = sitePlace({ site, circuit, clock, view, wake: () => {} });
    return [place.circuit, place.fuseAmps, place.inForceAmps()];
  };
  assert.deepEqual(of('hall'), ['hall', 25, 16]);
  assert.deepEqual(of(), [first.id, Math.min(...first.limitAmps), 63]);
  assert.deepEqual(of('attic'), of());
  const empty = sitePlace({ site, circuit: 'hall', clock, view: emptyView, wake: () => {} });
  assert.equal(empty.inForceAmps(), 0, 'what is not seen promises nothing');
});

describe('security events', () => {
  const bench = () => {
    const clock = new VirtualClock();
    const told: string[] = [];
    const watch = new SecurityWatch(clock, (type, info) => told.push(`${type}: ${info}`));
    const knock = (
      identity: string,
      kind: 'unknown' | 'refused' = 'unknown',
      remoteAddress?: string,
    ) => watch.noted({ kind, identity, remoteAddress } as never);
    return { clock, knock, said: () => told.splice(0) };
  };

  test('tell the same of the same charger every ten minutes, and how many there were', async () => {
    const { clock, knock, said } = bench();
    knock('CP_9', 'unknown', '10.0.0.9');
    knock('CP_9');
    knock('CP_9', 'refused');
    assert.deepEqual(said(), [
      'ChargerUnknown: CP_9 from 10.0.0.9',
      'ChargerFailedToAuthenticate: CP_9; 1 more since the last event',
    ]);
    await clock.run(599_999);
    knock('CP_9');
    assert.deepEqual(said(), []);
    await clock.run(1);
    knock('CP_9');
    knock('X'.repeat(60));
    assert.deepEqual(said(), [
      'ChargerUnknown: CP_9; 1 more since the last event',
      `ChargerUnknown: ${'X'.repeat(48)}`,
    ]);
  });

  test('are so many an hour at most', async () => {
    const { clock, knock, said } = bench();
    await clock.run(60_000);
    for (let i = 0; i < 40; i += 1) knock(`CP_${i}`);
    assert.equal(said().length, HOURLY_MOST);
    await clock.run(3_599_999);
    knock('late');
    assert.deepEqual(said(), []);
    await clock.run(1);
    knock('late');
    assert.deepEqual(said(), ['ChargerUnknown: late; 11 more since the last event']);
  });
});

describe('drivers of the whole site', () => {
  const bench = (fits = true) => {
    let version = 3;
    let cleared = 0;
    const tokens: SiteTokens = {
      siteListVersion: () => version,
      changeSiteList: (change) => {
        if (fits) version = change.version;
        return fits;
      },
      clearTokens: () => {
        cleared += 1;
      },
    };
    const send = (listVersion: number, updateType: string) =>
      sendSiteList('1.6', { listVersion, updateType, localAuthorizationList: [] }, tokens);
    return { tokens, send, version: () => version, cleared: () => cleared };
  };
  const status = (word: string) => ({ payload: { status: word } });

  test('come as a whole at any version, as a change only at a later one', () => {
    const { send, version } = bench();
    assert.deepEqual(send(3, 'Differential'), status('VersionMismatch'));
    assert.deepEqual(send(4, 'Differential'), status('Accepted'));
    assert.deepEqual(send(2, 'Full'), status('Accepted'));
    assert.equal(version(), 2);
    assert.deepEqual(bench(false).send(9, 'Full'), status('Failed'), 'too many');
  });

  test('are refused where nothing is remembered', () => {
    const { tokens, cleared } = bench();
    assert.deepEqual(sendSiteList('1.6', {}, undefined), status('NotSupported'));
    assert.deepEqual(sendSiteList('2.0.1', {}, undefined), status('Failed'));
    assert.deepEqual(clearSiteCache(undefined), status('Rejected'));
    assert.deepEqual(clearSiteCache(tokens), status('Accepted'));
    assert.equal(cleared(), 1);
  });
});
