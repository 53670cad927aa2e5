// EVSEs and connectors in the device model of the station that stands for the site (2.x).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChargerSpec } from '../../src/core/site.ts';
import { askedMonitors, setMonitors } from '../../src/ocpp/station/monitors.ts';
import {
  getVariablesAnswer,
  inventory,
  reported,
  reports,
  type StationVariable,
  setVariablesAnswer,
} from '../../src/ocpp/station/variables.ts';
import type { ConnectorView } from '../../src/schema/view.ts';
import { outletVariables, phaseRotation } from '../../src/station/outlet-variables.ts';
import { stationVariables } from '../../src/station/station-variables.ts';
import { validators } from '../ocpp-schemas.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { emptyView } from '../wire/empty-view.ts';

const VOLTS = 230;
const [SPEC] = garage(1).chargers;
const [CHARGER] = emptyView().chargers;
const [CONNECTOR] = CHARGER?.connectors ?? [];

interface Known {
  readonly spec?: Partial<ChargerSpec> | 'gone';
  readonly connector?: Partial<ConnectorView>;
  readonly online?: boolean;
}

/** The variables of EVSE 5, which is the first of a charger of which this is known. */
const outlet = ({ spec = {}, connector = {}, online = true }: Known = {}) => {
  assert.ok(SPEC && CHARGER && CONNECTOR);
  const view = {
    ...emptyView(),
    chargers: [{ ...CHARGER, online, connectors: [{ ...CONNECTOR, ...connector }] }],
  };
  const variables = outletVariables(
    [{ number: 5, charger: 'CP_1', local: 1 }],
    () => (spec === 'gone' ? undefined : { ...SPEC, maxAmps: 16, ...spec }),
    view,
    VOLTS,
  );
  const of = (component: string, variable: string) =>
    variables.find((each) => each.component === component && each.variable === variable);
  return { variables, of, read: (component: string, name: string) => of(component, name)?.read() };
};

/** What a station with so many EVSEs has. */
const station = (count: number): readonly StationVariable[] => {
  const outlets = Array.from({ length: count }, (_, i) => ({
    number: i + 1,
    charger: 'CP_1',
    local: i + 1,
  }));
  const settings = { heartbeatSeconds: 300, meterSeconds: 60, limitChangeSignificancePercent: 5 };
  const names = { identity: 'SITE-1', vendor: 'Busbar', model: 'Box', outlets: () => outlets };
  return [
    ...stationVariables(
      '2.0.1',
      settings,
      emptyView,
      () => 0,
      names,
      () => {},
    ),
    ...outletVariables(outlets, () => SPEC, emptyView(), VOLTS),
  ];
};

const at = (component: string, evse: object | undefined, variable: string, more: object = {}) => ({
  component: { name: component, ...(evse === undefined ? {} : { evse }) },
  variable: { name: variable, ...more },
});

describe('an EVSE in the device model', () => {
  test('is told with what is required of it and of its connector', () => {
    const { variables } = outlet();
    assert.deepEqual(
      variables.map(({ component, evse, variable }) => [component, evse, variable]),
      [
        ['EVSE', { id: 5 }, 'AvailabilityState'],
        ['EVSE', { id: 5 }, 'Available'],
        ['EVSE', { id: 5 }, 'SupplyPhases'],
        ['EVSE', { id: 5 }, 'Power'],
        ['Connector', { id: 5, connectorId: 1 }, 'AvailabilityState'],
        ['Connector', { id: 5, connectorId: 1 }, 'Available'],
        ['Connector', { id: 5, connectorId: 1 }, 'SupplyPhases'],
        ['Connector', { id: 5, connectorId: 1 }, 'ConnectorType'],
      ],
    );
  });

  test('is as its charger says, and unavailable while nobody hears it', () => {
    const states = Object.entries({
      available: 'Available',
      preparing: 'Occupied',
      charging: 'Occupied',
      'suspended-ev': 'Occupied',
      'suspended-evse': 'Occupied',
      finishing: 'Occupied',
      reserved: 'Reserved',
      unavailable: 'Unavailable',
      faulted: 'Faulted',
    });
    for (const [status, word] of states) {
      const { read } = outlet({ connector: { status } });
      const told = ['EVSE', 'Connector'].map((component) => read(component, 'AvailabilityState'));
      assert.deepEqual(told, [word, word], status);
    }
    const away = outlet({ online: false });
    assert.equal(away.read('EVSE', 'AvailabilityState'), 'Unavailable');
    assert.equal(away.read('EVSE', 'Available'), 'true');
    assert.equal(away.read('EVSE', 'Power'), '', 'what it drew last is not what it draws');
  });

  test('has the phases and the power of its charger', () => {
    const power = (spec: Partial<ChargerSpec>) => {
      const { of, read } = outlet({ spec });
      return [read('EVSE', 'SupplyPhases'), of('EVSE', 'Power')?.most];
    };
    assert.deepEqual(power({}), ['3', 11_040]);
    assert.deepEqual(power({ phases: [1], maxAmps: 32 }), ['1', 7_360]);
    assert.deepEqual(power({ phases: [0, 1], lineToLine: true, maxAmps: 10 }), ['1', 3_984]);
    assert.deepEqual(power({ dcEfficiency: 0.95, maxAmps: 100 }), ['0', 65_550]);
    assert.equal(outlet().read('EVSE', 'Power'), '10700');
    assert.equal(outlet({ connector: { watts: null } }).read('EVSE', 'Power'), '');
  });

  test('of a charger that is not in the site file any more is not there', () => {
    const { read, of } = outlet({ spec: 'gone' });
    assert.equal(read('EVSE', 'Available'), 'false');
    assert.equal(read('Connector', 'SupplyPhases'), '');
    assert.equal(of('EVSE', 'Power')?.most, undefined);
  });
});

describe('a variable is that of its own EVSE and instance', () => {
  const variables = station(2);
  const asked = [
    at('EVSE', { id: 2 }, 'Available'),
    at('connector', { id: 2, connectorId: 1 }, 'connectortype'),
    at('DeviceDataCtrlr', undefined, 'ItemsPerMessage', { instance: 'getvariables' }),
    at('EVSE', { id: 3 }, 'Available'),
    at('EVSE', undefined, 'Available'),
    at('EVSE', { id: 2, connectorId: 1 }, 'Available'),
    at('Connector', { id: 2, connectorId: 2 }, 'Available'),
    at('OCPPCommCtrlr', { id: 1 }, 'HeartbeatInterval'),
    at('EVSE', { id: 2 }, 'ConnectorType'),
    at('OCPPCommCtrlr', undefined, 'HeartbeatInterval', { instance: 'x' }),
    at('DeviceDataCtrlr', undefined, 'ItemsPerMessage'),
    {
      component: { name: 'OCPPCommCtrlr', instance: 'x' },
      variable: { name: 'HeartbeatInterval' },
    },
  ];
  const statuses = (answer: object) =>
    (Object.values(answer)[0] as { attributeStatus: string }[]).map((each) => each.attributeStatus);

  test('in GetVariables', () => {
    const answer = getVariablesAnswer(variables, { getVariableData: asked });
    assert.deepEqual(statuses(answer), [
      'Accepted',
      'Accepted',
      'Accepted',
      'UnknownComponent',
      'UnknownComponent',
      'UnknownComponent',
      'UnknownComponent',
      'UnknownComponent',
      'UnknownVariable',
      'UnknownVariable',
      'UnknownVariable',
      'UnknownComponent',
    ]);
    assert.ok(validators('2.0.1')('GetVariables.conf')(answer));
  });

  test('in SetVariables', () => {
    const setVariableData = asked.map((item) => ({ ...item, attributeValue: '60' }));
    const answer = statuses(setVariablesAnswer(variables, { setVariableData }));
    assert.deepEqual(answer.slice(0, 4), ['Rejected', 'Rejected', 'Rejected', 'UnknownComponent']);
    assert.equal(answer[7], 'UnknownComponent');
  });

  test('in GetReport, where what is left out may be any', () => {
    const found = (...componentVariable: readonly object[]) =>
      reported(variables, { componentVariable }).map(
        ({ component, evse, variable }) => `${component} ${evse?.id ?? ''} ${variable}`,
      );
    assert.deepEqual(found(at('EVSE', undefined, 'Power')), ['EVSE 1 Power', 'EVSE 2 Power']);
    assert.equal(found({ component: { name: 'EVSE', evse: { id: 2 } } }).length, 4);
    assert.equal(found(at('DeviceDataCtrlr', undefined, 'ItemsPerMessage')).length, 3);
    assert.deepEqual(found(at('OCPPCommCtrlr', { id: 1 }, 'HeartbeatInterval')), []);
  });

  test('and is not watched where there are several', () => {
    const book = { monitors: [], level: 9, nextId: 100 };
    const item = (place: object) => ({ ...place, type: 'Delta', value: 1, severity: 5 });
    const set = setMonitors(book, variables, {
      setMonitoringData: [
        item(at('EVSE', { id: 2 }, 'Power')),
        item(at('EVSE', { id: 3 }, 'Power')),
        item(at('OCPPCommCtrlr', undefined, 'HeartbeatInterval')),
      ],
    });
    assert.match(JSON.stringify(set.answer), /UnsupportedM.*UnknownComponent.*Accepted/);
    const elsewhere = { componentVariable: [at('OCPPCommCtrlr', { id: 1 }, 'HeartbeatInterval')] };
    assert.deepEqual(askedMonitors(set.book, elsewhere), []);
  });
});

describe('a base report', () => {
  const variables = station(200);
  const names = (reportBase: string) =>
    new Set(inventory(variables, { reportBase })?.map(({ variable }) => variable));

  test('tells all, what can be set, or what can be used', () => {
    assert.equal(inventory(variables, { reportBase: 'FullInventory' })?.length, variables.length);
    assert.deepEqual(
      [...names('ConfigurationInventory')],
      ['HeartbeatInterval', 'LimitChangeSignificance'],
    );
    assert.deepEqual([...names('SummaryInventory')], ['AvailabilityState']);
    assert.equal(inventory(variables, { reportBase: 'constructor' }), undefined);
  });

  for (const version of ['2.0.1', '2.1'] as const) {
    test(`of 200 EVSEs is whole, in order and as the schema of ${version} says`, () => {
      const pages = reports(variables, { requestId: 7 }, '2026-06-01T10:00:00.000Z') as {
        seqNo: number;
        tbc: boolean;
        reportData: { component: { evse?: { id: number } } }[];
      }[];
      const validate = validators(version)('NotifyReport.req');
      for (const page of pages) assert.ok(validate(page), JSON.stringify(validate.errors));
      assert.deepEqual(
        pages.map(({ seqNo, tbc }) => [seqNo, tbc]),
        pages.map((_page, i) => [i, i < pages.length - 1]),
      );
      const items = pages.flatMap(({ reportData }) => reportData);
      assert.equal(items.length, variables.length);
      assert.equal(items.filter(({ component }) => component.evse?.id === 200).length, 8);
    });
  }
});

test('phases of connectors are told under 1.6 as they are wired, as many as fit', () => {
  assert.ok(SPEC);
  const wirings: readonly Partial<ChargerSpec>[] = [
    {},
    { phases: [1, 2, 0] },
    { phases: [2] },
    { phases: [0, 1], lineToLine: true },
    { dcEfficiency: 0.9 },
    { phases: [-1, -1, -1] },
  ];
  const specs = new Map(wirings.map((wiring, i) => [`CP_${i}`, { ...SPEC, ...wiring }]));
  const outlets = [...specs.keys(), 'gone'].map((charger, i) => ({
    number: i + 1,
    charger,
    local: 1,
  }));
  assert.equal(
    phaseRotation(outlets, (charger) => specs.get(charger)).read(),
    '1.RST,2.STR,3.NotApplicable,4.NotApplicable,5.NotApplicable,6.Unknown,7.Unknown',
  );
  const many = Array.from({ length: 90 }, (_, i) => ({ number: i + 1, charger: 'A', local: 1 }));
  const text = phaseRotation(many, () => SPEC).read();
  assert.ok(text.length <= 500 && text.endsWith('.RST'), text);
});

test('what is required of a station is told, and nothing that is up to each charger', () => {
  const read = (component: string, variable: string) =>
    station(1)
      .find((each) => each.component === component && each.variable === variable)
      ?.read();
  assert.equal(read('ChargingStation', 'AvailabilityState'), 'Available');
  assert.equal(read('ChargingStation', 'SupplyPhases'), '3');
  assert.equal(read('ClockCtrlr', 'DateTime'), '1970-01-01T00:00:00.000Z');
  assert.equal(read('OCPPCommCtrlr', 'MessageTimeout'), '30');
  assert.equal(read('SecurityCtrlr', 'Identity'), 'SITE-1');
  assert.equal(read('AlignedDataCtrlr', 'Interval'), undefined);
  assert.equal(read('TxCtrlr', 'TxStartPoint'), undefined);
  const typeOf = (variable: string) => station(1).find((each) => each.variable === variable)?.type;
  assert.deepEqual(
    ['ProfileStackLevel', 'PeriodsPerSchedule', 'RateUnit', 'FileTransferProtocols'].map(typeOf),
    ['integer', 'integer', 'MemberList', 'MemberList'],
  );
});

test('a station whose chargers are all away is unavailable; one that has none is not', () => {
  assert.ok(CHARGER);
  const away = () => ({ ...emptyView(), chargers: [{ ...CHARGER, online: false }] });
  const settings = { heartbeatSeconds: 300, meterSeconds: 60, limitChangeSignificancePercent: 5 };
  const stateOf = (names: object) => {
    const plate = { identity: 'SITE-1', vendor: 'Busbar', model: 'Box', ...names };
    const variables = stationVariables(
      '2.0.1',
      settings,
      away,
      () => 0,
      plate,
      () => {},
    );
    return variables.find(({ variable }) => variable === 'AvailabilityState')?.read();
  };
  assert.equal(stateOf({ outlets: () => [] }), 'Unavailable');
  assert.equal(stateOf({}), 'Available');
});
