// N02-N08: what is watched for the CSMS, and when it is told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MonitorNotes, watchMonitors } from '../../src/ocpp/station/monitor-events.ts';
import {
  askedMonitors,
  clearMonitors,
  type Monitor,
  type MonitorBook,
  monitoringReports,
  setMonitors,
  withBase,
  withLevel,
} from '../../src/ocpp/station/monitors.ts';
import type { StationVariable } from '../../src/ocpp/station/variables.ts';

const variable = (name: string, type: StationVariable['type']): StationVariable => ({
  key: name,
  component: 'Busbar',
  variable: name,
  type,
  read: () => '',
});
const VARIABLES = [
  variable('Held', 'integer'),
  variable('Amps', 'decimal'),
  variable('Name', 'string'),
];
const monitor = (changes: Partial<Monitor> = {}): Monitor => ({
  id: 1,
  component: 'Busbar',
  variable: 'Held',
  type: 'UpperThreshold',
  value: 10,
  severity: 5,
  custom: false,
  ...changes,
});
const bookOf = (...monitors: readonly Monitor[]): MonitorBook => ({
  monitors,
  level: 9,
  nextId: 100,
});
const item = (changes: object = {}) => ({
  component: { name: 'busbar' },
  variable: { name: 'HELD' },
  type: 'UpperThreshold',
  value: 10,
  severity: 4,
  ...changes,
});
const set = (book: MonitorBook, ...items: readonly object[]) => {
  const { answer, book: after } = setMonitors(book, VARIABLES, { setMonitoringData: items });
  const results = Reflect.get(answer, 'setMonitoringResult') as { status: string; id?: number }[];
  return { after, statuses: results.map(({ status, id }) => [status, id]) };
};

describe('a monitor is set', () => {
  test('under a number of its own, and again under the same one', () => {
    const { after, statuses } = set(bookOf(monitor()), item(), item({ type: 'Delta', value: 0 }));
    assert.deepEqual(statuses, [
      ['Accepted', 100],
      ['Accepted', 101],
    ]);
    assert.deepEqual(after.monitors[1], monitor({ id: 100, severity: 4, custom: true }));
    assert.equal(after.nextId, 102);
    const again = set(after, item({ id: 100, value: 20 }), item({ id: 1, value: 30, severity: 3 }));
    assert.deepEqual(again.statuses, [
      ['Accepted', 100],
      ['Accepted', 1],
    ]);
    assert.deepEqual(
      again.after.monitors.map(({ id, value, custom }) => [id, value, custom]),
      [
        [101, 0, true],
        [100, 20, true],
        [1, 30, true],
      ],
    );
    assert.equal(again.after.nextId, 102);
  });

  for (const [why, changes, status] of [
    ['of another component', { component: { name: 'EVSE' } }, 'UnknownComponent'],
    ['of another variable', { variable: { name: 'Volts' } }, 'UnknownVariable'],
    ['of no known type', { type: 'TargetDelta' }, 'UnsupportedMonitorType'],
    ['of a threshold of words', { variable: { name: 'Name' } }, 'UnsupportedMonitorType'],
    ['without a value', { value: undefined }, 'Rejected'],
    ['of a change below nothing', { type: 'Delta', value: -1 }, 'Rejected'],
    ['too often', { type: 'Periodic', value: 9 }, 'Rejected'],
    ['too often by the clock', { type: 'PeriodicClockAligned', value: 9.9 }, 'Rejected'],
    ['without a severity', { severity: undefined }, 'Rejected'],
    ['below every severity', { severity: -1 }, 'Rejected'],
    ['beyond every severity', { severity: 10 }, 'Rejected'],
    ['under a number that there is not', { id: 7 }, 'Rejected'],
    ['under the number of another variable', { id: 2, severity: 1 }, 'Rejected'],
    ['twice', { severity: 5 }, 'Duplicate'],
  ] as const) {
    test(`not ${why}: ${status}`, () => {
      const book = bookOf(monitor(), monitor({ id: 2, variable: 'Amps' }));
      const { after, statuses } = set(book, item(changes));
      assert.deepEqual(statuses, [[status, 'id' in changes ? changes.id : undefined]]);
      assert.equal(after, book);
    });
  }

  test('at every bound that is allowed', () => {
    for (const changes of [
      { type: 'Delta', value: 0 },
      { type: 'Delta', value: 5, variable: { name: 'Name' } },
      { type: 'Periodic', value: 10 },
      { type: 'PeriodicClockAligned', value: 10 },
      { type: 'LowerThreshold', value: -5 },
      { variable: { name: 'Amps' } },
      { severity: 0 },
      { severity: 9 },
    ]) {
      assert.equal(
        set(bookOf(), item(changes)).statuses[0]?.[0],
        'Accepted',
        JSON.stringify(changes),
      );
    }
  });

  test('but not without end', () => {
    const full = bookOf(...Array.from({ length: 99 }, (_, id) => monitor({ id, severity: 1 })));
    const { statuses, after } = set(
      full,
      item(),
      item({ type: 'Delta' }),
      item({ id: 1, severity: 7 }),
    );
    assert.deepEqual(
      statuses.map(([status]) => status),
      ['Accepted', 'Rejected', 'Accepted'],
    );
    assert.equal(after.monitors.length, 100);
  });
});

test('what the CSMS set may be cleared, what was there from the start stays', () => {
  const book = bookOf(monitor(), monitor({ id: 100, custom: true }));
  const { answer, book: after } = clearMonitors(book, { id: [100, 1, 7, 'x'] });
  assert.deepEqual(answer, {
    clearMonitoringResult: [
      { status: 'Accepted', id: 100 },
      { status: 'Rejected', id: 1 },
      { status: 'NotFound', id: 7 },
      { status: 'NotFound', id: -1 },
    ],
  });
  assert.deepEqual(after.monitors, [monitor()]);
});

test('N05: the base is all, what was there from the start, or what cannot be changed: nothing', () => {
  const preset = [monitor(), monitor({ id: 2, variable: 'Amps' })];
  const mine = monitor({ id: 100, custom: true });
  const changed = monitor({ id: 1, value: 99, custom: true });
  const ids = (base: string) => withBase(bookOf(changed, mine), base, preset)?.monitors;
  assert.deepEqual(ids('All'), [preset[1], changed, mine]);
  assert.deepEqual(ids('FactoryDefault'), preset);
  assert.deepEqual(ids('HardWiredOnly'), []);
  assert.equal(ids('Other'), undefined);
});

test('N03: the level is one of ten', () => {
  const level = (severity: unknown) => withLevel(bookOf(), { severity })?.level;
  assert.deepEqual([0, 9].map(level), [0, 9]);
  assert.deepEqual([-1, 10, 4.5, undefined].map(level), Array(4).fill(undefined));
});

describe('N02: a report', () => {
  const book = bookOf(
    monitor(),
    monitor({ id: 2, type: 'LowerThreshold', variable: 'Amps' }),
    monitor({ id: 3, type: 'Delta', component: 'Other' }),
    monitor({ id: 4, type: 'Periodic' }),
    monitor({ id: 5, type: 'PeriodicClockAligned' }),
  );
  const place = (component: string, name?: string) => ({
    component: { name: component },
    ...(name === undefined ? {} : { variable: { name } }),
  });
  for (const [what, request, ids] of [
    ['of everything', {}, [1, 2, 3, 4, 5]],
    ['of thresholds', { monitoringCriteria: ['ThresholdMonitoring'] }, [1, 2]],
    ['of changes', { monitoringCriteria: ['DeltaMonitoring'] }, [3]],
    ['of periods', { monitoringCriteria: ['PeriodicMonitoring'] }, [4, 5]],
    ['of both', { monitoringCriteria: ['DeltaMonitoring', 'PeriodicMonitoring'] }, [3, 4, 5]],
    ['of nothing known', { monitoringCriteria: ['Other'] }, []],
    ['of a component', { componentVariable: [place('BUSBAR')] }, [1, 2, 4, 5]],
    ['of a variable', { componentVariable: [place('busbar', 'amps'), place('x')] }, [2]],
    [
      'of types of a variable',
      { monitoringCriteria: ['PeriodicMonitoring'], componentVariable: [place('Busbar', 'Held')] },
      [4, 5],
    ],
  ] as const) {
    test(what, () =>
      assert.deepEqual(
        askedMonitors(book, request).map(({ id }) => id),
        ids,
      ),
    );
  }

  test('has twenty to a page, numbered, and says whether more follow', () => {
    const pagesOf = (count: number) =>
      monitoringReports(
        Array.from({ length: count }, (_, id) => monitor({ id })),
        { requestId: 7 },
        '2.0.1',
        'now',
      ).map((page) => {
        const { requestId, generatedAt, seqNo, tbc, monitor: part } = page as never;
        return [requestId, generatedAt, seqNo, tbc, (part as unknown[]).length];
      });
    assert.deepEqual(pagesOf(0), [[7, 'now', 0, false, 0]]);
    assert.deepEqual(pagesOf(20), [[7, 'now', 0, false, 20]]);
    assert.deepEqual(pagesOf(41), [
      [7, 'now', 0, true, 20],
      [7, 'now', 1, true, 20],
      [7, 'now', 2, false, 1],
    ]);
  });

  test('says in 2.1 who set it', () => {
    const kinds = (version: string) =>
      monitoringReports([monitor(), monitor({ custom: true })], {}, version, 'now').map((page) =>
        [...JSON.stringify(page).matchAll(/"eventNotificationType":"(\w+)"/g)].map(
          ([, kind]) => kind,
        ),
      );
    assert.deepEqual(kinds('2.1'), [['PreconfiguredMonitor', 'CustomMonitor']]);
    assert.deepEqual(kinds('2.0.1'), [[]]);
  });
});

/** The events of values, one a second unless told otherwise: [second, trigger, value, cleared]. */
const told = (
  watched: Partial<Monitor>,
  values: readonly (string | undefined)[],
  { level = 9, everyMs = 1_000, beginMs = 3_500 } = {},
) => {
  let notes: MonitorNotes = new Map();
  const found: unknown[] = [];
  values.forEach((value, i) => {
    const now = { wallMs: beginMs + i * everyMs, firstEventId: 40, version: '2.1' };
    const book = { ...bookOf(monitor(watched)), level };
    const { events, notes: after } = watchMonitors(book, notes, () => value, now);
    notes = after;
    for (const event of events) {
      const { trigger, actualValue, cleared } = event as Record<string, unknown>;
      found.push([i, trigger, actualValue, ...(cleared === undefined ? [] : [cleared])]);
    }
  });
  return found;
};
const repeated = (value: string, count: number) => Array<string>(count).fill(value);

describe('an event', () => {
  test('of an upper threshold comes when it is crossed, and when that is over', () => {
    assert.deepEqual(told({}, ['10', '11', '12']), [[1, 'Alerting', '11']]);
    assert.deepEqual(told({}, ['11', ...repeated('10', 12)]), [
      [0, 'Alerting', '11'],
      [10, 'Alerting', '10', true],
    ]);
  });

  test('of a lower threshold likewise', () => {
    assert.deepEqual(told({ type: 'LowerThreshold' }, ['10', '9']), [[1, 'Alerting', '9']]);
  });

  test('comes at most every ten seconds, with what holds then', () => {
    const jumps = Array.from({ length: 25 }, (_, i) => (i % 2 === 0 ? '11' : '9'));
    assert.deepEqual(
      told({}, jumps).map((event) => (event as unknown[]).slice(0, 3)),
      [
        [0, 'Alerting', '11'],
        [11, 'Alerting', '9'],
        [22, 'Alerting', '11'],
      ],
    );
  });

  test('of a change comes when it is large enough, from what was told last', () => {
    const change = { type: 'Delta', value: 5 } as const;
    assert.deepEqual(told(change, ['10', '14', '5']), [[2, 'Delta', '5']]);
    assert.deepEqual(told({ ...change, value: 0 }, ['10', '10', '10.1']), [[2, 'Delta', '10.1']]);
    assert.deepEqual(told(change, ['good', 'good', 'bad']), [[2, 'Delta', 'bad']]);
    assert.deepEqual(told(change, ['0', '5', ...repeated('10', 12)]), [
      [1, 'Delta', '5'],
      [11, 'Delta', '10'],
    ]);
  });

  test('of a period comes when it has passed, or when the clock strikes', () => {
    const at = (type: Monitor['type']) =>
      told({ type, value: 10 }, repeated('1', 24)).map((event) => (event as unknown[])[0]);
    assert.deepEqual(at('Periodic'), [10, 20]);
    // It begins at 3.5 s past.
    assert.deepEqual(at('PeriodicClockAligned'), [7, 17]);
  });

  test('below the level is none, and told once the level allows it', () => {
    assert.deepEqual(told({ severity: 6 }, ['11'], { level: 5 }), []);
    assert.deepEqual(told({ severity: 5 }, ['11'], { level: 5 }), [[0, 'Alerting', '11']]);
    let notes: MonitorNotes = new Map();
    const look = (level: number) => {
      const now = { wallMs: 0, firstEventId: 0, version: '2.1' };
      const result = watchMonitors({ ...bookOf(monitor()), level }, notes, () => '11', now);
      notes = result.notes;
      return result.events.length;
    };
    assert.deepEqual([look(4), look(9), look(9)], [0, 1, 0]);
  });

  test('is none of a variable that is not there', () => {
    assert.deepEqual(told({}, [undefined, undefined]), []);
  });

  test('says what it is of, each with a number of its own', () => {
    const book = bookOf(monitor(), monitor({ id: 2, custom: true }));
    const eventsIn = (version: string) =>
      watchMonitors(book, new Map(), () => '11'.padEnd(3_000), {
        wallMs: 0,
        firstEventId: 40,
        version,
      }).events as Record<string, unknown>[];
    const [first, second] = eventsIn('2.1');
    assert.deepEqual(first, {
      eventId: 40,
      timestamp: '1970-01-01T00:00:00.000Z',
      trigger: 'Alerting',
      actualValue: '11'.padEnd(2_500),
      component: { name: 'Busbar' },
      variableMonitoringId: 1,
      eventNotificationType: 'PreconfiguredMonitor',
      variable: { name: 'Held' },
      severity: 5,
    });
    assert.deepEqual(
      [second?.['eventId'], second?.['eventNotificationType']],
      [41, 'CustomMonitor'],
    );
    assert.equal(eventsIn('2.0.1')[0]?.['severity'], undefined);
  });
});
