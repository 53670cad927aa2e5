import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Limit } from '../../src/core/limits/limit.ts';
import {
  EMPTY_BOOK,
  limitsAhead,
  startBook,
  submitLimit,
} from '../../src/core/limits/limit-book.ts';
import { plannedAt, plannedSteps } from '../../src/core/plan-ahead.ts';
import { windowsChangeIn } from '../../src/core/rules/windows.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/sharing/policy.ts';
import type { ConnectorDecision, ConnectorTick } from '../../src/core/tick.ts';
import { NO_AMPS, type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { main, NOW_MS, plannedIn } from './one-tick.ts';

const [charger] = garage(1).chargers;
const decision = (later: ConnectorDecision['later']): ConnectorDecision => ({
  tick: { charger } as ConnectorTick,
  targetAmps: 16,
  reasons: [],
  ...(later === undefined ? {} : { later }),
});

describe('the steps of an offer', () => {
  test('only ever lead down from it, on steps of the charger, below its minimum to nothing', () => {
    const planned = decision([
      { atMs: 10, amps: 12.9 },
      { atMs: 20, amps: 40 },
      { atMs: 30, amps: 5.9 },
    ]);
    assert.deepEqual(plannedSteps(planned, 16), [
      { atMs: 10, amps: 12 },
      { atMs: 20, amps: 16 },
      { atMs: 30, amps: 0 },
    ]);
    assert.deepEqual(plannedSteps(planned, 10), [{ atMs: 30, amps: 0 }]);
    assert.deepEqual(plannedSteps(decision(undefined), 10), []);
  });

  test('hold from their instant on', () => {
    const steps = [
      { atMs: 10, amps: 12 },
      { atMs: 20, amps: 6 },
    ];
    const at = [9, 10, 19, 20, 99].map((atMs) => plannedAt(steps, atMs));
    assert.deepEqual(at, [Number.POSITIVE_INFINITY, 12, 12, 6, 6]);
  });
});

describe('limits ahead', () => {
  const source = { id: 'ems', circuit: 'main', failsafeAmps: 10 };
  const site = garage(1, { emsSources: [source] });
  const now = { monotonicMs: 0, wallMs: 1_000_000 };
  const order = (book: typeof EMPTY_BOOK, amps: number, ttlSeconds: number, inMs?: number) =>
    submitLimit(
      book,
      site,
      'ems',
      {
        circuit: 'main',
        amps: [amps, amps, amps],
        ttlSeconds,
        ...(inMs === undefined ? {} : { startAtMs: now.wallMs + inMs }),
      },
      now,
    ).book;

  test('are those that begin, and the failsafe after the last', () => {
    const book = order(order(EMPTY_BOOK, 30, 60), 20, 40, 50_000);
    const ahead = limitsAhead(book, site, 0, 1_000_000);
    assert.deepEqual(
      ahead.map(({ atMs, limits }) => [atMs, limits[0]?.amps?.[0]]),
      [
        [50_000, 20],
        [60_000, 20],
        [90_000, 10],
      ],
    );
    assert.deepEqual(limitsAhead(book, site, 0, 50_000), [], 'no further than asked');
  });

  test('do not guess whether a source with a heartbeat will be heard', () => {
    const lpc = { heartbeatMs: 60_000, failsafeMs: 7_200_000 };
    const beating = { ...site, emsSources: [{ ...source, lpc }] };
    const { book } = submitLimit(
      startBook(beating, 0),
      beating,
      'ems',
      { circuit: 'main', amps: [20, 20, 20], ttlSeconds: 600 },
      now,
    );
    assert.deepEqual(limitsAhead(book, beating, 0, 1_000_000), []);
    const mixed = {
      ...beating,
      emsSources: [...beating.emsSources, { id: 'bms', circuit: 'main' }],
    };
    const timed = { circuit: 'main', amps: sameAmps(12), ttlSeconds: 60 };
    const both = submitLimit(book, mixed, 'bms', timed, now).book;
    assert.deepEqual(
      limitsAhead(both, mixed, 0, 1_000_000).map(({ atMs, limits }) => [
        atMs,
        limits.map(({ source }) => source),
      ]),
      [[60_000, ['ems']]],
      'its limit of now stays while that of another ends',
    );
  });
});

describe('what each car may take later', () => {
  const limit = (amps: PhaseAmps, changes: Partial<Limit> = {}): Limit => ({
    source: 'ems',
    circuit: 'main',
    kind: 'ems',
    amps,
    ...changes,
  });
  /** Limits that hold from so many seconds on. */
  const ahead = (...turns: readonly (readonly [seconds: number, ...limits: Limit[]])[]) => ({
    ahead: turns.map(([seconds, ...limits]) => ({ atMs: NOW_MS + seconds * 1000, limits })),
  });
  const two = [{ heldAmps: 20 }, { heldAmps: 20 }];

  test('is its share of what the limit leaves, without margin, others and silent chargers', () => {
    const then = ahead([60, limit(sameAmps(36))]);
    assert.deepEqual(plannedIn({ cars: two, input: then }), [[[60, 17.5]], [[60, 17.5]]]);
    const silent = { heldAmps: 5, online: false };
    const cars = [...two, silent];
    const background = { amps: sameAmps(10), recent: [{ atMs: NOW_MS, amps: sameAmps(10) }] };
    // 35 A less 10 A of others and 5 A of the silent one.
    const shares = plannedIn({ cars, input: then, background, meterAmps: 50 });
    assert.deepEqual(shares, [[[60, 10]], [[60, 10]], undefined]);
  });

  test('is nothing where the limit leaves nothing, and as now where all fits', () => {
    const input = ahead([30, limit(sameAmps(41))], [60, limit(NO_AMPS)], [90]);
    assert.deepEqual(plannedIn({ cars: two, input })[0], [
      [30, 20],
      [60, 0],
      [90, 20],
    ]);
    const enough = ahead([30, limit(sameAmps(41))]);
    assert.deepEqual(plannedIn({ cars: two, input: enough }), [undefined, undefined]);
  });

  test('goes by the phases of the car and by the circuits above it', () => {
    const cars = [
      { heldAmps: 20, spec: { phases: [0] } },
      { heldAmps: 20, spec: { phases: [2] } },
    ];
    const onPhase = ahead([60, limit([11, 63, 21])]);
    assert.deepEqual(plannedIn({ cars, input: onPhase }), [[[60, 10]], undefined]);
    const bay = {
      id: 'bay',
      parent: 'main',
      limitAmps: sameAmps(40),
      marginAmps: 0,
      assumedLoadAmps: NO_AMPS,
    };
    const inBay = [{ heldAmps: 20, spec: { circuit: 'bay' } }, { heldAmps: 20 }];
    const site = { circuits: [main(63), bay] };
    const ofBay = ahead([60, limit(sameAmps(5), { circuit: 'bay' })]);
    assert.deepEqual(plannedIn({ cars: inBay, site, input: ofBay }), [[[60, 5]], undefined]);
    const ofMain = ahead([60, limit(sameAmps(21))]);
    assert.deepEqual(plannedIn({ cars: inBay, site, input: ofMain }), [[[60, 10]], [[60, 10]]]);
  });

  test('in watts counts all phases, of the cars and of others', () => {
    const { amps: _none, ...watts } = limit(NO_AMPS, { watts: 230 * 75 });
    const background = { amps: [3, 5, 7] as const, recent: [] };
    // 75 A of all phases less 15 A of others: half of the 120 A that the two have now.
    const given = { cars: two, background, meterAmps: [43, 45, 47] as const };
    assert.deepEqual(plannedIn({ ...given, input: ahead([60, watts]) })[0], [[60, 10]]);
    const one = [{ heldAmps: 20, spec: { phases: [1] } }];
    const single = plannedIn({
      cars: one,
      background,
      meterAmps: [3, 25, 7],
      input: ahead([60, watts]),
    });
    assert.deepEqual(single, [undefined]);
  });

  test('looks no further than its offer lives, and not back', () => {
    const half = limit(sameAmps(21));
    const planned = (seconds: number) => plannedIn({ cars: two, input: ahead([seconds, half]) })[0];
    assert.deepEqual(planned(119.999), [[119.999, 10]]);
    assert.equal(planned(120), undefined);
    assert.equal(planned(0), undefined);
  });

  test('knows at each turn all that holds then, by rising time', () => {
    const begun = limit(sameAmps(31));
    const input = { ...ahead([30, begun], [60, limit(sameAmps(21))]), limits: [] };
    assert.deepEqual(plannedIn({ cars: two, input })[0], [
      [30, 15],
      [60, 10],
    ]);
  });

  test('is the lower one of what the site leaves and what a profile of the CSMS allows', () => {
    const reason = { kind: 'csms-profile' as const, id: '17', text: 'CSMS profile 17' };
    const later = [
      { atMs: NOW_MS + 30_000, amps: 12 },
      { atMs: NOW_MS + 90_000, amps: 8 },
      { atMs: NOW_MS + 120_000, amps: 1 },
    ];
    const connectors = new Map([['CP_1/1', { amps: 32, reason, later }]]);
    const profiles = { connectors, stations: new Map() };
    const alone = plannedIn({ cars: two, input: { profiles } });
    assert.deepEqual(alone, [
      [
        [30, 12],
        [90, 8],
      ],
      undefined,
    ]);
    const both = plannedIn({ cars: two, input: { profiles, ...ahead([60, limit(sameAmps(21))]) } });
    assert.deepEqual(both, [
      [
        [30, 12],
        [60, 10],
        [90, 8],
      ],
      [[60, 10]],
    ]);
  });

  test('follows the hours of the policy, and leaves dimming to the policy', () => {
    const wallMs = Date.UTC(2026, 0, 5, 12, 0, 30);
    const time = { weekday: 0, minute: 779 };
    const policyState = { local: { minute: wallMs / 60_000 - 0.5, time } };
    const window = { id: 'lunch', days: [0], fromMinute: 780, toMinute: 840, calmBelow: 1 };
    const windows = [{ ...window, limitAmps: 21 }];
    const hours = { wallMs, policyState, policy: { ...DEFAULT_POLICY, windows } };
    assert.deepEqual(plannedIn({ cars: two, input: hours })[0], [[30, 10]]);
    const inside = {
      ...hours,
      policyState: { local: { ...policyState.local, time: { weekday: 0, minute: 800 } } },
    };
    const higher = ahead([60, limit(sameAmps(31))]);
    assert.deepEqual(plannedIn({ cars: two, input: { ...inside, ...higher } })[0], [[60, 10]]);
    const ends = {
      ...hours,
      policyState: { local: { ...policyState.local, time: { weekday: 0, minute: 839 } } },
    };
    assert.deepEqual(plannedIn({ cars: two, input: { ...ends, ...higher } })[0], [
      [30, 20],
      [60, 15],
    ]);
    const minute = [{ ...window, toMinute: 781, limitAmps: 21 }];
    const brief = { ...hours, policy: { ...DEFAULT_POLICY, windows: minute } };
    assert.deepEqual(plannedIn({ cars: two, input: brief })[0], [
      [30, 10],
      [90, 20],
    ]);
    const dimming = { source: 'ems', share: 'equal' } as unknown as Policy['dimming'];
    const policy = { ...DEFAULT_POLICY, ...(dimming === undefined ? {} : { dimming }) };
    assert.deepEqual(plannedIn({ cars: two, input: { ...higher, policy } })[0], undefined);
    const other = ahead([60, limit(sameAmps(31), { source: 'bms' })]);
    assert.deepEqual(plannedIn({ cars: two, input: { ...other, policy } })[0], [[60, 15]]);
  });
});

test('hours begin and end, over midnight and the end of the week', () => {
  const window = { id: 'night', days: [6], fromMinute: 1_320, toMinute: 360, calmBelow: 1 };
  const policy = { ...DEFAULT_POLICY, windows: [window] };
  assert.deepEqual(windowsChangeIn(policy, { weekday: 6, minute: 1_319 }), [
    { minutes: 1, local: { weekday: 6, minute: 1_320 } },
    { minutes: 481, local: { weekday: 0, minute: 360 } },
  ]);
  assert.deepEqual(
    windowsChangeIn(policy, { weekday: 6, minute: 1_320 }).map(({ minutes }) => minutes),
    [480, 1_440],
  );
});
