// Another gateway as a station: limits with a life out, answers and reports in, by topic.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Incoming } from '../../src/field/broker-port.ts';
import { ChildStations } from '../../src/field/child-stations.ts';
import type { CallOutcome } from '../../src/gateway/observer.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const ROOT = 'busbar/v1';
const SOUTH = { id: 'south', site: 'depot', source: 'north', circuit: 'main', failsafeAmps: 6 };
const TIMEOUT_MS = 10_000;

const bench = () => {
  const clock = new VirtualClock();
  const broker = { up: true };
  const sent: { topic: string; body: Record<string, unknown>; qos: number | undefined }[] = [];
  const seen: unknown[] = [];
  const wanted: unknown[] = [];
  const children = new ChildStations({
    children: [{ ...SOUTH, id: 'west', site: 'west' }, SOUTH],
    root: ROOT,
    clock,
    log: SILENT_LOG,
    epoch: 5,
    siteId: 'north',
    observer: {
      chargerConnected: (id, version) => seen.push([id, version]),
      chargerGone: (id) => seen.push([id, 'gone']),
      upstreamChanged: () => assert.fail('a child has no CSMS'),
      request: ({ charger, action, from, payload }) =>
        seen.push([charger, action, from, payload()]),
      answer: () => assert.fail('a child is asked nothing'),
    },
    broker: () => ({
      connected: () => broker.up,
      problem: () => '',
      publish: (topic, text, { qos } = {}) =>
        broker.up && sent.push({ topic, body: JSON.parse(text), qos }) > 0,
      subscribe: () => assert.fail('the link subscribes'),
      unsubscribe: () => assert.fail('the link subscribes'),
      close: async () => {},
    }),
    want: (command) => {
      wanted.push(command);
      return { accepted: true, reason: '' };
    },
  });
  const say = (topic: string, body: unknown, more: Partial<Incoming> = {}): boolean => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const nothing = { responseTopic: undefined, correlation: undefined, retained: false };
    const whole = { text: () => text, bytes: text.length, ...nothing, ...more };
    return children.take({ topic: `${ROOT}/depot/${topic}`, ...whole });
  };
  const outcomes: CallOutcome[] = [];
  const call = (action: string, payload: object, charger = 'south') =>
    children.call(
      charger,
      { action, payload, priority: 'safety', timeoutMs: TIMEOUT_MS },
      (outcome) => outcomes.push(outcome),
    );
  /** Our TxProfile since now. */
  const offer = (limits: readonly (number | undefined)[], duration = 120, more: object = {}) => {
    const chargingSchedulePeriod = limits.map((limit, i) => ({ startPeriod: i * 60, limit }));
    const startSchedule = new Date(clock.wallMs()).toISOString();
    const chargingProfile = {
      chargingProfilePurpose: 'TxProfile',
      chargingSchedule: [{ startSchedule, duration, chargingSchedulePeriod }],
      ...more,
    };
    return call('SetChargingProfile', { evseId: 1, chargingProfile });
  };
  const answer = (seq: number, more: object = {}) =>
    say('limits/north', { accepted: true, reason: 'accepted', epoch: 5, seq, ...more });
  const told = () => outcomes.splice(0);
  return { clock, broker, sent, seen, wanted, children, say, call, offer, answer, told };
};
const online = () => {
  const all = bench();
  all.say('status', 'online');
  all.seen.length = 0;
  return all;
};
const ACCEPTED = { outcome: 'answered', payload: { status: 'Accepted' } };
const REJECTED = { outcome: 'answered', payload: { status: 'Rejected' } };

describe('an offer to a child', () => {
  test('is a limit with a life, and its answer that of the child', async () => {
    const { offer, sent, answer, told, clock } = online();
    assert.equal(offer([32, 16]), true);
    assert.deepEqual(sent, [
      {
        topic: `${ROOT}/depot/limits/north/set`,
        body: { circuit: 'main', amps: 16, ttlSeconds: 120, epoch: 5, seq: 1, reason: 'north' },
        qos: 1,
      },
    ]);
    for (const stranger of [{ epoch: 4 }, { epoch: undefined }, { seq: 2 }]) answer(1, stranger);
    assert.deepEqual(told(), [], 'the answer of an earlier run, or to another offer');
    answer(1);
    assert.deepEqual(told(), [ACCEPTED]);
    answer(1);
    await clock.run(TIMEOUT_MS);
    assert.deepEqual(told(), [], 'it is answered once');
    offer([10]);
    assert.equal(sent.at(-1)?.body['seq'], 2);
    answer(2, { accepted: false, reason: 'unknown circuit' });
    const statusInfo = { reasonCode: 'unknown circuit' };
    assert.deepEqual(told(), [
      { outcome: 'answered', payload: { status: 'Rejected', statusInfo } },
    ]);
  });

  test('that is not answered in time may hold or not', async () => {
    const { offer, answer, told, clock } = online();
    offer([32]);
    await clock.run(TIMEOUT_MS - 1);
    assert.deepEqual(told(), []);
    await clock.run(1);
    assert.deepEqual(told(), [{ outcome: 'timeout' }]);
    answer(1);
    assert.deepEqual(told(), []);
  });

  test('is over for a later one', async () => {
    const { offer, answer, told, clock } = online();
    offer([32]);
    await clock.run(6_000);
    offer([16]);
    assert.deepEqual(told(), [{ outcome: 'timeout' }]);
    await clock.run(6_000);
    answer(1);
    assert.deepEqual(told(), []);
    answer(2);
    assert.deepEqual(told(), [ACCEPTED]);
  });

  test('cannot be made to one that is away, or without the broker', async () => {
    const { offer, told, clock, sent, call } = bench();
    offer([32]);
    call('GetVariables', {});
    assert.deepEqual(told(), [], 'answers come after the question');
    await clock.run(0);
    assert.deepEqual(told(), [{ outcome: 'offline' }, { outcome: 'offline' }]);
    assert.deepEqual(sent, []);
    const later = online();
    later.broker.up = false;
    later.offer([32]);
    assert.deepEqual(later.told(), []);
    await later.clock.run(TIMEOUT_MS);
    assert.deepEqual(later.told(), [{ outcome: 'offline' }]);
  });

  test('that waits when the child goes is settled as that', async () => {
    for (const go of [
      ({ say }: ReturnType<typeof bench>) => say('status', 'offline'),
      ({ children }: ReturnType<typeof bench>) => children.disconnected(),
      ({ children }: ReturnType<typeof bench>) => children.close(),
    ]) {
      const all = online();
      all.offer([32]);
      go(all);
      assert.deepEqual(all.told(), [{ outcome: 'offline' }]);
      assert.deepEqual(all.seen, [['south', 'gone']]);
      await all.clock.run(TIMEOUT_MS);
      assert.deepEqual(all.told(), []);
    }
  });

  test('lives as long as is left of its profile, in whole seconds; without a life it is none', async () => {
    const { offer, sent, told, clock } = online();
    const startSchedule = new Date(clock.wallMs() - 100_500).toISOString();
    const schedule = (duration: number | undefined) => ({
      chargingSchedule: [{ startSchedule, duration, chargingSchedulePeriod: [{ limit: 16 }] }],
    });
    offer([], 0, schedule(120));
    assert.equal(sent.at(-1)?.body['ttlSeconds'], 19);
    const none = [
      () => offer([], 0, schedule(101)),
      () => offer([], 0, schedule(undefined)),
      () => offer([16], 0),
      () => offer([]),
      () => offer([16, undefined]),
      () => offer([16], 60, { chargingSchedule: [] }),
    ];
    for (const make of none) make();
    assert.equal(sent.length, 1);
    await clock.run(0);
    assert.deepEqual(
      told(),
      none.map(() => REJECTED),
    );
  });
});

test('what else is asked of a child is answered for it', async () => {
  const { call, told, clock, sent, offer } = online();
  const asked = (name: string) => ({ component: { name: 'C' }, variable: { name } });
  offer([16], 60, { chargingProfilePurpose: 'TxDefaultProfile' });
  offer([16], 60, { chargingProfilePurpose: 'ChargingStationMaxProfile' });
  call('ClearChargingProfile', {});
  call('TriggerMessage', {});
  call('GetVariables', { getVariableData: [asked('RateUnit'), asked('Phases')] });
  await clock.run(0);
  const [fallback, maximum, cleared, trigger, variables] = told();
  assert.deepEqual([fallback, maximum], [ACCEPTED, REJECTED]);
  assert.deepEqual([cleared, trigger], [ACCEPTED, REJECTED]);
  assert.deepEqual(variables, {
    outcome: 'answered',
    payload: {
      getVariableResult: [
        { ...asked('RateUnit'), attributeStatus: 'Accepted', attributeValue: 'A' },
        { ...asked('Phases'), attributeStatus: 'UnknownVariable' },
      ],
    },
  });
  assert.deepEqual(sent, []);
  assert.equal(call('GetVariables', {}, 'CP_1'), false, 'a charger is no child');
});

describe('what a child says', () => {
  const session = {
    eventType: 'Updated',
    transactionInfo: { transactionId: 'child-south', chargingState: 'Charging' },
    evse: { id: 1 },
  };
  const drawing = (...amps: readonly number[]) => [
    'south',
    'TransactionEvent',
    'charger',
    {
      ...session,
      meterValue: [
        {
          sampledValue: amps.map((value, i) => ({
            value,
            measurand: 'Current.Import',
            phase: `L${i + 1}`,
          })),
        },
      ],
    },
  ];

  test('that it is there begins its one session, once', () => {
    const { say, seen, children } = bench();
    assert.deepEqual(children.filters.slice(3), [
      `${ROOT}/depot/status`,
      `${ROOT}/depot/circuits/main`,
      `${ROOT}/depot/limits/north`,
    ]);
    say('status', 'offline');
    say('status', 'online', { retained: true });
    say('status', 'online');
    assert.deepEqual(seen, [
      ['south', '2.0.1'],
      ['south', 'TransactionEvent', 'charger', session],
    ]);
  });

  test('of its circuit is what it draws and what it wants', () => {
    const { say, seen, wanted } = online();
    say('circuits/main', { measuredAmps: [10, -3, 7], wantedAmps: [20, 30, 25] });
    assert.deepEqual(seen.splice(0), [drawing(10, 0, 7)]);
    say('circuits/main', {
      measuredAmps: null,
      uncontrolledAmps: [1, 2, 3],
      worstCaseAmps: [6, 6, 10],
      wantedAmps: [1, 2, 3],
    });
    assert.deepEqual(seen.splice(0), [drawing(7, 8, 13)]);
    const want = { kind: 'want', charger: 'south' };
    assert.deepEqual(wanted, [
      { ...want, amps: 30 },
      { ...want, amps: 6 },
    ]);
  });

  test('that the broker kept is no measurement, but may be a wish; neither is one of a stranger', () => {
    const report = { measuredAmps: [10, 10, 10], wantedAmps: [20, 20, 20] };
    const { say, seen, wanted } = online();
    say('circuits/main', report, { retained: true });
    const away = bench();
    away.say('circuits/main', report);
    assert.deepEqual([seen, away.seen], [[], []]);
    assert.deepEqual([wanted.length, away.wanted.length], [1, 1]);
  });

  test('and makes no sense is nothing', () => {
    const { say, seen, wanted } = online();
    for (const body of [
      '{',
      'null',
      '7',
      {},
      { measuredAmps: [1, 2], wantedAmps: [1, 2] },
      { measuredAmps: [1, 2, '3'], wantedAmps: [1, 2, null] },
      { uncontrolledAmps: [1, 2, 3] },
      { worstCaseAmps: [1, 2, 3], uncontrolledAmps: null, wantedAmps: 16 },
    ]) {
      assert.equal(say('circuits/main', body), true);
    }
    assert.equal(say('limits/north', '{'), true);
    assert.deepEqual([seen, wanted], [[], []]);
  });

  test('elsewhere, or at length, is not for us', () => {
    const { say, seen, wanted } = online();
    const report = JSON.stringify({ wantedAmps: [20, 20, 20] });
    assert.equal(say('circuits/main', report.padEnd(65_537)), false);
    assert.equal(say('circuits/other', report), false);
    assert.equal(say('limits/south', report), false);
    assert.equal(say('../depot2/status', 'online'), false);
    assert.deepEqual([seen, wanted], [[], []]);
    assert.equal(say('circuits/main', report.padEnd(65_536)), true);
    assert.equal(wanted.length, 1);
  });
});
